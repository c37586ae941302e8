import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ScriptedPeer
import ServerTestSupport
import SimulatedConnectWise
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Addresses from users and outside systems: an invalid one is refused before anything is called.
@Suite("Addresses from outside", .timeLimit(.minutes(20)))
struct AddressTests {
    private func options(_ hosts: [String]) -> RunningPatchbay.Options {
        var options = RunningPatchbay.Options()
        options.allowedHosts = hosts
        return options
    }

    @Test(
        "A port above 65535 is refused wherever an address is read, and the server keeps running",
        arguments: TestDatabase.oneEngine)
    func ports(engine: Engine) async throws {
        try await ScriptedPeer.run(script: { _ in .reply(200, body: "{}") }) { peer in
            let hosts = ["webhook=127.0.0.1:*", "webhook=localhost:*", "127.0.0.1:*", "localhost:*"]
            try await RunningPatchbay.run(engine, options(hosts)) { patchbay in
                // The second number wraps to the peer's port when cut to 16 bits.
                for port in ["99999", "\(65_536 + peer.port)", "18446744073709551616", "0"] {
                    for host in ["127.0.0.1", "localhost"] {
                        let url = "https://\(host):\(port)/x"
                        for (path, body) in requests(url: url, site: "\(host):\(port)") {
                            let reply = try await patchbay.api(.POST, path, body)
                            #expect(reply.status == 422, "\(path) \(url): \(reply.text)")
                        }
                    }
                }
                #expect(peer.requests.isEmpty)
                #expect(try await patchbay.api(.GET, "/healthcheck").status == 200)
            }
        }
    }

    private func requests(url: String, site: String) -> [(String, JSON)] {
        [
            ("/integrations/chat/connections", ["provider": "webhook", "name": "x", "url": .text(url)]),
            ("/integrations/chat/connections", ["provider": "webex", "name": "x", "url": .text(url), "token": "t"]),
            (
                "/integrations/psa/connections",
                [
                    "name": "x", "site": .text(site), "company": "x", "public_key": "x", "private_key": "x",
                    "client_id": "x",
                ]
            ),
            (
                "/identity-providers",
                ["name": "x", "issuer": .text(url), "client_id": "x", "client_secret": "x"]
            ),
        ]
    }

    @Test("A port above 65535 in an identity provider's configuration is refused", arguments: TestDatabase.oneEngine)
    func discovery(engine: Engine) async throws {
        let document = MutexBox("{}")
        try await ScriptedPeer.run(script: { _ in .reply(200, body: document.value) }) { peer in
            try await RunningPatchbay.run(engine, options(["127.0.0.1:\(peer.port)"])) { patchbay in
                let issuer = "http://127.0.0.1:\(peer.port)"
                let made = try await patchbay.api(
                    API.IdentityProviders.create,
                    ["name": "x", "issuer": .text(issuer), "client_id": "x", "client_secret": "x"])
                #expect(made.status == 201, "\(made.text)")
                for wrong in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
                    let endpoints = ["authorization_endpoint", "token_endpoint", "jwks_uri"].map {
                        "\"\($0)\":\"\($0 == wrong ? "https://127.0.0.1:99999" : issuer)/x\""
                    }
                    document.change { $0 = "{\"issuer\":\"\(issuer)\",\(endpoints.joined(separator: ","))}" }
                    let id = made.json["id"].int ?? 0
                    let test = try await patchbay.api(API.IdentityProviders.test, at: id)
                    #expect(test.json["ok"] == false)
                    #expect(test.json["message"].string?.contains("an invalid URL") == true, "\(test.text)")
                    _ = try await Browser(base: patchbay.api.base).get("/sign-in/with/\(id)")
                }
                #expect(try await patchbay.api(.GET, "/healthcheck").status == 200)
            }
        }
    }

    @Test("A webhook cannot reach another organization's ticketing system", arguments: TestDatabase.oneEngine)
    func purposes(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let made = try await patchbay.api(API.Organizations.create, ["name": "Second MSP"])
            let there = ["X-Patchbay-Organization": "\(made.json["id"].int ?? 0)"]
            let site = try await patchbay.connectWise.url()
            patchbay.connectWise.control.resetCalls()
            for headers in [there, [:]] {
                let reply = try await patchbay.api(
                    API.ChatConnections.create,
                    [
                        "provider": "webhook", "name": "x",
                        "url": .text(site + "/v4_6_release/apis/3.0/service/tickets"),
                    ],
                    headers: headers)
                #expect(reply.status == 422)
                #expect(reply.json["errors"].elements.first?["code"] == "host", "\(reply.text)")
            }
            // Background work of the server may call ConnectWise at the same time, but never with POST.
            #expect(patchbay.connectWise.control.calls.allSatisfy { $0.method != "POST" })
        }
    }

    @Test(
        "Viewers see only hints of webhook addresses and the callback key, and no log line contains a path",
        arguments: TestDatabase.oneEngine)
    func hints(engine: Engine) async throws {
        try await ScriptedPeer.run(script: { request in
            request.body.isEmpty ? .reply(404) : .reply(request.path == "/down" ? 500 : 200)
        }) { peer in
            try await RunningPatchbay.run(engine, options(["webhook=127.0.0.1:\(peer.port)"])) { patchbay in
                let origin = "http://127.0.0.1:\(peer.port)"
                let path = "/services/T0SECRET/B0SECRET"
                let made = try await patchbay.api(
                    API.ChatConnections.create,
                    ["provider": "webhook", "name": "Hooks", "url": .text(origin + path)])
                #expect(made.status == 201, "\(made.text)")
                #expect(made.json["url"].string == origin + path)
                let failing = try await patchbay.api(
                    API.ChatConnections.create,
                    ["provider": "webhook", "name": "Down", "url": .text(origin + "/down")])
                #expect(failing.status == 422)
                let key = try await patchbay.api(API.APIKeys.create, ["name": "viewer", "role": "viewer"])
                let viewer = patchbay.api.with(key: key.json["key"].string)
                for path in ["/integrations/chat/connections", "/integrations/psa/connections"] {
                    let list = try await viewer(.GET, path)
                    #expect(list.status == 200)
                    #expect(!list.text.contains("SECRET"))
                    #expect(!list.text.contains(patchbay.hookKey))
                    #expect(list.text.contains("••••••"))
                    #expect(try await !viewer(.GET, path + "/1").text.contains(patchbay.hookKey))
                }
                let browser = try await patchbay.browser(.viewer)
                let chat = made.json["id"].int ?? 0
                for page in ["/connections", "/connections/psa/1", "/connections/chat/\(chat)", "/recipients"] {
                    let text = try await browser.get(page).text
                    #expect(!text.contains("SECRET"), "\(page)")
                    #expect(!text.contains(patchbay.hookKey), "\(page)")
                }
                #expect(patchbay.log.value.contains { $0.contains("Outbound call") && $0.contains("webhook:") })
                #expect(patchbay.log.value.allSatisfy { !$0.contains("SECRET") && !$0.contains("/down") })
            }
        }
    }

    @Test(
        "No form redirects a browser to another host",
        arguments: TestDatabase.oneEngine)
    func redirects(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let email = try await patchbay.person(.viewer)
            let browser = Browser(base: patchbay.api.base)
            for to in [
                "/\\evil.example", "/\t/evil.example", "//evil.example", "/\u{fe0f}/evil.example", "/\n/evil.example",
                "/\u{200d}/evil.example", "https://evil.example/", "\\\\evil.example", " //evil.example", "",
                "/" + String(repeating: "a", count: 2_001),
            ] {
                #expect(try await browser.signIn(email, People.password, to: to).headers["location"] == "/", "\(to)")
                let chosen = try await browser.post("/tenant", ["to": to, "tenant": ""])
                #expect(chosen.headers["location"] == "/tickets" || chosen.status == 403, "\(to)")
                _ = try await browser.get("/account")
                let again = try await browser.post("/tenant", ["to": to, "tenant": ""])
                #expect(again.status == 303)
                #expect(again.headers["location"] == "/tickets", "\(to)")
                _ = try await browser.post("/sign-out")
            }
            #expect(
                try await browser.signIn(email, People.password, to: "/rules?a=b").headers["location"] == "/rules?a=b")
        }
    }

    @Test("With https, every cookie is Secure", arguments: TestDatabase.oneEngine)
    func cookies(engine: Engine) async throws {
        var options = RunningPatchbay.Options()
        options.settings["PATCHBAY_PUBLIC_URL"] = "https://patchbay.example"
        try await RunningPatchbay.run(engine, options) { patchbay in
            let browser = Browser(base: patchbay.api.base)
            let email = try await patchbay.person(.admin)
            _ = try await browser.get("/sign-in")
            let returned = try await browser.post(
                "/sign-in", ["email": email, "password": People.password, "again": "1"])
            #expect(returned.headers["set-cookie"]?.contains("Secure") == true)
            _ = try await browser.get("/account")
            let tenant = try await browser.post("/tenant", ["to": "/tickets", "tenant": ""])
            #expect(tenant.headers["set-cookie"]?.hasSuffix("; Secure") == true, "\(tenant.headers)")
        }
    }
}
