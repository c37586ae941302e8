import Accounts
import Database
import Foundation
import NIOHTTP1
import Notifications
import Sealing
import ServerTestSupport
import TestSupport
import Testing
import Ticketing
import WebSupport

@testable import Server

/// Rotating the secret while credentials are stored.
@Suite("Secret rotation", .timeLimit(.minutes(20)))
struct SecretRotationTests {
    @Test("Everything is resealed and opens; the old secret opens nothing", arguments: TestDatabase.engines)
    func rotate(engine: Engine) async throws {
        try await StoredCredentials.with(engine) { stored in
            let new = Secret.generate()
            var configuration = stored.configuration
            configuration.secret = "\(new.base64),\(stored.secret.base64)"
            // The ConnectWise connection, the bot's token, the identity provider's secret, and the audit log's key.
            let rotation = try await Installation.rotateSecret(configuration, logger: TestDatabase.logger)
            #expect(rotation.resealed == 4)
            #expect(rotation.keyID == new.keyID)
            let again = try await Installation.rotateSecret(configuration, logger: TestDatabase.logger)
            #expect(again.resealed == 0)
            let sealed = try await stored.sealed()
            #expect(sealed.count == 4)
            #expect(sealed.allSatisfy { $0.utf8.starts(with: "v1.\(new.keyID).".utf8) })
            let identity = "psa_connection:1"
            let credentials = try #require(sealed.first { (try? Sealer([new]).open($0, for: identity)) != nil })
            #expect(throws: SealingError.self) { try Sealer([stored.secret]).open(credentials, for: identity) }
            // The audit log's chain is still intact.
            configuration.secret = new.base64
            let audit = try await Installation.verifyAudit(configuration, logger: TestDatabase.logger)
            #expect(audit.faults.isEmpty)
            #expect(audit.entries > 0)
        }
    }

    @Test("Rotation stops at a text that no secret opens, and changes nothing", arguments: TestDatabase.engines)
    func unknown(engine: Engine) async throws {
        try await StoredCredentials.with(engine) { stored in
            let before = try await stored.sealed()
            var configuration = stored.configuration
            configuration.secret = Secret.generate().base64
            await #expect(throws: SealingError.self) {
                try await Installation.rotateSecret(configuration, logger: TestDatabase.logger)
            }
            #expect(try await stored.sealed() == before)
        }
    }

    @Test("Rotation is refused while a server runs, and changes nothing", arguments: TestDatabase.engines)
    func besideServer(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine) { address in
            try await Installed.run(at: address) { installed in
                let port = try await Ports.free()
                let server = try installed.serve(port: port)
                _ = try await installed.answering(server, port: port)
                let old = try #require(installed.environment["PATCHBAY_SECRET"])
                let both = ["PATCHBAY_SECRET": "\(Secret.generate().base64),\(old)"]
                let refused = try installed.command(["secrets", "rotate"], both)
                #expect(try await refused.ended() == .exited(1))
                #expect(refused.text.contains("patchbay server uses this"), "\(refused.excerpt)")
                server.send(signal: SIGTERM)
                #expect(try await server.ended() == .exited(0))
                let rotated = try installed.command(["secrets", "rotate"], both)
                #expect(try await rotated.ended() == .exited(0), "\(rotated.excerpt)")
                // The old secret alone opens nothing anymore, and the error explains it.
                let stale = try installed.serve(port: port)
                #expect(try await stale.ended() == .exited(1))
                #expect(stale.text.contains("sealed with a secret that is not configured"), "\(stale.excerpt)")
                let next = try installed.serve(port: port, both)
                let api = try await installed.answering(next, port: port)
                #expect(try await api(.GET, "/readiness").json["status"] == "ready")
            }
        }
    }

    @Test("A server whose secret was rotated while it ran stops and says why")
    func besideLostLock() async throws {
        // With SQLite, a server cannot lose its lock, and other processes cannot signal it.
        guard TestDatabase.engines.contains(.postgres) else { return }
        try await TestDatabase.withAddress(.postgres) { address in
            try await Installed.run(at: address) { installed in
                let port = try await Ports.free()
                let server = try installed.serve(port: port)
                _ = try await installed.answering(server, port: port)
                let database = try await Database.open(address, connections: 1, logger: TestDatabase.logger)
                let sealed = try Sealer([Secret.generate()]).seal("{}", for: "psa_connection:1")
                try await database.write { db in
                    try db.execute("UPDATE psa_connections SET sealed_credentials = \(sealed)")
                    db.signal(.secret)
                }
                #expect(try await server.ended() == .exited(1))
                #expect(server.text.contains("sealed with a secret that is not configured"), "\(server.excerpt)")
                await database.close()
            }
        }
    }

    @Test("A secret file is created if missing, and holds only the new secret after rotation")
    func file() async throws {
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
        #expect(new.map(\.keyID) == [rotation.keyID])
        #expect(new[0].keyID != old[0].keyID)
    }
}
