import API
import Console
import Database
import Foundation
import HTTPTypes
import NIOHTTP1
import OpenIDConnect
import Outbound
import Sealing
import ServerTestSupport
import SimulatedConnectWise
import TestSupport
import Testing
import Ticketing
import WebSupport

@testable import Accounts
@testable import Server

/// The console from outside, through a browser without a window.
@Suite("Console", .timeLimit(.minutes(20)))
struct ConsoleTests {
    /// Every page with the lowest role that sees it. Add new pages here.
    static let pages: [(method: String, path: String, role: Role)] = [
        ("GET", "/", .viewer), ("GET", "/tickets", .viewer), ("GET", "/tickets/{ticket}", .viewer),
        ("GET", "/search", .viewer), ("GET", "/rules", .viewer), ("GET", "/rules/preview", .viewer),
        ("GET", "/rules/new", .dispatcher), ("POST", "/rules/new", .dispatcher), ("GET", "/rules/{rule}", .dispatcher),
        ("POST", "/rules/{rule}", .dispatcher), ("POST", "/rules/{rule}/toggle", .dispatcher),
        ("POST", "/rules/{rule}/delete", .dispatcher),
        ("GET", "/forwards", .viewer), ("GET", "/forwards/new", .dispatcher), ("POST", "/forwards/new", .dispatcher),
        ("GET", "/forwards/{forward}", .dispatcher), ("POST", "/forwards/{forward}", .dispatcher),
        ("POST", "/forwards/{forward}/delete", .dispatcher), ("GET", "/deliveries", .viewer),
        ("GET", "/deliveries/{delivery}", .viewer), ("POST", "/deliveries/{delivery}/retry", .dispatcher),
        ("POST", "/deliveries/{delivery}/retry-all", .dispatcher), ("GET", "/recipients", .viewer),
        ("GET", "/recipients/new", .dispatcher), ("POST", "/recipients/new", .dispatcher),
        ("POST", "/recipients/{room}/test", .dispatcher),
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
        ("POST", "/users/{user}/approve", .admin), ("POST", "/users/{user}/identity", .admin),
        ("POST", "/users/{user}/password", .admin),
        ("POST", "/users/{user}/second-factor", .admin), ("POST", "/users/{user}/delete", .admin),
        ("GET", "/keys", .engineer), ("GET", "/keys/new", .engineer), ("POST", "/keys/new", .engineer),
        ("POST", "/keys/{key}/delete", .engineer), ("GET", "/flags", .viewer), ("POST", "/flags/{flag}", .admin),
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
        ("GET", "/account/recovery-codes", .viewer), ("POST", "/account/recovery-codes", .viewer),
        ("POST", "/account/sign-ins/1/end", .viewer),
        ("POST", "/account/sign-in/extend", .viewer),
    ]

    /// IDs of one object of each kind, keyed by the placeholders in the table of pages.
    static func ids(_ patchbay: RunningPatchbay) async throws -> [String: String] {
        let rule = try await patchbay.rule()
        let ticket = try patchbay.connectWise.createTicket("Somebody's")
        try await patchbay.refresh(ticket, action: "added")
        func id(_ path: String) async throws -> String {
            "\(try await patchbay.api(.GET, path).json["items"].elements.first?["id"].int ?? 0)"
        }
        let key = try await patchbay.api(API.APIKeys.create, ["name": "another"])
        let forward = try await patchbay.api(
            API.Forwards.create,
            ["source_id": try patchbay.room(), "destination_id": try patchbay.room("Voice team")])
        let user = try await patchbay.api(
            API.Users.create, ["email": "pat@rivermark.example", "name": "Pat", "role": "viewer"])
        let provider = try await patchbay.api(
            API.IdentityProviders.create,
            [
                "name": "Entra ID", "issuer": "https://login.example/v2.0", "client_id": "patchbay",
                "client_secret": "never shown again",
            ])
        let tenant = try await patchbay.api(API.Tenants.create, ["name": "Lighthouse Dental Group"])
        let note = try await patchbay.api(API.Tickets.addNote, at: ticket, ["text": "Somebody's"])
        return [
            "tenant": "\(tenant.json["id"].int ?? 0)",
            "post": "\(note.json["posts"].elements.first?["id"].int ?? 0)", "rule": "\(rule)", "ticket": "\(ticket)",
            "delivery": try await id("/deliveries"),
            "psa": try await id("/integrations/psa/connections"),
            "chat": try await id("/integrations/chat/connections"),
            "key": "\(key.json["id"].int ?? 0)", "forward": "\(forward.json["id"].int ?? 0)",
            "user": "\(user.json["id"].int ?? 0)", "provider": "\(provider.json["id"].int ?? 0)",
            "room": "\(try patchbay.room().int ?? 0)", "flag": "bulk_assignment",
        ]
    }

    static func filled(_ path: String, _ ids: [String: String]) -> String {
        ids.reduce(path) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    @Test("The table in this test lists exactly the console's pages")
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
        "Every page works for every allowed role, and is refused without a sign-in or a valid CSRF token",
        arguments: TestDatabase.oneEngine)
    func roles(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ids = try await Self.ids(patchbay)
            let nobody = Browser(base: patchbay.api.base)
            for page in Self.pages {
                let path = Self.filled(page.path, ids)
                let reply = try await nobody.send(
                    HTTPMethod(rawValue: page.method), path, page.method == "POST" ? Data() : nil)
                #expect(reply.status == 303, "\(page)")
                #expect(reply.headers["location"]?.hasPrefix("/sign-in?") == true, "\(page)")
            }
            for role in Role.allCases {
                let browser = try await patchbay.browser(role)
                _ = try await browser.get("/account")
                let proof = await browser.hidden("_csrf") ?? ""
                for page in Self.pages where page.method == "POST" {
                    let reply = try await browser.post(Self.filled(page.path, ids), proof: String(proof.reversed()))
                    #expect(reply.status == 403, "\(page) with a wrong proof")
                }
                for page in Self.pages where role < page.role {
                    let path = Self.filled(page.path, ids)
                    let reply =
                        page.method == "GET" ? try await browser.get(path) : try await browser.post(path, proof: proof)
                    #expect(reply.status == 403, "\(page) as \(role.rawValue)")
                }
                // An empty form changes nothing, but must not cause an error.
                let harmless = Self.pages.filter { role >= $0.role && !$0.path.hasSuffix("/visit") }
                for page in harmless {
                    let path = Self.filled(page.path, ids)
                    let reply =
                        page.method == "GET" ? try await browser.get(path) : try await browser.post(path, proof: proof)
                    let isFine =
                        page.method == "GET"
                        // Another user's post.
                        ? reply.status == 200 || (role < .admin && page.path.hasSuffix("{post}"))
                        : ![401, 405, 500, 503].contains(reply.status)
                    #expect(isFine, "\(page) as \(role.rawValue): \(reply.status)")
                    #expect(!reply.text.contains("internal_error"))
                }
                // No button leads to a request that would be refused.
                let forms = Self.pages.filter { $0.method == "POST" && $0.role > role }.map {
                    Self.filled($0.path, ids)
                }
                for page in Self.pages where page.method == "GET" && role >= page.role {
                    let text = try await browser.get(Self.filled(page.path, ids)).text
                    for form in forms where text.contains("action=\"\(form)\"") {
                        Issue.record("\(page.path) offers \(form) to \(role.rawValue)")
                    }
                }
            }
        }
    }

    @Test("Pages of another organization's objects do not exist", arguments: TestDatabase.oneEngine)
    func otherOrganization(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ids = try await Self.ids(patchbay)
            let stranger = try await patchbay.browser(.owner, organization: "Another MSP")
            _ = try await stranger.get("/account")
            let proof = await stranger.hidden("_csrf") ?? ""
            let foreign = [
                "{rule}", "{forward}", "{delivery}", "{psa}", "{chat}", "{user}", "{provider}", "{tenant}", "{post}",
            ]
            for page in Self.pages
            where foreign.contains(where: { page.path.contains($0) }) && !page.path.hasSuffix("retry-all") {
                let path = Self.filled(page.path, ids)
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
                #expect(!text.contains("Somebody"), "\(path)")
                #expect(!text.contains("Dispatch"), "\(path)")
                #expect(!text.contains("127.0.0.1:"), "\(path)")
            }
        }
    }

    @Test("Headers, cookies, and redirects protect against other sites", arguments: TestDatabase.oneEngine)
    func hardening(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let email = try await patchbay.person(.admin)
            let browser = Browser(base: patchbay.api.base)
            for path in ["/sign-in", "/nowhere", "/api/v1/rules", "/healthcheck"] {
                let headers = try await browser.get(path).headers
                #expect(headers["content-security-policy"]?.contains("script-src 'self'") == true)
                #expect(headers["content-security-policy"]?.contains("unsafe") == false)
                #expect(headers["x-content-type-options"] == "nosniff")
                #expect(headers["x-frame-options"] == "DENY")
                #expect(headers["referrer-policy"] == "same-origin")
                #expect(headers["cache-control"] == "no-store")
            }
            // No redirect leaves the site.
            for away in [
                "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX-Evil: 1",
                "/sign-in/with/1",
            ] {
                let visitor = Browser(base: patchbay.api.base)
                let reply = try await visitor.signIn(email, People.password, to: away)
                #expect(
                    reply.status == 303, "\(away)"
                )
                #expect(
                    reply.headers["location"] == "/", "\(away)"
                )
                #expect(
                    reply.headers["x-evil"] == nil, "\(away)"
                )
            }
            #expect(
                try await browser.signIn(email, People.password, to: "/rules?board_id=1").headers["location"]
                    == "/rules?board_id=1")
            // A planted sign-in cookie is replaced.
            let victim = Browser(base: patchbay.api.base)
            await victim.plant("patchbay", "planted-by-somebody")
            try await victim.signIn(email, People.password)
            #expect(await victim.cookie("patchbay") != "planted-by-somebody")
            // A cross-site form has no CSRF token, or the browser reports its origin.
            let foreign = Browser(base: patchbay.api.base, headers: ["Sec-Fetch-Site": "cross-site"])
            #expect(try await foreign.post("/sign-in", ["email": email, "password": People.password]).status == 403)
            let elsewhere = Browser(base: patchbay.api.base, headers: ["Origin": "https://evil.example"])
            #expect(try await elsewhere.post("/sign-in", ["email": email, "password": People.password]).status == 403)
            // The API accepts the cookie only together with a CSRF token.
            let body = Data(#"{"require_rule": true}"#.utf8)
            #expect(try await browser.send(.PATCH, "/api/v1/config", body).status == 403)
            #expect(try await browser.send(.GET, "/api/v1/config", nil).status == 200)
            // An oversized body.
            let large = Data(repeating: UInt8(ascii: "a"), count: 2 << 20)
            #expect(try await browser.send(.POST, "/rules/new", large).status == 413)
            // Pages and logs never show tokens.
            let token = await browser.cookie("patchbay") ?? ""
            _ = try await browser.get("/account")
            #expect(await !browser.page.contains(token))
            #expect(!patchbay.log.value.contains { $0.contains(token) || $0.contains(People.password) })
        }
    }

    @Test("With an https address cookies are bound to it, and browsers must stay with https")
    func https() async throws {
        var options = RunningPatchbay.Options()
        options.settings = ["PATCHBAY_PUBLIC_URL": "https://patchbay.example.com"]
        try await RunningPatchbay.run(.sqlite, options) { patchbay in
            let email = try await patchbay.person(.viewer)
            let browser = Browser(base: patchbay.api.base)
            let reply = try await browser.signIn(email, People.password)
            let lines = (reply.headers["set-cookie"] ?? "").split(separator: "\n")
            let cookie = try #require(lines.first { $0.hasPrefix("__Host-patchbay=") })
            #expect(lines.allSatisfy { $0.contains("Secure") && $0.contains("HttpOnly") }, "\(lines)")
            #expect(cookie.contains("SameSite=Lax"))
            #expect(cookie.contains("Path=/"))
            #expect(!cookie.contains("Domain"))
            #expect(reply.headers["strict-transport-security"]?.hasPrefix("max-age=31536000") == true)
            #expect(try await browser.get("/rules").status == 200)
        }
    }

    @Test("Customers' text is never rendered as HTML", arguments: TestDatabase.oneEngine)
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
                #expect(!text.contains("<script>alert"), "\(path)")
                #expect(!text.contains("<img src=x"), "\(path)")
                if !path.hasPrefix("/search") { #expect(text.contains("&lt;script&gt;"), "\(path)") }
            }
        }
    }

    @Test(
        "A form submitted twice takes effect once, and an outdated form is refused", arguments: TestDatabase.oneEngine
    )
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
            // The second submission gets the first one's answer, or a conflict while the first is still in progress.
            #expect(replies.contains(303), "\(replies)")
            #expect(Set(replies).isSubset(of: [303, 409]), "\(replies)")
            #expect(try await browser.post("/users/new", fields).status == 303)
            let users = try await patchbay.api(API.Users.list, query: "search=pat").json["items"].elements
            #expect(users.count == 1)

            let id = users.first?["id"].int ?? 0
            _ = try await browser.get("/users/\(id)")
            let version = await browser.hidden("version") ?? ""
            #expect(try await patchbay.api(API.Users.update, at: id, ["name": "Patricia"]).status == 200)
            let stale = try await browser.post(
                "/users/\(id)", ["name": "Patrick", "role": "viewer", "active": "true", "version": version])
            #expect(stale.status == 412)
            #expect(stale.text.contains("This user was changed since"))
            #expect(try await patchbay.api(API.Users.show, at: id).json["name"] == "Patricia")

            // Errors are shown at their fields, together with the submitted values.
            _ = try await browser.get("/users/new")
            let wrong = try await browser.post(
                "/users/new", ["name": "", "email": "no address", "role": "viewer", "password": "short"])
            #expect(wrong.status == 422)
            #expect(wrong.text.contains("value=\"no address\""))
            #expect(!wrong.text.contains("value=\"short\""))
            for field in ["name", "email", "password"] { #expect(wrong.text.contains("id=\"e-\(field)\""), "\(field)") }
        }
    }

    @Test(
        "An expired sign-in leads to the sign-in page and back, and a deleted user is signed out immediately",
        arguments: TestDatabase.oneEngine
    )
    func ends(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let email = try await patchbay.person(.admin)
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(email, People.password)
            _ = try await browser.get("/rules/new")
            try await patchbay.database.write { try $0.execute("UPDATE sign_ins SET expires_at = 1") }
            let late = try await browser.post("/rules/new", ["board_id": "1"])
            #expect(late.status == 303)
            #expect(late.headers["location"] == "/sign-in?again=1&to=%2Frules%2Fnew")
            // A form without a page of its own leads back to the page above it.
            let toggled = try await browser.post("/rules/7/toggle", ["enabled": "true"])
            #expect(toggled.headers["location"] == "/sign-in?again=1&to=%2Frules%2F7")
            let again = try await browser.get(late.headers["location"] ?? "")
            #expect(again.text.contains("You were signed out"))
            let back = try await browser.post(
                "/sign-in", ["email": email, "password": People.password, "to": "/rules/new", "again": "1"])
            #expect(back.headers["location"] == "/rules/new")
            #expect(await browser.cookie("patchbay-returned") == "1")
            let user =
                try await patchbay.api(API.Users.list, query: "search=\(email)").json["items"].elements.first?["id"].int
                ?? 0
            #expect(try await browser.get("/rules").status == 200)
            #expect(try await patchbay.api(API.Users.delete, at: user).status == 204)
            #expect(try await browser.get("/rules").status == 303)
            #expect(try await browser.send(.GET, "/api/v1/config", nil).status == 401)
        }
    }

    @Test(
        "Pages and API both enforce a password change and the second factor",
        arguments: TestDatabase.oneEngine)
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
            #expect(weak.status == 422)
            #expect(weak.text.contains("at least 12 characters"))
            let better = "harbour violin nettle"
            let changed = try await browser.post(
                "/sign-in/password", ["present": People.password, "new": better, "repeated": better])
            #expect(changed.status == 303)
            #expect(try await browser.get("/").status == 200)

            #expect(try await patchbay.api(API.Organizations.updateOwn, ["requires_second_factor": true]).status == 200)
            #expect(try await browser.get("/rules").headers["location"] == "/sign-in/second-factor")
            #expect(try await browser.send(.GET, "/api/v1/config", nil).json["code"] == "second_factor_required")
            let page = try await browser.get("/sign-in/second-factor").text
            let key =
                page.components(separatedBy: "<code>").dropFirst().first?.components(separatedBy: "</code>").first ?? ""
            let secret = try #require(Base32.bytes(key))
            #expect(page.contains("<svg viewBox"))
            #expect(secret.count == 20)
            #expect(try await browser.post("/sign-in/second-factor", ["code": "000000"]).status == 422)
            let code = TOTP.code(secret, step: TOTP.step(at: Date()))
            let codes = try await browser.post("/sign-in/second-factor", ["code": code])
            #expect(codes.status == 200)
            #expect(codes.text.contains("Recovery codes"))
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
}
