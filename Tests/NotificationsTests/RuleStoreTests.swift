import API
import Accounts
import Database
import Foundation
import HTTPTypes
import TestSupport
import Testing
import Ticketing
import Tickets
import WebSupport

@testable import Notifications

@Suite("Rules in the database")
struct RuleStoreTests {
    @Test("A rule comes back with the names of board and recipient", arguments: TestDatabase.engines)
    func roundTrip(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                let room = try stage.rooms(["Support"], in: db)[0]
                let draft = RuleDraft(
                    board: "2", recipient: room, isEnabled: true, simulates: true, updates: .notes, visibility: .public,
                    threadsUpdates: true)
                let rule = try RuleStore.create(draft, for: stage.organization, now: instant, in: db)
                #expect(rule.board == "2")
                #expect(rule.boardName == "Board 2")
                #expect(rule.recipient == room)
                #expect(rule.recipientName == "Support")
                #expect(rule.recipientKind == .room)
                #expect(rule.isEnabled)
                #expect(rule.simulates)
                #expect(rule.updates == .notes)
                #expect(rule.visibility == .public)
                #expect(rule.threadsUpdates)
                #expect(rule.createdAt == instant)
                #expect(try RuleStore.find(rule.id, of: stage.organization, in: db) == rule)

                try RuleStore.update(
                    rule.id, of: stage.organization, to: RuleDraft(board: "2", recipient: room, isEnabled: false),
                    in: db)
                let changed = try #require(try RuleStore.find(rule.id, of: stage.organization, in: db))
                #expect(!changed.isEnabled)
                #expect(!changed.simulates)
                #expect(!changed.threadsUpdates)
                #expect(changed.updates == .none)
                #expect(changed.visibility == .all)
            }
        }
    }

    @Test("Board and recipient have to be one's own", arguments: TestDatabase.engines)
    func unknown(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let (mine, other) = (try Stage(in: db), try Stage(in: db))
                let foreign = try other.rooms(["Theirs"], in: db)[0]
                try db.execute("DELETE FROM psa_boards WHERE connection_id = \(mine.psa)")
                let problem = #expect(throws: Problem.self) {
                    try RuleStore.create(
                        RuleDraft(board: "1", recipient: foreign), for: mine.organization, now: instant, in: db)
                }
                #expect(problem?.status == .unprocessableContent)
                #expect(problem?.errors.map(\.field) == ["board_id", "recipient_id"])
            }
        }
    }

    @Test("There is one rule for a board and a recipient", arguments: TestDatabase.engines)
    func duplicate(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            let (organization, draft) = try await database.write { db in
                let stage = try Stage(in: db)
                let draft = RuleDraft(board: "1", recipient: try stage.rooms(["Support"], in: db)[0])
                _ = try RuleStore.create(draft, for: stage.organization, now: instant, in: db)
                return (stage.organization, draft)
            }
            let problem = await #expect(throws: Problem.self) {
                try await database.write { try RuleStore.create(draft, for: organization, now: instant, in: $0) }
            }
            #expect(problem?.status == .conflict)
            #expect(problem?.code == "rule_exists")
        }
    }

    @Test("Only enabled rules of living recipients count for planning", arguments: TestDatabase.engines)
    func enabled(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let (stage, other) = (try Stage(in: db), try Stage(in: db))
                let rooms = try stage.rooms(["a", "b", "c", "d"], in: db)
                for (number, room) in rooms.enumerated() {
                    let draft = RuleDraft(board: number == 3 ? "2" : "1", recipient: room, isEnabled: number != 1)
                    _ = try RuleStore.create(draft, for: stage.organization, now: instant, in: db)
                }
                try db.execute("UPDATE recipients SET active = 0 WHERE id = \(rooms[2])")
                #expect(try RuleStore.enabled(on: "1", of: stage.psa, in: db).map(\.recipient) == [rooms[0]])
                #expect(try RuleStore.enabled(on: "1", of: other.psa, in: db).isEmpty)
            }
        }
    }

    @Test("Lists are one's own, filtered, page by page; others cannot delete", arguments: TestDatabase.engines)
    func list(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let (stage, other) = (try Stage(in: db), try Stage(in: db))
                let rooms = try stage.rooms(["a", "b"], in: db)
                var ids: [Rule.ID] = []
                for board in ["1", "2", "3"] {
                    for room in rooms {
                        let draft = RuleDraft(board: .init(board), recipient: room)
                        ids.append(try RuleStore.create(draft, for: stage.organization, now: instant, in: db).id)
                    }
                }
                func listed(_ board: Board.ID?, _ recipient: Recipient.ID?, _ page: PageRequest) throws -> Page<Rule> {
                    try RuleStore.list(of: stage.organization, board: board, recipient: recipient, page: page, in: db)
                }
                #expect(try listed("2", nil, PageRequest()).items.map(\.id) == [ids[2], ids[3]])
                #expect(try listed(nil, rooms[1], PageRequest()).items.map(\.id) == [ids[1], ids[3], ids[5]])
                let first = try listed(nil, nil, PageRequest(limit: 4))
                #expect(first.items.map(\.id) == Array(ids[..<4]))
                #expect(
                    try listed(nil, nil, PageRequest(limit: 4, after: first.next)).items.map(\.id) == Array(ids[4...]))
                let foreign = try RuleStore.list(
                    of: other.organization, board: nil, recipient: nil, page: PageRequest(), in: db)
                #expect(foreign.items.isEmpty)
                #expect(try !RuleStore.delete(ids[0], of: other.organization, in: db))
                #expect(try RuleStore.delete(ids[0], of: stage.organization, in: db))
                #expect(try RuleStore.find(ids[0], of: stage.organization, in: db) == nil)
            }
        }
    }
}
