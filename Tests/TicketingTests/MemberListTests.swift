import API
import Accounts
import Database
import Foundation
import Server
import TestSupport
import Testing
import Tickets
import WebSupport

@testable import Ticketing

@Suite("The list of members")
struct MemberListTests {
    @Test(
        "Names beyond ASCII are found whatever their case, and no page skips anybody", arguments: TestDatabase.engines)
    func names(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let id = try await database.connection(of: database.organization())
            let names = ["Ádám Kis", "Zoë", "Ödön Nagy", "ödön apró", "Bert", "ÉVA", "anna"]
            let stored = try await database.write { db in
                let members = names.enumerated().map { number, name in
                    Member(
                        id: .init("\(number)"), identifier: "m\(number)", name: name, email: nil, isInactive: false)
                }
                try Directory.store(members, of: id, now: instant, in: db)
                try PSALists.note(.members, of: id, now: instant, in: db)
                return try db.first("SELECT * FROM psa_connections WHERE id = \(id)", as: PSAConnection.self)
            }
            let psa = FakePSA()
            let live = LiveConnection(connection: try #require(stored), provider: psa, callbacks: psa)
            let lists = PSALists(database: database) { instant }
            func found(_ search: String?, limit: Int) async throws -> [String] {
                var (found, page): ([String], PageRequest?) = ([], PageRequest(limit: limit))
                while let wanted = page {
                    let part = try await lists.members(on: live, search: search, page: wanted)
                    found += part.items.map(\.name)
                    page = part.next.map { PageRequest(limit: limit, after: $0) }
                }
                return found
            }
            #expect(Set(try await found("Ödön", limit: 50)) == ["Ödön Nagy", "ödön apró"])
            #expect(try await found("éva", limit: 50) == ["ÉVA"])
            for limit in [1, 2, 3] {
                let all = try await found(nil, limit: limit)
                #expect(all.count == names.count)
                #expect(Set(all) == Set(names))
            }
        }
    }

    @Test("Former members are recognized whatever the case of the login name", arguments: TestDatabase.engines)
    func left(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: ticketing) { database in
            let organization = try await database.organization()
            let id = try await database.connection(of: organization)
            let stored = try await database.write { db in
                let user: User.ID = try db.one(
                    """
                    INSERT INTO users (organization_id, email, email_key, name, role, active, created_at)
                    VALUES (\(organization), 'e@x.example', 'e@x.example', 'Émile', 'engineer', 1, 0) RETURNING id
                    """)
                let member = Member(id: "7", identifier: "ÉMILE", name: "Émile", email: nil, isInactive: true)
                try Directory.store([member], of: id, now: instant, in: db)
                try MemberMappings.insert([(user, member, .administrator)], id, now: instant, in: db)
                return try db.first("SELECT * FROM psa_connections WHERE id = \(id)", as: PSAConnection.self)
            }
            let mappings = MemberMappings(database: database, lists: PSALists(database: database))
            let people = try await mappings.list(
                on: try #require(stored), user: nil, isMapped: nil, page: PageRequest(limit: 5))
            #expect(people.items.map(\.hasLeft) == [true])
        }
    }

    @Test("Members that were there before have a key, and are read again", arguments: TestDatabase.engines)
    func migration(engine: Engine) async throws {
        let former = Array(Installation.migrations.prefix(13))
        try await TestDatabase.with(engine, migrations: former) { database in
            let id = try await database.connection(of: database.organization())
            try await database.write { db in
                try db.execute(
                    """
                    INSERT INTO psa_members (connection_id, identifier_key, id, identifier, name, fetched_at)
                    VALUES (\(id), 'anna', '1', 'anna', 'Anna B', 0)
                    """)
                try PSALists.note(.members, of: id, now: instant, in: db)
                for statement in Installation.migrations[13].statements { try db.execute(statement) }
            }
            let (key, readAt): (String, Int) = try await database.read { db in
                (
                    try db.one("SELECT name_key FROM psa_members", "name_key"),
                    try db.one("SELECT read_at FROM psa_readings", "read_at")
                )
            }
            #expect(key == "anna b")
            #expect(readAt == 0)
        }
    }
}
