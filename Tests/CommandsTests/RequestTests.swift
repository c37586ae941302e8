import ArgumentParser
import Foundation
import HTTPTypes
import Testing
import WebSupport

@testable import Commands

/// What each noun's options become on the wire.
@Suite struct RequestTests {
    private let surroundings = Surroundings.inTest()

    private func target<N: Noun>(of list: ListOptions<N>, limit: Int, cursor: String?) async throws -> String {
        let query = try await list.filters.queries(in: surroundings, .idsOnly)[0]
        return ListOptions<N>.request(query, limit: limit, cursor: cursor).target
    }

    @Test func psaConnectionTakesSecretsFromEverywhere() async throws {
        let command = try parse(
            CreateNoun<PSAConnections>.self, "psa-connection", "create", "--name", "Main", "--site", "na.example.net",
            "--company", "acme", "--public-key", "-", "--private-key", "typed")
        let surroundings = Surroundings.inTest(
            environment: ["PATCHBAY_CONNECTWISE_CLIENT_ID": "from-env", "PATCHBAY_CONNECTWISE_PRIVATE_KEY": "unused"],
            input: ["from-input"])
        #expect(
            try await command.request(in: surroundings, .idsOnly)
                == APIRequest(
                    method: .post, path: "/api/v1/integrations/psa/connections",
                    body: json(
                        #"""
                        {"provider": "connectwise", "name": "Main", "site": "na.example.net", "company": "acme",
                         "public_key": "from-input", "private_key": "typed", "client_id": "from-env"}
                        """#)))
    }

    @Test func aMissingSecretSaysWhereToPutIt() async throws {
        let typed = [
            "psa-connection", "create", "--name", "PSA", "--site", "na.example.net", "--company", "acme",
            "--private-key", "x", "--client-id", "y",
        ]
        let command = try #require(try Patchbay.parseAsRoot(typed) as? CreateNoun<PSAConnections>)
        await #expect(
            throws: Failure.usage("--public-key is missing; give - to type it, or set PATCHBAY_CONNECTWISE_PUBLIC_KEY")
        ) { try await command.request(in: .inTest(), .idsOnly) }
        let asking = try parse(
            CreateNoun<ChatConnections>.self, "chat-connection", "create", "--name", "Webex", "--token", "-")
        await #expect(throws: Failure.usage("--token -: nothing came from standard input")) {
            try await asking.request(in: .inTest(), .idsOnly)
        }
    }

    @Test func chatConnection() async throws {
        let command = try parse(
            CreateNoun<ChatConnections>.self, "chat-connections", "create", "--name", "Webex", "--token", "t",
            "--url", "http://127.0.0.1:9000")
        #expect(
            try await command.request(in: surroundings, .idsOnly).body
                == json(#"{"provider": "webex", "name": "Webex", "token": "t", "url": "http://127.0.0.1:9000"}"#))
    }

    @Test func changingLeavesSecretsOfTheEnvironmentAlone() async throws {
        let command = try parse(
            UpdateNoun<PSAConnections>.self, "psa-connection", "update", "3", "--disabled", "--baseline-at", "2h")
        let surroundings = Surroundings.inTest(environment: ["PATCHBAY_CONNECTWISE_PRIVATE_KEY": "other"])
        #expect(
            try await command.request(in: surroundings, .idsOnly)
                == APIRequest(
                    method: .patch, path: "/api/v1/integrations/psa/connections/3",
                    body: json(#"{"enabled": false, "baseline_at": "2026-11-21T06:00:00Z"}"#)))
    }

    @Test func recipients() async throws {
        let create = try parse(
            CreateNoun<Recipients>.self, "recipient", "create", "--connection", "2", "--email", "eva@example.com")
        #expect(
            try await create.request(in: surroundings, .idsOnly).body
                == json(#"{"connection_id": 2, "email": "eva@example.com"}"#))
        let list = try parse(ListNoun<Recipients>.self, "recipients", "list", "--kind", "room", "--search", "a & b")
        #expect(
            try await target(of: list.list, limit: 50, cursor: nil)
                == "/api/v1/recipients?kind=room&search=a%20%26%20b&limit=50")
    }

    @Test func rules() async throws {
        let short = try parse(CreateNoun<Rules>.self, "rule", "create", "--board", "1", "--recipient", "2")
        #expect(
            try await short.request(in: surroundings, .idsOnly).body == json(#"{"board_id": "1", "recipient_id": 2}"#))
        let long = try parse(
            CreateNoun<Rules>.self, "rule", "create", "--board", "1", "--recipient", "2", "--disabled", "--simulate",
            "--updates", "notes", "--visibility", "internal", "--thread-updates")
        #expect(
            try await long.request(in: surroundings, .idsOnly).body
                == json(
                    #"""
                    {"board_id": "1", "recipient_id": 2, "enabled": false, "simulate": true, "updates": "notes",
                     "visibility": "internal", "thread_updates": true}
                    """#))
        let change = try parse(UpdateNoun<Rules>.self, "rules", "update", "a/b", "--enabled", "--no-thread-updates")
        #expect(
            try await change.request(in: surroundings, .idsOnly)
                == APIRequest(
                    method: .patch, path: "/api/v1/rules/a%2Fb",
                    body: json(#"{"enabled": true, "thread_updates": false}"#)))
    }

    @Test func rulesOfABoard() async throws {
        let list = try parse(ListNoun<Rules>.self, "rules", "list", "--board", "1", "--recipient", "2")
        #expect(
            try await target(of: list.list, limit: 50, cursor: nil)
                == "/api/v1/rules?board_id=1&recipient_id=2&limit=50")
        #expect(throws: (any Error).self, "a rule's ends are fixed") {
            try Patchbay.parseAsRoot(["rule", "update", "1", "--board", "2"])
        }
    }

    @Test func deliveries() async throws {
        let list = try parse(
            ListNoun<Deliveries>.self, "delivery", "list", "--ticket", "4711", "--recipient", "2", "--state", "failed",
            "--since", "1d", "--until", "2026-11-21")
        #expect(
            try await target(of: list.list, limit: 1000, cursor: "x=")
                == "/api/v1/deliveries?ticket_id=4711&recipient_id=2&state=failed&since=2026-11-20T08%3A00%3A00Z"
                + "&until=2026-11-21T00%3A00%3A00Z&limit=200&cursor=x%3D")
        #expect(
            try await parse(RetryDelivery.self, "delivery", "retry", "9").request(in: surroundings, .idsOnly)
                == APIRequest(method: .post, path: "/api/v1/deliveries/9/retry"))
        #expect(
            try await parse(RetryDelivery.self, "delivery", "retry", "--failed", "--recipient", "4", "--since", "1d")
                .request(in: surroundings, .idsOnly)
                == APIRequest(
                    method: .post, path: "/api/v1/deliveries/retry",
                    body: json(#"{"state": "failed", "recipient_id": 4, "since": "2026-11-20T08:00:00Z"}"#)))
    }

    @Test func config() async throws {
        #expect(
            try await parse(ShowNoun<Config>.self, "config", "show").request(.idsOnly)
                == APIRequest(method: .get, path: "/api/v1/config"))
        let change = try parse(
            UpdateNoun<Config>.self, "config", "update", "--no-notifications", "--require-rule",
            "--silence-alert-minutes", "30")
        #expect(
            try await change.request(in: surroundings, .idsOnly)
                == APIRequest(
                    method: .patch, path: "/api/v1/config",
                    body: json(
                        #"{"notifications_enabled": false, "require_rule": true, "silence_alert_minutes": 30}"#)))
    }

    @Test func apiKeys() async throws {
        let create = try parse(
            CreateNoun<APIKeys>.self, "api-key", "create", "--name", "backup", "--role", "viewer", "--expires", "30d")
        #expect(
            try await create.request(in: surroundings, .idsOnly).body
                == json(#"{"name": "backup", "role": "viewer", "expires_at": "2026-12-21T08:00:00Z"}"#))
        #expect(
            try parse(DeleteNoun<APIKeys>.self, "api-keys", "delete", "5").request("5")
                == APIRequest(method: .delete, path: "/api/v1/api-keys/5"))
    }

    @Test func boardsMembersAndConnections() async throws {
        #expect(
            try await parse(ShowNoun<Boards>.self, "board", "show", "1").request(.idsOnly).path == "/api/v1/boards/1")
        let members = try parse(ListMembers.self, "members", "list")
        #expect(try await target(of: members.list, limit: 5, cursor: nil) == "/api/v1/members?limit=5")
        #expect(
            try await parse(TestNoun<ChatConnections>.self, "chat-connection", "test", "2").request(.idsOnly)
                == APIRequest(method: .post, path: "/api/v1/integrations/chat/connections/2/test"))
    }
}

@Suite struct UsageTests {
    @Test(arguments: [
        (["rule", "create", "--board", "1"], "Missing expected argument '--recipient <recipient>'"),
        (["rule", "update", "1"], "Nothing to update: give at least one field"),
        (["rule", "update", "1", "--enabled", "--disabled"], "--enabled and --disabled contradict each other"),
        (["rule", "update", "1", "--updates", "note"], "choose one of: none, notes, all. Did you mean 'notes'?"),
        (["config", "update", "--history-days", "many"], "a whole number is needed"),
        (["delivery", "list", "--state", "lost"], "choose one of: queued, sent"),
        (["delivery", "list", "--since", "yesterday"], "a time is needed, such as"),
        (["rule", "list", "--limit", "0"], "--limit is a number above 0"),
        (["rule", "list", "--json", "--quiet"], "had already been set"),
        (["delivery", "retry"], "Give the id of a delivery, or --failed for all failed ones"),
        (["delivery", "retry", "5", "--failed"], "Give the id of a delivery, or --failed for all failed ones"),
        (["ping", "--server", "example.com"], "'example.com' is not a server address"),
        (["rul", "list"], "There is no command 'rul'. Did you mean 'patchbay rule'"),
        (["rule", "lst"], "There is no verb of patchbay rule 'lst'. Did you mean 'patchbay rule list'?"),
        (["rule", "create", "--bord", "1"], "Did you mean '--board'?"),
        (["get", "rule", "7"], "Commands are a noun, then a verb. Did you mean 'patchbay rule show'?"),
        (["list", "deliveries"], "Did you mean 'patchbay delivery list'?"),
        (["xyzzy"], "There is no command 'xyzzy'. See all commands with: patchbay --help"),
        (["rule", "delete", "7"], "Pass --yes to go ahead."),
        (["delivery", "retry", "--failed"], "Pass --yes to go ahead."),
        (["feature-flag", "disable", "bulk_assignment"], "Pass --yes to go ahead."),
        (["user", "reset-password", "7"], "No password came from standard input."),
        (["ticket", "note", "7", "-"], "No text came from standard input."),
    ])
    func mistakesAreUsageErrors(arguments: [String], message: String) async throws {
        let run = try await CommandRun.of(arguments)
        #expect(run.exitCode == 64)
        #expect(run.output == [])
        #expect(run.errors.joined().contains(message), "\(run.errors)")
    }

    @Test func helpListsANounsFields() {
        let help = CreateNoun<Rules>.helpMessage(columns: 200)
        for option in ["--board <board>", "--recipient <recipient>", "--disabled", "--updates", "--thread-updates"] {
            #expect(help.contains(option))
        }
        #expect(help.contains("One of: none, notes, all."))
        #expect(CreateNoun<PSAConnections>.helpMessage(columns: 200).contains("PATCHBAY_CONNECTWISE_PRIVATE_KEY"))
    }

    @Test(arguments: [
        ("now", "2026-11-21T08:00:00Z"), ("30m", "2026-11-21T07:30:00Z"), ("7d", "2026-11-14T08:00:00Z"),
        ("2026-01-02", "2026-01-02T00:00:00Z"), ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05Z"), ("2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05.250Z"),
        ("soon", nil), ("", nil), ("5", nil), ("2026-13-01", nil),
    ])
    func instants(text: String, instant: String?) {
        #expect(Instant.read(text, now: Surroundings.testTime, counting: .back) == instant)
    }
}
