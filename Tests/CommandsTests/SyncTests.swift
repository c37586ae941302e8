import HTTPTypes
import Testing
import WebSupport

@testable import Commands

@Suite(.timeLimit(.minutes(20))) struct SyncTests {
    private func status(_ state: String, done: Int, error: String = "null") -> String {
        """
        {"items": [{"id": 3, "kind": "tickets", "connection_name": "ConnectWise", "connection_id": 1, "state": "\(state)",
        "done": \(done), "total": 4000, "last_error": \(error)}]}
        """
    }

    @Test func asksForWhatIsNamed() async throws {
        let some = try await parse(SyncStart.self, "sync", "--tickets", "--boards", "--board", "1", "--board", "2")
            .request(.idsOnly)
        #expect(some.body == json(#"{"kinds": ["boards", "tickets"], "board_ids": ["1", "2"]}"#))
        let all = try await parse(SyncStart.self, "sync", "--all").request(.idsOnly)
        #expect(all.body == json(#"{"kinds": ["boards", "recipients", "tickets", "catch_up"]}"#))
    }

    @Test(arguments: [
        ["sync"], ["sync", "--boards", "--board", "1"], ["sync", "--tickets", "--board", ""],
    ])
    func refusesWhatMakesNoSense(arguments: [String]) async throws {
        let run = try await CommandRun.of(arguments)
        #expect(run.exitCode == 64)
    }

    @Test func watchesUntilAllIsDone() async throws {
        _ = try await ScriptedServer.play([
            Exchange("POST /api/v1/sync", .accepted, body: status("queued", done: 0)),
            Exchange("GET /api/v1/sync/status", body: status("running", done: 2000)),
            Exchange("GET /api/v1/sync/status", body: status("idle", done: 4000)),
        ]) { server in
            let run = try await CommandRun.of(["sync", "--tickets", "--watch"], server: server)
            #expect(run.exitCode == 0)
            #expect(
                run.errors == [
                    "tickets     ████████████░░░░░░░░░░░░  2000 of 4000",
                    "tickets     ████████████████████████  4000 of 4000  done",
                ])
        }
    }

    @Test func aFailedSyncFails() async throws {
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/sync/status", body: status("failed", done: 7, error: #""no route""#))
        ]) { server in
            let run = try await CommandRun.of(["sync", "status", "--watch"], server: server)
            #expect(run.exitCode == 1)
            #expect(run.output.last?.contains("no route") == true)
        }
    }

    @Test func aSyncIsCancelledByItsKind() async throws {
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/sync/status?limit=200", body: status("running", done: 7)),
            Exchange("POST /api/v1/sync/3/cancel", body: #"{"id": 3, "kind": "tickets", "state": "idle"}"#),
        ]) { server in
            let run = try await CommandRun.of(["sync", "cancel", "tickets", "-q"], server: server)
            #expect(run == CommandRun(output: ["3"], errors: [], exitCode: 0))
        }
    }
}
