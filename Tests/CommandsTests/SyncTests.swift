import HTTPTypes
import Testing

@testable import Commands

@Suite(.timeLimit(.minutes(20))) struct SyncTests {
    private func status(_ state: String, done: Int, error: String = "null") -> String {
        """
        {"items": [{"id": 3, "kind": "tickets", "connection_name": "ConnectWise", "connection_id": 1, "state": "\(state)",
        "done": \(done), "total": 4000, "last_error": \(error)}]}
        """
    }

    @Test func asksForWhatIsNamed() throws {
        let some = try parse(SyncStart.self, "sync", "--tickets", "--boards", "--sync-boards", "1, 2").call
        #expect(some.body == json(#"{"kinds": ["boards", "tickets"], "board_ids": ["1", "2"]}"#))
        let all = try parse(SyncStart.self, "sync", "--all").call
        #expect(all.body == json(#"{"kinds": ["boards", "recipients", "tickets", "catch_up"]}"#))
    }

    @Test(arguments: [
        ["sync"], ["sync", "--boards", "--sync-boards", "1"], ["sync", "--tickets", "--sync-boards", ","],
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
}
