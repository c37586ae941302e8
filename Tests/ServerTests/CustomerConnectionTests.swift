import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

/// The console's connection pages when a customer has its own connection.
@Suite("Connections of customers", .timeLimit(.minutes(20)))
struct CustomerConnectionTests {
    private static let choice = "id=\"f-tenant\""
    private static let adding = "Add a connection for a customer"

    /// The form fields that connect a customer.
    private func fields(_ patchbay: RunningPatchbay, _ tenant: Int, name: String = "Own of Kestrel") async throws
        -> [String: String]
    {
        let shared = try await patchbay.connection()
        return [
            "tenant": "\(tenant)", "name": name, "site": shared["site"].string ?? "",
            "company": shared["company"].string ?? "", "public_key": "SimulatedPublic1",
            "private_key": "SimulatedPrivate", "client_id": "own-client-id",
        ]
    }

    private func customer(_ patchbay: RunningPatchbay, _ name: String = "Kestrel") async throws -> Int {
        try await patchbay.api(API.Tenants.create, ["name": .text(name)]).json["id"].int ?? 0
    }

    private func own(_ patchbay: RunningPatchbay, _ tenant: Int) async throws -> Int {
        let credentials = try await patchbay.api(API.PSA.Tenant.showConnection, at: tenant).json
        #expect(credentials["tenant_id"].int == tenant)
        return credentials["id"].int ?? 0
    }

    @Test(
        "A customer's connection is created in the console only after a successful test, and is never replaced silently",
        arguments: TestDatabase.oneEngine)
    func making(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let admin = try await patchbay.browser(.admin)
            let calm = try await admin.get("/integrations").text
            #expect(!calm.contains(Self.adding))
            #expect(!calm.contains(Self.choice))
            #expect(try await !admin.get("/connections/psa/new").text.contains(Self.choice))
            let tenant = try await customer(patchbay)
            let offering = try await admin.get("/integrations").text
            #expect(offering.contains(Self.adding))
            #expect(!offering.contains(Self.choice))
            #expect(try await !patchbay.browser(.engineer).get("/integrations").text.contains(Self.adding))

            let new = "/connections/psa/new"
            #expect(try await admin.get(new).text.contains("<option value=\"\(tenant)\">Kestrel"))
            var typed = try await fields(patchbay, tenant)
            typed["private_key"] = "wrong"
            let refused = try await admin.post(new, typed)
            #expect(refused.status == 422)
            #expect(refused.text.contains("id=\"e-private_key\""))
            #expect(refused.text.contains("value=\"\(tenant)\" selected"))
            #expect(refused.text.contains("own-client-id"))
            typed["private_key"] = "SimulatedPrivate"
            #expect(try await admin.post(new, typed).status == 303)
            let own = try await own(patchbay, tenant)
            #expect(try await admin.get("/connections/psa/\(own)").text.contains("Kestrel"))
            #expect(try await admin.get("/connections").text.contains("for Kestrel"))
            #expect(try await admin.get("/tenants/\(tenant)").text.contains("/integrations?tenant=\(tenant)"))

            // A customer with a connection is not offered again, its connection is not replaced, and no other is
            // changed.
            #expect(try await !admin.get(new).text.contains("<option value=\"\(tenant)\""))
            typed["name"] = "Another"
            for wrong in ["\(tenant)", "9999", "x/../1"] {
                typed["tenant"] = wrong
                let second = try await admin.post(new, typed)
                #expect(second.status == 422, "\(wrong)")
                #expect(second.text.contains("own-client-id"), "\(wrong)")
            }
            #expect(try await patchbay.api(API.PSA.Connections.show, at: own).json["name"] == "Own of Kestrel")
            // The organization already has a connection, too.
            typed["tenant"] = ""
            _ = try await customer(patchbay, "Osprey")
            let third = try await admin.post(new, typed)
            #expect(third.status == 422)
            #expect(third.text.contains("The organization already has a connection"))
            typed["tenant"] = nil
            #expect(try await admin.post(new, typed).status == 409)
        }
    }

    @Test(
        "The URL selects the connection, and each connection has its own defaults and mappings",
        arguments: TestDatabase.oneEngine)
    func choosing(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let (tenant, other) = (try await customer(patchbay), try await customer(patchbay, "Osprey"))
            let admin = try await patchbay.browser(.admin)
            let typed = try await fields(patchbay, tenant)
            _ = try await admin.get("/connections/psa/new")
            #expect(try await admin.post("/connections/psa/new", typed).status == 303)
            let own = try await own(patchbay, tenant)
            let shared = try await patchbay.connection()["id"].int ?? 0

            // The new connection appears only on its customer's page.
            _ = try await admin.get("/account")
            #expect(try await !admin.get("/integrations").text.contains("Own of Kestrel"))
            let shown = try await admin.get("/integrations?tenant=\(tenant)").text
            #expect(shown.contains("Own of Kestrel"))
            #expect(shown.contains("value=\"\(tenant)\" selected"))
            #expect(shown.contains("/integrations/settings/\(own)"))
            #expect(shown.contains("/integrations/rights/\(own)"))
            #expect(shown.contains("href=\"/integrations/members?tenant=\(tenant)\""))
            let none = try await admin.get("/integrations?tenant=\(other)").text
            #expect(none.contains("Osprey has no connection of its own"))
            #expect(!none.contains("Own of Kestrel"))
            #expect(none.contains("/connections/psa/new?tenant=\(other)"))
            #expect(try await admin.get("/integrations?tenant=9999").text.contains("This customer was deleted"))

            // The page shows the connection of the current customer, unless the URL says otherwise.
            #expect(try await admin.post("/tenant", ["tenant": "\(tenant)"]).status == 303)
            #expect(try await admin.get("/integrations").text.contains("Own of Kestrel"))
            #expect(try await !admin.get("/integrations?tenant=none").text.contains("Own of Kestrel"))
            #expect(try await admin.post("/tenant", ["tenant": ""]).status == 303)

            let form = try await admin.get("/integrations/settings/\(own)").text
            #expect(form.contains("For Kestrel"))
            #expect(form.contains("Senior Engineer"))
            // Each board appears once, although two connections have it.
            #expect(form.components(separatedBy: "Status after a change on Service Desk").count == 2)
            let settings = ["default_minutes": "35", "note_type": "resolution", "work_role": "2"]
            let saved = try await admin.post("/integrations/settings/\(own)", settings)
            #expect(saved.status == 303)
            #expect(saved.headers["location"] == "/integrations?tenant=\(tenant)")
            func minutes(_ id: Int) async throws -> Int? {
                try await patchbay.api(API.PSA.Settings.show, at: id).json["default_minutes"].int
            }
            #expect(try await minutes(own) == 35)
            #expect(try await minutes(shared) == 15)
            #expect(try await admin.get("/integrations/rights/\(own)").text.contains("/integrations?tenant=\(tenant)"))
        }
    }

    @Test("Members are mapped only on the chosen connection", arguments: TestDatabase.oneEngine)
    func mapping(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let tenant = try await customer(patchbay)
            let admin = try await patchbay.browser(.admin)
            let typed = try await fields(patchbay, tenant)
            _ = try await admin.get("/connections/psa/new")
            #expect(try await admin.post("/connections/psa/new", typed).status == 303)
            let own = try await own(patchbay, tenant)
            let engineer = try await patchbay.engineer()
            let home = "/integrations/members?tenant=\(tenant)"
            let path = "/tenants/\(tenant)/connectwise"
            let member = try await patchbay.api(.GET, path + "/members?search=kbrandt").json["items"].elements.first?[
                "id"]
            func mapped(_ path: String) async throws -> Int {
                try await patchbay.api(.GET, path + "/member-mappings?mapped=true").json["items"].elements.count
            }
            let page = try await admin.get(home).text
            #expect(page.contains("No user is mapped yet"))
            #expect(page.contains("value=\"\(tenant)\" selected"))
            let wish = ["user_id": "\(engineer.id)", "member_id": member?.string ?? "", "tenant": "\(tenant)"]
            let saved = try await admin.post("/integrations/members", wish)
            #expect(saved.status == 303)
            #expect(saved.headers["location"] == home)
            #expect(try await mapped(path) == 1)
            #expect(try await mapped(patchbay.psa) == 0)
            #expect(try await admin.post("/integrations/members/auto-match", ["tenant": "none"]).status == 200)
            #expect(try await mapped(path) == 1)

            // A user limited to the customer chooses their own member there.
            #expect(
                try await patchbay.api(
                    API.Users.updateLimits, at: engineer.id, ["tenant_ids": [.integer(Int64(tenant))]]
                )
                .status == 200)
            let limited = Browser(base: patchbay.api.base)
            #expect(try await limited.signIn(engineer.email, People.password).status == 303)
            let seen = try await limited.get(home).text
            #expect(seen.contains("Kai Brandt"))
            #expect(seen.contains("value=\"\(tenant)\" selected"))
            #expect(try await limited.get("/integrations").text.contains("Only users who can see all customers"))

            // While the connection is disabled, the API would fall back to the organization's members.
            _ = try await admin.get("/account")
            #expect(try await admin.post("/connections/psa/\(own)/switch", ["enabled": "false"]).status == 303)
            #expect(try await admin.get(home).text.contains("The connection of Kestrel is disabled"))
            let before = try await mapped(patchbay.psa)
            for path in ["/integrations/members", "/integrations/members/auto-match"] {
                _ = try await admin.get("/account")
                #expect(try await admin.post(path, wish).status == 409, "\(path)")
            }
            #expect(try await mapped(patchbay.psa) == before)
            let tab = try await admin.get("/integrations?tenant=\(tenant)").text
            #expect(tab.contains("Kestrel uses the organization"))
            #expect(
                try await admin.get("/integrations/settings/\(own)").text.contains(
                    "while the connection is disabled"))
            _ = try await admin.get("/account")
            let deletion = ["confirmed": "yes"]
            #expect(try await admin.post("/connections/psa/\(own)/delete", deletion).status == 303)
            #expect(try await !admin.get("/integrations").text.contains(Self.choice))
        }
    }

    @Test(
        "Settings that someone else changed are not overwritten unseen", arguments: TestDatabase.oneEngine)
    func twoTabs(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let id = try await patchbay.connection()["id"].int ?? 0
            let (path, form) = ("\(patchbay.psa)/connections/\(id)/settings", "/integrations/settings/\(id)")
            let (first, second) = (try await patchbay.browser(.admin), try await patchbay.browser(.owner))
            for browser in [first, second] { #expect(try await browser.get(form).status == 200) }
            func typed(_ minutes: Int, _ browser: Browser) async -> [String: String] {
                await [
                    "default_minutes": "\(minutes)", "note_type": "resolution",
                    "version": browser.hidden("version") ?? "",
                ]
            }
            #expect(try await first.post(form, typed(25, first)).status == 303)
            let refused = try await second.post(form, typed(35, second))
            #expect(refused.status == 412)
            #expect(refused.text.contains("Someone else changed these defaults"))
            #expect(refused.text.contains("value=\"35\""))
            #expect(refused.text.contains("25 minutes"))
            #expect(try await patchbay.api(.GET, path).json["default_minutes"] == 25)
            // After seeing the change, the user may overwrite it.
            #expect(try await second.post(form, typed(35, second)).status == 303)
            let settings = try await patchbay.api(.GET, path).json
            #expect(settings["default_minutes"] == 35)
            #expect(settings["version"] == 3)

            // The API checks the version as well; without one, the last write wins.
            var body: [String: JSON] = [
                "default_minutes": 5, "note_type": "resolution", "auto_update_status": false, "board_statuses": [],
                "version": 2,
            ]
            let stale = try await patchbay.api(.PUT, path, .object(body))
            #expect(stale.status == 412)
            #expect(stale.json["code"] == "stale")
            body["version"] = nil
            #expect(try await patchbay.api(.PUT, path, .object(body)).json["version"] == 4)
            body["version"] = 4
            let again = JSON.object(body)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await patchbay.api(.PUT, path, again).status } }
                return try await group.reduce(into: []) { $0.append($1) }.sorted()
            }
            #expect(statuses == [200, 412, 412, 412])
        }
    }
}
