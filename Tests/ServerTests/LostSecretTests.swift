import API
import Accounts
import Connections
import Database
import Foundation
import NIOHTTP1
import Sealing
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import TestSupport
import Testing
import Ticketing
import WebSupport

@testable import Server

/// The secret that sealed the stored credentials is lost: another one is configured, or the file was deleted.
@Suite("A lost secret", .timeLimit(.minutes(20)))
struct LostSecretTests {
    /// Removes the settings that would restore the credentials from the configuration.
    private static let bare = Dictionary(
        uniqueKeysWithValues: ["SITE", "COMPANY", "PUBLIC_KEY", "PRIVATE_KEY", "CLIENT_ID"].map {
            ("PATCHBAY_CONNECTWISE_\($0)", "")
        } + [("PATCHBAY_WEBEX_TOKEN", "")])

    @Test(
        "Setup and server refuse with an explanation; with consent, everything can be entered again",
        arguments: TestDatabase.engines)
    func wholeWay(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine) { address in
            try await Installed.run(at: address) { installed in
                let port = try await Ports.free()
                let first = try installed.serve(port: port)
                let hookKey = try await Connected(try await installed.answering(first, port: port)).hookKey
                try await addPerson(installed)
                first.send(signal: SIGTERM)
                #expect(try await first.ended() == .exited(0))

                let settings = Self.bare.merging(["PATCHBAY_SECRET": Secret.generate().base64]) { $1 }
                for arguments in [["serve"], ["setup"]] {
                    let refused = try installed.command(arguments, settings)
                    #expect(try await refused.ended() == .exited(1))
                    #expect(refused.text.contains("sealed with a secret that is not configured"), "\(refused.excerpt)")
                    #expect(refused.text.contains("--accept-lost-secret"))
                }
                let accepted = try installed.command(["setup", "--accept-lost-secret"], settings)
                #expect(try await accepted.ended() == .exited(0), "\(accepted.excerpt)")

                let server = try installed.serve(port: port, settings)
                let api = try await installed.answering(server, port: port)
                try await isSaid(api)
                let ticket = try installed.createTicket("Somebody's")
                let hook = Hook(ticket, from: installed.surroundings.connectWise, connectionKey: hookKey)
                #expect(try await api.send(hook).status == 429)
                try await secondFactorIsExplained(api)
                try await enterAgain(api, installed)
                #expect(try await api.send(hook).status == 200)
            }
        }
    }

    private func isSaid(_ api: APIClient) async throws {
        let readiness = try await api(.GET, "/readiness")
        #expect(readiness.status == 200)
        #expect(readiness.json["status"] == "degraded")
        let check = readiness.json["checks"].elements.first { $0["name"] == "credentials" }
        #expect(check?["ok"] == false)
        #expect(check?["detail"].string?.contains("the secret is lost") == true)
        for path in ["/integrations/psa/connections/1", "/integrations/chat/connections/1"] {
            let connection = try await api(.GET, path).json
            #expect(connection["state"] == "paused")
            #expect(connection["state_reason"].string?.contains("sealed with the secret") == true)
        }
        let search = try await api(API.Tickets.search, query: "q=x")
        #expect(search.status == 409, "\(search.text)")
        #expect(search.json["code"] == "psa_unusable", "\(search.text)")
        let browser = Browser(base: api.base)
        _ = try await browser.signIn("plain@example.org", People.password)
        for page in ["/", "/connections/psa/1", "/connections/chat/1"] {
            #expect(try await browser.get(page).text.contains("sealed with the secret"), "\(page)")
        }
        #expect(try await browser.get("/health").text.contains("the secret is lost"))
    }

    private func addPerson(_ installed: Installed) async throws {
        let old = try Secret.list(installed.environment["PATCHBAY_SECRET"] ?? "")
        let hash = try #require(Password.hash(People.password, cost: .least))
        let database = try await Database.open(installed.address, connections: 1, logger: TestDatabase.logger)
        try await database.write { db in
            for email in ["plain@example.org", "factor@example.org"] {
                let id: User.ID? = try db.first(
                    """
                    INSERT INTO users (organization_id, email, email_key, name, role, password_hash, created_at)
                    VALUES (1, \(email), \(email), 'Somebody', 'admin', \(hash), 0) RETURNING id
                    """)?["id"]
                guard let id, email == "factor@example.org" else { continue }
                let sealed = try Sealer(old).seal("GEZDGNBVGY3TQOJQ", for: "user/\(id)/totp")
                try db.execute("UPDATE users SET totp_secret = \(sealed), totp_confirmed_at = 1 WHERE id = \(id)")
            }
        }
        await database.close()
    }

    private func secondFactorIsExplained(_ api: APIClient) async throws {
        let browser = Browser(base: api.base)
        let entered = try await browser.signIn("factor@example.org", People.password)
        #expect(entered.status == 303)
        _ = try await browser.get("/sign-in/code")
        let told = try await browser.post("/sign-in/code", ["code": "123456"])
        #expect(told.status == 409)
        #expect(told.text.contains("ask an administrator to reset your second factor"))
    }

    private func enterAgain(_ api: APIClient, _ installed: Installed) async throws {
        let (psa, chat) = ("/integrations/psa/connections/1", "/integrations/chat/connections/1")
        let test = try await api(.POST, psa + "/test")
        #expect(test.status == 422)
        #expect(test.json["detail"].string?.contains("sealed with the secret") == true)
        #expect(try await api(.PATCH, psa, ["name": "Renamed"]).status == 200)
        #expect(try await api(.PATCH, psa, ["enabled": false]).json["enabled"] == false)
        #expect(try await api(.PATCH, psa, ["enabled": true]).json["enabled"] == true)
        #expect(try await api(.PATCH, chat, ["enabled": false]).json["enabled"] == false)
        #expect(try await api(.PATCH, chat, ["enabled": true]).json["enabled"] == true)
        let part = try await api(.PATCH, psa, ["private_key": "another"])
        #expect(part.status == 422)
        #expect(part.faultyFields == ["public_key", "client_id"])
        let options = installed.surroundings.connectWiseOptions
        let whole = try await api(
            .PATCH, psa,
            [
                "public_key": .text(options.publicKey), "private_key": .text(options.privateKey),
                "client_id": "0f6c0d5e-client-id-of-tests",
            ])
        #expect(whole.status == 200, "\(whole.text)")
        #expect(whole.json["state"] == "ok")
        let token = try await api(.PATCH, chat, ["token": .text(installed.surroundings.webexOptions.token)])
        #expect(token.json["state"] == "ok", "\(token.text)")
    }

    @Test("A removed secret file is not recreated next to data that it sealed")
    func file() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lost-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = Configuration()
        configuration.database = .sqlite(path: "\(folder)/patchbay.db")
        configuration.secretFile = "\(folder)/secret"
        func setUp(_ configuration: Configuration) async throws {
            _ = try await Installation.setUp(
                configuration, organization: "MSP", makesAPIKey: false, logger: TestDatabase.logger)
        }
        try await setUp(configuration)
        try FileManager.default.removeItem(atPath: configuration.secretFile)
        await #expect(throws: LostSecrets.self) { try await setUp(configuration) }
        #expect(!FileManager.default.fileExists(atPath: configuration.secretFile))
        var accepting = configuration
        accepting.acceptsLostSecrets = true
        try await setUp(accepting)
        #expect(FileManager.default.fileExists(atPath: configuration.secretFile))
        // Accepting the loss once is enough.
        try await setUp(configuration)
        let audit = try await Installation.verifyAudit(configuration, logger: TestDatabase.logger)
        #expect(audit.faults.isEmpty)
    }

    @Test("No callback is lost while a connection's row is unreadable", arguments: TestDatabase.engines)
    func brokenRow(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Somebody's")
            for change in ["settings = '{'", "sealed_credentials = 'nonsense'"] {
                let before = try await patchbay.database.read {
                    try $0.first("SELECT settings, sealed_credentials FROM psa_connections")
                }
                let row = try #require(before)
                let (settings, sealed): (String?, String) = (try row["settings"], try row["sealed_credentials"])
                try await patchbay.database.write { db in
                    try db.execute(SQL(unchecked: "UPDATE psa_connections SET \(change)"))
                    db.signal(.connections)
                }
                // SQLite's signals do not leave the process.
                _ = try await patchbay.api(API.ChatConnections.update, at: "1", ["name": "Another"])
                try await eventually("the connection to be read again") {
                    try await patchbay.api.send(patchbay.hook(ticket)).status == 429
                }
                try await patchbay.database.write { db in
                    try db.execute(
                        "UPDATE psa_connections SET settings = \(orNull: settings), sealed_credentials = \(sealed)")
                    db.signal(.connections)
                }
                _ = try await patchbay.api(API.ChatConnections.update, at: "1", ["name": "Webex"])
                try await eventually("hooks to be taken again") {
                    try await patchbay.api.send(patchbay.hook(ticket)).status == 200
                }
            }
        }
    }
}
