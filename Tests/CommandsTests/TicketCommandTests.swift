import ArgumentParser
import Foundation
import Hummingbird
import Testing

@testable import Commands

/// What the commands about tickets become on the wire.
@Suite struct TicketCommandTests {
    private func call<Command: ClientCommand>(
        _ type: Command.Type, _ arguments: String..., asks: (Command) throws -> Call
    ) throws -> Call {
        try asks(try #require(try Patchbay.parseAsRoot(arguments) as? Command))
    }

    private let surroundings = Surroundings.inTest()

    @Test func search() throws {
        let command = try #require(
            try Patchbay.parseAsRoot(["ticket", "search", "two", "words", "--mine", "--closed", "--tenant", "4"])
                as? SearchTickets)
        let call = command.call(limit: command.limit)
        #expect(call.path == "/api/v1/tenants/4/connectwise/tickets/search")
        #expect(
            call.query.map { "\($0.name)=\($0.value)" } == [
                "limit=25", "q=two words", "include_closed=true", "mine=true",
            ])
    }

    @Test func note() throws {
        let command = try #require(
            try Patchbay.parseAsRoot(["ticket", "note", "10042", "Done", "--type", "resolution", "--request-id", "r"])
                as? NoteCommand)
        let call = try command.call(in: surroundings)
        #expect(call.method == .post)
        #expect(call.path == "/api/v1/integrations/psa/tickets/10042/notes")
        #expect(
            call.body
                == .object([
                    "text": .string("Done"), "note_type": .string("resolution"), "request_id": .string("r"),
                ]))
    }

    @Test func changeSendsOnlyWhatWasSaid() throws {
        let command = try #require(
            try Patchbay.parseAsRoot([
                "ticket", "log-change", "7", "Done", "--minutes", "0", "--status", "3", "--expected", "1",
            ]) as? LogChangeCommand)
        let call = try command.call(in: surroundings)
        #expect(call.path == "/api/v1/integrations/psa/tickets/7/log-change")
        #expect(
            call.body
                == .object([
                    "text": .string("Done"), "minutes": .integer(0), "status_id": .string("3"),
                    "expected_status_id": .string("1"),
                ]))
    }

    @Test func theStatusIsMovedOrLeftOnlyWhenSaid() throws {
        for (option, sent) in [("--update-status", true), ("--no-update-status", false)] {
            let command = try parse(LogChangeCommand.self, "ticket", "log-change", "7", "Done", option)
            #expect(
                try command.call(in: surroundings).body
                    == .object(["text": .string("Done"), "update_status": .bool(sent)]))
        }
    }

    @Test func filtersAndChoices() throws {
        let posts = try parse(ListPosts.self, "post", "list", "--mine")
        #expect(
            try posts.list.call(limit: 50, cursor: nil, in: surroundings).target
                == "/api/v1/integrations/psa/posts?mine=true&limit=50")
        let some = try parse(
            ListPosts.self, "post", "list", "--user", "7", "--since", "2026-11-01", "--until", "2026-11-16T00:00:00Z")
        #expect(
            try some.list.call(limit: 50, cursor: nil, in: surroundings).query.map { "\($0.name)=\($0.value)" } == [
                "user_id=7", "since=2026-11-01T00:00:00Z", "until=2026-11-16T00:00:00Z", "limit=50",
            ])
        for (option, value) in [("--mapped", "true"), ("--unmapped", "false")] {
            let members = try parse(ListMappings.self, "member", "list", option)
            #expect(
                try members.list.call(limit: 50, cursor: nil, in: surroundings).target
                    == "/api/v1/integrations/psa/member-mappings?mapped=\(value)&limit=50")
        }
        let roles = try parse(ListNoun<WorkRoles>.self, "list", "work-roles")
        #expect(
            try roles.list.call(limit: 50, cursor: nil, in: surroundings).path == "/api/v1/integrations/psa/work-roles")
        let types = try parse(ListNoun<WorkTypes>.self, "list", "work-types")
        #expect(
            try types.list.call(limit: 50, cursor: nil, in: surroundings).path == "/api/v1/integrations/psa/work-types")
    }

    @Test func usageIsWhatOneTypes() {
        for command in [["post", "list"], ["member", "list"], ["list", "rules"]] {
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
            Exchange("GET /api/v1/users/7/tenants", body: #"{"tenants": null}"#),
            Exchange("PUT /api/v1/users/7/tenants", body: #"{"tenants": [1, 2]}"#),
            Exchange("GET /api/v1/users/7/tenants", body: #"{"tenants": [1, 2]}"#),
            Exchange("PUT /api/v1/users/7/tenants", body: #"{"tenants": null}"#),
            Exchange("GET /api/v1/users/7/tenants", body: #"{"tenants": null}"#),
        ]) { server in
            let settings = try await CommandRun.of(
                ["update", "psa-settings", "1", "--default-minutes", "30", "--work-type", "4", "--no-work-role"],
                server: server)
            #expect(settings.exitCode == 0)
            let limited = try await CommandRun.of(["update", "user-limits", "7", "--tenants", "1, 2"], server: server)
            #expect(limited.output == ["Customers  1, 2"])
            #expect(try await CommandRun.of(["update", "user-limits", "7", "--none"], server: server).exitCode == 0)
            #expect(try await CommandRun.of(["get", "user-limits", "7"], server: server).output == ["Customers  –"])
            let both = ["update", "user-limits", "7", "--none", "--tenants", "1"]
            #expect(try await CommandRun.of(both, server: server).exitCode == 64)
            let words = ["update", "user-limits", "7", "--tenants", "one"]
            #expect(try await CommandRun.of(words, server: server).exitCode == 64)
        }
        #expect(
            received.compactMap(\.body) == [
                json(
                    #"{"default_minutes": 30, "note_type": "resolution", "work_role": null, "work_type": {"id": "4", "name": "4"}}"#
                ),
                json(#"{"tenants": [1, 2]}"#), json(#"{"tenants": null}"#),
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
            #expect(some.errors == ["There are more; show them with --all or a greater --limit."])
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
            #expect(run.errors == ["Error: The time was not.", "When that is put right: patchbay post retry 17"])
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
                "The API member lacks 1 of the 2 rights that Patchbay needs. 1 could not be tried.", 1
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

    @Test func timeAndStatus() throws {
        let time = try #require(
            try Patchbay.parseAsRoot(["ticket", "time", "7", "--minutes", "30", "--work-role", "2"]) as? TimeCommand)
        #expect(
            try time.call(in: surroundings).body == .object(["minutes": .integer(30), "work_role_id": .string("2")]))
        for (typed, sent) in [("2h", "2026-11-21T06:00:00Z"), ("2026-11-20", "2026-11-20T00:00:00Z")] {
            let began = try parse(TimeCommand.self, "ticket", "time", "7", "--started-at", typed)
            #expect(try began.call(in: surroundings).body == .object(["started_at": .string(sent)]))
        }
        let slip = try parse(TimeCommand.self, "ticket", "time", "7", "--started-at", "noon")
        #expect(throws: Failure.self) { try slip.call(in: surroundings) }
        let status = try #require(try Patchbay.parseAsRoot(["ticket", "status", "7", "3"]) as? StatusCommand)
        let call = try status.call(in: surroundings)
        #expect(call.method == .patch)
        #expect(call.body == .object(["status_id": .string("3")]))
    }

    @Test func postsAndMembers() throws {
        let retry = try #require(
            try Patchbay.parseAsRoot(["post", "retry", "17", "--work-role", "2"]) as? RetryPost)
        #expect(retry.call.path == "/api/v1/integrations/psa/posts/17/retry")
        #expect(retry.call.body == .object(["work_role_id": .string("2")]))
        let list = try #require(
            try Patchbay.parseAsRoot(["post", "list", "--ticket", "7", "--state", "failed"]) as? ListPosts)
        #expect(
            try list.list.call(limit: 50, cursor: nil, in: surroundings).query.map(\.value) == ["7", "failed", "50"])
        let map = try #require(try Patchbay.parseAsRoot(["member", "map", "4", "108"]) as? MapMember)
        #expect(
            map.call.body
                == .object([
                    "mappings": .array([.object(["user_id": .integer(4), "member_id": .string("108")])])
                ]))
        let none = try #require(try Patchbay.parseAsRoot(["member", "map", "4", "--none"]) as? MapMember)
        #expect(none.call.body?["mappings"]?.elements?.first?.members?["member_id"] == .null)
        #expect(throws: (any Error).self) { try Patchbay.parseAsRoot(["member", "map", "4"]) }
    }
}
