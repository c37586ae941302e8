import API
import Accounts
import Database
import Foundation
import TestSupport
import Testing
import Ticketing
import Tickets
import WebSupport

@testable import Notifications

@Suite("Recipients in the database")
struct RecipientStoreTests {
    private func listed(_ stage: Stage, _ db: Connection, kind: Recipient.Kind? = nil, text: String? = nil) throws
        -> [Recipient]
    {
        try RecipientStore.list(of: stage.organization, kind: kind, text: text, page: PageRequest(limit: 200), in: db)
            .items
    }

    @Test("Rooms vanish, return and are renamed, and keep their key and rules", arguments: TestDatabase.engines)
    func rooms(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                func store(_ rooms: [(String, String)]) throws -> [String: Recipient] {
                    try RecipientStore.store(
                        rooms.map { ChatRoom(id: $0.0, title: $0.1) }, of: stage.chat, now: instant, in: db)
                    return Dictionary(uniqueKeysWithValues: try listed(stage, db).map { ($0.address, $0) })
                }
                let first = try store([("r1", "One"), ("r2", "Two")])
                let id = try #require(first["r1"]?.id)
                _ = try RuleStore.create(
                    RuleDraft(board: "1", recipient: id), for: stage.organization, now: instant, in: db)
                let person = try RecipientStore.person(email: "a@b.c", name: "A", of: stage.chat, now: instant, in: db)

                let second = try store([("r2", "Two, renamed"), ("r3", "Three")])
                #expect(second["r1"]?.isActive == false)
                #expect(second["r1"]?.name == "One")
                #expect(second["r2"]?.name == "Two, renamed")
                #expect(second["r2"]?.id == first["r2"]?.id)
                #expect(second["r3"]?.isActive == true)
                #expect(try RecipientStore.find(person, of: stage.organization, in: db)?.isActive == true)

                let third = try store([("r1", "One")])
                #expect(third["r1"]?.id == id)
                #expect(third["r1"]?.isActive == true)
                #expect(third["r3"]?.isActive == false)
                #expect(try RuleStore.enabled(on: "1", of: stage.psa, in: db).map(\.recipient) == [id])
                #expect(try store([]).values.filter { $0.kind == .room && $0.isActive }.isEmpty)
            }
        }
    }

    @Test("Hundreds of rooms are taken over", arguments: TestDatabase.engines)
    func manyRooms(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let count = try await database.write { db in
                let stage = try Stage(in: db)
                let rooms = (1...250).map { ChatRoom(id: "r\($0)", title: "Room \($0)") }
                try RecipientStore.store(rooms, of: stage.chat, now: instant, in: db)
                return try db.one("SELECT COUNT(*) AS id FROM recipients WHERE active = 1") as Int
            }
            #expect(count == 250)
        }
    }

    @Test("A person is remembered once, however many ask at once and in whatever case", arguments: TestDatabase.engines)
    func person(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let stage = try await database.write { try Stage(in: $0) }
            let ids = try await withThrowingTaskGroup { group in
                for number in 0..<20 {
                    let email = number.isMultiple(of: 2) ? "Anna@Example.com" : "anna@example.COM"
                    group.addTask {
                        try await database.write {
                            try RecipientStore.person(email: email, name: "Anna", of: stage.chat, now: instant, in: $0)
                        }
                    }
                }
                return try await group.reduce(into: Set<Recipient.ID>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
        }
    }

    @Test("A search takes its text as it is, without case", arguments: TestDatabase.engines)
    func search(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let names = ["100% done", "100 done", "a_b", "axb", "wow!", "wow", "Ärger", #"back\slash"#]
                try RecipientStore.store(
                    names.enumerated().map { ChatRoom(id: "id-\($0)", title: $1) }, of: stage.chat, now: instant, in: db
                )
                func found(_ text: String) throws -> [String] { try listed(stage, db, text: text).map(\.name) }
                #expect(try found("100%") == ["100% done"])
                #expect(try found("A_B") == ["a_b"])
                #expect(try found("wow!") == ["wow!"])
                #expect(try found("WOW") == ["wow!", "wow"])
                #expect(try found("Ärger") == ["Ärger"])
                #expect(try found(#"k\s"#) == [#"back\slash"#])
                #expect(try found("id-3") == ["axb"])
                #expect(try found("'; DROP TABLE recipients; --") == [])
            }
        }
    }

    @Test("Lists are one's own and can be narrowed to rooms or people", arguments: TestDatabase.engines)
    func kinds(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let (stage, other) = (try Stage(in: db), try Stage(in: db))
                let room = try stage.rooms(["Room"], in: db)[0]
                let person = try RecipientStore.person(email: "a@b.c", name: "A", of: stage.chat, now: instant, in: db)
                #expect(try listed(stage, db).map(\.id) == [room, person])
                #expect(try listed(stage, db, kind: .room).map(\.id) == [room])
                #expect(try listed(stage, db, kind: .person).map(\.id) == [person])
                #expect(try listed(other, db).isEmpty)
                #expect(try RecipientStore.find(room, of: other.organization, in: db) == nil)
            }
        }
    }

    @Test("People are notified through the oldest active bot", arguments: TestDatabase.engines)
    func defaultConnection(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let second: ChatConnection.ID = try db.one(
                    """
                    INSERT INTO chat_connections (organization_id, provider, name, url, token_hint, state, created_at)
                    VALUES (\(stage.organization), 'webex', 'Second', 'x', '', 'ok', 0) RETURNING id
                    """)
                #expect(try RecipientStore.defaultConnection(of: stage.organization, in: db) == stage.chat)
                try db.execute("UPDATE chat_connections SET active = 0 WHERE id = \(stage.chat)")
                #expect(try RecipientStore.defaultConnection(of: stage.organization, in: db) == second)
                try db.execute("UPDATE chat_connections SET active = 0")
                #expect(try RecipientStore.defaultConnection(of: stage.organization, in: db) == nil)
            }
        }
    }
}
