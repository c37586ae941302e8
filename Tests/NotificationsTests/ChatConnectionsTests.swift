import Accounts
import Database
import Foundation
import Sealing
import TestSupport
import Testing

@testable import Notifications

@Suite("Chat connections")
struct ChatConnectionsTests {
    @Test("Servers that start together keep one of those that the configuration names", arguments: TestDatabase.engines)
    func keepTogether(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let organization = try await database.write { db in try Stage(in: db).organization }
            let chats = ChatConnections(
                database: database, sealer: try Sealer([Secret.generate()]),
                factory: { _ in preconditionFailure("nobody is asked at the start") })
            let draft = ChatConnectionDraft(name: "Webex", url: "https://webexapis.com", token: "a-token")
            let kept = try await withThrowingTaskGroup(of: ChatConnection.self) { group in
                for _ in 0..<8 { group.addTask { try await chats.keep(draft, for: organization) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(kept.map(\.id)).count == 1)
        }
    }
}
