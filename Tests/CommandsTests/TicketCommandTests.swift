import ArgumentParser
import Foundation
import HTTPTypes
import Hummingbird
import Testing
import WebSupport

@testable import Commands

/// What the commands about tickets become on the wire.
@Suite struct TicketCommandTests {
    private let surroundings = Surroundings.inTest()

    private func body(_ command: some WritingCommand) async throws -> JSON? {
        try await command.request(in: surroundings, .idsOnly).body
    }

    private func query<N: Noun>(_ list: ListOptions<N>) async throws -> String {
        let query = try await list.filters.queries(in: surroundings, .idsOnly)[0]
        return ListOptions<N>.request(query, limit: 50, cursor: nil).target
    }

    @Test func search() async throws {
        _ = try await ScriptedServer.play([
            Exchange(
                "GET /api/v1/tenants/4/connectwise/tickets/search?limit=50&q=two%20words&include_closed=true&mine=true",
                body: #"{"items": [], "next_cursor": null}"#)
        ]) { server in
            let run = try await CommandRun.of(
                ["ticket", "search", "two", "words", "--mine", "--include-closed", "--tenant", "4"], server: server)
            #expect(
                run
                    == CommandRun(
                        output: [], errors: ["No ticket matches. Include closed ones with --include-closed."],
                        exitCode: 0))
        }
    }

    @Test func note() async throws {
        let command = try parse(
            NoteCommand.self, "ticket", "note", "10042", "Done", "--type", "resolution", "--request-id", "r")
        let request = try await command.request(in: surroundings, .idsOnly)
        #expect(request.method == .post)
        #expect(request.path == "/api/v1/integrations/psa/tickets/10042/notes")
        #expect(request.body == ["text": "Done", "note_type": "resolution", "request_id": "r"])
    }

    @Test func changeSendsOnlyWhatWasSaid() async throws {
        let command = try parse(
            LogChangeCommand.self, "ticket", "log-change", "7", "Done", "--minutes", "0", "--status", "3", "--expected",
            "1")
        let request = try await command.request(in: surroundings, .idsOnly)
        #expect(request.path == "/api/v1/integrations/psa/tickets/7/log-change")
        #expect(request.body == ["text": "Done", "minutes": 0, "status_id": "3", "expected_status_id": "1"])
    }

    @Test func theStatusIsMovedOrLeftOnlyWhenSaid() async throws {
        for (option, sent) in [("--update-status", true), ("--no-update-status", false)] {
            let command = try parse(LogChangeCommand.self, "ticket", "log-change", "7", "Done", option)
            #expect(try await body(command) == ["text": "Done", "update_status": .flag(sent)])
        }
    }

    @Test func filtersAndChoices() async throws {
        let base = "/api/v1/integrations/psa"
        let posts = try parse(ListNoun<Posts>.self, "post", "list", "--mine")
        #expect(try await query(posts.list) == "\(base)/posts?mine=true&limit=50")
        let some = try parse(
            ListNoun<Posts>.self, "post", "list", "--user", "7", "--since", "2026-11-01", "--until",
            "2026-11-16T00:00:00Z")
        #expect(
            try await query(some.list) == "\(base)/posts?user_id=7&since=2026-11-01T00%3A00%3A00Z"
                + "&until=2026-11-16T00%3A00%3A00Z&limit=50")
        for (option, value) in [("--mapped", "true"), ("--unmapped", "false")] {
            let mappings = try parse(ListNoun<MemberMappings>.self, "member-mapping", "list", option)
            #expect(try await query(mappings.list) == "\(base)/member-mappings?mapped=\(value)&limit=50")
        }
        let roles = try parse(ListNoun<WorkRoles>.self, "work-role", "list")
        #expect(try await query(roles.list) == "\(base)/work-roles?limit=50")
    }

    @Test func usageIsWhatOneTypes() {
        for command in [["post", "list"], ["member", "list"], ["rule", "list"]] {
            let help = #expect(throws: (any Error).self) {
                var help = try Patchbay.parseAsRoot(command + ["--help"])
                try help.run()
            }
            let text = help.map { Patchbay.fullMessage(for: $0) } ?? ""
            // The options one by one, or, when they are many, one word for all.
            let usage = "USAGE: patchbay \(command.joined(separator: " ")) "
            #expect(text.contains(usage + "[") || text.contains(usage + "<options>"), "\(text)")
        }
    }

    @Test func whatIsTakenAsAWholeIsSentAsAWhole() async throws {
        let received = try await ScriptedServer.play([
            Exchange(
                "GET /api/v1/integrations/psa/connections/1/settings",
                body: #"{"default_minutes": 15, "note_type": "resolution", "work_role": {"id": "2", "name": "Eng"}}"#),
            Exchange("PUT /api/v1/integrations/psa/connections/1/settings", body: #"{"default_minutes": 30}"#),
            Exchange("GET /api/v1/users/7/tenants", body: #"{"tenant_ids": null}"#),
            Exchange("PUT /api/v1/users/7/tenants", body: #"{"tenant_ids": [1, 2]}"#),
            Exchange("GET /api/v1/users/7/tenants", body: #"{"tenant_ids": [1, 2]}"#),
            Exchange("PUT /api/v1/users/7/tenants", body: #"{"tenant_ids": null}"#),
            Exchange("GET /api/v1/users/7/tenants", body: #"{"tenant_ids": null}"#),
        ]) { server in
            let settings = try await CommandRun.of(
                ["psa-settings", "update", "1", "--default-minutes", "30", "--work-type", "4", "--no-work-role"],
                server: server)
            #expect(settings.exitCode == 0)
            let limited = try await CommandRun.of(["user-limits", "update", "7", "--tenants", "1, 2"], server: server)
            #expect(limited.output == ["Customers  1, 2"])
            #expect(try await CommandRun.of(["user-limits", "update", "7", "--none"], server: server).exitCode == 0)
            #expect(try await CommandRun.of(["user-limits", "show", "7"], server: server).output == ["Customers  –"])
            let both = ["user-limits", "update", "7", "--none", "--tenants", "1"]
            #expect(try await CommandRun.of(both, server: server).exitCode == 64)
        }
        #expect(
            received.compactMap(\.body) == [
                json(
                    #"{"default_minutes": 30, "note_type": "resolution", "work_role": null, "work_type": {"id": "4", "name": "4"}}"#
                ),
                json(#"{"tenant_ids": [1, 2]}"#), json(#"{"tenant_ids": null}"#),
            ])
    }

    @Test func searchFollowsPagesAndGivesProgramsWhatTheAPIAnswered() async throws {
        let path = "GET /api/v1/integrations/psa/tickets/search"
        let (first, second) = (
            #"{"id": "1", "board": {"id": "4", "name": "Desk"}}"#, #"{"id": "2", "board": {"id": "4", "name": "Desk"}}"#
        )
        _ = try await ScriptedServer.play([
            Exchange("\(path)?limit=200", body: #"{"items": [\#(first)], "next_cursor": "a"}"#),
            Exchange("\(path)?limit=200&cursor=a", body: #"{"items": [\#(second)], "next_cursor": null}"#),
            Exchange("\(path)?limit=1", body: #"{"items": [\#(first)], "next_cursor": "a"}"#),
        ]) { server in
            let all = try await CommandRun.of(["ticket", "search", "--all", "--json"], server: server)
            #expect(json(all.output.joined()) == json(#"{"items": [\#(first), \#(second)], "next_cursor": null}"#))
            let some = try await CommandRun.of(["ticket", "search", "--limit", "1"], server: server)
            #expect(some.output.last?.contains("Desk") == true)
            #expect(some.errors == ["There are more; show them with --all or a larger --limit."])
        }
    }

    @Test func programsGetTheAnswersOfOneTicketAndOfWrites() async throws {
        let ticket = #""id": "7", "board": {"id": "4", "name": "Desk"}, "defaults": {"minutes": 15}"#
        let notes = #"{"id": "n1", "text": "Hello"}"#
        let written = #"{"id": 3, "state": "sent", "kind": "note", "actions": {"note_added": true}, "warnings": ["w"]}"#
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/integrations/psa/tickets/7", body: "{\(ticket)}"),
            Exchange(
                "GET /api/v1/integrations/psa/tickets/7/notes?limit=10",
                body: #"{"items": [\#(notes)], "next_cursor": null}"#),
            Exchange("POST /api/v1/integrations/psa/tickets/7/notes", body: written),
            Exchange("POST /api/v1/integrations/psa/tickets/7/notes", body: written),
        ]) { server in
            let shown = try await CommandRun.of(["ticket", "show", "7", "--json"], server: server)
            #expect(json(shown.output.joined()) == json(#"{\#(ticket), "notes": [\#(notes)]}"#))
            let program = try await CommandRun.of(["ticket", "note", "7", "x", "--json"], server: server)
            #expect(json(program.output.joined()) == json(written))
            #expect(try await CommandRun.of(["ticket", "note", "7", "x"], server: server).errors == ["w"])
        }
    }

    @Test func quietlyWritesPrintTheIDsThatARetryTakes() async throws {
        let written = #"{"id": 3, "state": "sent", "posts": [{"id": 17, "kind": "note"}, {"id": 18, "kind": "time"}]}"#
        _ = try await ScriptedServer.play([
            Exchange("POST /api/v1/integrations/psa/tickets/7/log-change", body: written),
            Exchange("POST /api/v1/integrations/psa/posts/17/retry", body: written),
        ]) { server in
            for command in [["ticket", "log-change", "7", "x", "-q"], ["post", "retry", "17", "-q"]] {
                let run = try await CommandRun.of(command, server: server)
                #expect(run.output == ["17", "18"])
            }
        }
    }

    @Test func aRefusedWriteNamesTheCommandThatTriesAgain() async throws {
        @Sendable func refusal(_ instance: String) -> String {
            #"{"title": "x", "status": 422, "detail": "The time was not.", "instance": "\#(instance)"}"#
        }
        _ = try await ScriptedServer.play([
            Exchange(
                "POST /api/v1/integrations/psa/tickets/7/time", .unprocessableContent,
                body: refusal("/api/v1/integrations/psa/posts/17")),
            Exchange(
                "POST /api/v1/integrations/psa/tickets/7/time", .unprocessableContent,
                body: refusal("/api/v1/things/17; rm")),
        ]) { server in
            let run = try await CommandRun.of(["ticket", "time", "7"], server: server)
            #expect(run.exitCode == 1)
            #expect(run.errors == ["Error: The time was not.", "When that is fixed, run: patchbay post retry 17"])
            let other = try await CommandRun.of(["ticket", "time", "7"], server: server)
            #expect(other.errors == ["Error: The time was not.", "  See /api/v1/things/17; rm"])
        }
    }

    @Test func theDoctorSaysHowManyRightsCouldNotBeTried() async throws {
        func rights(_ findings: String...) -> String {
            let items = findings.map { #"{"setting": "s", "purpose": "p", "needed": true, "finding": "\#($0)"}"# }
            return #"{"items": [\#(items.joined(separator: ", "))]}"#
        }
        let answers = [
            (rights("granted", "granted"), "The API member has all 2 rights that Patchbay needs.", 0),
            (
                rights("granted", "unknown"),
                "The API member has 1 of the 2 rights that Patchbay needs. 1 could not be tried.", 0
            ),
            (rights("unknown", "unknown"), "None of the 2 rights that Patchbay needs could be tried.", 1),
            (
                rights("missing", "unknown"),
                "The API member is missing 1 of the 2 rights that Patchbay needs. 1 could not be tried.", 1
            ),
        ]
        for (answer, verdict, exitCode) in answers {
            let path = "GET /api/v1/integrations/psa/connections/1/rights"
            _ = try await ScriptedServer.play([Exchange(path, body: answer), Exchange(path, body: answer)]) { server in
                let doctor = ["doctor", "connectwise", "--connection", "1"]
                let run = try await CommandRun.of(doctor, server: server)
                #expect(run.output.first?.hasSuffix(verdict) == true, "\(run.output)")
                #expect(Int(run.exitCode) == exitCode)
                let program = try await CommandRun.of(doctor + ["--json"], server: server)
                #expect(json(program.output.joined()) == json(answer))
            }
        }
    }

    @Test func timeAndStatus() async throws {
        let time = try parse(TimeCommand.self, "ticket", "time", "7", "--minutes", "30", "--work-role", "2")
        #expect(try await body(time) == ["minutes": 30, "work_role_id": "2"])
        for (typed, sent) in [("2h", "2026-11-21T06:00:00Z"), ("2026-11-20", "2026-11-20T00:00:00Z")] {
            let began = try parse(TimeCommand.self, "ticket", "time", "7", "--started-at", typed)
            #expect(try await body(began) == ["started_at": .text(sent)])
        }
        let slip = try parse(TimeCommand.self, "ticket", "time", "7", "--started-at", "noon")
        await #expect(throws: Failure.self) { try await body(slip) }
        let status = try parse(StatusCommand.self, "ticket", "status", "7", "3")
        let request = try await status.request(in: surroundings, .idsOnly)
        #expect(request.method == .patch)
        #expect(request.body == ["status_id": "3"])
    }

    @Test func postsAndMappings() async throws {
        let retry = try parse(RetryPost.self, "post", "retry", "17", "--work-role", "2")
        let request = try await retry.request(.idsOnly) { "7" }
        #expect(request.path == "/api/v1/integrations/psa/posts/17/retry")
        #expect(request.body == ["work_role_id": "2"])
        let received = try await ScriptedServer.play([
            Exchange("POST /api/v1/integrations/psa/member-mappings", body: #"{"items": []}"#),
            Exchange("POST /api/v1/integrations/psa/member-mappings", body: #"{"items": []}"#),
        ]) { server in
            let mapped = try await CommandRun.of(["member-mapping", "set", "4", "108"], server: server)
            #expect(mapped.exitCode == 0)
            let deleted = try await CommandRun.of(["member-mapping", "delete", "4", "--yes"], server: server)
            #expect(deleted.exitCode == 0)
        }
        #expect(
            received.map(\.body) == [
                json(#"{"mappings": [{"user_id": 4, "member_id": "108"}]}"#),
                json(#"{"mappings": [{"user_id": 4, "member_id": null}]}"#),
            ])
    }
}
