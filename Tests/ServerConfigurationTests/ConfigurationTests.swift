import Accounts
import Database
import Foundation
import Logging
import Notifications
import Telemetry
import Testing

@testable import Server
@testable import Ticketing

@Suite("Configuration")
struct ConfigurationTests {
    private func lines(_ environment: [String: String], file: String? = nil) -> [String] {
        do {
            _ = try Configuration(environment: environment, file: file)
            return []
        } catch let error as Configuration.Invalid {
            return error.lines
        } catch {
            return ["\(error)"]
        }
    }

    private func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(
            path: "patchbay-\(UInt64.random(in: 0...UInt64.max)).env")
        try text.write(to: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: path) }
        return try body(path.path())
    }

    @Test("Without any setting the defaults hold", arguments: [[:], ["HOME": "/root"], ["PATCHBAY_LISTEN": ""]])
    func defaults(environment: [String: String]) throws {
        let configuration = try Configuration(environment: environment)
        #expect(configuration.database == .sqlite(path: "data/patchbay.db"))
        #expect(configuration.secret == nil)
        #expect(configuration.secretFile == "data/secret")
        #expect(configuration.listen == .init(host: "127.0.0.1", port: 8080))
        #expect(configuration.publicURL == nil)
        #expect(configuration.adminEmail == nil)
        #expect(configuration.adminPassword == nil)
        #expect(configuration.allowedHosts.isEmpty)
        #expect(configuration.features == Feature.Settings())
        #expect(configuration.features.connectWiseBudget == 500)
        #expect(configuration.features.webexToken == nil)
        #expect(configuration.features.webexURL == "https://webexapis.com")
        #expect(configuration.metricsListen == nil)
        #expect(configuration.duties == [.web, .worker])
        #expect(configuration.logs.level == .info)
    }

    @Test("Every setting is taken")
    func everything() throws {
        let configuration = try Configuration(environment: [
            "PATCHBAY_DATABASE_URL": "postgres://user:password@db:5432/patchbay", "PATCHBAY_SECRET": "abc,def",
            "PATCHBAY_LISTEN": "0.0.0.0:80", "PATCHBAY_PUBLIC_URL": "https://patchbay.example.com/",
            "PATCHBAY_ADMIN_EMAIL": "root@example.com", "PATCHBAY_ADMIN_PASSWORD": "correct horse battery",
            "PATCHBAY_ALLOWED_HOSTS": "psa.example.com, 127.0.0.1:9000,*.example.org, webhook=hooks.example.org",
            "PATCHBAY_CONNECTWISE_SITE": "na.myconnectwise.net", "PATCHBAY_CONNECTWISE_COMPANY": "acme",
            "PATCHBAY_CONNECTWISE_PUBLIC_KEY": "public", "PATCHBAY_CONNECTWISE_PRIVATE_KEY": "private",
            "PATCHBAY_CONNECTWISE_CLIENT_ID": "client", "PATCHBAY_CONNECTWISE_BUDGET": "900",
            "PATCHBAY_WEBEX_TOKEN": "token", "PATCHBAY_WEBEX_URL": "http://127.0.0.1:9001/",
            "PATCHBAY_LOG_LEVEL": "debug", "PATCHBAY_LOG_FORMAT": "json", "PATCHBAY_METRICS_LISTEN": "[::1]:9100",
        ])
        #expect(configuration.database == .postgres(url: "postgres://user:password@db:5432/patchbay"))
        #expect(configuration.secret == "abc,def")
        #expect(configuration.listen == .init(host: "0.0.0.0", port: 80))
        #expect(configuration.publicURL == "https://patchbay.example.com")
        #expect(configuration.adminEmail == "root@example.com")
        #expect(configuration.adminPassword == "correct horse battery")
        #expect(
            configuration.allowedHosts == [
                "psa.example.com", "127.0.0.1:9000", "*.example.org", "webhook=hooks.example.org",
            ])
        let draft = try #require(try configuration.features.connectWise())
        #expect(draft.site == "na.myconnectwise.net")
        #expect(draft.company == "acme")
        #expect(
            draft.credentials == PSACredentials(publicKey: "public", privateKey: "private", clientID: "client"))
        #expect(configuration.features.connectWiseBudget == 900)
        #expect(configuration.features.webexToken == "token")
        #expect(configuration.features.webexURL == "http://127.0.0.1:9001")
        #expect(configuration.logs.level == .debug)
        #expect(configuration.logs.format == .json)
        #expect(configuration.metricsListen == .init(host: "::1", port: 9100))
    }

    @Test(
        "A value that is not valid is named",
        arguments: [
            ("DATABASE_URL", "mysql://x"), ("DATABASE_URL", "sqlite:"), ("LISTEN", "8080"), ("LISTEN", "host:"),
            ("LISTEN", "host:65536"), ("LISTEN", "host:-1"), ("PUBLIC_URL", "patchbay.example.com"),
            ("PUBLIC_URL", "ftp://x"), ("PUBLIC_URL", "https://"), ("PUBLIC_URL", "https://x?y=1"),
            ("PUBLIC_URL", "https://user@x"), ("PUBLIC_URL", "https://x:99999"),
            ("WEBEX_URL", "https://127.0.0.1:99999"),
            ("WEBEX_URL", "https://x:0"), ("ALLOWED_HOSTS", "mail=x.example"), ("ALLOWED_HOSTS", "x.example:65536"),
            ("ADMIN_EMAIL", "root"), ("ALLOWED_HOSTS", "https://x"),
            ("CONNECTWISE_BUDGET", "0"), ("CONNECTWISE_BUDGET", "-5"), ("CONNECTWISE_BUDGET", "many"),
            ("CONNECTWISE_BUDGET", "10000001"), ("WEBEX_URL", "webexapis.com"), ("LOG_LEVEL", "loud"),
            ("LOG_LEVEL", "INFO"), ("LOG_FORMAT", "xml"), ("METRICS_LISTEN", "on"),
        ])
    func invalid(name: String, value: String) {
        let lines = lines(["PATCHBAY_\(name)": value])
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("PATCHBAY_\(name): must be ") == true, "\(lines)")
    }

    @Test("No value shows in a fault")
    func secrecy() {
        let lines = lines(["PATCHBAY_DATABASE_URL": "mysql://user:hunter2@x", "PATCHBAY_SERCET": "hunter2"])
        #expect(lines.count == 2)
        #expect(!lines.joined().contains("hunter2"))
    }

    @Test("Unknown names are refused, other programs' names and those of our client are not")
    func names() throws {
        #expect(
            lines(["PATCHBAY_LISTNE": "x", "PATCHBAY_": "x", "LISTEN": "x", "patchbay_listen": "x"]) == [
                "PATCHBAY_: there is no such setting; see docs/configuration.md",
                "PATCHBAY_LISTNE: there is no such setting; see docs/configuration.md",
            ])
        #expect(
            lines(["PATCHBAY_URL": "x", "PATCHBAY_API_KEY": "x", "PATCHBAY_TEST_POSTGRES": "x"]).isEmpty)
    }

    @Test("Several faults are listed, one line each")
    func several() {
        let lines = lines([
            "PATCHBAY_LISTEN": "x", "PATCHBAY_LOG_LEVEL": "x", "PATCHBAY_WRONG": "x",
            "PATCHBAY_CONNECTWISE_SITE": "na.myconnectwise.net",
        ])
        #expect(lines.count == 4)
        #expect(lines.allSatisfy { !$0.contains("\n") })
        #expect(
            Configuration.Invalid(lines: lines).description.split(separator: "\n").count == lines.count)
    }

    @Test("ConnectWise is configured wholly or not at all")
    func connectWise() throws {
        let all = [
            "PATCHBAY_CONNECTWISE_SITE": "x", "PATCHBAY_CONNECTWISE_COMPANY": "x",
            "PATCHBAY_CONNECTWISE_PUBLIC_KEY": "x", "PATCHBAY_CONNECTWISE_PRIVATE_KEY": "x",
            "PATCHBAY_CONNECTWISE_CLIENT_ID": "x",
        ]
        #expect(lines(all).isEmpty)
        for missing in all.keys {
            var some = all
            some[missing] = nil
            #expect(lines(some) == ["\(missing): also required when ConnectWise is configured here"])
            some[missing] = ""
            #expect(lines(some) == ["\(missing): also required when ConnectWise is configured here"])
        }
        #expect(
            lines(["PATCHBAY_CONNECTWISE_COMPANY": "x"]) == [
                "PATCHBAY_CONNECTWISE_SITE, PATCHBAY_CONNECTWISE_PUBLIC_KEY, PATCHBAY_CONNECTWISE_PRIVATE_KEY, "
                    + "PATCHBAY_CONNECTWISE_CLIENT_ID: also required when ConnectWise is configured here"
            ])
        let budgetOnly = try Configuration(environment: ["PATCHBAY_CONNECTWISE_BUDGET": "7"])
        #expect(try budgetOnly.features.connectWise() == nil)
        #expect(budgetOnly.features.connectWiseBudget == 7)
    }

    @Test("A file has comments, quotes, export and space around")
    func file() throws {
        let text = """
            # a comment
              # another

            PATCHBAY_LISTEN = 0.0.0.0:81\r
            export PATCHBAY_ADMIN_EMAIL="root@example.com"
            PATCHBAY_ADMIN_PASSWORD='with # and = and "quotes"'
              PATCHBAY_WEBEX_TOKEN=abc=
            PATCHBAY_PUBLIC_URL=""
            OTHER=ignored
            """
        let configuration = try withFile(text) { try Configuration(environment: [:], file: $0) }
        #expect(configuration.listen == .init(host: "0.0.0.0", port: 81))
        #expect(configuration.adminEmail == "root@example.com")
        #expect(configuration.adminPassword == #"with # and = and "quotes""#)
        #expect(configuration.features.webexToken == "abc=")
        #expect(configuration.publicURL == nil)
    }

    @Test("Faults of a file name their line")
    func fileFaults() throws {
        try withFile("PATCHBAY_LISTEN=x\n\nnonsense\nPATCHBAY_WRONG=1") { path in
            #expect(
                lines([:], file: path) == [
                    "\(path):3: expected NAME=value", "PATCHBAY_LISTEN: must be host:port",
                    "PATCHBAY_WRONG: there is no such setting; see docs/configuration.md",
                ])
        }
        #expect(lines([:], file: "/nowhere/x.env") == ["cannot read the configuration file /nowhere/x.env"])
    }

    @Test("The environment wins over the file")
    func precedence() throws {
        try withFile("PATCHBAY_LISTEN=0.0.0.0:81\nPATCHBAY_LOG_LEVEL=debug") { path in
            let configuration = try Configuration(environment: ["PATCHBAY_LISTEN": "0.0.0.0:82"], file: path)
            #expect(configuration.listen.port == 82)
            #expect(configuration.logs.level == .debug)
            #expect(lines(["PATCHBAY_LISTEN": "x"], file: path) == ["PATCHBAY_LISTEN: must be host:port"])
        }
    }

    @Test(
        "The secret lies beside an embedded database",
        arguments: [
            ("sqlite:/var/lib/patchbay/db", "/var/lib/patchbay/secret"), ("sqlite:data/x.db", "data/secret"),
            ("postgres://x/y", "data/secret"),
        ])
    func secretFile(database: String, file: String) throws {
        #expect(try Configuration(environment: ["PATCHBAY_DATABASE_URL": database]).secretFile == file)
    }
}
