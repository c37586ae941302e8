import Accounts
import Database
import Foundation
import NIOHTTP1
import Sealing
import ServerTestSupport
import TestSupport
import Testing
import Ticketing

@testable import Server

/// The secret is changed while credentials are stored.
@Suite("Changing the secret", .timeLimit(.minutes(20)))
struct SecretRotationTests {
    @Test("Everything is sealed anew and opens; the old secret opens nothing", arguments: TestDatabase.engines)
    func rotate(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            #expect(
                try await patchbay.api(
                    .POST, "/identity-providers",
                    [
                        "name": "Entra ID", "issuer": "https://login.example/v2.0", "client_id": "patchbay",
                        "client_secret": "sealed as well",
                    ]
                ).status == 201)
            let present = try #require(patchbay.secret)
            let secrets = try Secret.list(present)
            let old = try #require(secrets.first)
            let new = Secret.generate()
            var configuration = Configuration()
            configuration.database = patchbay.address
            configuration.secret = "\(new.base64),\(old.base64)"
            // The connection to ConnectWise, the bot's token, the identity provider's secret.
            let rotation = try await Installation.rotateSecret(configuration, logger: TestDatabase.logger)
            #expect(rotation.resealed == 3 && rotation.keyID == new.keyID)
            let again = try await Installation.rotateSecret(configuration, logger: TestDatabase.logger)
            #expect(again.resealed == 0)
            let sealed = try await patchbay.database.read { db -> [String] in
                try db.all(
                    """
                    SELECT sealed_credentials AS s FROM psa_connections UNION SELECT sealed_token FROM chat_connections
                    UNION SELECT client_secret FROM identity_providers
                    """
                ).map { try $0["s"] }
            }
            #expect(sealed.count == 3 && sealed.allSatisfy { $0.hasPrefix("v1.\(new.keyID).") })
            let identity = "psa_connection:1"
            let credentials = try #require(sealed.first { (try? Sealer([new]).open($0, for: identity)) != nil })
            #expect(throws: SealingError.self) { try Sealer([old]).open(credentials, for: identity) }
        }
    }

    @Test("A text that no secret opens stops it, and nothing is changed", arguments: TestDatabase.engines)
    func unknown(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let before = try await sealed(patchbay)
            var configuration = Configuration()
            configuration.database = patchbay.address
            configuration.secret = Secret.generate().base64
            await #expect(throws: SealingError.self) {
                try await Installation.rotateSecret(configuration, logger: TestDatabase.logger)
            }
            #expect(try await sealed(patchbay) == before)
        }
    }

    private func sealed(_ patchbay: RunningPatchbay) async throws -> [String] {
        try await patchbay.database.read { db in
            try db.all("SELECT sealed_credentials FROM psa_connections").map { try $0["sealed_credentials"] }
        }
    }

    @Test("A secret in a file is made, and the file holds it alone afterwards")
    func file() async throws {
        try await TestDatabase.with(.sqlite) { _ in
            let folder = FileManager.default.temporaryDirectory.appending(path: "rotation-\(UUID().uuidString)").path()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var configuration = Configuration()
            configuration.database = .sqlite(path: "\(folder)/patchbay.db")
            configuration.secretFile = "\(folder)/secret"
            _ = try await Installation.setUp(
                configuration, organization: "MSP", makesAPIKey: false, logger: TestDatabase.logger)
            let old = try SecretFile(path: configuration.secretFile).read()
            let rotation = try await Installation.rotateSecret(configuration, logger: TestDatabase.logger)
            let new = try SecretFile(path: configuration.secretFile).read()
            #expect(new.count == 1 && new[0].keyID == rotation.keyID && new[0].keyID != old[0].keyID)
        }
    }
}
