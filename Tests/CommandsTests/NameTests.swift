import Foundation
import HTTPTypes
import Testing
import WebSupport

@testable import Commands

/// Names in place of ids, and the questions before what cannot be undone.
@Suite(.timeLimit(.minutes(20))) struct NameTests {
    private static let recipients = #"""
        {"items": [{"id": 4, "name": "Dispatch"}, {"id": 9, "name": "Eva Lang", "email": "eva@example.com"},
                   {"id": 11, "name": "On call"}, {"id": 12, "name": "on call"}], "next_cursor": null}
        """#
    private static let boards = #"{"items": [{"id": "1", "name": "Service Desk"}], "next_cursor": null}"#
    private static let readRecipients = Exchange("GET /api/v1/recipients?limit=200", body: recipients)

    @Test("Names are taken wherever an id is, without regard to case")
    func namesAreFound() async throws {
        let received = try await ScriptedServer.play([
            Exchange("GET /api/v1/boards?limit=200", body: Self.boards), Self.readRecipients,
            Exchange("POST /api/v1/rules", .created, body: #"{"id": 7}"#), Self.readRecipients,
            Exchange("GET /api/v1/rules?recipient_id=9&limit=50", body: #"{"items": [], "next_cursor": null}"#),
            Self.readRecipients, Exchange("GET /api/v1/recipients/4", body: #"{"id": 4}"#),
        ]) { server in
            let created = try await CommandRun.of(
                ["rule", "create", "--board", "service desk", "--recipient", "DISPATCH", "-q"], server: server)
            #expect(created == CommandRun(output: ["7"], errors: [], exitCode: 0))
            let listed = try await CommandRun.of(["rule", "list", "--recipient", "eva@example.com"], server: server)
            #expect(listed.exitCode == 0)
            let shown = try await CommandRun.of(["recipient", "show", "Dispatch", "-q"], server: server)
            #expect(shown.output == ["4"])
        }
        #expect(received.compactMap(\.body) == [json(#"{"board_id": "1", "recipient_id": 4}"#)])
    }

    @Test(
        "A name that nothing or several things have is refused with what is near",
        arguments: [
            ("Dispach", "Error: No recipient is named 'Dispach'. Did you mean 'Dispatch' (4)?"),
            ("Lang", "Error: No recipient is named 'Lang'. Did you mean 'Eva Lang' (9)?"),
            ("Accounting", "Error: No recipient is named 'Accounting'."),
            ("ON CALL", "Error: Several recipients are named 'ON CALL': 11, 12. Give the id of the one you mean."),
        ])
    func namesThatAreNotFound(name: String, message: String) async throws {
        _ = try await ScriptedServer.play([Self.readRecipients]) { server in
            let run = try await CommandRun.of(["recipient", "show", name], server: server)
            #expect(run == CommandRun(output: [], errors: [message], exitCode: 64))
        }
    }

    @Test("A ticket's status is taken by its name")
    func statusesAreFound() async throws {
        let received = try await ScriptedServer.play([
            Exchange(
                "GET /api/v1/integrations/psa/tickets/7/statuses?limit=200",
                body: #"{"items": [{"id": "3", "name": "In Progress"}, {"id": "5", "name": "Closed"}]}"#),
            Exchange("PATCH /api/v1/integrations/psa/tickets/7/status", body: #"{"id": 1, "state": "sent"}"#),
        ]) { server in
            let run = try await CommandRun.of(["ticket", "status", "7", "in progress"], server: server)
            #expect(run.exitCode == 0)
        }
        #expect(received.last?.body == json(#"{"status_id": "3"}"#))
    }

    @Test("A Ticketbot state that means several of ours is requested one by one")
    func inactiveForwards() async throws {
        func page(_ id: Int) -> String { #"{"items": [{"id": \#(id)}], "next_cursor": null}"# }
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/forwards?state=upcoming&limit=50", body: page(1)),
            Exchange("GET /api/v1/forwards?state=expired&limit=49", body: page(2)),
            Exchange("GET /api/v1/forwards?state=disabled&limit=48", body: page(3)),
        ]) { server in
            let run = try await CommandRun.of(["list", "forwards", "-f", "inactive", "-q"], server: server)
            #expect(run == CommandRun(output: ["1", "2", "3"], errors: [], exitCode: 0))
        }
    }

    @Test("Counts of jobs and pending identities are shown")
    func nothingIsDropped() async throws {
        let counts = #"{"ready": 1, "waiting": 2, "running": 3, "failed": 4, "count_limit": 1000}"#
        let user =
            #"{"id": 7, "email": "ada@example.com", "pending_identity": {"issuer": "https://i", "subject": "s"}}"#
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/jobs", body: counts), Exchange("GET /api/v1/users/7", body: user),
        ]) { server in
            let jobs = try await CommandRun.of(["job", "show"], server: server).output
            #expect(jobs.contains { $0.hasPrefix("Failed") && $0.hasSuffix(" 4") }, "\(jobs)")
            let shown = try await CommandRun.of(["user", "show", "7"], server: server).output
            #expect(shown.contains { $0.hasSuffix("https://i") }, "\(shown)")
        }
    }

    @Test("On a terminal deleting asks; only yes deletes")
    func deletingAsks() async throws {
        _ = try await ScriptedServer.play([Exchange("DELETE /api/v1/rules/7", .noContent)]) { server in
            for answer in ["", "n", "no way"] {
                let run = try await CommandRun.of(["rule", "delete", "7"], server: server, answers: [answer])
                #expect(
                    run == CommandRun(output: [], errors: ["Delete rule 7? [y/N] ", "Nothing was done."], exitCode: 1))
            }
            let closed = try await CommandRun.of(["rule", "delete", "7"], server: server, answers: [])
            #expect(closed.exitCode == 1)
            let run = try await CommandRun.of(["rule", "delete", "7"], server: server, answers: ["y"])
            #expect(run.output == ["Deleted rule 7."])
        }
    }

    @Test("Deleting a connection asks for its name")
    func deletingAsksForTheName() async throws {
        let show = Exchange("GET /api/v1/integrations/psa/connections/1", body: #"{"id": 1, "name": "Main"}"#)
        _ = try await ScriptedServer.play([
            show, show, Exchange("DELETE /api/v1/integrations/psa/connections/1", .noContent),
        ]) { server in
            let delete = ["psa-connection", "delete", "1"]
            let refused = try await CommandRun.of(delete, server: server, answers: ["yes"])
            #expect(refused.exitCode == 1)
            let deleted = try await CommandRun.of(delete, server: server, answers: ["Main"])
            #expect(deleted.exitCode == 0)
        }
    }

    @Test("Ticketbot's forms delete without a question where there is no terminal, and ask where there is one")
    func ticketbotDeletes() async throws {
        _ = try await ScriptedServer.play([Exchange("DELETE /api/v1/rules/7", .noContent)]) { server in
            let run = try await CommandRun.of(["delete", "rule", "7"], server: server)
            #expect(run == CommandRun(output: ["Deleted rule 7."], errors: [], exitCode: 0))
            #expect(try await CommandRun.of(["delete", "rule", "7"], server: server, answers: ["n"]).exitCode == 1)
        }
    }

    @Test("Things are enabled and disabled by verbs of their own")
    func switching() async throws {
        let received = try await ScriptedServer.play([
            Exchange("PATCH /api/v1/rules/7", body: #"{"id": 7}"#),
            Exchange("PATCH /api/v1/rules/7", body: #"{"id": 7}"#),
            Exchange("PATCH /api/v1/users/4", body: #"{"id": 4}"#),
            Exchange("PATCH /api/v1/feature-flags/bulk_assignment", body: #"{"name": "bulk_assignment"}"#),
        ]) { server in
            for command in [
                ["rule", "enable", "7"], ["rule", "disable", "7"], ["user", "deactivate", "4"],
                ["feature-flag", "disable", "bulk_assignment", "--yes"],
            ] {
                let run = try await CommandRun.of(command, server: server)
                #expect(run.exitCode == 0)
            }
        }
        #expect(
            received.map(\.body) == [
                json(#"{"enabled": true}"#), json(#"{"enabled": false}"#), json(#"{"active": false}"#),
                json(#"{"enabled": false}"#),
            ])
    }

    @Test("A key without the needed scope is explained, with what to do")
    func tooLittle() async throws {
        func problem(_ code: String) -> String { #"{"detail": "No.", "code": "\#(code)"}"# }
        _ = try await ScriptedServer.play([
            Exchange("GET /api/v1/config", .forbidden, body: problem("forbidden")),
            Exchange("GET /api/v1/config", .forbidden, body: problem("out_of_scope")),
        ]) { server in
            let role = try await CommandRun.of(["config", "show"], server: server)
            #expect(role.errors.last?.contains("role of the key") == true, "\(role.errors)")
            let scope = try await CommandRun.of(["config", "show"], server: server)
            #expect(scope.errors.last?.contains("patchbay api-key create") == true, "\(scope.errors)")
        }
    }

    @Test("A server without https is explained, with what to do")
    func noHTTPS() async throws {
        let received = try await ScriptedServer.play([]) { server in
            let address = server.replacingOccurrences(of: "http:", with: "https:")
            let run = try await CommandRun.of(["ping"], server: address)
            #expect(run.exitCode == 2)
            // On a busy machine the server may need longer to close than we wait.
            let causes = ["no encrypted connection could be made", "connecting took longer"]
            #expect(causes.contains { run.errors.first?.contains($0) == true }, "\(run.errors)")
            #expect(run.errors.last?.contains("http://") == true, "\(run.errors)")
        }
        #expect(received == [])
    }
}
