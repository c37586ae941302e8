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

/// The console's pages for tickets and for writing to them, through a browser without a window.
@Suite("Console: tickets", .timeLimit(.minutes(20)))
struct ConsoleTicketTests {
    /// A ticket, its update page, and a browser that has it open.
    private func panel(_ patchbay: RunningPatchbay, _ role: Role = .engineer) async throws -> (Int, String, Browser) {
        let ticket = try patchbay.connectWise.createTicket("Panel")
        let browser = try await patchbay.browser(role)
        #expect(try await browser.get("/tickets/\(ticket)/update").status == 200)
        return (ticket, "/tickets/\(ticket)/update", browser)
    }

    @Test("Logged time is not logged again after the status that follows it was refused")
    func timeThenStatus() async throws {
        try await RunningPatchbay.writing(.sqlite, { $0.settings["PATCHBAY_LIMIT_POSTS"] = "1" }) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let status = try await patchbay.status("In Progress", of: ticket).string ?? ""
            let limited = try await browser.post(path, ["minutes": "15", "status_id": status, "work_role_id": ""])
            #expect(limited.status == 429)
            #expect(limited.text.contains("15 minutes logged."))
            #expect(limited.text.contains("name=\"minutes\" value=\"0\""))
            #expect(limited.text.contains("value=\"\(status)\" selected"))
            #expect(try await patchbay.posts(to: ticket).map { $0["kind"].string } == ["time"])
        }
    }

    @Test("A page calls each API operation once, however many of its parts use it")
    func asksOnce() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let tenant = try await patchbay.api(API.Tenants.create, ["name": "Kestrel"]).json["id"].int ?? 0
            #expect(try await browser.post("/tenant", ["tenant": "\(tenant)"]).status == 303)
            _ = try await browser.get(path)
            let line = try #require(
                patchbay.log.value.last { $0.contains("/tickets/{id}/update") && $0.contains("api_calls") })
            // `GET /rules 2/1`: wanted by two parts, called once.
            let calls = line.matches(of: /(GET [^ ,]+) (\d+)\/(\d+)/).map { match in
                (call: String(match.1), wanted: Int(match.2) ?? 0, made: Int(match.3) ?? 0)
            }
            for call in calls { #expect(call.made == 1, "\(call.call)") }
            let customer = try #require(calls.first { $0.call == "GET /tenants/\(tenant)" })
            #expect(customer.wanted > 1)
            let psa = "GET /tenants/\(tenant)/connectwise"
            #expect(calls.filter { $0.call.hasPrefix("\(psa)/tickets/\(ticket)") }.count == 2)
            #expect(
                Set(calls.map(\.call).filter { $0.hasPrefix(psa) && !$0.contains("statuses") })
                    == Set(["tickets/recent", "tickets/\(ticket)", "work-roles", "work-types"].map { "\(psa)/\($0)" }))
        }
    }

    @Test("A form submitted twice writes once")
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
            // Other content under the same idempotency key is refused, not taken for the first request.
            let changed = try await browser.post(path, fields.merging(["minutes": "20"]) { $1 })
            #expect(changed.status == 409)
            #expect(changed.text.contains("Your first update was accepted"))
        }
    }

    @Test("A form opened for another customer writes nothing and offers to switch back")
    func scopeChanged() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let tenant = try await patchbay.api(API.Tenants.create, ["name": "Kestrel"]).json["id"].int ?? 0
            #expect(await browser.hidden("scope") == "")
            let fields = ["text": "Meant for all", "minutes": "0", "scope": ""]
            #expect(try await browser.post("/tenant", ["tenant": "\(tenant)"]).status == 303)
            let refused = try await browser.post(path, fields)
            #expect(refused.status == 409)
            #expect(refused.text.contains("Meant for all"))
            #expect(refused.text.contains("You look at Kestrel now; this was opened for all customers."))
            #expect(refused.text.contains("Switch back to all customers"))
            #expect(await browser.hidden("scope") == "\(tenant)")
            #expect(try await patchbay.posts(to: ticket).isEmpty)
            let back = try await browser.post(
                path, fields.merging(["act": "back", "back": "", "scope": "\(tenant)"]) { $1 })
            #expect(back.status == 200)
            #expect(back.text.contains("Meant for all"))
            #expect(!back.text.contains("You look at"))
            #expect(await browser.hidden("scope") == "")
            #expect(try await browser.post(path, fields).status == 303)
            #expect(try await patchbay.posts(to: ticket).count == 1)
        }
    }

    @Test("The typed text is kept when it cannot be submitted")
    func textIsKept() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let email = try await patchbay.person(.engineer)
            // Another sign-in in a second tab invalidates the old CSRF token.
            let proof = await browser.hidden("_csrf") ?? ""
            #expect(try await browser.signIn(email, People.password).status == 303)
            let old = try await browser.post(path, ["text": "Precious words", "minutes": "0"], proof: proof)
            #expect(old.status == 403)
            #expect(old.text.contains("Precious words"))
            #expect(old.text.contains("signed in again"))
            #expect(try await patchbay.posts(to: ticket).isEmpty)
            #expect(try await browser.post(path, ["text": "Precious words", "minutes": "0"]).status == 303)
            // Validation errors are shown at their fields, without API field names.
            _ = try await browser.get(path)
            let wrong = try await browser.post(path, ["text": "Other words", "minutes": "9999"])
            #expect(wrong.status == 422)
            #expect(wrong.text.contains("Other words"))
            #expect(wrong.text.contains("Must be from 1 to 1440."))
            #expect(!wrong.text.contains("minutes: must"))
            #expect(wrong.text.contains("Please look at the marked fields."))
            // The ticket is deleted.
            try patchbay.connectWise.delete(ticket)
            let gone = try await browser.post(path, ["text": "Late words", "minutes": "0"])
            #expect(gone.status == 404)
            #expect(gone.text.contains("Late words"))
            #expect(gone.text.contains("Edit and resend"))
            // So is the connection.
            let connection = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(API.PSA.Connections.delete, at: connection).status == 204)
            let nowhere = try await browser.post(path, ["text": "Last words", "minutes": "0"])
            #expect(nowhere.status == 409)
            #expect(nowhere.text.contains("Last words"))
            #expect(nowhere.text.contains("No PSA is connected"))
            // Without a connection, the console does not offer to write.
            #expect(try await browser.get(path).text.contains("No connection to ConnectWise yet"))
            #expect(try await !browser.get("/tickets").text.contains("href=\"/tickets/update\""))
        }
    }

    @Test("While a ticket cannot be read, the connection's settings apply as far as the user may see them")
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
            // Uses up the only look-up allowed this minute.
            _ = try await engineer.get("/tickets/\(ticket)")
            #expect(try await engineer.get("/tickets/\(ticket)").text.contains("href=\"/tickets/\(ticket)/update\""))
            let page = try await engineer.get("/tickets/\(ticket)/update").text
            #expect(page.contains("The ticket cannot be shown."))
            #expect(page.contains("name=\"minutes\" value=\"35\""))
            #expect(page.contains("value=\"resolution\" checked"))
            #expect(page.contains("value=\"auto\" selected"))
            #expect(page.contains("Default of the connection: Senior Engineer"))
            #expect(page.contains("data-count=\"50000\""))
            // The chosen status stays selected even though its name is unknown now.
            let wrong = try await engineer.post(
                "/tickets/\(ticket)/update",
                ["text": "By heart", "minutes": "9999", "status_id": "17", "present_status": "11"])
            #expect(wrong.status == 422)
            #expect(wrong.text.contains("value=\"17\" selected"))
            #expect(await engineer.hidden("present_status") == "11")
            let fields = ["text": "By heart", "minutes": "0", "note_type": "resolution", "status_id": "auto"]
            #expect(try await engineer.post("/tickets/\(ticket)/update", fields).status == 303)
            #expect(patchbay.connectWise.ticket(ticket)?.status == "In Progress")

            // For users who may not see the connection, its defaults apply to every field they leave open.
            let company = try await patchbay.api(API.Companies.list, query: "search=Lighthouse").json["items"]
            let tenant = try await patchbay.api(
                API.Tenants.create, ["name": "Lighthouse", "psa_company_id": company.elements.first?["id"] ?? .null])
            let email = try await patchbay.person(.engineer)
            let user = try await patchbay.api(API.Users.list, query: "search=\(email)").json["items"].elements.first?[
                "id"
            ].int
            #expect(
                try await patchbay.api(API.Users.updateLimits, at: user ?? 0, ["tenant_ids": [tenant.json["id"]]])
                    .status
                    == 200)
            let limited = Browser(base: patchbay.api.base)
            #expect(try await limited.signIn(email, People.password).status == 303)
            let other = try await limited.get("/tickets/\(ticket)/update").text
            #expect(await limited.hidden("defaults") == "unknown")
            #expect(other.contains("Default of the connection"))
            let left = ["text": "Left open", "minutes": "", "defaults": "unknown", "status_id": "default"]
            #expect(try await limited.post("/tickets/\(ticket)/update", left).status == 303)
            let time = try await patchbay.posts(to: ticket).filter { $0["kind"] == "time" }
            #expect(time.map { $0["minutes"] } == [35])
            #expect(time.map { $0["work_role_id"] } == ["2"])
        }
    }

    @Test("Time is not logged together with a status that refuses time entries")
    func statusRefusingTime() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay)
            let status = try await patchbay.status("On Hold", of: ticket).string ?? ""
            let refusing = await browser.hidden("refusing_time") ?? ""
            #expect(refusing.split(separator: ",").contains { $0 == status })
            let fields = ["text": "Waits", "status_id": status, "refusing_time": refusing]
            let both = try await browser.post(path, fields.merging(["minutes": "15"]) { $1 })
            #expect(both.status == 422)
            #expect(both.text.contains("id=\"e-status_id\""))
            #expect(try await patchbay.posts(to: ticket).isEmpty)
            #expect(try await browser.post(path, fields.merging(["minutes": "0"]) { $1 }).status == 303)
            #expect(patchbay.connectWise.ticket(ticket)?.status == "On Hold")
        }
    }

    @Test("With the feature disabled, pages offer nothing that would be refused, and say why")
    func switchedOff() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (ticket, path, browser) = try await panel(patchbay, .admin)
            let connection = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.write(ticket, "status", ["status_id": "999999"], method: .PATCH).status == 422)
            let post = try await patchbay.posts(to: ticket).first?["id"].int ?? 0
            #expect(
                try await patchbay.api(API.FeatureFlags.update, at: "connectwise_integration", ["enabled": false])
                    .status
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
                #expect(text.contains("disabled for your organization"), "\(page)")
                for offer in offers {
                    let isOffered = text.contains("action=\"\(offer)\"") || text.contains("href=\"\(offer)\"")
                    #expect(!isOffered, "\(page) offers \(offer)")
                }
            }
            let late = try await browser.post(path, ["text": "Still here", "minutes": "0"])
            #expect(late.status == 409)
            #expect(late.text.contains("Still here"))
            // Named as on the feature flags page.
            #expect(late.text.contains("enable ConnectWise under"))
            #expect(!late.text.contains("connectwise_"))
            #expect(try await browser.get("/flags").text.contains("Enable ConnectWise"))
        }
    }

    @Test("The count beside Integrations includes only what the user may see")
    func counts() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let (_, path, engineer) = try await panel(patchbay)
            let ticket = try patchbay.connectWise.createTicket("Somebody else's")
            #expect(try await patchbay.write(ticket, "status", ["status_id": "999999"], method: .PATCH).status == 422)
            let admin = try await patchbay.browser(.admin)
            // The administrator goes first: their count must not leak to other users.
            #expect(try await admin.get("/integrations/posts").text.contains("Everything written to tickets"))
            #expect(await admin.page.contains("nav-count"))
            let (other, viewer) = (try await patchbay.browser(.engineer), try await patchbay.browser(.viewer))
            #expect(try await !other.get("/integrations/posts").text.contains("nav-count"))
            let seen = await other.page
            #expect(seen.contains("What you wrote to tickets"))
            #expect(!seen.contains("Everything written"))
            #expect(try await !viewer.get("/tickets").text.contains("nav-count"))
            #expect(try await engineer.post(path, ["minutes": "0", "status_id": "999999"]).status == 422)
            try await eventually("his own is counted") {
                try await engineer.get("/tickets").text.contains("nav-count")
            }
        }
    }

    @Test("The timeline shows the newest events first and links to older ones")
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
            #expect(!first.text.contains("Chapter 1."))
            #expect(!first.text.contains("Created"))
            let second = try await timeline(try #require(first.older))
            #expect(second.text.contains("Chapter 1."))
            #expect(second.text.contains("Created"))
            #expect(!second.text.contains("Chapter 21."))
            #expect(second.text.contains("First page"))
            // The part that refreshes itself stays on the same page.
            let part = try await browser.get(try #require(first.older) + "&part=history").text
            #expect(part.contains("Chapter 1."))
            #expect(!part.contains("Chapter 21."))
        }
    }

    @Test("A number without a matching ticket finds summaries that contain it")
    func numberInWords() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Office 365 asks for a password")
            let browser = try await patchbay.browser(.viewer)
            for typed in ["365", "%23365", "%23%20365"] {
                #expect(try await browser.get("/tickets?q=\(typed)").headers["location"] == "/tickets/365")
            }
            let missing = try await browser.get("/tickets/365")
            #expect(missing.status == 404)
            #expect(missing.text.contains("Search summaries for 365"))
            #expect(missing.text.contains("href=\"/tickets?list=1&amp;q=365\""))
            #expect(try await browser.get("/tickets?list=1&q=365").text.contains("/tickets/\(ticket)\""))
        }
    }

    @Test("The ticket search filters by company and status")
    func filters() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Obelisk moves")
            let other = try patchbay.connectWise.createTicket("Obelisk stays")
            let progress = try await patchbay.status("In Progress", of: ticket).string ?? ""
            #expect(
                try await patchbay.write(ticket, "status", ["status_id": .text(progress)], method: .PATCH).status == 200
            )
            let shown = try await patchbay.api(API.Tickets.show, at: ticket).json
            let (board, company) = (shown["board"]["id"].string ?? "", shown["company"]["id"].string ?? "")
            let browser = try await patchbay.browser(.engineer)
            let page = try await browser.get("/tickets?q=obelisk").text
            #expect(page.contains("name=\"company_id\""))
            #expect(!page.contains("name=\"status_id\""))
            let found = try await browser.get(
                "/tickets?q=obelisk&board_id=\(board)&status_id=\(progress)&company_id=\(company)"
            ).text
            #expect(found.contains("/tickets/\(ticket)\""))
            #expect(!found.contains("/tickets/\(other)\""))
            #expect(found.contains("value=\"\(progress)\" selected"))
            #expect(found.contains("value=\"\(company)\" selected"))
            // A status belongs to its board and is dropped together with it.
            let everywhere = try await browser.get("/tickets?q=obelisk&status_id=\(progress)").text
            #expect(everywhere.contains("/tickets/\(other)\""))
            // Viewers may not list companies.
            let viewer = try await patchbay.browser(.viewer)
            #expect(try await !viewer.get("/tickets").text.contains("name=\"company_id\""))
        }
    }

    @Test("Saving a connection's defaults keeps values that the form cannot show")
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
            // Values chosen earlier, some of which no longer exist in ConnectWise.
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
            #expect(try await admin.get("/integrations").text.contains("Updated automatically: Closed, Elsewhere"))
            let form = try await admin.get("/integrations/settings").text
            #expect(form.contains("value=\"\(closed)\" selected"))
            #expect(form.contains("value=\"999\" selected"))
            let saved = try await admin.post(
                "/integrations/settings",
                [
                    "default_minutes": "20", "note_type": "resolution", "work_role": "999", "work_type": "",
                    "member": "", "board_\(board)": closed, "auto_update_status": "true",
                ])
            #expect(saved.status == 303)
            let settings = try await patchbay.api(.GET, path).json
            #expect(settings["default_minutes"] == 20)
            #expect(settings["work_role"] == role)
            #expect(settings["board_statuses"] == statuses)
            let unset: JSON = [
                "default_minutes": 15, "note_type": "internal_analysis", "work_role": role, "board_statuses": [],
                "auto_update_status": true,
            ]
            #expect(try await patchbay.api(.PUT, path, unset).status == 200)
            #expect(
                try await admin.get("/integrations").text.contains("no board has a status for it yet"))
        }
    }

    @Test("Saving a customer keeps a company that the form cannot show")
    func companyIsKept() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let made = try await patchbay.api(
                API.Tenants.create,
                ["name": "Kestrel", "psa_company_id": "999999", "psa_company_name": "Kestrel of old"])
            let id = made.json["id"].int ?? 0
            let admin = try await patchbay.browser(.admin)
            #expect(
                try await admin.get("/tenants/\(id)").text.contains("value=\"999999\" selected>Kestrel of old</option>")
            )
            var fields = ["name": "Kestrel Ltd", "active": "true", "psa_company_id": "999999"]
            #expect(try await admin.post("/tenants/\(id)", fields).status == 303)
            func company() async throws -> JSON {
                try await patchbay.api(API.Tenants.show, at: id).json["psa_company_name"]
            }
            #expect(try await company() == "Kestrel of old")
            let connection = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(API.PSA.Connections.delete, at: connection).status == 204)
            let text = try await admin.get("/tenants/\(id)").text
            #expect(text.contains("The company stays Kestrel of old."))
            #expect(!text.contains("name=\"psa_company_id\""))
            fields["psa_company_id"] = nil
            #expect(try await admin.post("/tenants/\(id)", fields).status == 303)
            #expect(try await company() == "Kestrel of old")
        }
    }
}
