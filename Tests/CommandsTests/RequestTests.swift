import ArgumentParser
import Foundation
import Testing

@testable import Commands

/// What each noun's options become on the wire.
@Suite struct RequestTests {
    private let surroundings = Surroundings.inTest()

    @Test func psaConnectionTakesSecretsFromEverywhere() throws {
        let command = try parse(
            CreateNoun<PSAConnections>.self, "create", "psa-connection", "--name", "Main", "--site", "na.example.net",
            "--company", "acme", "--public-key", "-", "--private-key", "typed")
        let surroundings = Surroundings.inTest(
            environment: ["PATCHBAY_CONNECTWISE_CLIENT_ID": "from-env", "PATCHBAY_CONNECTWISE_PRIVATE_KEY": "unused"],
            input: ["from-input"])
        #expect(
            try command.call(in: surroundings)
                == Call(
                    method: .post, path: "/api/v1/integrations/psa/connections",
                    body: json(
                        #"""
                        {"provider": "connectwise", "name": "Main", "site": "na.example.net", "company": "acme",
                         "public_key": "from-input", "private_key": "typed", "client_id": "from-env"}
                        """#)))
    }

    @Test func aMissingSecretSaysWhereToPutIt() throws {
        let typed = [
            "create", "psa-connection", "--name", "PSA", "--site", "na.example.net", "--company", "acme",
            "--private-key", "x", "--client-id", "y",
        ]
        let command = try #require(try Patchbay.parseAsRoot(typed) as? CreateNoun<PSAConnections>)
        #expect(
            throws: Failure.usage("--public-key is missing; give - to type it, or set PATCHBAY_CONNECTWISE_PUBLIC_KEY")
        ) { try command.call(in: .inTest()) }
        let asking = try parse(
            CreateNoun<ChatConnections>.self, "create", "chat-connection", "--name", "Webex", "--token", "-")
        #expect(throws: Failure.usage("--token -: nothing came from standard input")) {
            try asking.call(in: .inTest())
        }
    }

    @Test func chatConnection() throws {
        let command = try parse(
            CreateNoun<ChatConnections>.self, "create", "chat-connections", "--name", "Webex", "--token", "t",
            "--url", "http://127.0.0.1:9000")
        #expect(
            try command.call(in: surroundings).body
                == json(#"{"provider": "webex", "name": "Webex", "token": "t", "url": "http://127.0.0.1:9000"}"#))
    }

    @Test func changingLeavesSecretsOfTheEnvironmentAlone() throws {
        let command = try parse(
            UpdateNoun<PSAConnections>.self, "update", "psa-connection", "3", "--disabled", "--baseline-at", "2h")
        let surroundings = Surroundings.inTest(environment: ["PATCHBAY_CONNECTWISE_PRIVATE_KEY": "other"])
        #expect(
            try command.call(in: surroundings)
                == Call(
                    method: .patch, path: "/api/v1/integrations/psa/connections/3",
                    body: json(#"{"enabled": false, "baseline_at": "2026-11-21T06:00:00Z"}"#)))
    }

    @Test func recipients() throws {
        let create = try parse(
            CreateNoun<Recipients>.self, "create", "recipient", "--connection", "2", "--email", "eva@example.com")
        #expect(
            try create.call(in: surroundings).body == json(#"{"connection_id": 2, "email": "eva@example.com"}"#))
        let list = try parse(ListNoun<Recipients>.self, "list", "recipients", "--kind", "room", "--search", "a & b")
        #expect(
            try list.list.call(limit: 50, cursor: nil, in: surroundings).target
                == "/api/v1/recipients?kind=room&search=a%20%26%20b&limit=50")
    }

    @Test func rules() throws {
        let short = try parse(CreateNoun<Rules>.self, "create", "rule", "--board", "1", "--recipient", "2")
        #expect(try short.call(in: surroundings).body == json(#"{"board_id": "1", "recipient_id": 2}"#))
        let long = try parse(
            CreateNoun<Rules>.self, "create", "rule", "--board", "1", "--recipient", "2", "--disabled", "--simulate",
            "--updates", "notes", "--visibility", "internal", "--thread-updates")
        #expect(
            try long.call(in: surroundings).body
                == json(
                    #"""
                    {"board_id": "1", "recipient_id": 2, "enabled": false, "simulate": true, "updates": "notes",
                     "visibility": "internal", "thread_updates": true}
                    """#))
        let change = try parse(UpdateNoun<Rules>.self, "update", "rules", "a/b", "--enabled", "--no-thread-updates")
        #expect(
            try change.call(in: surroundings)
                == Call(
                    method: .patch, path: "/api/v1/rules/a%2Fb",
                    body: json(#"{"enabled": true, "thread_updates": false}"#)))
    }

    @Test func rulesOfABoard() throws {
        let list = try parse(ListNoun<Rules>.self, "list", "rules", "--board", "1", "--recipient", "2")
        #expect(
            try list.list.call(limit: 50, cursor: nil, in: surroundings).target
                == "/api/v1/rules?board_id=1&recipient_id=2&limit=50")
        #expect(throws: (any Error).self, "a rule's ends are fixed") {
            try Patchbay.parseAsRoot(["update", "rule", "1", "--board", "2"])
        }
    }

    @Test func deliveries() throws {
        let list = try parse(
            ListNoun<Deliveries>.self, "list", "delivery", "--ticket", "4711", "--recipient", "2", "--state", "failed",
            "--since", "1d", "--until", "2026-11-21")
        #expect(
            try list.list.call(limit: 1000, cursor: "x=", in: surroundings).target
                == "/api/v1/deliveries?ticket_id=4711&recipient_id=2&state=failed&since=2026-11-20T08%3A00%3A00Z"
                + "&until=2026-11-21T00%3A00%3A00Z&limit=200&cursor=x%3D")
        #expect(
            try parse(RetryDelivery.self, "retry", "delivery", "9").call
                == Call(method: .post, path: "/api/v1/deliveries/9/retry"))
        #expect(
            try parse(RetryDeliveries.self, "retry", "deliveries", "--failed").call
                == Call(
                    method: .post, path: "/api/v1/deliveries/retry", body: json(#"{"state": "failed"}"#)))
    }

    @Test func config() throws {
        #expect(try parse(GetNoun<Config>.self, "get", "config").call == Call(method: .get, path: "/api/v1/config"))
        let change = try parse(
            UpdateNoun<Config>.self, "update", "config", "--no-notifications", "--require-rule",
            "--silence-alert-minutes", "30")
        #expect(
            try change.call(in: surroundings)
                == Call(
                    method: .patch, path: "/api/v1/config",
                    body: json(
                        #"{"notifications_enabled": false, "require_rule": true, "silence_alert_minutes": 30}"#)))
    }

    @Test func apiKeys() throws {
        let create = try parse(
            CreateNoun<APIKeys>.self, "create", "api-key", "--name", "backup", "--role", "viewer", "--expires", "30d")
        #expect(
            try create.call(in: surroundings).body
                == json(#"{"name": "backup", "role": "viewer", "expires_at": "2026-12-21T08:00:00Z"}"#))
        #expect(
            try parse(DeleteNoun<APIKeys>.self, "delete", "api-keys", "5").call
                == Call(method: .delete, path: "/api/v1/api-keys/5"))
    }

    @Test func boardsMembersAndConnections() throws {
        #expect(try parse(GetNoun<Boards>.self, "get", "board", "1").call.path == "/api/v1/boards/1")
        let members = try parse(ListNoun<Members>.self, "list", "members")
        #expect(try members.list.call(limit: 5, cursor: nil, in: surroundings).target == "/api/v1/members?limit=5")
        #expect(
            try parse(TestNoun<ChatConnections>.self, "test", "chat-connection", "2").call
                == Call(method: .post, path: "/api/v1/integrations/chat/connections/2/test"))
    }
}

@Suite struct UsageTests {
    @Test(arguments: [
        (["create", "rule", "--board", "1"], "Missing expected argument '--recipient <recipient>'"),
        (["create", "rule", "--board", "1", "--recipient", "x"], "a whole number is needed"),
        (["update", "rule", "1"], "Nothing to change: give at least one field"),
        (["update", "rule", "1", "--enabled", "--disabled"], "--enabled and --disabled contradict each other"),
        (["list", "deliveries", "--state", "lost"], "choose one of: queued, sent"),
        (["list", "deliveries", "--since", "yesterday"], "a time is needed, such as"),
        (["list", "rules", "--limit", "0"], "--limit is a number above 0"),
        (["list", "rules", "--json", "--quiet"], "had already been set"),
        (["retry", "deliveries"], "Say which deliveries: --failed"),
        (["ping", "--server", "example.com"], "'example.com' is not a server address"),
    ])
    func mistakesAreUsageErrors(arguments: [String], message: String) async throws {
        let run = try await CommandRun.of(arguments)
        #expect(run.exitCode == 64)
        #expect(run.output == [])
        #expect(run.errors.joined().contains(message), "\(run.errors)")
    }

    /// ArgumentParser checks a command's definition when it makes its help, and ends the process over a bad one.
    @Test func everyCommandHasHelp() {
        for verb in Patchbay.configuration.subcommands {
            #expect(!verb.configuration.abstract.isEmpty, "\(verb)")
            for command in verb.configuration.subcommands + [verb] {
                let help = command.helpMessage(columns: 80)
                #expect(help.contains("USAGE"))
            }
        }
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
