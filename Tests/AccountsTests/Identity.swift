import API
import Database
import Foundation
import Sealing
import TestSupport
import WebSupport

@testable import Accounts

/// Everything about signing in, on one database, with one clock.
struct Identity: Sendable {
    static let password = "corvid lantern oatmeal 7"

    let database: Database
    let clock = TestClock()
    let signIns: SignIns
    let secondFactor: SecondFactor
    let passwordSignIn: PasswordSignIn
    let users: UserStore
    let hashing = PasswordHashing(cost: .least)

    init(_ database: Database) throws {
        let clock = clock
        self.database = database
        signIns = SignIns(database: database) { clock.now }
        let sealer = try Sealer([Secret.generate()])
        secondFactor = SecondFactor(database: database, sealer: sealer) { clock.now }
        passwordSignIn = PasswordSignIn(
            database: database, hashing: hashing, secondFactor: secondFactor, sealer: sealer
        ) {
            clock.now
        }
        users = UserStore(database: database, hashing: hashing) { clock.now }
    }

    static func run(_ engine: Engine, _ body: (Identity) async throws -> Void) async throws {
        try await TestDatabase.with(engine, migrations: accounts) { try await body(Identity($0)) }
    }

    /// A user with the password.
    func person(
        _ email: String, _ role: Role = .engineer, of organization: Organization.ID? = nil
    ) async throws -> (user: User.ID, organization: Organization.ID) {
        let made = try await database.user(email, role, of: organization)
        try await database.run("UPDATE users SET password_hash = \(Self.hash) WHERE id = \(made.user)")
        return made
    }

    // Once: it takes a quarter of a second.
    private static let hash = Password.hash(password, cost: .least) ?? ""

    func visitor(_ address: String = "192.0.2.1") -> Visitor { Visitor(address: address, agent: "a browser") }

    /// Signs in with the password.
    func enter(_ email: String, from address: String = "192.0.2.1") async throws -> (SignInToken, LiveSignIn) {
        let token = try await passwordSignIn.withPassword(
            email: email, password: Self.password, from: visitor(address), replacing: nil)
        guard let live = try await signIns.find(token) else { throw Missing() }
        return (token, live)
    }

    struct Missing: Error {}

    /// Sets up a second factor and returns its secret with the recovery codes.
    func setUp(_ live: LiveSignIn) async throws -> (secret: [UInt8], codes: [String]) {
        guard let offer = try await secondFactor.offer(to: live.user, email: live.email),
            let secret = Base32.bytes(offer.secret)
        else { throw Missing() }
        let code = TOTP.code(secret, step: TOTP.step(at: clock.now))
        guard let codes = try await secondFactor.confirm(code, by: live.principal.actor(at: nil), of: live.principal)
        else { throw Missing() }
        return (secret, codes)
    }

    func audit(_ organization: Organization.ID) async throws -> [AuditEntry] {
        try await database.read {
            try AuditLog.list(.init(), of: organization, page: PageRequest(limit: 200), in: $0).items.reversed()
        }
    }
}
