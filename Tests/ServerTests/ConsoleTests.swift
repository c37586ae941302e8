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
import Ticketing

@testable import Accounts
@testable import Server

/// The console from outside, with a browser that has no window.
@Suite("Console", .timeLimit(.minutes(20)))
struct ConsoleTests {
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
        ("POST", "/connections/psa/{psa}/switch", .admin), ("POST", "/connections/psa/{psa}/delete", .admin),
        ("GET", "/connections/chat/new", .admin),
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
        ("POST", "/health/jobs/1/retry", .superAdmin), ("GET", "/tickets/update", .engineer),
        ("GET", "/tickets/{ticket}/update", .engineer),
        ("POST", "/tickets/{ticket}/update", .engineer), ("POST", "/tickets/preview", .engineer),
        ("GET", "/tickets/companies", .engineer), ("GET", "/tickets/pick", .viewer),
        ("GET", "/tickets/pick/{ticket}", .viewer),
        ("GET", "/integrations", .viewer), ("GET", "/integrations/settings", .admin),
        ("POST", "/integrations/settings", .admin), ("GET", "/integrations/rights", .admin),
        ("GET", "/integrations/settings/{psa}", .admin), ("POST", "/integrations/settings/{psa}", .admin),
        ("GET", "/integrations/rights/{psa}", .admin),
        ("GET", "/integrations/members", .engineer), ("POST", "/integrations/members", .engineer),
        ("POST", "/integrations/members/auto-match", .admin), ("GET", "/integrations/posts", .engineer),
        ("GET", "/integrations/posts/{post}", .engineer), ("POST", "/integrations/posts/{post}/retry", .engineer),
        ("POST", "/integrations/posts/{post}/dismiss", .engineer),
        ("GET", "/tenants", .viewer), ("POST", "/tenant", .viewer), ("GET", "/tenants/companies", .admin),
        ("GET", "/tenants/new", .admin),
        ("POST", "/tenants/new", .admin), ("GET", "/tenants/{tenant}", .admin), ("POST", "/tenants/{tenant}", .admin),
        ("POST", "/tenants/{tenant}/delete", .admin), ("GET", "/users/{user}/tenants", .admin),
        ("POST", "/users/{user}/tenants", .admin),
        ("GET", "/account", .viewer), ("POST", "/account/password", .viewer),
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
        let tenant = try await patchbay.api(.POST, "/tenants", ["name": "Lighthouse Dental Group"])
        let note = try await patchbay.api(.POST, "/integrations/psa/tickets/\(ticket)/notes", ["text": "Somebody's"])
        return [
            "tenant": "\(tenant.json["id"].int ?? 0)",
            "post": "\(note.json["posts"].elements.first?["id"].int ?? 0)", "rule": "\(rule)", "ticket": "\(ticket)",
            "delivery": try await id("/notifiers/deliveries"),
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
                let browser = try await patchbay.browser(role)
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
                        page.method == "GET"
                        // Somebody else's post.
                        ? reply.status == 200 || (role == .engineer && page.path.hasSuffix("{post}"))
                        : ![401, 405, 500, 503].contains(reply.status)
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
            let stranger = try await patchbay.browser(.owner, organization: "Another MSP")
            _ = try await stranger.get("/account")
            let proof = await stranger.hidden("_csrf") ?? ""
            let foreign = [
                "{rule}", "{forward}", "{delivery}", "{psa}", "{chat}", "{user}", "{provider}", "{tenant}", "{post}",
            ]
            for page in Self.pages
            where foreign.contains(where: { page.path.contains($0) }) && !page.path.hasSuffix("retry-all") {
                let path = filled(page.path, ids)
                let fields = ["confirmed": "yes", "password": People.password, "enabled": "true"]
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
            let email = try await patchbay.person(.admin)
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
                let reply = try await visitor.signIn(email, People.password, to: away)
                #expect(
                    reply.status == 303 && reply.headers["location"] == "/" && reply.headers["x-evil"] == nil, "\(away)"
                )
            }
            #expect(
                try await browser.signIn(email, People.password, to: "/rules?board_id=1").headers["location"]
                    == "/rules?board_id=1")
            // A planted session is not taken over.
            let victim = Browser(base: patchbay.api.base)
            await victim.plant("patchbay", "planted-by-somebody")
            try await victim.signIn(email, People.password)
            #expect(await victim.cookie("patchbay") != "planted-by-somebody")
            // A form that another site sends has no proof, or says where it comes from.
            let foreign = Browser(base: patchbay.api.base, headers: ["Sec-Fetch-Site": "cross-site"])
            #expect(try await foreign.post("/sign-in", ["email": email, "password": People.password]).status == 403)
            let elsewhere = Browser(base: patchbay.api.base, headers: ["Origin": "https://evil.example"])
            #expect(try await elsewhere.post("/sign-in", ["email": email, "password": People.password]).status == 403)
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
            #expect(!patchbay.log.value.contains { $0.contains(token) || $0.contains(People.password) })
        }
    }

    @Test("With an https address cookies are bound to it, and browsers are told to stay with https")
    func https() async throws {
        var options = RunningPatchbay.Options()
        options.settings = ["PATCHBAY_PUBLIC_URL": "https://patchbay.example.com"]
        try await RunningPatchbay.run(.sqlite, options) { patchbay in
            let email = try await patchbay.person(.viewer)
            let browser = Browser(base: patchbay.api.base)
            let reply = try await browser.signIn(email, People.password)
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
            let browser = try await patchbay.browser(.viewer)
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
            let browser = try await patchbay.browser(.admin)
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
            let email = try await patchbay.person(.admin)
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(email, People.password)
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
                "/sign-in", ["email": email, "password": People.password, "to": "/rules/new", "again": "1"])
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
            let email = try await patchbay.person(.engineer)
            try await patchbay.database.write {
                try $0.execute("UPDATE users SET must_change_password = 1 WHERE email = \(email)")
            }
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(email, People.password)
            #expect(try await browser.get("/").headers["location"] == "/sign-in/password")
            #expect(try await browser.send(.GET, "/api/v1/config", nil).json["code"] == "password_change_required")
            _ = try await browser.get("/sign-in/password")
            let weak = try await browser.post(
                "/sign-in/password", ["present": People.password, "new": "short", "repeated": "short"])
            #expect(weak.status == 422 && weak.text.contains("at least 12 characters"))
            let better = "harbour violin nettle"
            let changed = try await browser.post(
                "/sign-in/password", ["present": People.password, "new": better, "repeated": better])
            #expect(changed.status == 303)
            #expect(try await browser.get("/").status == 200)

            #expect(try await patchbay.api(.PATCH, "/organization", ["requires_second_factor": true]).status == 200)
            #expect(try await browser.get("/rules").headers["location"] == "/sign-in/second-factor")
            #expect(try await browser.send(.GET, "/api/v1/config", nil).json["code"] == "second_factor_required")
            let page = try await browser.get("/sign-in/second-factor").text
            let key =
                page.components(separatedBy: "<code>").dropFirst().first?.components(separatedBy: "</code>").first ?? ""
            let secret = try #require(Base32.bytes(key))
            #expect(page.contains("<svg viewBox") && secret.count == 20)
            #expect(try await browser.post("/sign-in/second-factor", ["code": "000000"]).status == 422)
            let code = TOTP.code(secret, step: TOTP.step(at: Date()))
            let codes = try await browser.post("/sign-in/second-factor", ["code": code])
            #expect(codes.status == 200 && codes.text.contains("Recovery codes"))
            #expect(try await browser.get("/rules").status == 200)

            let next = Browser(base: patchbay.api.base)
            try await next.signIn(email, better)
            #expect(try await next.get("/rules").headers["location"] == "/sign-in/code")
            #expect(try await next.send(.GET, "/api/v1/config", nil).status == 401)
            _ = try await next.get("/sign-in/code")
            #expect(try await next.post("/sign-in/code", ["code": code]).status == 422)
            let entered = try await next.post(
                "/sign-in/code", ["code": TOTP.code(secret, step: TOTP.step(at: Date() + 30))])
            #expect(entered.status == 303)
            #expect(try await next.get("/rules").status == 200)
        }
    }

    // MARK: Writing to tickets

    /// A ticket, and somebody who looks at its panel.
    private func panel(_ patchbay: RunningPatchbay, _ role: Role = .engineer) async throws -> (Int, String, Browser) {
        let ticket = try patchbay.connectWise.createTicket("Panel")
        let browser = try await patchbay.browser(role)
        #expect(try await browser.get("/tickets/\(ticket)/update").status == 200)
        return (ticket, "/tickets/\(ticket)/update", browser)
    }

    @Test("Time that was logged is not logged again when the status after it is refused")
    func timeThenStatus() async throws {
        try await RunningPatchbay.writing(.sqlite, { $0.settings["PATCHBAY_LIMIT_POSTS"] = "1" }) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let status = try await patchbay.status("In Progress", of: ticket).string ?? ""
            let limited = try await browser.post(path, ["minutes": "15", "status_id": status, "work_role_id": ""])
            #expect(limited.status == 429 && limited.text.contains("15 minutes were logged."))
            #expect(limited.text.contains("name=\"minutes\" value=\"0\""))
            #expect(limited.text.contains("value=\"\(status)\" selected"))
            #expect(try await patchbay.posts(to: ticket).map { $0["kind"].string } == ["time"])
        }
    }

    @Test("A form that is sent twice writes once")
    func sentTwice() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let status = try await patchbay.status("In Progress", of: ticket).string ?? ""
            let fields = [
                "minutes": "15", "status_id": status, "_once": await browser.hidden("_once") ?? "",
                "_csrf": await browser.hidden("_csrf") ?? "",
            ]
            for _ in 0..<2 { #expect(try await browser.post(path, fields).status == 303) }
            #expect(try await patchbay.posts(to: ticket).map { $0["kind"].string } == ["time", "status"])
            // Another text under the same name is not taken for the first.
            let changed = try await browser.post(path, fields.merging(["minutes": "20"]) { $1 })
            #expect(changed.status == 409 && changed.text.contains("What you sent first was taken"))
        }
    }

    @Test("What was opened for another customer is not written, and leads back")
    func scopeChanged() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let tenant = try await patchbay.api(.POST, "/tenants", ["name": "Kestrel"]).json["id"].int ?? 0
            #expect(await browser.hidden("scope") == "")
            let fields = ["text": "Meant for all", "minutes": "0", "scope": ""]
            #expect(try await browser.post("/tenant", ["tenant": "\(tenant)"]).status == 303)
            let refused = try await browser.post(path, fields)
            #expect(refused.status == 409 && refused.text.contains("Meant for all"))
            #expect(refused.text.contains("You look at Kestrel now; this was opened for all customers."))
            #expect(refused.text.contains("Switch back to all customers"))
            #expect(await browser.hidden("scope") == "\(tenant)")
            #expect(try await patchbay.posts(to: ticket).isEmpty)
            let back = try await browser.post(
                path, fields.merging(["act": "back", "back": "", "scope": "\(tenant)"]) { $1 })
            #expect(back.status == 200 && back.text.contains("Meant for all") && !back.text.contains("You look at"))
            #expect(await browser.hidden("scope") == "")
            #expect(try await browser.post(path, fields).status == 303)
            #expect(try await patchbay.posts(to: ticket).count == 1)
        }
    }

    @Test("What was written comes back when it cannot be sent")
    func textIsKept() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let email = try await patchbay.person(.engineer)
            // Signed in again in another tab: the old proof is none any more.
            let proof = await browser.hidden("_csrf") ?? ""
            #expect(try await browser.signIn(email, People.password).status == 303)
            let old = try await browser.post(path, ["text": "Precious words", "minutes": "0"], proof: proof)
            #expect(old.status == 403 && old.text.contains("Precious words") && old.text.contains("signed in again"))
            #expect(try await patchbay.posts(to: ticket).isEmpty)
            #expect(try await browser.post(path, ["text": "Precious words", "minutes": "0"]).status == 303)
            // Not valid: said at the field, without names that only programs know.
            _ = try await browser.get(path)
            let wrong = try await browser.post(path, ["text": "Other words", "minutes": "9999"])
            #expect(wrong.status == 422 && wrong.text.contains("Other words"))
            #expect(wrong.text.contains("Must be from 1 to 1440.") && !wrong.text.contains("minutes: must"))
            #expect(wrong.text.contains("Please look at the marked fields."))
            // The ticket is gone.
            try patchbay.connectWise.delete(ticket)
            let gone = try await browser.post(path, ["text": "Late words", "minutes": "0"])
            #expect(gone.status == 404 && gone.text.contains("Late words") && gone.text.contains("Write it anew"))
            // So is the connection.
            let connection = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(.DELETE, "\(patchbay.psa)/connections/\(connection)").status == 204)
            let nowhere = try await browser.post(path, ["text": "Last words", "minutes": "0"])
            #expect(nowhere.status == 409 && nowhere.text.contains("Last words"))
            #expect(nowhere.text.contains("There is no connection to a ticketing system"))
            // Without one, writing is not even offered.
            #expect(try await browser.get(path).text.contains("No connection to ConnectWise yet"))
            #expect(try await !browser.get("/tickets").text.contains("href=\"/tickets/update\""))
        }
    }

    @Test("While a ticket cannot be read, the connection's settings apply as far as somebody may know them")
    func unreadTicket() async throws {
        try await RunningPatchbay.writing(.sqlite, { $0.settings["PATCHBAY_LIMIT_LOOKUPS"] = "1" }) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Unread")
            let progress = try await patchbay.status("In Progress", of: ticket)
            let connection = try await patchbay.connection()["id"].int ?? 0
            let settings: JSON = [
                "default_minutes": 35, "note_type": "resolution", "auto_update_status": true,
                "work_role": ["id": "2", "name": "Senior Engineer"],
                "board_statuses": [
                    ["board_id": try patchbay.board(), "status_id": progress, "status_name": "In Progress"]
                ],
            ]
            let path = "\(patchbay.psa)/connections/\(connection)/settings"
            #expect(try await patchbay.api(.PUT, path, settings).status == 200)
            let engineer = try await patchbay.browser(.engineer)
            // The one look-up of this minute.
            _ = try await engineer.get("/tickets/\(ticket)")
            #expect(try await engineer.get("/tickets/\(ticket)").text.contains("href=\"/tickets/\(ticket)/update\""))
            let page = try await engineer.get("/tickets/\(ticket)/update").text
            #expect(page.contains("The ticket is not shown.") && page.contains("name=\"minutes\" value=\"35\""))
            #expect(page.contains("value=\"resolution\" checked") && page.contains("value=\"auto\" selected"))
            #expect(
                page.contains("Default of the connection: Senior Engineer") && page.contains("data-count=\"50000\""))
            // What was chosen before stays chosen, though its name is not known now.
            let wrong = try await engineer.post(
                "/tickets/\(ticket)/update",
                ["text": "By heart", "minutes": "9999", "status_id": "17", "present_status": "11"])
            #expect(wrong.status == 422 && wrong.text.contains("value=\"17\" selected"))
            #expect(await engineer.hidden("present_status") == "11")
            let fields = ["text": "By heart", "minutes": "0", "note_type": "resolution", "status_id": "auto"]
            #expect(try await engineer.post("/tickets/\(ticket)/update", fields).status == 303)
            #expect(patchbay.connectWise.ticket(ticket)?.status == "In Progress")

            // Who may not see the connection leaves to it what he does not say.
            let company = try await patchbay.api(.GET, "\(patchbay.psa)/companies?search=Lighthouse").json["items"]
            let tenant = try await patchbay.api(
                .POST, "/tenants", ["name": "Lighthouse", "psa_company_id": company.elements.first?["id"] ?? .null])
            let email = try await patchbay.person(.engineer)
            let user = try await patchbay.api(.GET, "/users?search=\(email)").json["items"].elements.first?["id"].int
            #expect(
                try await patchbay.api(.PUT, "/users/\(user ?? 0)/tenants", ["tenants": [tenant.json["id"]]]).status
                    == 200)
            let limited = Browser(base: patchbay.api.base)
            #expect(try await limited.signIn(email, People.password).status == 303)
            let other = try await limited.get("/tickets/\(ticket)/update").text
            #expect(await limited.hidden("defaults") == "unknown")
            #expect(other.contains("As the connection has it"))
            let left = ["text": "Left open", "minutes": "", "defaults": "unknown", "status_id": "default"]
            #expect(try await limited.post("/tickets/\(ticket)/update", left).status == 303)
            let time = try await patchbay.posts(to: ticket).filter { $0["kind"] == "time" }
            #expect(time.map { $0["minutes"] } == [35] && time.map { $0["work_role_id"] } == ["2"])
        }
    }

    @Test("Time is not logged together with a status that takes none")
    func statusRefusingTime() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let status = try await patchbay.status("On Hold", of: ticket).string ?? ""
            let refusing = await browser.hidden("refusing_time") ?? ""
            #expect(refusing.split(separator: ",").contains { $0 == status })
            let fields = ["text": "Waits", "status_id": status, "refusing_time": refusing]
            let both = try await browser.post(path, fields.merging(["minutes": "15"]) { $1 })
            #expect(both.status == 422 && both.text.contains("id=\"e-status_id\""))
            #expect(try await patchbay.posts(to: ticket).isEmpty)
            #expect(try await browser.post(path, fields.merging(["minutes": "0"]) { $1 }).status == 303)
            #expect(patchbay.connectWise.ticket(ticket)?.status == "On Hold")
        }
    }

    @Test("With the feature switched off nothing is offered that would be refused, and pages say why")
    func switchedOff() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay, .admin)
            let connection = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.write(ticket, "status", ["status_id": "999999"], method: .PATCH).status == 422)
            let post = try await patchbay.posts(to: ticket).first?["id"].int ?? 0
            #expect(
                try await patchbay.api(.PATCH, "/feature-flags/connectwise_integration", ["enabled": false]).status
                    == 200)
            let offers = [
                "/tickets/update", path, "/connections/psa/new", "/connections/psa/\(connection)/edit",
                "/connections/psa/\(connection)/test", "/integrations/settings/\(connection)",
                "/integrations/rights/\(connection)",
                "/integrations/members/auto-match", "/integrations/posts/\(post)/retry",
            ]
            for page in [
                "/tickets", "/tickets/\(ticket)", "/tickets/update", path, "/connections",
                "/connections/psa/\(connection)", "/integrations", "/integrations/members", "/integrations/posts",
                "/integrations/posts/\(post)",
            ] {
                let text = try await browser.get(page).text
                #expect(text.contains("switched off for your organization"), "\(page)")
                for offer in offers {
                    let isOffered = text.contains("action=\"\(offer)\"") || text.contains("href=\"\(offer)\"")
                    #expect(!isOffered, "\(page) offers \(offer)")
                }
            }
            let late = try await browser.post(path, ["text": "Still here", "minutes": "0"])
            #expect(late.status == 409 && late.text.contains("Still here"))
            // Named as on the page of feature flags.
            #expect(late.text.contains("can switch on ConnectWise under") && !late.text.contains("connectwise_"))
            #expect(try await browser.get("/flags").text.contains("Switch on ConnectWise"))
        }
    }

    @Test("The number beside integrations counts what its reader sees")
    func counts() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (_, path, engineer) = try await panel(patchbay)
            let ticket = try patchbay.connectWise.createTicket("Somebody else's")
            #expect(try await patchbay.write(ticket, "status", ["status_id": "999999"], method: .PATCH).status == 422)
            let admin = try await patchbay.browser(.admin)
            // The administrator first: what he sees must not reach the others.
            #expect(try await admin.get("/integrations/posts").text.contains("Everything that was written to tickets"))
            #expect(await admin.page.contains("nav-count"))
            let (other, viewer) = (try await patchbay.browser(.engineer), try await patchbay.browser(.viewer))
            #expect(try await !other.get("/integrations/posts").text.contains("nav-count"))
            let seen = await other.page
            #expect(seen.contains("What you wrote to tickets") && !seen.contains("Everything that was written"))
            #expect(try await !viewer.get("/tickets").text.contains("nav-count"))
            #expect(try await engineer.post(path, ["minutes": "0", "status_id": "999999"]).status == 422)
            try await eventually("his own is counted") {
                try await engineer.get("/tickets").text.contains("nav-count")
            }
        }
    }

    @Test("A ticket's timeline shows the newest first, and leads on to older ones")
    func timeline() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("A long story")
            try await patchbay.refresh(ticket, action: "added")
            for number in 1...21 {
                try patchbay.connectWise.addNote("Chapter \(number).", to: ticket, as: .customer)
            }
            try await patchbay.refresh(ticket)
            let browser = try await patchbay.browser(.viewer)
            func timeline(_ path: String) async throws -> (text: String, older: String?) {
                let text = try await browser.get(path).text.components(separatedBy: "<h2>Timeline</h2>").last ?? ""
                let link = text.firstMatch(of: /href="([^"]*events=[^"]*)">Older/)
                return (text, link.map { String($0.1).replacing("&amp;", with: "&") })
            }
            let first = try await timeline("/tickets/\(ticket)")
            let (newest, before) = (first.text.range(of: "Chapter 21."), first.text.range(of: "Chapter 20."))
            #expect(try #require(newest).lowerBound < #require(before).lowerBound)
            #expect(!first.text.contains("Chapter 1.") && !first.text.contains("Created"))
            let second = try await timeline(try #require(first.older))
            #expect(second.text.contains("Chapter 1.") && second.text.contains("Created"))
            #expect(!second.text.contains("Chapter 21.") && second.text.contains("First page"))
            // What is fetched again by itself stays on the same page.
            let part = try await browser.get(try #require(first.older) + "&part=history").text
            #expect(part.contains("Chapter 1.") && !part.contains("Chapter 21."))
        }
    }

    @Test("A number that is no ticket leads to the words of summaries")
    func numberInWords() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Office 365 asks for a password")
            let browser = try await patchbay.browser(.viewer)
            for typed in ["365", "%23365", "%23%20365"] {
                #expect(try await browser.get("/tickets?q=\(typed)").headers["location"] == "/tickets/365")
            }
            let missing = try await browser.get("/tickets/365")
            #expect(missing.status == 404 && missing.text.contains("Look for 365 in summaries"))
            #expect(missing.text.contains("href=\"/tickets?list=1&amp;q=365\""))
            #expect(try await browser.get("/tickets?list=1&q=365").text.contains("/tickets/\(ticket)\""))
        }
    }

    @Test("Tickets are searched by company and status too")
    func filters() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Obelisk moves")
            let other = try patchbay.connectWise.createTicket("Obelisk stays")
            let progress = try await patchbay.status("In Progress", of: ticket).string ?? ""
            #expect(
                try await patchbay.write(ticket, "status", ["status_id": .text(progress)], method: .PATCH).status == 200
            )
            let shown = try await patchbay.api(.GET, "\(patchbay.psa)/tickets/\(ticket)").json
            let (board, company) = (shown["board"]["id"].string ?? "", shown["company"]["id"].string ?? "")
            let browser = try await patchbay.browser(.engineer)
            let page = try await browser.get("/tickets?q=obelisk").text
            #expect(page.contains("name=\"company_id\"") && !page.contains("name=\"status_id\""))
            let found = try await browser.get(
                "/tickets?q=obelisk&board_id=\(board)&status_id=\(progress)&company_id=\(company)"
            ).text
            #expect(found.contains("/tickets/\(ticket)\"") && !found.contains("/tickets/\(other)\""))
            #expect(found.contains("value=\"\(progress)\" selected"))
            #expect(found.contains("value=\"\(company)\" selected"))
            // A status belongs to its board, and goes with it.
            let everywhere = try await browser.get("/tickets?q=obelisk&status_id=\(progress)").text
            #expect(everywhere.contains("/tickets/\(other)\""))
            // Viewers may not list companies.
            let viewer = try await patchbay.browser(.viewer)
            #expect(try await !viewer.get("/tickets").text.contains("name=\"company_id\""))
        }
    }

    // MARK: Settings and customers

    @Test("Saving a connection's settings keeps what its form cannot show")
    func settingsAreKept() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Settings")
            let closed = try await patchbay.status("Closed", of: ticket).string ?? ""
            let board = try patchbay.board().string ?? ""
            let connection = try await patchbay.connection()["id"].int ?? 0
            let path = "\(patchbay.psa)/connections/\(connection)/settings"
            let statuses: JSON = [
                ["board_id": .text(board), "status_id": .text(closed), "status_name": "Closed"],
                ["board_id": "9999", "status_id": "7", "status_name": "Elsewhere"],
            ]
            let role: JSON = ["id": "999", "name": "Retired role"]
            // As they were chosen once; meanwhile ConnectWise has some of them no more.
            var stored = PSASettings()
            stored.workRole = .init(id: "999", name: "Retired role")
            stored.boardStatuses = [
                board: .init(id: closed, name: "Closed"), "9999": .init(id: "7", name: "Elsewhere"),
            ]
            stored.movesStatus = true
            let text = String(decoding: try JSONEncoder().encode(stored), as: UTF8.self)
            try await patchbay.database.write { db in
                try db.send("UPDATE psa_connections SET settings = \(text) WHERE id = \(connection)")
            }
            let admin = try await patchbay.browser(.admin)
            #expect(try await admin.get("/integrations").text.contains("moved by itself: Closed, Elsewhere"))
            let form = try await admin.get("/integrations/settings").text
            #expect(form.contains("value=\"\(closed)\" selected") && form.contains("value=\"999\" selected"))
            let saved = try await admin.post(
                "/integrations/settings",
                [
                    "default_minutes": "20", "note_type": "resolution", "work_role": "999", "work_type": "",
                    "member": "", "board_\(board)": closed, "auto_update_status": "true",
                ])
            #expect(saved.status == 303)
            let settings = try await patchbay.api(.GET, path).json
            #expect(settings["default_minutes"] == 20 && settings["work_role"] == role)
            #expect(settings["board_statuses"] == statuses)
            let unset: JSON = [
                "default_minutes": 15, "note_type": "internal_analysis", "work_role": role, "board_statuses": [],
                "auto_update_status": true,
            ]
            #expect(try await patchbay.api(.PUT, path, unset).status == 200)
            #expect(
                try await admin.get("/integrations").text.contains("only where a status is set for the board; none"))
        }
    }

    @Test("Saving a customer does not lose a company that its form cannot show")
    func companyIsKept() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let made = try await patchbay.api(
                .POST, "/tenants",
                ["name": "Kestrel", "psa_company_id": "999999", "psa_company_name": "Kestrel of old"])
            let id = made.json["id"].int ?? 0
            let admin = try await patchbay.browser(.admin)
            #expect(
                try await admin.get("/tenants/\(id)").text.contains("value=\"999999\" selected>Kestrel of old</option>")
            )
            var fields = ["name": "Kestrel Ltd", "active": "true", "psa_company_id": "999999"]
            #expect(try await admin.post("/tenants/\(id)", fields).status == 303)
            func company() async throws -> JSON {
                try await patchbay.api(.GET, "/tenants/\(id)").json["psa_company_name"]
            }
            #expect(try await company() == "Kestrel of old")
            let connection = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(.DELETE, "\(patchbay.psa)/connections/\(connection)").status == 204)
            let text = try await admin.get("/tenants/\(id)").text
            #expect(text.contains("The company stays Kestrel of old.") && !text.contains("name=\"psa_company_id\""))
            fields["psa_company_id"] = nil
            #expect(try await admin.post("/tenants/\(id)", fields).status == 303)
            #expect(try await company() == "Kestrel of old")
        }
    }
}
