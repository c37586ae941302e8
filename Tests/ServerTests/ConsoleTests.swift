import Accounts
import Console
import Database
import Foundation
import HTTPTypes
import NIOHTTP1
import OpenIDConnect
import Outbound
import Sealing
import ServerTestSupport
import Simulators
import TestSupport
import Testing

@testable import Server

/// The console from outside, with a browser that has no window.
@Suite("Console", .timeLimit(.minutes(5)))
struct ConsoleTests {
    private static let password = "corvid lantern oatmeal 7"
    // Once: it takes a quarter of a second.
    private static let hash = Password.hash(password) ?? ""

    private func person(
        _ patchbay: RunningPatchbay, _ role: Role, organization: String? = nil
    ) async throws -> String {
        let (email, instant, hash) = (
            "\(role.rawValue)-\(UInt32.random(in: 0...UInt32.max))@example.org", Date(), Self.hash
        )
        try await patchbay.database.write { db in
            if let organization {
                try db.execute("INSERT INTO organizations (name, created_at) VALUES (\(organization), \(instant))")
            }
            let order: SQL = organization == nil ? "id" : "id DESC"
            try db.execute(
                """
                INSERT INTO users (organization_id, email, email_key, name, role, password_hash, created_at)
                SELECT id, \(email), \(email), \(email), \(role), \(hash), \(instant)
                FROM organizations ORDER BY \(order) LIMIT 1
                """)
        }
        return email
    }

    private func browser(_ patchbay: RunningPatchbay, _ role: Role, organization: String? = nil) async throws -> Browser
    {
        let browser = Browser(base: patchbay.api.base)
        let email = try await person(patchbay, role, organization: organization)
        let reply = try await browser.signIn(email, Self.password)
        #expect(reply.status == 303 && reply.headers["location"] == "/")
        return browser
    }

    /// Every page, with the least role that sees it. Who adds a page adds it here.
    static let pages: [(method: String, path: String, role: Role)] = [
        ("GET", "/", .viewer), ("GET", "/tickets", .viewer), ("GET", "/tickets/{ticket}", .viewer),
        ("GET", "/search", .viewer), ("GET", "/rules", .viewer), ("GET", "/rules/preview", .viewer),
        ("GET", "/rules/new", .admin), ("POST", "/rules/new", .admin), ("GET", "/rules/{rule}", .admin),
        ("POST", "/rules/{rule}", .admin), ("POST", "/rules/{rule}/toggle", .admin),
        ("POST", "/rules/{rule}/delete", .admin),
        ("GET", "/forwards", .viewer), ("GET", "/forwards/new", .admin), ("POST", "/forwards/new", .admin),
        ("GET", "/forwards/{forward}", .admin), ("POST", "/forwards/{forward}", .admin),
        ("POST", "/forwards/{forward}/delete", .admin), ("GET", "/deliveries", .viewer),
        ("GET", "/deliveries/{delivery}", .viewer), ("POST", "/deliveries/{delivery}/retry", .engineer),
        ("POST", "/deliveries/{delivery}/retry-all", .admin), ("GET", "/recipients", .viewer),
        ("GET", "/recipients/new", .admin), ("POST", "/recipients/new", .admin),
        ("POST", "/recipients/{room}/test", .admin),
        ("GET", "/sync", .viewer), ("POST", "/sync", .admin), ("POST", "/sync/1/cancel", .admin),
        ("GET", "/connections", .viewer),
        ("GET", "/connections/psa/new", .admin), ("POST", "/connections/psa/new", .admin),
        ("GET", "/connections/psa/{psa}", .viewer), ("GET", "/connections/psa/{psa}/edit", .admin),
        ("POST", "/connections/psa/{psa}/edit", .admin), ("POST", "/connections/psa/{psa}/test", .admin),
        ("POST", "/connections/psa/{psa}/delete", .admin), ("GET", "/connections/chat/new", .admin),
        ("POST", "/connections/chat/new", .admin), ("GET", "/connections/chat/{chat}", .viewer),
        ("GET", "/connections/chat/{chat}/edit", .admin), ("POST", "/connections/chat/{chat}/edit", .admin),
        ("POST", "/connections/chat/{chat}/test", .admin), ("POST", "/connections/chat/{chat}/delete", .admin),
        ("POST", "/connections/chat/{chat}/rotate", .admin), ("GET", "/users", .admin), ("GET", "/users/new", .admin),
        ("POST", "/users/new", .admin), ("GET", "/users/{user}", .admin), ("POST", "/users/{user}", .admin),
        ("POST", "/users/{user}/approve", .admin), ("POST", "/users/{user}/password", .admin),
        ("POST", "/users/{user}/second-factor", .admin), ("POST", "/users/{user}/delete", .admin),
        ("GET", "/keys", .engineer), ("GET", "/keys/new", .engineer), ("POST", "/keys/new", .engineer),
        ("POST", "/keys/{key}/revoke", .engineer), ("GET", "/flags", .viewer), ("POST", "/flags/{flag}", .admin),
        ("GET", "/identity-providers", .owner), ("GET", "/identity-providers/new", .owner),
        ("POST", "/identity-providers/new", .owner), ("GET", "/identity-providers/{provider}", .owner),
        ("POST", "/identity-providers/{provider}", .owner), ("POST", "/identity-providers/{provider}/test", .owner),
        ("POST", "/identity-providers/{provider}/delete", .owner), ("GET", "/audit", .admin),
        ("GET", "/audit/export", .admin), ("GET", "/audit/1", .admin), ("GET", "/settings", .viewer),
        ("POST", "/settings", .admin), ("POST", "/organization", .owner), ("POST", "/organization/delete", .owner),
        ("GET", "/organizations", .superAdmin), ("GET", "/organizations/new", .superAdmin),
        ("POST", "/organizations/new", .superAdmin), ("POST", "/organizations/1/visit", .superAdmin),
        ("POST", "/organizations/home", .viewer), ("GET", "/health", .viewer),
        ("POST", "/health/jobs/1/retry", .superAdmin), ("GET", "/account", .viewer),
        ("POST", "/account/password", .viewer),
        ("GET", "/account/second-factor", .viewer), ("POST", "/account/second-factor", .viewer),
        ("POST", "/account/recovery-codes", .viewer), ("POST", "/account/sessions/1/end", .viewer),
        ("POST", "/account/session/extend", .viewer),
    ]

    /// Ids of one of everything, as they stand in the table of pages.
    private func ids(_ patchbay: RunningPatchbay) async throws -> [String: String] {
        let rule = try await patchbay.rule()
        let ticket = try patchbay.connectWise.createTicket("Somebody's")
        try await patchbay.refresh(ticket, action: "added")
        func id(_ path: String) async throws -> String {
            "\(try await patchbay.api(.GET, path).json["items"].elements.first?["id"].int ?? 0)"
        }
        let key = try await patchbay.api(.POST, "/users/keys", ["name": "another"])
        let forward = try await patchbay.api(
            .POST, "/notifiers/forwards",
            ["source_id": try patchbay.room(), "destination_id": try patchbay.room("Voice team")])
        let user = try await patchbay.api(
            .POST, "/users", ["email": "pat@rivermark.example", "name": "Pat", "role": "viewer"])
        let provider = try await patchbay.api(
            .POST, "/identity-providers",
            [
                "name": "Entra ID", "issuer": "https://login.example/v2.0", "client_id": "patchbay",
                "client_secret": "never shown again",
            ])
        return [
            "rule": "\(rule)", "ticket": "\(ticket)", "delivery": try await id("/notifiers/deliveries"),
            "psa": try await id("/integrations/psa/connections"),
            "chat": try await id("/integrations/chat/connections"),
            "key": "\(key.json["id"].int ?? 0)", "forward": "\(forward.json["id"].int ?? 0)",
            "user": "\(user.json["id"].int ?? 0)", "provider": "\(provider.json["id"].int ?? 0)",
            "room": "\(try patchbay.room().int ?? 0)", "flag": "bulk_assignment",
        ]
    }

    private func filled(_ path: String, _ ids: [String: String]) -> String {
        ids.reduce(path) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    @Test("The table of this test is the console's")
    func complete() async throws {
        try await TestDatabase.with(.sqlite) { database in
            let outbound = OutboundClient(allowlist: try HostAllowlist([]), logger: TestDatabase.logger)
            try await outbound.shutdown()
            let accounts = AccountsFeature(
                database: database, sealer: try Sealer([Secret.generate()]), publicURL: "",
                factory: { provider, secret in
                    OpenIDClient(
                        issuer: provider.issuer, clientID: provider.clientID, clientSecret: secret, outbound: outbound,
                        remote: Remote("nobody"), cache: IssuerCache())
                })
            func shape(_ path: String) -> String { path.replacing(/\{[^}]*\}|\b1\b/, with: "*") }
            let here = Set(Self.pages.map { "\($0.method) \(shape($0.path)) \($0.role.rawValue)" })
            let there = Set(
                Console.pages(accounts, health: { [] }).map {
                    "\($0.method.rawValue) \(shape($0.path)) \($0.role.rawValue)"
                })
            #expect(there.subtracting(here).isEmpty, "not walked")
            #expect(here.subtracting(there).isEmpty, "not there")
        }
    }

    @Test(
        "Every page, walked with every role, without a session and with a wrong proof", arguments: TestDatabase.engines)
    func roles(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ids = try await ids(patchbay)
            let nobody = Browser(base: patchbay.api.base)
            for page in Self.pages {
                let path = filled(page.path, ids)
                let reply = try await nobody.send(
                    HTTPMethod(rawValue: page.method), path, page.method == "POST" ? Data() : nil)
                #expect(reply.status == 303 && reply.headers["location"]?.hasPrefix("/sign-in?") == true, "\(page)")
            }
            for role in Role.allCases {
                let browser = try await browser(patchbay, role)
                _ = try await browser.get("/account")
                let proof = await browser.hidden("_csrf") ?? ""
                for page in Self.pages where page.method == "POST" {
                    let reply = try await browser.post(filled(page.path, ids), proof: String(proof.reversed()))
                    #expect(reply.status == 403, "\(page) with a wrong proof")
                }
                for page in Self.pages where role < page.role {
                    let path = filled(page.path, ids)
                    let reply =
                        page.method == "GET" ? try await browser.get(path) : try await browser.post(path, proof: proof)
                    #expect(reply.status == 403, "\(page) as \(role.rawValue)")
                }
                // What a form does with nothing in it changes nothing, but must not break.
                let harmless = Self.pages.filter { role >= $0.role && !$0.path.hasSuffix("/visit") }
                for page in harmless {
                    let path = filled(page.path, ids)
                    let reply =
                        page.method == "GET" ? try await browser.get(path) : try await browser.post(path, proof: proof)
                    let isFine =
                        page.method == "GET" ? reply.status == 200 : ![401, 405, 500, 503].contains(reply.status)
                    #expect(isFine, "\(page) as \(role.rawValue): \(reply.status)")
                    #expect(!reply.text.contains("internal_error"))
                }
                // No button leads to what would be refused.
                let forms = Self.pages.filter { $0.method == "POST" && $0.role > role }.map { filled($0.path, ids) }
                for page in Self.pages where page.method == "GET" && role >= page.role {
                    let text = try await browser.get(filled(page.path, ids)).text
                    for form in forms where text.contains("action=\"\(form)\"") {
                        Issue.record("\(page.path) offers \(form) to \(role.rawValue)")
                    }
                }
            }
        }
    }

    @Test("What belongs to another organization has no page", arguments: TestDatabase.engines)
    func otherOrganization(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ids = try await ids(patchbay)
            let stranger = try await browser(patchbay, .owner, organization: "Another MSP")
            _ = try await stranger.get("/account")
            let proof = await stranger.hidden("_csrf") ?? ""
            let foreign = ["{rule}", "{forward}", "{delivery}", "{psa}", "{chat}", "{user}", "{provider}"]
            for page in Self.pages
            where foreign.contains(where: { page.path.contains($0) }) && !page.path.hasSuffix("retry-all") {
                let path = filled(page.path, ids)
                let fields = ["confirmed": "yes", "password": Self.password, "enabled": "true"]
                let reply =
                    page.method == "GET"
                    ? try await stranger.get(path) : try await stranger.post(path, fields, proof: proof)
                #expect(reply.status == 404, "\(page): \(reply.status)")
            }
            for path in [
                "/rules", "/deliveries", "/forwards", "/recipients", "/connections", "/",
                "/tickets/\(ids["ticket"] ?? "")",
            ] {
                let text = try await stranger.get(path).text
                #expect(
                    !text.contains("Somebody") && !text.contains("Dispatch") && !text.contains("127.0.0.1:"), "\(path)")
            }
        }
    }

    @Test("Headers, cookies and addresses keep others out", arguments: TestDatabase.engines)
    func hardening(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let email = try await person(patchbay, .admin)
            let browser = Browser(base: patchbay.api.base)
            for path in ["/sign-in", "/nowhere", "/api/v1/rules", "/healthcheck"] {
                let headers = try await browser.get(path).headers
                #expect(headers["content-security-policy"]?.contains("script-src 'self'") == true)
                #expect(headers["content-security-policy"]?.contains("unsafe") == false)
                #expect(headers["x-content-type-options"] == "nosniff" && headers["x-frame-options"] == "DENY")
                #expect(headers["referrer-policy"] == "same-origin" && headers["cache-control"] == "no-store")
            }
            // Nobody is led away from here.
            for away in [
                "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX-Evil: 1",
                "/sign-in/with/1",
            ] {
                let visitor = Browser(base: patchbay.api.base)
                let reply = try await visitor.signIn(email, Self.password, to: away)
                #expect(
                    reply.status == 303 && reply.headers["location"] == "/" && reply.headers["x-evil"] == nil, "\(away)"
                )
            }
            #expect(
                try await browser.signIn(email, Self.password, to: "/rules?board_id=1").headers["location"]
                    == "/rules?board_id=1")
            // A planted session is not taken over.
            let victim = Browser(base: patchbay.api.base)
            await victim.plant("patchbay", "planted-by-somebody")
            try await victim.signIn(email, Self.password)
            #expect(await victim.cookie("patchbay") != "planted-by-somebody")
            // A form that another site sends has no proof, or says where it comes from.
            let foreign = Browser(base: patchbay.api.base, headers: ["Sec-Fetch-Site": "cross-site"])
            #expect(try await foreign.post("/sign-in", ["email": email, "password": Self.password]).status == 403)
            let elsewhere = Browser(base: patchbay.api.base, headers: ["Origin": "https://evil.example"])
            #expect(try await elsewhere.post("/sign-in", ["email": email, "password": Self.password]).status == 403)
            // The API takes the cookie only together with the page's proof.
            let body = Data(#"{"require_rule": true}"#.utf8)
            #expect(try await browser.send(.PATCH, "/api/v1/config", body).status == 403)
            #expect(try await browser.send(.GET, "/api/v1/config", nil).status == 200)
            // Oversized.
            let large = Data(repeating: UInt8(ascii: "a"), count: 2 << 20)
            #expect(try await browser.send(.POST, "/rules/new", large).status == 413)
            // Tokens are nowhere to be read.
            let token = await browser.cookie("patchbay") ?? ""
            _ = try await browser.get("/account")
            #expect(await !browser.page.contains(token))
            #expect(!patchbay.log.value.contains { $0.contains(token) || $0.contains(Self.password) })
        }
    }

    @Test("With an https address cookies are bound to it, and browsers are told to stay with https")
    func https() async throws {
        var options = RunningPatchbay.Options()
        options.settings = ["PATCHBAY_PUBLIC_URL": "https://patchbay.example.com"]
        try await RunningPatchbay.run(.sqlite, options) { patchbay in
            let email = try await person(patchbay, .viewer)
            let browser = Browser(base: patchbay.api.base)
            let reply = try await browser.signIn(email, Self.password)
            let cookie = reply.headers["set-cookie"] ?? ""
            #expect(cookie.hasPrefix("__Host-patchbay=") && cookie.contains("Secure") && cookie.contains("HttpOnly"))
            #expect(cookie.contains("SameSite=Lax") && cookie.contains("Path=/") && !cookie.contains("Domain"))
            #expect(reply.headers["strict-transport-security"]?.hasPrefix("max-age=31536000") == true)
            #expect(try await browser.get("/rules").status == 200)
        }
    }

    @Test("What a customer writes stays text", arguments: TestDatabase.engines)
    func storedScript(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
            let ticket = try patchbay.connectWise.createTicket(evil)
            try await patchbay.refresh(ticket, action: "added")
            let browser = try await browser(patchbay, .viewer)
            let delivery = try await patchbay.deliveries(of: ticket).first?["id"].int ?? 0
            for path in [
                "/", "/tickets", "/tickets/\(ticket)", "/deliveries/\(delivery)", "/search?q=%3Cscript%3Ealert(1)",
            ] {
                let text = try await browser.get(path).text
                #expect(!text.contains("<script>alert") && !text.contains("<img src=x"), "\(path)")
                if !path.hasPrefix("/search") { #expect(text.contains("&lt;script&gt;"), "\(path)") }
            }
        }
    }

    @Test(
        "A form that is sent twice does it once, and one that is out of date says so", arguments: TestDatabase.engines)
    func forms(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let browser = try await browser(patchbay, .admin)
            _ = try await browser.get("/users/new")
            let once = await browser.hidden("_once") ?? ""
            let proof = await browser.hidden("_csrf") ?? ""
            let fields = [
                "name": "Pat", "email": "pat@rivermark.example", "role": "viewer", "_once": once, "_csrf": proof,
            ]
            let replies = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<2 { group.addTask { try await browser.post("/users/new", fields).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // The second one is answered like the first, or told that the first is still going on.
            #expect(replies.contains(303) && Set(replies).isSubset(of: [303, 409]), "\(replies)")
            #expect(try await browser.post("/users/new", fields).status == 303)
            let users = try await patchbay.api(.GET, "/users?search=pat").json["items"].elements
            #expect(users.count == 1)

            let id = users.first?["id"].int ?? 0
            _ = try await browser.get("/users/\(id)")
            let version = await browser.hidden("version") ?? ""
            #expect(try await patchbay.api(.PATCH, "/users/\(id)", ["name": "Patricia"]).status == 200)
            let stale = try await browser.post(
                "/users/\(id)", ["name": "Patrick", "role": "viewer", "active": "true", "version": version])
            #expect(stale.status == 412 && stale.text.contains("changed this user since"))
            #expect(try await patchbay.api(.GET, "/users/\(id)").json["name"] == "Patricia")

            // What is wrong stands at its field, with what was typed.
            _ = try await browser.get("/users/new")
            let wrong = try await browser.post(
                "/users/new", ["name": "", "email": "no address", "role": "viewer", "password": "short"])
            #expect(
                wrong.status == 422 && wrong.text.contains("value=\"no address\"")
                    && !wrong.text.contains("value=\"short\""))
            for field in ["name", "email", "password"] { #expect(wrong.text.contains("id=\"e-\(field)\""), "\(field)") }
        }
    }

    @Test(
        "An ended session leads to sign-in and back; a removed person is out at once", arguments: TestDatabase.engines)
    func ends(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let email = try await person(patchbay, .admin)
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(email, Self.password)
            _ = try await browser.get("/rules/new")
            try await patchbay.database.write { try $0.execute("UPDATE sessions SET expires_at = 1") }
            let late = try await browser.post("/rules/new", ["board_id": "1"])
            #expect(late.status == 303 && late.headers["location"] == "/sign-in?again=1&to=%2Frules%2Fnew")
            // From a form that has no page of its own, to the page above it.
            let toggled = try await browser.post("/rules/7/toggle", ["enabled": "true"])
            #expect(toggled.headers["location"] == "/sign-in?again=1&to=%2Frules%2F7")
            let again = try await browser.get(late.headers["location"] ?? "")
            #expect(again.text.contains("Your session has ended"))
            let back = try await browser.post(
                "/sign-in", ["email": email, "password": Self.password, "to": "/rules/new", "again": "1"])
            #expect(back.headers["location"] == "/rules/new")
            #expect(await browser.cookie("patchbay-returned") == "1")
            let user =
                try await patchbay.api(.GET, "/users?search=\(email)").json["items"].elements.first?["id"].int ?? 0
            #expect(try await browser.get("/rules").status == 200)
            #expect(try await patchbay.api(.DELETE, "/users/\(user)").status == 204)
            #expect(try await browser.get("/rules").status == 303)
            #expect(try await browser.send(.GET, "/api/v1/config", nil).status == 401)
        }
    }

    @Test(
        "The server insists on password change and second factor, for pages and API alike",
        arguments: TestDatabase.engines)
    func duties(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let email = try await person(patchbay, .engineer)
            try await patchbay.database.write {
                try $0.execute("UPDATE users SET must_change_password = 1 WHERE email = \(email)")
            }
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(email, Self.password)
            #expect(try await browser.get("/").headers["location"] == "/sign-in/password")
            #expect(try await browser.send(.GET, "/api/v1/config", nil).json["code"] == "password_change_required")
            _ = try await browser.get("/sign-in/password")
            let weak = try await browser.post(
                "/sign-in/password", ["present": Self.password, "new": "short", "repeated": "short"])
            #expect(weak.status == 422 && weak.text.contains("at least 12 characters"))
            let better = "harbour violin nettle"
            let changed = try await browser.post(
                "/sign-in/password", ["present": Self.password, "new": better, "repeated": better])
            #expect(changed.status == 303)
            #expect(try await browser.get("/").status == 200)

            #expect(try await patchbay.api(.PATCH, "/organization", ["requires_second_factor": true]).status == 200)
            #expect(try await browser.get("/rules").headers["location"] == "/sign-in/second-factor")
            #expect(try await browser.send(.GET, "/api/v1/config", nil).json["code"] == "second_factor_required")
            let page = try await browser.get("/sign-in/second-factor").text
            let key =
                page.components(separatedBy: "<code>").dropFirst().first?.components(separatedBy: "</code>").first ?? ""
            #expect(page.contains("<svg viewBox") && key.count == 32)
            #expect(try await browser.post("/sign-in/second-factor", ["code": "000000"]).status == 422)
            let code = try TOTPDevice(key).code(at: Date())
            let codes = try await browser.post("/sign-in/second-factor", ["code": code])
            #expect(codes.status == 200 && codes.text.contains("Recovery codes"))
            #expect(try await browser.get("/rules").status == 200)

            let next = Browser(base: patchbay.api.base)
            try await next.signIn(email, better)
            #expect(try await next.get("/rules").headers["location"] == "/sign-in/code")
            #expect(try await next.send(.GET, "/api/v1/config", nil).status == 401)
            _ = try await next.get("/sign-in/code")
            #expect(try await next.post("/sign-in/code", ["code": code]).status == 422)
            let entered = try await next.post("/sign-in/code", ["code": try TOTPDevice(key).code(at: Date() + 30)])
            #expect(entered.status == 303)
            #expect(try await next.get("/rules").status == 200)
        }
    }

    @Test("A feature that is switched off is refused by the server, at once", arguments: TestDatabase.engines)
    func flags(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let id = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(.POST, "/integrations/psa/connections/\(id)/test").status == 200)
            let off = try await patchbay.api(.PATCH, "/feature-flags/connectwise_integration", ["enabled": false])
            #expect(off.json["enabled"] == false)
            let refused = try await patchbay.api(.POST, "/integrations/psa/connections/\(id)/test")
            #expect(refused.status == 403 && refused.json["code"] == "feature_off")
            #expect(try await patchbay.api(.PATCH, "/feature-flags/nonsense", ["enabled": false]).status == 404)
            let record = try await patchbay.api(.GET, "/audit?action=flag").json["items"].elements
            #expect(record.count == 1 && record.first?["target"] == "flag connectwise_integration")
        }
    }

    @Test(
        "A super administrator crosses organizations; one goes with everything in it", arguments: TestDatabase.engines)
    func organizations(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let made = try await patchbay.api(.POST, "/organizations", ["name": "Second MSP"])
            let there = ["X-Patchbay-Organization": "\(made.json["id"].int ?? 0)"]
            let user = try await patchbay.api(
                .POST, "/users", ["email": "ola@second.example", "name": "Ola", "role": "owner"], headers: there)
            #expect(user.status == 201)
            #expect(try await patchbay.api(.GET, "/users", headers: there).json["items"].elements.count == 1)
            #expect(try await patchbay.api(.GET, "/notifiers/rules", headers: there).json["items"].elements.isEmpty)
            #expect(try await patchbay.api(.GET, "/users", headers: ["X-Patchbay-Organization": "999"]).status == 404)
            let console = try await browser(patchbay, .superAdmin)
            _ = try await console.get("/organizations")
            #expect(try await console.post("/organizations/\(made.json["id"].int ?? 0)/visit").status == 303)
            #expect(try await console.get("/users").text.contains("ola@second.example"))
            #expect(try await console.post("/organizations/home").status == 303)
            #expect(try await !console.get("/users").text.contains("ola@second.example"))
            let wrong = try await patchbay.api(.POST, "/organization/deletion", ["name": "second msp"], headers: there)
            #expect(wrong.status == 422)
            let gone = try await patchbay.api(.POST, "/organization/deletion", ["name": "Second MSP"], headers: there)
            #expect(gone.status == 204)
            #expect(try await patchbay.api(.GET, "/users", headers: there).status == 404)
            // One that a super administrator belongs to stays.
            let own = try await patchbay.api(.POST, "/organization/deletion", ["name": "Rivermark IT"])
            #expect(own.status == 409 && own.json["code"] == "own_organization")
            let (entries, faults) = try await AuditLog.verify(in: patchbay.database)
            #expect(entries > 3 && faults.isEmpty)
        }
    }

    @Test("The overview counts by the hour, the present one at once", arguments: TestDatabase.engines)
    func overview(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            func sum(_ name: String) async throws -> Int {
                let hours = try await patchbay.api(.GET, "/overview").json["hours"].elements
                #expect(hours.count == 24)
                return hours.reduce(0) { $0 + ($1[name].int ?? 0) }
            }
            #expect(try await sum("events") == 0)
            for number in 1...3 {
                let ticket = try patchbay.connectWise.createTicket("News \(number)")
                try await patchbay.refresh(ticket, action: "added")
                // The hours before are known by now; what happens in this one shows at once.
                #expect(try await sum("events") == number)
                #expect(try await sum("sent") == number)
            }
            try await patchbay.database.write { db in
                try db.execute("UPDATE ticket_events SET created_at = created_at - 7200000 WHERE id = 1")
                try db.execute("UPDATE deliveries SET state = 'failed' WHERE id = 2")
            }
            let overview = try await patchbay.api(.GET, "/overview").json
            #expect(overview["failed"] == 1 && overview["recent_events"].elements.count == 3)
            #expect(overview["recent_events"].elements.first?["summary"] == "News 3")
            #expect(try await patchbay.api(.GET, "/overview/counts").json["failed"] == 1)
        }
    }

    @Test("An Idempotency-Key has a request done once", arguments: TestDatabase.engines)
    func repeated(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let body: JSON = ["board_id": try patchbay.board(), "recipient_id": try patchbay.room()]
            let headers = ["Idempotency-Key": "one and only"]
            let first = try await patchbay.api(.POST, "/notifiers/rules", body, headers: headers)
            let second = try await patchbay.api(.POST, "/notifiers/rules", body, headers: headers)
            #expect(first.status == 201 && second.status == 201 && first.body == second.body)
            #expect(first.headers["location"] == second.headers["location"])
            let other: JSON = ["board_id": try patchbay.board("Voice"), "recipient_id": try patchbay.room()]
            #expect(try await patchbay.api(.POST, "/notifiers/rules", other, headers: headers).status == 422)
            // What was refused may be put right under the same key.
            let wrong = try await patchbay.api(
                .POST, "/notifiers/rules", ["board_id": "0", "recipient_id": 0], headers: ["Idempotency-Key": "k"])
            #expect(wrong.status == 422)
            #expect(
                try await patchbay.api(.POST, "/notifiers/rules", other, headers: ["Idempotency-Key": "k"]).status
                    == 201)
            // A secret that is shown once is not kept.
            let key = ["Idempotency-Key": "key"]
            #expect(try await patchbay.api(.POST, "/users/keys", ["name": "one"], headers: key).status == 201)
            #expect(try await patchbay.api(.POST, "/users/keys", ["name": "one"], headers: key).status == 409)
        }
    }

    @Test("Keys reach no further than their scope", arguments: TestDatabase.engines)
    func scopes(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            func key(_ scope: String) async throws -> APIClient {
                let body: JSON = ["name": "limited", "scope": JSON(stringLiteral: scope)]
                let made = try await patchbay.api(.POST, "/users/keys", body)
                return patchbay.api.with(key: made.json["key"].string)
            }
            let reader = try await key("notifiers:read sync")
            #expect(try await reader(.GET, "/notifiers/rules").status == 200)
            #expect(try await reader(.POST, "/notifiers/rules", [:]).json["code"] == "out_of_scope")
            #expect(try await reader(.POST, "/sync", ["kinds": ["boards"]]).status == 202)
            #expect(try await reader(.GET, "/config").status == 403)
            #expect(try await key("read")(.GET, "/config").status == 200)
            #expect(try await key("read")(.PATCH, "/config", [:]).status == 403)
            #expect(
                try await patchbay.api(.POST, "/users/keys", ["name": "x", "scope": "nonsense"]).faultyFields == [
                    "scope"
                ])
            // A limited key makes no unlimited one.
            let maker = try await key("users")
            #expect(try await maker(.POST, "/users/keys", ["name": "child"]).json["scope"] == "users")
            #expect(try await maker(.POST, "/users/keys", ["name": "child", "scope": "read"]).status == 422)
        }
    }

    @Test("The record says who did what, from where, with what was there before", arguments: TestDatabase.engines)
    func audit(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let browser = try await browser(patchbay, .admin)
            let rule = try await patchbay.rule()
            _ = try await browser.get("/rules/\(rule)")
            #expect(
                try await browser.post("/rules/\(rule)", ["updates": "all", "visibility": "all", "enabled": "true"])
                    .status == 303)
            let entry = try await patchbay.api(.GET, "/audit?action=rule.update").json["items"].elements.first
            #expect(
                entry?["means"] == "session" && entry?["address"] == "127.0.0.1"
                    && entry?["target"].string == "rule \(rule)")
            #expect(entry?["before"].string?.contains(#""updates":"none""#) == true)
            #expect(entry?["after"].string?.contains(#""updates":"all""#) == true)
            // As a browser's form writes it.
            #expect(try await browser.get("/audit?target=rule+\(rule)&action=rule.update").text.contains("rule.update"))
            let since = try await patchbay.api(.GET, "/audit?target=rule+\(rule)&since=2020-01-01T00:00:00+02:00")
            #expect(since.json["items"].elements.count == 2)
            let engineer = try await self.browser(patchbay, .engineer)
            _ = try await engineer.get("/account")
            #expect(try await engineer.send(.GET, "/api/v1/users", nil).status == 403)
            #expect(try await patchbay.api(.GET, "/audit?action=access").json["items"].elements.count == 1)
            let csv = try await patchbay.api(.GET, "/audit/export?action=rule")
            #expect(csv.headers["content-type"] == "text/csv; charset=utf-8")
            #expect(csv.text.split(separator: "\r\n").count == 3 && csv.text.hasPrefix("number,at,actor"))
            let lines = try await patchbay.api(.GET, "/audit/export?format=jsonl")
            #expect(lines.text.split(separator: "\n").allSatisfy { (try? JSON(Data($0.utf8))) != nil })
            let (entries, faults) = try await AuditLog.verify(in: patchbay.database)
            #expect(entries > 5 && faults.isEmpty)
        }
    }
}

/// An authenticator app.
private struct TOTPDevice {
    private let secret: [UInt8]

    init(_ key: String) throws {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (bytes, buffer, bits): ([UInt8], Int, Int) = ([], 0, 0)
        for character in key {
            guard let value = alphabet.firstIndex(of: character) else { throw Unexpected("no base32: \(key)") }
            (buffer, bits) = (buffer << 5 | value, bits + 5)
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(buffer >> bits & 255))
            }
            buffer &= (1 << bits) - 1
        }
        secret = bytes
    }

    func code(at instant: Date) -> String {
        TOTP.code(secret, step: Int(instant.timeIntervalSince1970) / 30)
    }
}
