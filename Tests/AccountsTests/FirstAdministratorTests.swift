import API
import Database
import Foundation
import TestSupport
import Testing

@testable import Accounts

@Suite("The first administrator")
struct FirstAdministratorTests {
    private let now = Date(timeIntervalSince1970: 1_790_000_000)

    @Test("Is created once", arguments: TestDatabase.engines)
    func once(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let first = FirstAdministrator(email: "Root@Example.com", password: nil, organization: "MSP")
            let (user, created) = try await first.createIfMissing(in: database, now: now)
            #expect(created)
            #expect(user.email == "Root@Example.com")
            #expect(user.role == .superAdmin)
            #expect(user.isActive)
            let other = FirstAdministrator(email: "other@example.com", password: nil, organization: "Other")
            let (again, createdAgain) = try await other.createIfMissing(in: database, now: now)
            #expect(!createdAgain)
            #expect(again == user)
            #expect(try await database.count("SELECT COUNT(*) AS id FROM organizations") == 1)
        }
    }

    @Test("A password from outside is hashed and has to be changed", arguments: TestDatabase.engines)
    func password(engine: Engine) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { database in
            let first = FirstAdministrator(
                email: "root@example.com", password: "correct horse battery", organization: "MSP")
            _ = try await first.createIfMissing(in: database, now: now)
            let (hash, mustChange) = try await database.read { db -> (String, Bool) in
                (
                    try db.one("SELECT * FROM users", "password_hash"),
                    try db.one("SELECT * FROM users", "must_change_password")
                )
            }
            #expect(Password.verify("correct horse battery", against: hash))
            #expect(mustChange)
        }
    }

    @Test("Servers that start together create one", arguments: TestDatabase.engines)
    func together(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine, migrations: accounts) { address in
            let database = try await Database.open(address, connections: 5, logger: TestDatabase.logger)
            var servers = [database]
            // SQLite serves one process.
            while servers.count < 5 {
                servers.append(
                    engine == .sqlite
                        ? database : try await Database.open(address, connections: 1, logger: TestDatabase.logger))
            }
            let outcomes = try await withThrowingTaskGroup { group in
                for (number, server) in servers.enumerated() {
                    group.addTask {
                        try await FirstAdministrator(
                            email: "root\(number)@example.com", password: nil, organization: "MSP \(number)"
                        ).createIfMissing(in: server, now: now)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0.created } == 1)
            #expect(Set(outcomes.map(\.user.email)).count == 1)
            #expect(try await database.count("SELECT COUNT(*) AS id FROM users") == 1)
            #expect(try await database.count("SELECT COUNT(*) AS id FROM organizations") == 1)
            for server in engine == .sqlite ? [database] : servers { await server.close() }
        }
    }
}
