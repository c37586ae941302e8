import Foundation
import Logging
import NIOHTTP1
import ServiceLifecycle
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import TestSupport
import WebSupport

/// The outside systems of an installation, simulated in this process.
package struct Surroundings: Sendable {
    /// The simulated PSA.
    package let connectWise: ConnectWiseSimulator
    /// The simulated chat system.
    package let webex: WebexSimulator
    /// The options of the simulated ConnectWise.
    package let connectWiseOptions: ConnectWiseOptions
    /// The options of the simulated Webex.
    package let webexOptions: WebexOptions

    /// Creates both. A few old tickets are enough for most tests.
    package init(
        connectWise change: (inout ConnectWiseOptions) -> Void = { _ in },
        webex changeWebex: (inout WebexOptions) -> Void = { _ in }
    ) {
        var connectWiseOptions = ConnectWiseOptions()
        connectWiseOptions.world = World(tickets: 6)
        connectWiseOptions.callsPerMinute = nil
        change(&connectWiseOptions)
        var webexOptions = WebexOptions()
        changeWebex(&webexOptions)
        self.connectWiseOptions = connectWiseOptions
        self.webexOptions = webexOptions
        connectWise = ConnectWiseSimulator(options: connectWiseOptions)
        webex = WebexSimulator(options: webexOptions)
    }

    /// Runs both while the body runs.
    package func run<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await running([connectWise, webex], logger: TestDatabase.logger, body)
    }

    /// The environment of an installation that uses both. Nothing runs by schedule, so tests can count calls.
    package func environment(database: String, port: Int) async throws -> [String: String] {
        let psa = try await host(connectWise.url())
        let chat = try await webex.url()
        return [
            "PATCHBAY_DATABASE_URL": database,
            "PATCHBAY_SECRET": Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString(),
            "PATCHBAY_LISTEN": "127.0.0.1:\(port)",
            "PATCHBAY_ADMIN_EMAIL": "admin@rivermark.example",
            "PATCHBAY_ALLOWED_HOSTS": "\(psa),chat=\(host(chat))",
            "PATCHBAY_CONNECTWISE_SITE": psa,
            "PATCHBAY_CONNECTWISE_COMPANY": connectWiseOptions.company,
            "PATCHBAY_CONNECTWISE_PUBLIC_KEY": connectWiseOptions.publicKey,
            "PATCHBAY_CONNECTWISE_PRIVATE_KEY": connectWiseOptions.privateKey,
            "PATCHBAY_CONNECTWISE_CLIENT_ID": "0f6c0d5e-client-id-of-tests",
            "PATCHBAY_CONNECTWISE_BUDGET": "1000000",
            "PATCHBAY_WEBEX_URL": chat,
            "PATCHBAY_WEBEX_TOKEN": webexOptions.token,
            "PATCHBAY_LOG_FORMAT": "text",
            "PATCHBAY_SYNC_BOARDS": "off", "PATCHBAY_SYNC_RECIPIENTS": "off", "PATCHBAY_SYNC_TICKETS": "off",
            "PATCHBAY_SYNC_CATCH_UP": "off", "PATCHBAY_SYNC_CALLBACKS": "off",
        ]
    }

    private func host(_ url: String) -> String {
        url.replacing("http://", with: "")
    }

    /// Registers a callback address with ConnectWise.
    package func registerCallback(_ hookURL: String) async throws {
        let text = "\(connectWiseOptions.company)+\(connectWiseOptions.publicKey):\(connectWiseOptions.privateKey)"
        let reply = try await APIClient(base: "", key: nil).send(
            .POST, "\(await connectWise.url())/v4_6_release/apis/3.0/system/callbacks",
            try JSON.object([
                "url": .text(hookURL), "objectId": 1, "type": "ticket", "level": "owner", "description": "Patchbay",
            ]).encoded(),
            ["Authorization": "Basic \(Data(text.utf8).base64EncodedString())", "clientId": "tests"])
        guard reply.status == 201 else { throw Unexpected("the simulator refuses the callback: \(reply.text)") }
    }
}

/// The test could not be set up as needed.
package struct Unexpected: Error, CustomStringConvertible {
    /// What is wrong.
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Runs services while the body runs, and stops them even if it throws.
package func running<Value: Sendable>(
    _ services: [any Service], logger: Logger, _ body: () async throws -> Value
) async throws -> Value {
    let group = ServiceGroup(
        configuration: .init(services: services, gracefulShutdownSignals: [], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        do {
            try await tasks.waitForAll()
        } catch {
            // An error thrown by the body takes precedence.
            if case .success = result { throw error }
        }
        return try result.get()
    }
}
