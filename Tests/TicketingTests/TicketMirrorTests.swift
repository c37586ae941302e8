import API
import Accounts
import Database
import Foundation
import TestSupport
import Testing
import Tickets
import WebSupport

@testable import Ticketing

@Suite("The mirror of tickets")
struct TicketCopyTests {
    private let copies = TicketCopyStore()

    private func with(
        _ engine: Engine, _ body: @escaping @Sendable (Connection, PSAConnection.ID) throws -> Void
    ) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let id = try await database.connection(of: database.organization())
            try await database.write { try body($0, id) }
        }
    }

    private func note(_ id: String, _ text: String = "text") -> TicketNote {
        TicketNote(
            id: id, kind: id.hasPrefix("t") ? .timeEntry : .note, author: "Anna", authorIdentifier: "anna", text: text,
            isInternal: true, createdAt: instant)
    }

    @Test("A ticket reads back unchanged, full and bare", arguments: TestDatabase.engines)
    func roundTrip(engine: Engine) async throws {
        try await with(engine) { db, connection in
            let full = Ticket(
                id: "7", summary: "Drücker «x» 👩‍👩‍👧", board: .init(id: "1", name: "Support"),
                status: .init(id: "2", name: "New"), isClosed: true, company: .init(id: "3", name: "Acme"),
                contact: .init(id: "", name: "Bob"), priority: .init(id: "5", name: "High"), owner: "anna",
                resources: ["anna", "bert"], enteredAt: instant, updatedAt: instant.addingTimeInterval(1),
                updatedBy: "zoe")
            let bare = Ticket(id: "7", summary: "")
            for ticket in [full, bare, full] {
                let activity = TicketActivity(notes: [], cursor: "n1,t2")
                try copies.store(
                    [TicketLook(ticket: ticket, activity: activity, instant: instant)], of: connection, in: db)
                let stored = try #require(try copies.ticket("7", of: connection, in: db))
                #expect(stored.ticket == ticket)
                #expect(stored.activityCursor == "n1,t2")
                #expect(stored.deletedAt == nil)
            }
            #expect(try copies.ticket("8", of: connection, in: db) == nil)
            #expect(try copies.ticket("7", of: 999, in: db) == nil)
        }
    }

    @Test("Notes are known by ticket, and a second time nothing changes", arguments: TestDatabase.engines)
    func notes(engine: Engine) async throws {
        try await with(engine) { db, connection in
            let notes = (1...120).map { note("n\($0)") } + [note("t1")]
            let activity = TicketActivity(notes: notes, cursor: nil)
            let look = TicketLook(ticket: Ticket(id: "7", summary: ""), activity: activity, instant: instant)
            for _ in 1...2 { try copies.store([look], of: connection, in: db) }
            #expect(try db.one("SELECT COUNT(*) AS id FROM psa_notes") == 121)
            let asked = TicketActivity(
                notes: (1...300).map { note("n\($0)") } + [note("t1"), note("t2")], cursor: nil)
            let looks = ["8", "7"].map {
                TicketLook(ticket: Ticket(id: $0, summary: ""), activity: asked, instant: instant)
            }
            let known = try copies.known(of: looks, of: connection, in: db)
            #expect(known == Set(notes.map { TicketLook.NoteKey(ticket: "7", note: $0.id) }))
            #expect(try copies.known(of: [looks[0]], of: connection, in: db).isEmpty)
            #expect(try copies.known(of: looks, of: 999, in: db).isEmpty)
            #expect(try copies.known(of: [], of: connection, in: db).isEmpty)
        }
    }

    @Test("Any number of tickets is stored and read in one go", arguments: TestDatabase.engines)
    func many(engine: Engine) async throws {
        try await with(engine) { db, connection in
            for count in [1, 2, 3, 63, 64, 65, 200] {
                let looks = (0..<count).map { number -> TicketLook in
                    let board: Ticket.Reference? = number % 2 == 0 ? .init(id: "1", name: "Support") : nil
                    let cursor: String? = number % 3 == 0 ? nil : "c\(number)"
                    return TicketLook(
                        ticket: Ticket(id: .init("\(number)"), summary: "\(count)", board: board),
                        activity: TicketActivity(notes: [note("n\(number)")], cursor: cursor),
                        instant: instant.addingTimeInterval(Double(number)))
                }
                try copies.store(looks, of: connection, in: db)
                let stored = try copies.tickets(looks.map(\.ticket.id) + ["none"], of: connection, in: db)
                #expect(stored.count == count)
                for look in looks {
                    #expect(stored[look.ticket.id]?.ticket == look.ticket)
                    #expect(stored[look.ticket.id]?.activityCursor == look.activity.cursor)
                }
            }
            #expect(try copies.tickets([], of: connection, in: db).isEmpty)
            #expect(try db.one("SELECT COUNT(*) AS id FROM psa_tickets") == 200)
            #expect(try db.one("SELECT COUNT(*) AS id FROM psa_notes") == 200)
        }
    }

    @Test("A ticket is marked as gone once, and a new look brings it back", arguments: TestDatabase.engines)
    func deleted(engine: Engine) async throws {
        try await with(engine) { db, connection in
            let nothing = TicketActivity(notes: [], cursor: nil)
            let look = TicketLook(ticket: Ticket(id: "7", summary: ""), activity: nothing, instant: instant)
            #expect(try !copies.markDeleted("7", of: connection, now: instant, in: db))
            try copies.store([look], of: connection, in: db)
            #expect(try copies.markDeleted("7", of: connection, now: instant, in: db))
            #expect(try copies.ticket("7", of: connection, in: db)?.deletedAt == instant)
            #expect(try !copies.markDeleted("7", of: connection, now: instant, in: db))
            try copies.store([look], of: connection, in: db)
            #expect(try copies.ticket("7", of: connection, in: db)?.deletedAt == nil)
        }
    }
}

@Suite("The mirror of boards and members")
struct DirectoryTests {
    private func board(_ id: Board.ID, _ name: String, statuses: [String] = []) -> Board {
        Board(
            id: id, name: name, isInactive: false,
            statuses: statuses.enumerated().map {
                Board.Status(
                    id: .init("\(id)\($1)"), name: $1, isClosed: $1 == "Closed", isInactive: false, sortOrder: $0)
            })
    }

    @Test(
        "Boards that are gone are marked, those that are back restored, statuses follow",
        arguments: TestDatabase.engines)
    func boards(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let organization = try await database.organization()
            let (mine, foreign) = (try await database.connection(of: organization), try await database.organization())
            let directory = Directory(database: database)
            func store(_ boards: [Board]) async throws -> [String] {
                try await database.write { db in
                    try Directory.storeNames(boards, of: mine, now: instant, in: db)
                    for board in boards {
                        try Directory.store(board.statuses, of: board.id, mine, now: instant, in: db)
                    }
                }
                return try await directory.boards(of: organization, page: PageRequest()).items
                    .map { "\($0.id) \($0.name)\($0.isDeleted ? " gone" : "")" }
            }
            #expect(
                try await store([board("1", "One", statuses: ["New", "Closed"]), board("2", "Two")]) == [
                    "1 One", "2 Two",
                ])
            #expect(try await store([board("1", "Uno", statuses: ["Open", "New"])]) == ["1 Uno", "2 Two gone"])
            let found = try await directory.board("1", of: organization)
            #expect(found?.statuses.map(\.name) == ["Open", "New"])
            #expect(found?.board.connection == mine)
            #expect(try await store([board("2", "Two"), board("3", "Three")]) == ["1 Uno gone", "2 Two", "3 Three"])
            #expect(try await directory.board("1", of: foreign) == nil)
            #expect(try await directory.boards(of: foreign, page: PageRequest()).items.isEmpty)

            let first = try await directory.boards(of: organization, page: PageRequest(limit: 2))
            let rest = try await directory.boards(of: organization, page: PageRequest(limit: 2, after: first.next))
            #expect((first.items + rest.items).map(\.id) == ["1", "2", "3"])
            #expect(rest.next == nil)
        }
    }

    private static func member(_ identifier: String, email: String? = "x@y.z") -> Member {
        Member(id: "1", identifier: identifier, name: identifier, email: email, isInactive: false)
    }

    @Test(
        "Members are fetched once, used while fresh, and used stale while they cannot be fetched",
        arguments: TestDatabase.engines)
    func members(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let id = try await database.connection(of: database.organization())
            let stored = try await database.read {
                try $0.first("SELECT * FROM psa_connections WHERE id = \(id)", as: PSAConnection.self)
            }
            let psa = FakePSA()
            let live = LiveConnection(connection: try #require(stored), provider: psa, callbacks: psa)
            let (directory, clock) = (Directory(database: database), TestClock())
            func names(_ identifiers: [String]) async throws -> [String: String?] {
                try await directory.members(identifiers, of: live, lifetime: .seconds(900), now: clock.now)
                    .mapValues(\.email)
            }
            #expect(try await names([]) == [:])

            psa.expectMembers(.success([Self.member("Anna"), Self.member("bert", email: nil)]))
            #expect(try await names(["anna", "BERT"]) == ["anna": "x@y.z", "bert": nil])
            #expect(try await names(["ANNA", "bert"]) == ["anna": "x@y.z", "bert": nil])
            #expect(psa.calls == [.members(["anna", "BERT"])])

            clock.advance(by: .seconds(899))
            _ = try await names(["anna"])
            clock.advance(by: .seconds(1))
            psa.expectMembers(.success([Self.member("anna", email: "new@y.z")]))
            #expect(try await names(["anna"]) == ["anna": "new@y.z"])

            // Bert is stale, anna is not: only bert is asked for.
            psa.expectMembers(.failure(.server("down")))
            #expect(try await names(["anna", "bert"]) == ["anna": "new@y.z", "bert": nil])
            #expect(psa.calls.last == .members(["bert"]))

            psa.expectMembers(.failure(.server("down")))
            await #expect(throws: PSAError.server("down")) { try await names(["anna", "unknown"]) }

            // Who does not exist is missing, and is asked for again.
            psa.expectMembers(.success([]))
            #expect(try await names(["nobody"]) == [:])
            psa.expectMembers(.success([]))
            #expect(try await names(["nobody"]) == [:])
        }
    }

    @Test("Members of two connections are all listed, page by page", arguments: TestDatabase.engines)
    func memberPages(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let organization = try await database.organization()
            let directory = Directory(database: database)
            for company in ["one", "two"] {
                let id = try await database.connection(of: organization, company: company)
                // One is in use; the other was before.
                try await database.write { try $0.execute("UPDATE psa_connections SET active = 0 WHERE id = \(id)") }
                for identifier in ["Anna", "bert"] {
                    try await database.write {
                        try $0.execute(
                            """
                            INSERT INTO psa_members (connection_id, identifier_key, id, identifier, name, fetched_at)
                            VALUES (\(id), \(identifier.lowercased()), '1', \(identifier), \(company), 0)
                            """)
                    }
                }
            }
            var found: [String] = []
            var page = try await directory.members(of: organization, page: PageRequest(limit: 1))
            found += page.items.map { "\($0.identifier) \($0.name)" }
            while let next = page.next {
                page = try await directory.members(of: organization, page: PageRequest(limit: 1, after: next))
                found += page.items.map { "\($0.identifier) \($0.name)" }
            }
            #expect(found == ["Anna one", "Anna two", "bert one", "bert two"])
        }
    }
}
