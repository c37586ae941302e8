import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ScriptedPeer
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

@testable import Server

/// Who can sign in through an identity provider, and as which user, with an issuer that can claim anything.
@Suite("Single sign-on", .timeLimit(.minutes(20)))
struct SingleSignOnTests {
    private func run(
        _ engine: Engine, _ members: [String: JSON] = [:], _ body: (Visitors) async throws -> Void
    ) async throws {
        try await PlayedIssuer.run { issuer in
            var options = RunningPatchbay.Options()
            options.allowedHosts = [issuer.host]
            try await RunningPatchbay.run(engine, options) { patchbay in
                let provider = try await Visitors.provider(patchbay, issuer, members)
                try await body(Visitors(patchbay: patchbay, issuer: issuer, provider: provider))
            }
        }
    }

    @Test(
        "A linked user is recognized by the subject alone, whoever else has the address",
        arguments: TestDatabase.engines)
    func subjects(engine: Engine) async throws {
        try await run(engine) { visitors in
            let nora = ["email": "\"Nora@rivermark.example\"", "email_verified": "true"]
            let first = try await visitors.enter(nora.merging(["sub": "\"sub-nora\""]) { $1 })
            #expect(first.reply.status == 403)
            #expect(first.reply.text.contains("has to approve your account"))
            let user = try await visitors.user("nora@rivermark.example")
            _ = try await visitors.patchbay.api(API.Users.update, at: user, ["active": true])
            // The subject is enough, even without an e-mail address.
            #expect(try await visitors.enter(["sub": "\"sub-nora\""]).reply.status == 303)
            for claims in [
                nora, ["email": "\"Nora@rivermark.example\""], ["preferred_username": "\"nora@rivermark.example\""],
                ["email": "\"NORA@RIVERMARK.example\"", "email_verified": "true"],
            ] {
                let eve = try await visitors.enter(claims.merging(["sub": "\"sub-eve\""]) { $1 })
                #expect([400, 403].contains(eve.reply.status), "\(claims): \(eve.reply.status)")
                #expect(try await !visitors.isSignedIn(eve.browser))
            }
            let record = try await visitors.record("sign_in.create", "user \(user)")
            #expect(
                record.contains { $0["result"] == "refused" && "\($0["after"])".contains("linked_to_another_identity") }
            )
            #expect(try await visitors.enter(["sub": "\"sub-nora\""]).reply.status == 303)
        }
    }

    @Test("An empty subject admits no one, even if a user is linked to one", arguments: TestDatabase.engines)
    func emptySubjects(engine: Engine) async throws {
        try await run(engine) { visitors in
            let (user, email) = try await visitors.local(.engineer)
            let (database, issuer) = (visitors.patchbay.database, visitors.issuer.issuer)
            try await database.write {
                try $0.execute("UPDATE users SET issuer = \(issuer), subject = '' WHERE id = \(user)")
            }
            for subject in ["\"\"", "\" \"", "null"] {
                let claims = ["sub": subject, "email": "\"\(email)\"", "email_verified": "true"]
                let someone = try await visitors.enter(claims)
                #expect(someone.reply.status == 502)
                #expect(someone.reply.text.contains("sub"))
            }
            let record = try await visitors.record("sign_in.create", "identity provider \(visitors.provider)")
            #expect(record.count == 3)
            #expect(record.allSatisfy { $0["result"] == "refused" })
        }
    }

    @Test(
        "An unlinked user is only linked by an e-mail address that the issuer verified", arguments: TestDatabase.engines
    )
    func vouching(engine: Engine) async throws {
        try await run(engine) { visitors in
            let (_, email) = try await visitors.local(.engineer)
            let address = "\"\(email)\""
            // U+212A, the Kelvin sign, becomes a k in case-insensitive comparison.
            let (_, kelvin) = try await visitors.local(.engineer, "kim@example.org")
            for claims in [
                ["email": address], ["email": address, "email_verified": "false"],
                ["preferred_username": address, "email_verified": "true"],
                ["email": "\"\u{212A}im@example.org\"", "email_verified": "true"],
            ] {
                let reply = try await visitors.enter(claims.merging(["sub": "\"one\""]) { $1 }).reply
                #expect(reply.status == 400, "\(claims)")
                #expect(reply.text.contains("did not verify"), "\(claims)")
            }
            #expect(try await visitors.api("\(kelvin)")["identity"] == .null)
            let path = "/identity-providers/\(visitors.provider)"
            let domains = try await visitors.patchbay.api(.PATCH, path, ["trusted_domains": ["Example.ORG"]])
            #expect(domains.json["trusted_domains"] == ["example.org"])
            #expect(try await visitors.patchbay.api(.PATCH, path, ["trusted_domains": ["no domain"]]).status == 422)
            let refuted = ["sub": "\"one\"", "email": address, "email_verified": "false"]
            #expect(try await visitors.enter(refuted).reply.status == 400)
            let trusted = try await visitors.enter(["sub": "\"one\"", "email": address])
            #expect(trusted.reply.status == 303)
            #expect(try await visitors.api(email)["identity"]["subject"] == "one")
            let elsewhere = ["sub": "\"two\"", "email": "\"a@example.org.evil.example\""]
            #expect(try await visitors.enter(elsewhere).reply.status == 400)
        }
    }

    @Test("An administrator's account is linked only by a person's decision", arguments: TestDatabase.engines)
    func administrators(engine: Engine) async throws {
        try await run(engine) { visitors in
            let (user, email) = try await visitors.local(.admin)
            let mallory = ["sub": "\"sub-mallory\"", "email": "\"\(email)\"", "email_verified": "true"]
            let early = try await visitors.enter(mallory)
            #expect(early.reply.status == 403)
            #expect(early.reply.text.contains("that it is you"))
            #expect(try await !visitors.isSignedIn(early.browser))
            #expect(try await visitors.api(email)["pending_identity"]["subject"] == "sub-mallory")
            let path = "/users/\(user)"
            #expect(try await visitors.patchbay.api(.PATCH, path, ["identity_subject": "other"]).status == 422)
            // Reject: it was another person.
            #expect(try await visitors.patchbay.api(.PATCH, path, ["identity_subject": ""]).status == 200)
            #expect(try await visitors.api(email)["pending_identity"] == .null)
            let real = mallory.merging(["sub": "\"sub-real\""]) { $1 }
            #expect(try await visitors.enter(real).reply.status == 403)
            let owner = try await visitors.patchbay.browser(.owner)
            #expect(try await owner.get("/users/\(user)").text.contains("sub-real"))
            #expect(try await owner.post("/users/\(user)/identity", ["identity_subject": "sub-real"]).status == 303)
            let late = try await visitors.enter(real)
            #expect(late.reply.status == 303)
            #expect(try await visitors.isSignedIn(late.browser))
            // Unlinking ends all sign-ins through the identity.
            #expect(try await visitors.patchbay.api(.PATCH, path, ["identity_subject": ""]).status == 200)
            #expect(try await !visitors.isSignedIn(late.browser))
        }
    }

    @Test("No provider admits a super administrator, whoever created it", arguments: TestDatabase.engines)
    func superAdministrators(engine: Engine) async throws {
        try await run(engine) { visitors in
            let (user, email) = try await visitors.local(.superAdmin)
            let claims = ["sub": "\"sub-boss\"", "email": "\"\(email)\"", "email_verified": "true"]
            let unbound = try await visitors.enter(claims)
            #expect(unbound.reply.status == 403)
            #expect(unbound.reply.text.contains("password and second factor"))
            // Linked by an older version.
            let (database, issuer) = (visitors.patchbay.database, visitors.issuer.issuer)
            try await database.write {
                try $0.execute("UPDATE users SET issuer = \(issuer), subject = 'sub-boss' WHERE id = \(user)")
            }
            let bound = try await visitors.enter(claims)
            #expect(bound.reply.status == 403)
            #expect(try await !visitors.isSignedIn(bound.browser))
            // A user who becomes a super admin while signed in through the provider.
            let (engineer, address) = try await visitors.local(.engineer)
            let way = ["sub": "\"sub-late\"", "email": "\"\(address)\"", "email_verified": "true"]
            let browser = try await visitors.enter(way).browser
            #expect(try await visitors.isSignedIn(browser))
            #expect(
                try await visitors.patchbay.api(API.Users.update, at: engineer, ["role": "super_admin"]).status == 200)
            #expect(try await !visitors.isSignedIn(browser))
            let page = try await Browser(base: visitors.patchbay.api.base).get("/sign-in").text
            #expect(page.contains("Super administrators sign in with their password"))
        }
    }

    @Test("A provider reaches as far as the user who saved it last can manage", arguments: TestDatabase.engines)
    func reach(engine: Engine) async throws {
        try await run(engine) { visitors in
            let maker = try await visitors.local(.owner)
            let key = try await visitors.key(of: maker.user, .owner)
            let (other, email) = try await visitors.local(.owner)
            let claims = ["sub": "\"sub-other\"", "email": "\"\(email)\"", "email_verified": "true"]
            _ = try await visitors.enter(claims)
            _ = try await visitors.patchbay.api(API.Users.update, at: other, ["identity_subject": "sub-other"])
            let path = "/identity-providers/\(visitors.provider)"
            let saved = try await visitors.patchbay.api.with(key: key)(.PATCH, path, ["name": "Mine"])
            #expect(saved.json["max_role"] == "owner")
            #expect(try await visitors.enter(claims).reply.status == 303)
            #expect(try await visitors.patchbay.api(API.Users.update, at: maker.user, ["role": "admin"]).status == 200)
            #expect(try await visitors.patchbay.api(.GET, path).json["max_role"] == "admin")
            let refused = try await visitors.enter(claims)
            #expect(refused.reply.status == 403)
            #expect(refused.reply.text.contains("cannot sign in with this identity provider"))
            #expect(
                try await visitors.patchbay.api(.POST, path + "/test").json["message"].string?.contains("admin") == true
            )
            #expect(try await visitors.patchbay.api(.PATCH, path, ["name": "Ours"]).status == 200)
            #expect(try await visitors.enter(claims).reply.status == 303)
        }
    }

    @Test(
        "With role updates enabled, roles follow groups up and down at each sign-in",
        arguments: TestDatabase.engines)
    func followedRoles(engine: Engine) async throws {
        let rules: JSON = [["kind": "group", "value": "service-desk", "role": "engineer"]]
        try await run(engine, ["role_mappings": rules, "update_role_at_sign_in": true]) { visitors in
            let (_, email) = try await visitors.local(.viewer)
            let claims = ["sub": "\"sub-pat\"", "email": "\"\(email)\"", "email_verified": "true"]
            func enter(_ groups: [String: String]) async throws -> Browser {
                try await visitors.enter(claims.merging(groups) { $1 }).browser
            }
            let first = try await enter(["groups": "\"service-desk\""])
            #expect(try await visitors.api(email)["role"] == "engineer")
            #expect(try await visitors.isSignedIn(first))
            // More groups than the token holds: the role stays, and owners see a warning.
            _ = try await enter(["_claim_names": #"{"groups":"src1"}"#])
            #expect(try await visitors.api(email)["role"] == "engineer")
            let path = "/identity-providers/\(visitors.provider)"
            #expect(try await visitors.patchbay.api(.GET, path).json["groups_missing_at"] != .null)
            let test = try await visitors.patchbay.api(.POST, path + "/test").json
            #expect(test["message"].string?.contains("more groups than fit into the provider's token") == true)
            #expect(try await visitors.record("identity_provider.groups_missing", nil).count == 1)
            let owner = try await visitors.patchbay.browser(.owner)
            #expect(
                try await owner.get("/identity-providers/\(visitors.provider)").text.contains("Too many groups"))
            // Without the group, the user loses the role and the sign-ins that had it.
            let second = try await enter([:])
            #expect(try await visitors.api(email)["role"] == "viewer")
            #expect(try await visitors.isSignedIn(second))
            #expect(try await !visitors.isSignedIn(first))
            #expect(try await visitors.record("user.update_role", nil).count == 2)
        }
    }

    @Test("The last owner keeps the role, whatever the groups say", arguments: TestDatabase.engines)
    func lastOwner(engine: Engine) async throws {
        try await run(engine, ["update_role_at_sign_in": true]) { visitors in
            let (user, email) = try await visitors.local(.owner)
            let claims = ["sub": "\"sub-o\"", "email": "\"\(email)\"", "email_verified": "true"]
            _ = try await visitors.enter(claims)
            _ = try await visitors.patchbay.api(API.Users.update, at: user, ["identity_subject": "sub-o"])
            try await visitors.patchbay.database.write { db in
                try db.execute("UPDATE users SET active = 0 WHERE id <> \(user)")
            }
            #expect(try await visitors.enter(claims).reply.status == 303)
            let role = try await visitors.patchbay.database.read { db -> String? in
                try db.first("SELECT role FROM users WHERE id = \(user)")?["role"]
            }
            #expect(role == "owner")
        }
    }

    @Test("A new user with too many groups is told so, and the audit log records it", arguments: TestDatabase.engines)
    func newWithTooManyGroups(engine: Engine) async throws {
        let rules: JSON = [["kind": "group", "value": "service-desk", "role": "engineer"]]
        try await run(engine, ["role_mappings": rules]) { visitors in
            let claims = [
                "sub": "\"sub-new\"", "email": "\"new@rivermark.example\"", "email_verified": "true",
                "_claim_names": #"{"groups":"src1"}"#,
            ]
            let reply = try await visitors.enter(claims).reply
            #expect(reply.status == 403)
            #expect(reply.text.contains("more groups than your identity provider sends"))
            #expect(try await visitors.api("new@rivermark.example")["role"] == "viewer")
        }
    }

    @Test("An unreadable claim is named on the page and in the audit log", arguments: TestDatabase.engines)
    func shapes(engine: Engine) async throws {
        try await run(engine) { visitors in
            let (_, email) = try await visitors.local(.engineer)
            let usual = ["sub": "\"sub-e\"", "email": "\"\(email)\"", "email_verified": "1"]
            for (name, value) in [("groups", "{}"), ("name", "{}"), ("email", "[\"\(email)\"]")] {
                let reply = try await visitors.enter(usual.merging([name: value]) { $1 }).reply
                #expect(reply.status == 502, "\(name)")
                #expect(reply.text.contains("claim \(name) cannot be read"), "\(name)")
                #expect(!reply.text.contains("signature"))
                let record = try await visitors.record("sign_in.create", "identity provider \(visitors.provider)")
                #expect(
                    record.contains {
                        $0["result"] == "refused" && "\($0["after"])".contains("claim \(name) cannot be read")
                    }, "\(name)")
            }
            for (name, value) in [
                ("groups", "\"service-desk\""), ("groups", #"["x", 7]"#), ("email_verified", #""True""#),
            ] {
                #expect(
                    try await visitors.enter(usual.merging([name: value]) { $1 }).reply.status == 303,
                    "\(name) \(value)")
            }
        }
    }

    @Test(
        "An answer counts only at its provider's redirect address and from its issuer", arguments: TestDatabase.engines)
    func mixUp(engine: Engine) async throws {
        try await run(engine) { visitors in
            let (_, email) = try await visitors.local(.engineer)
            let claims = ["sub": "\"sub-m\"", "email": "\"\(email)\"", "email_verified": "true"]
            let way = try await visitors.depart()
            #expect(way.path == "/sign-in/return/\(visitors.provider)")
            func back(_ path: (Visitors.Way) -> String, _ extra: String = "") async throws -> Int {
                let way = try await visitors.depart()
                let code = visitors.issuer.code(claims, nonce: way.nonce)
                return try await way.browser.get("\(path(way))?state=\(way.state)&code=\(code)\(extra)").status
            }
            #expect(try await back { _ in "/sign-in/return" } == 400)
            #expect(try await back { _ in "/sign-in/return/999" } == 400)
            #expect(try await back { _ in "/sign-in/return/nonsense" } == 404)
            #expect(try await back(\.path, "&iss=https://evil.example") == 502)
            #expect(try await back(\.path, "&iss=\(visitors.issuer.issuer)") == 303)
            #expect(try await back(\.path) == 303)
        }
    }

    @Test(
        "The shared redirect address still works for old registrations while answers cannot be mixed up",
        arguments: TestDatabase.engines)
    func ambiguousRedirect(engine: Engine) async throws {
        try await run(engine) { visitors in
            let (id, database) = (visitors.provider, visitors.patchbay.database)
            try await database.write { try $0.execute("UPDATE identity_providers SET shared_return = 1") }
            let (_, email) = try await visitors.local(.engineer)
            let claims = ["sub": "\"sub-m\"", "email": "\"\(email)\"", "email_verified": "true"]
            func back(_ extra: String = "") async throws -> Reply {
                let way = try await visitors.depart()
                #expect(way.path == "/sign-in/return")
                let code = visitors.issuer.code(claims, nonce: way.nonce)
                return try await way.browser.get("\(way.path)?state=\(way.state)&code=\(code)\(extra)")
            }
            #expect(try await back().status == 303)
            let other = try await Visitors.provider(
                visitors.patchbay, visitors.issuer, ["issuer": "https://login.microsoftonline.com/x/v2.0"])
            #expect(try await back().status == 303)
            try await database.write {
                try $0.execute("UPDATE identity_providers SET shared_return = 1 WHERE id = \(other)")
            }
            let mixed = try await back()
            #expect(mixed.status == 400)
            #expect(mixed.text.contains("use the same redirect address"))
            #expect(try await back("&iss=\(visitors.issuer.issuer)").status == 303)
            let path = "/identity-providers/\(id)"
            let own = try await visitors.patchbay.api(.PATCH, path, ["shared_redirect": false])
            #expect(own.json["redirect_uri"].string?.hasSuffix("/sign-in/return/\(id)") == true)
            #expect(try await visitors.patchbay.api(.PATCH, path, ["shared_redirect": true]).status == 422)
            #expect(try await visitors.enter(claims).reply.status == 303)
        }
    }

    @Test(
        "With several organizations, the sign-in page shows only the requested one's providers, with its name",
        arguments: TestDatabase.engines)
    func pages(engine: Engine) async throws {
        try await run(engine) { visitors in
            let browser = Browser(base: visitors.patchbay.api.base)
            #expect(try await browser.get("/sign-in").text.contains("Continue with Rivermark ID"))
            let made = try await visitors.patchbay.api(API.Organizations.create, ["name": "Second MSP"])
            let second = made.json["id"].int ?? 0
            let body: JSON = [
                "name": "Rivermark ID", "issuer": "https://evil.example", "client_id": "c", "client_secret": "s",
            ]
            let there = ["X-Patchbay-Organization": "\(second)"]
            #expect(try await visitors.patchbay.api(API.IdentityProviders.create, body, headers: there).status == 201)
            let bare = try await browser.get("/sign-in?to=%2Frules").text
            #expect(!bare.contains("Continue with"))
            #expect(bare.contains("Organization number"))
            let first = try await browser.get("/sign-in?organization=1").text
            #expect(first.contains("Continue with Rivermark ID (Rivermark IT)"))
            #expect(!first.contains("Second MSP"))
            #expect(try await browser.get("/sign-in?organization=\(second)").text.contains("Rivermark ID (Second MSP)"))
            #expect(
                try await browser.get("/sign-in?organization=999").text.contains("No organization with this number"))
            #expect(try await browser.get("/sign-in?organization=-9223372036854775808").status == 200)
            // After a sign-in, the page remembers the organization.
            let (_, email) = try await visitors.local(.engineer)
            let entered = try await visitors.enter(["sub": "\"s\"", "email": "\"\(email)\"", "email_verified": "true"])
            #expect(entered.reply.status == 303)
            _ = try await entered.browser.get("/account")
            #expect(try await entered.browser.post("/sign-out").status == 303)
            #expect(try await entered.browser.get("/sign-in").text.contains("Rivermark ID (Rivermark IT)"))
        }
    }
}
