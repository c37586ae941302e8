import Hummingbird
import Testing
import WebSupport

@testable import Commands

/// Commands against a server that plays the API.
@Suite(.timeLimit(.minutes(20))) struct ConversationTests {
    private let key = ["PATCHBAY_API_KEY": "pb_1_secret"]

    @Test func listsFollowPages() async throws {
        let received = try await ScriptedServer.play([
            Exchange(
                "GET /api/v1/members?limit=3",
                body: #"{"items": [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bo"}], "next_cursor": "c/1"}"#),
            Exchange(
                "GET /api/v1/members?limit=1&cursor=c%2F1",
                body: #"{"items": [{"id": "3", "name": "Cy"}], "next_cursor": "c2"}"#),
        ]) { [key] server in
            let run = try await CommandRun.of(
                ["member", "list", "--limit", "3", "-q"], server: server, environment: key)
            #expect(run == CommandRun(output: ["1", "2", "3"], errors: [], exitCode: 0))
        }
        #expect(received.map(\.authorization) == ["Bearer pb_1_secret", "Bearer pb_1_secret"])
    }

    @Test func allGoesToTheEnd() async throws {
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/boards?limit=200", body: #"{"items": [{"id": "1"}], "next_cursor": "a"}"#),
            Exchange("GET /api/v1/boards?limit=200&cursor=a", body: #"{"items": [], "next_cursor": "b"}"#),
            Exchange(
                "GET /api/v1/boards?limit=200&cursor=b", body: #"{"items": [{"id": "2"}], "next_cursor": null}"#),
        ]) { server in
            let run = try await CommandRun.of(["boards", "list", "--all", "--json"], server: server)
            #expect(json(run.output.joined()) == json(#"{"items": [{"id": "1"}, {"id": "2"}], "next_cursor": null}"#))
        }
    }

    @Test func aServerThatRepeatsAPageIsLeft() async throws {
        let page = #"{"items": [{"id": "1"}], "next_cursor": "a"}"#
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/boards?limit=200", body: page),
            Exchange("GET /api/v1/boards?limit=200&cursor=a", body: page),
        ]) { server in
            let run = try await CommandRun.of(["board", "list", "--all"], server: server)
            #expect(run.exitCode == 1)
        }
    }

    @Test func emptyAndLongerListsSaySoBesideTheResults() async throws {
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/rules?limit=50", body: #"{"items": [], "next_cursor": null}"#),
            Exchange("GET /api/v1/rules?limit=1", body: #"{"items": [{"id": 1}], "next_cursor": "a"}"#),
        ]) { server in
            let empty = try await CommandRun.of(["rule", "list"], server: server)
            #expect(empty == CommandRun(output: [], errors: ["No rules."], exitCode: 0))
            let longer = try await CommandRun.of(["rule", "list", "--limit", "1"], server: server)
            #expect(longer.output.count == 2)
            #expect(longer.errors == ["There are more; show them with --all or a larger --limit."])
        }
    }

    @Test func createUpdateAndDelete() async throws {
        let rule = #"{"id": 7, "board_id": "1", "board_name": "Service", "recipient_id": 2, "enabled": true}"#
        let received = try await ScriptedServer.play([
            Exchange("POST /api/v1/rules", .created, body: rule),
            Exchange("PATCH /api/v1/rules/7", body: rule),
            Exchange("DELETE /api/v1/rules/7", .noContent),
        ]) { server in
            let created = try await CommandRun.of(
                ["rule", "create", "--board", "1", "--recipient", "2", "--quiet"], server: server)
            #expect(created == CommandRun(output: ["7"], errors: [], exitCode: 0))
            let updated = try await CommandRun.of(["rule", "update", "7", "--simulate"], server: server)
            #expect(updated.output.contains("Board         Service"), "\(updated.output)")
            let deleted = try await CommandRun.of(["rule", "delete", "7", "--yes"], server: server)
            #expect(deleted == CommandRun(output: ["Deleted rule 7."], errors: [], exitCode: 0))
        }
        #expect(
            received.map(\.body) == [
                json(#"{"board_id": "1", "recipient_id": 2}"#), json(#"{"simulate": true}"#), nil,
            ])
    }

    @Test func aNewKeyIsShownOnce() async throws {
        let answer = #"{"id": 3, "name": "backup", "key": "pb_3_x"}"#
        _ = try await ScriptedServer.play([
            Exchange("POST /api/v1/api-keys", .created, body: answer),
            Exchange("POST /api/v1/api-keys", .created, body: answer),
        ]) { server in
            let shown = try await CommandRun.of(["api-key", "create", "--name", "backup"], server: server)
            #expect(shown.output.contains("Key   pb_3_x"), "\(shown.output)")
            #expect(shown.errors == ["Store the key now: it is never shown again."])
            let quiet = try await CommandRun.of(["api-key", "create", "--name", "backup", "-q"], server: server)
            #expect(quiet == CommandRun(output: ["pb_3_x"], errors: [], exitCode: 0))
        }
    }

    @Test func refusalsAreExplained() async throws {
        let problem = #"""
            {"title": "Invalid", "status": 422, "detail": "Correct the\u001b[2J fields.", "code": "validation",
             "errors": [{"field": "board_id", "code": "unknown", "message": "there is no such board"}]}
            """#
        _ = try await ScriptedServer.play([
            Exchange(
                "POST /api/v1/rules", .unprocessableContent,
                headers: [.contentType: "application/problem+json"], body: problem),
            Exchange("GET /api/v1/me", .unauthorized, body: #"{"title": "Sign in", "detail": "Sign in first."}"#),
            Exchange("GET /api/v1/config", .badGateway, headers: [.contentType: "text/html"], body: "<h1>Bad</h1>"),
        ]) { server in
            let invalid = try await CommandRun.of(
                ["rule", "create", "--board", "9", "--recipient", "2", "--json"], server: server)
            #expect(invalid.exitCode == 1)
            #expect(invalid.output == [])
            #expect(
                invalid.errors == ["Error: Correct the [2J fields.", "  board_id: there is no such board"])
            let unknown = try await CommandRun.of(["authcheck"], server: server)
            #expect(unknown.errors == ["Error: Sign in first.", "No API key was sent; set PATCHBAY_API_KEY."])
            let proxy = try await CommandRun.of(["config", "show"], server: server)
            #expect(
                proxy == CommandRun(output: [], errors: ["Error: The server answered 502 Bad Gateway"], exitCode: 1))
        }
    }

    @Test func anotherKindOfServerIsRecognized() async throws {
        _ = try await ScriptedServer.play([
            Exchange("GET /healthcheck", headers: [.contentType: "text/html"], body: "<h1>Hello</h1>"),
            Exchange("GET /healthcheck", .movedPermanently, headers: [.location: "https://elsewhere.example/"]),
        ]) { server in
            let page = try await CommandRun.of(["ping"], server: server)
            #expect(page.exitCode == 1)
            #expect(page.errors.last == "Check that PATCHBAY_URL names a Patchbay server.")
            let moved = try await CommandRun.of(["ping"], server: server)
            #expect(moved.exitCode == 1)
            #expect(moved.errors.first?.contains("https://elsewhere.example/") == true)
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:99999", "http://localhost:65536", "http://127.0.0.1:0",
        "http://127.0.0.1:18446744073709551616",
        "http://user@127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1:8080/?x=1",
    ])
    func whatIsNoAddressIsRefusedInWords(address: String) async throws {
        let run = try await CommandRun.of(["ping"], server: address)
        #expect(run.exitCode != 0)
        #expect(run.errors.first?.contains("is not a server address") == true, "\(run.errors)")
    }

    @Test func nobodyThereIsExitCode2() async throws {
        // Port 9 (discard) needs root to listen on, and nothing does.
        let run = try await CommandRun.of(["rule", "list"], server: "http://127.0.0.1:9")
        #expect(run.exitCode == 2)
        #expect(
            run.errors == [
                "Error: No answer from http://127.0.0.1:9: connection refused.",
                "Check that the server runs (patchbay serve) and that PATCHBAY_URL names it.",
            ])
    }

    @Test func whoGetsNoAnswerToAWriteIsToldHowToRepeatIt() async throws {
        let run = try await CommandRun.of(["ticket", "note", "7", "x"], server: "http://127.0.0.1:9")
        #expect(run.exitCode == 2)
        #expect(run.errors.last?.contains("add --request-id ") == true)
    }

    @Test func pingAuthcheckAndHealth() async throws {
        _ = try await ScriptedServer.play([
            Exchange("GET /healthcheck", body: #"{"result": "success"}"#),
            Exchange("GET /api/v1/me", body: #"{"email": "eva@example.com", "role": "admin"}"#),
            Exchange(
                "GET /readiness",
                body: #"{"status": "ready", "checks": [{"name": "database", "ok": true, "detail": null}]}"#),
            Exchange(
                "GET /readiness", .serviceUnavailable,
                body: #"{"status": "not_ready", "checks": [{"name": "jobs", "ok": false, "detail": "no worker"}]}"#),
        ]) { server in
            let ping = try await CommandRun.of(["ping", "--json"], server: server)
            #expect(json(ping.output.joined())["status"] == 200)
            #expect(json(ping.output.joined())["round_trip_ms"] != .null)
            let who = try await CommandRun.of(["authcheck"], server: server)
            #expect(who.output == ["Email  eva@example.com", "Role   admin"])
            let ready = try await CommandRun.of(["health"], server: server)
            #expect(ready.exitCode == 0)
            #expect(ready.output.last == "database  yes  –")
            let notReady = try await CommandRun.of(["health"], server: server)
            #expect(notReady.exitCode == 1)
            #expect(notReady.errors == [])
            #expect(notReady.output.last == "jobs  no  no worker")
        }
    }

    @Test func testingAndRetrying() async throws {
        _ = try await ScriptedServer.play([
            Exchange(
                "POST /api/v1/integrations/psa/connections/1/test",
                body: #"{"id": 1, "state": "paused", "state_reason": "The private key was refused."}"#),
            Exchange("POST /api/v1/integrations/chat/connections/2/test", body: #"{"id": 2, "state": "ok"}"#),
            Exchange("POST /api/v1/deliveries/5/retry", .accepted),
            Exchange("POST /api/v1/deliveries/retry", .accepted, body: #"{"count": 12}"#),
        ]) { server in
            let paused = try await CommandRun.of(["psa-connection", "test", "1"], server: server)
            #expect(paused.exitCode == 1)
            #expect(paused.output.contains("Reason  The private key was refused."), "\(paused.output)")
            let works = try await CommandRun.of(["chat-connection", "test", "2", "-q"], server: server)
            #expect(works == CommandRun(output: ["2"], errors: [], exitCode: 0))
            let one = try await CommandRun.of(["delivery", "retry", "5"], server: server)
            #expect(one.output == ["Delivery 5 is queued again."])
            let many = try await CommandRun.of(["delivery", "retry", "--failed", "--yes"], server: server)
            #expect(many.output == ["Queued again  12"])
        }
    }
}
