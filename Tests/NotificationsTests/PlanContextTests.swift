import API
import Database
import Foundation
import TestSupport
import Testing
import Ticketing
import Tickets

@testable import Notifications

@Suite("What planning knows")
struct PlanContextTests {
    private func member(_ identifier: String) -> Member {
        Member(
            id: .init(identifier), identifier: identifier, name: identifier, email: "\(identifier)@msp.example",
            isInactive: false)
    }

    @Test("A chat account with several addresses is notified once", arguments: TestDatabase.engines)
    func oneAccount(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            @Sendable func told(_ stage: Stage, in db: Connection) throws -> [Recipient.ID] {
                let assigned = ticket {
                    $0.owner = "anna"
                    $0.resources = ["ben"]
                }
                let members = ["anna": member("anna"), "ben": member("ben")]
                return try PlanContext(
                    for: assigned, members, of: stage.psa, stage.organization, now: instant, in: db
                ).plan(event(.created)).items.map(\.recipient).sorted()
            }
            let (stage, alias, ben) = try await database.write { db in
                let stage = try Stage(in: db)
                func person(_ email: String, account: String) throws -> Recipient.ID {
                    let found = ChatAccount(id: account, name: email, emails: [email])
                    try RecipientStore.store([found], email: email, name: email, of: stage.chat, now: instant, in: db)
                    return try db.one("SELECT id FROM recipients WHERE address_key = \(email)")
                }
                let anna = try person("anna@msp.example", account: "p1")
                let alias = try person("a.smith@msp.example", account: "p1")
                let ben = try person("ben@msp.example", account: "p2")
                #expect(try told(stage, in: db) == [anna, ben])
                return (stage, alias, ben)
            }
            // Another transaction: rules are read once in each.
            try await database.write { db in
                // A rule names the same person by another address: one message, by the rule.
                _ = try RuleStore.create(
                    RuleDraft(board: "1", recipient: alias), for: stage.organization, now: instant, in: db)
                #expect(try told(stage, in: db) == [alias, ben])
            }
        }
    }
}
