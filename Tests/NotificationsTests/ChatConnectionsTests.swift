import API
import Accounts
import Database
import Foundation
import Sealing
import StandardWebhooks
import TestSupport
import Testing
import WebSupport

@testable import Notifications

@Suite("Chat connections")
struct ChatConnectionsTests {
    @Test("Servers that start together keep one of those that the configuration names", arguments: TestDatabase.engines)
    func keepTogether(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let organization = try await database.write { db in try Stage(in: db).organization }
            let chats = ChatConnectionStore(
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

    /// Lets a test change the connection while another change is being tested.
    private struct Meeting: Messenger {
        let meanwhile: @Sendable () async -> Void

        let longestMessage = 1_000
        func identity() async throws(MessengerError) -> BotIdentity {
            await meanwhile()
            return BotIdentity(name: "Bot", email: nil)
        }
        func send(
            _ message: ChatMessage, to address: ChatAddress, under parent: String?
        ) async throws(MessengerError) -> String { "" }
        func find(_ markdown: String, sentTo person: String, since: Date) async throws(MessengerError) -> [String] {
            []
        }
        func rooms() async throws(MessengerError) -> [ChatRoom] { [] }
        func accounts(email: String) async throws(MessengerError) -> [ChatAccount]? { nil }
    }

    /// Runs a test with a connection, what happens in the first test of a change to come, and the chats.
    private func withConnection(
        _ engine: Engine, _ draft: ChatConnectionDraft,
        _ body: (Database, ChatConnectionStore, ChatConnection, MutexBox<@Sendable () async -> Void>) async throws ->
            Void
    ) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let organization = try await database.write { db in try Stage(in: db).organization }
            let meanwhile = MutexBox<@Sendable () async -> Void> {}
            let chats = ChatConnectionStore(
                database: database, sealer: try Sealer([Secret.generate()]),
                factory: { _ in
                    Meeting {
                        let once = meanwhile.value
                        meanwhile.change { $0 = {} }
                        await once()
                    }
                })
            try await body(database, chats, try await chats.create(draft, for: organization), meanwhile)
        }
    }

    @Test(
        "What changes while a connection is tested stays: a name is kept, another token is a conflict",
        arguments: TestDatabase.engines)
    func changedMeanwhile(engine: Engine) async throws {
        let draft = ChatConnectionDraft(name: "Webex", url: "https://webexapis.com", token: "first")
        try await withConnection(engine, draft) { _, chats, made, meanwhile in
            let organization = made.organization
            @Sendable func change(name: String? = nil, token: String? = nil) async throws -> ChatConnection? {
                try await chats.update(made.id, of: organization, name: name, url: nil, token: token, isActive: nil)
            }
            meanwhile.change { $0 = { _ = try? await change(name: "Renamed") } }
            let changed = try #require(try await change(token: "second"))
            #expect(changed.name == "Renamed")
            meanwhile.change { $0 = { _ = try? await change(token: "third") } }
            await #expect {
                _ = try await chats.update(
                    made.id, of: organization, name: nil, url: draft.url, token: nil, isActive: nil)
            } throws: { error in
                (error as? Problem)?.code == "edit_conflict"
            }
        }
    }

    @Test(
        "Of two concurrent rotations each returns a secret that signs; an entered one signs alone",
        arguments: TestDatabase.engines)
    func secrets(engine: Engine) async throws {
        let first = WebhookSecret.generate().text
        let draft = ChatConnectionDraft(
            provider: .webhook, name: "Hook", url: "https://hooks.example.com/x", token: first)
        try await withConnection(engine, draft) { database, chats, made, _ in
            let (id, organization) = (made.id, made.organization)
            async let one = chats.rotateSecret(of: id, organization)
            async let other = chats.rotateSecret(of: id, organization)
            let given = try await Set([#require(one).secret, #require(other).secret])
            @Sendable func signing() async throws -> Set<String> {
                try await database.read { db in
                    let row = try #require(try db.first("SELECT * FROM chat_connections WHERE id = \(id)"))
                    let previous: String? = try row["sealed_previous_token"]
                    return Set(
                        try [chats.sealer.open(try row["sealed_token"], for: ChatConnectionStore.identity(id))]
                            + [previous].compactMap { $0 }
                            .map { try chats.sealer.open($0, for: ChatConnectionStore.previousIdentity(id)) })
                }
            }
            #expect(given.count == 2)
            #expect(!given.contains(first))
            #expect(try await signing() == given)
            let last = WebhookSecret.generate().text
            _ = try await chats.update(id, of: organization, name: nil, url: nil, token: last, isActive: nil)
            #expect(try await signing() == [last])
        }
    }
}
