import Database
import ServerTestSupport
import TestSupport
import Testing

@Suite("Server start")
struct StartTests {
    @Test("A server that cannot start says why and exits with 1", arguments: TestDatabase.engines)
    func refused(engine: Engine) async throws {
        try await TestDatabase.withAddress(engine) { address in
            try await Installed.run(at: address, ["PATCHBAY_WEBEX_TOKEN": "two words"]) { installed in
                let server = try installed.serve(port: try await Ports.free())
                #expect(try await server.ended() == .exited(1))
                #expect(
                    server.text.contains(
                        "Error: a connection that the configuration names cannot be used: token: must be"),
                    "\(server.excerpt)")
            }
        }
    }
}
