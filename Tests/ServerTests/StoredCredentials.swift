import Accounts
import Database
import Foundation
import Notifications
import Sealing
import TestSupport
import Ticketing

@testable import Server

/// An installation without a server, with one of each kind of sealed credential.
struct StoredCredentials {
    let database: Database
    let secret: Secret
    let configuration: Configuration

    static func with(_ engine: Engine, _ body: (StoredCredentials) async throws -> Void) async throws {
        try await TestDatabase.withAddress(engine) { address in
            let secret = Secret.generate()
            var configuration = Configuration()
            configuration.database = address
            configuration.secret = secret.base64
            _ = try await Installation.setUp(
                configuration, organization: "MSP", makesAPIKey: false, logger: TestDatabase.logger)
            let database = try await Database.open(address, connections: 2, logger: TestDatabase.logger)
            let stored = StoredCredentials(database: database, secret: secret, configuration: configuration)
            let result: Result<Void, any Error>
            do {
                try await stored.fill()
                result = .success(try await body(stored))
            } catch {
                result = .failure(error)
            }
            await database.close()
            try result.get()
        }
    }

    private func fill() async throws {
        let sealer = try Sealer([secret])
        let nobody = UnusableProvider(.notAllowed("nobody calls this"))
        let tickets = PSAConnections(database: database, sealer: sealer, factory: { _ in (nobody, nobody) })
        let chats = ChatConnectionStore(
            database: database, sealer: sealer, factory: { _ in preconditionFailure("nobody calls this") })
        _ = try await tickets.keep(
            PSAConnectionDraft(
                name: "PSA", site: "na.myconnectwise.net", company: "acme",
                credentials: PSACredentials(publicKey: "public", privateKey: "private", clientID: "client")), for: 1)
        _ = try await chats.keep(
            ChatConnectionDraft(name: "Webex", url: "https://webexapis.com", token: "token"), for: 1)
        let provider = try sealer.seal("client secret", for: "identity_provider/1/client_secret")
        try await database.write { db in
            try db.execute(
                """
                INSERT INTO identity_providers (
                    organization_id, name, issuer, client_id, client_secret, default_role, role_rules, enabled, created_at)
                VALUES (1, 'Entra', 'https://login.example', 'patchbay', \(provider), 'viewer', '[]', 1, 0)
                """)
        }
    }

    /// All sealed texts.
    func sealed() async throws -> [String] {
        try await database.read { db in
            try db.all(
                """
                SELECT sealed_credentials AS s FROM psa_connections UNION ALL SELECT sealed_token FROM chat_connections
                UNION ALL SELECT client_secret FROM identity_providers UNION ALL SELECT sealed_key FROM audit_keys
                """
            ).map { try $0["s"] }
        }
    }
}
