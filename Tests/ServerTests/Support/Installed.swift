import Database
import Foundation
import NIOHTTP1
import SimulatedConnectWise
import SimulatedWorld
import TestSupport

/// An installation whose servers run as separate processes.
package struct Installed: Sendable {
    /// The outside systems, simulated in this process.
    package let surroundings: Surroundings
    /// The database's address.
    package let address: DatabaseAddress
    /// The environment of its processes.
    package let environment: [String: String]
    private let key: String

    /// Sets up an installation with the real binary, runs the body, and kills any process that is left.
    package static func run(
        at address: DatabaseAddress, _ settings: [String: String] = [:], _ body: (Installed) async throws -> Void
    ) async throws {
        let surroundings = Surroundings(connectWise: { $0.world = World(tickets: 0) })
        try await surroundings.run {
            let environment = try await surroundings.environment(database: address.configured, port: 0)
                .merging(settings) { $1 }
            let setup = try ChildProcess.patchbay(["setup", "--api-key"], environment: environment)
            guard try await setup.ended() == .exited(0), let range = setup.text.firstRange(of: /pb_[^\s]+/) else {
                throw Unexpected("setup failed: \(setup.text)")
            }
            let installed = Installed(
                surroundings: surroundings, address: address, environment: environment,
                key: String(setup.text[range]))
            let result: Result<Void, any Error>
            do { result = .success(try await body(installed)) } catch { result = .failure(error) }
            for server in installed.servers.value where server.isRunning { try await server.endAbruptly() }
            try result.get()
        }
    }

    private let servers = MutexBox<[ChildProcess]>([])

    /// Starts another command next to the servers.
    package func command(_ arguments: [String], _ settings: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess.patchbay(arguments, environment: environment.merging(settings) { $1 })
    }

    /// Starts a server.
    package func serve(
        port: Int, _ settings: [String: String] = [:], shell: String? = nil
    ) throws -> ChildProcess {
        var environment = environment.merging(settings) { $1 }
        environment["PATCHBAY_LISTEN"] = "127.0.0.1:\(port)"
        let process = try ChildProcess.patchbay(["serve"], environment: environment, shell: shell)
        servers.change { $0.append(process) }
        return process
    }

    /// Calls the server at a port as the administrator.
    package func api(port: Int) -> APIClient {
        APIClient(base: "http://127.0.0.1:\(port)", key: key)
    }

    /// Waits until a server answers. Fails immediately if it has exited.
    package func answering(_ process: ChildProcess, port: Int) async throws -> APIClient {
        let api = api(port: port)
        try await eventually(within: .seconds(60), "the server to answer") {
            guard process.isRunning else { throw Unexpected("the server ended: \(process.excerpt)") }
            return (try? await api(.GET, "/healthcheck").status) == 200
        }
        return api
    }

    /// A ticket in ConnectWise whose board has a rule for a room, and which is assigned to one member.
    package func createTicket(_ summary: String) throws -> Int {
        try surroundings.connectWise.createTicket(summary, owner: "slindqvist")
    }
}
