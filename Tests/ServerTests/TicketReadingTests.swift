import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWorld
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Reading tickets: search, one ticket, selection lists, members, and who may see what.
@Suite("Reading tickets", .timeLimit(.minutes(20)))
struct TicketReadingTests {
    private func ids(_ reply: Reply) -> [Int] {
        reply.json["items"].elements.compactMap { $0["id"].string.flatMap(Int.init) }
    }

    @Test(
        "Tickets are found by number or words, open or all, newest first, page by page",
        arguments: TestDatabase.oneEngine)
    func search(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let first = try patchbay.connectWise.createTicket("Zebra printer jams often")
            let second = try patchbay.connectWise.createTicket("Printer of the zebra house")
            let third = try patchbay.connectWise.createTicket("Zebra printer, closed", board: "Voice")
            try patchbay.connectWise.update(third, status: "Closed", as: .member("dokafor"))
            func search(_ query: String) async throws -> Reply {
                try await patchbay.api(API.Tickets.search, query: "\(query)")
            }
            #expect(ids(try await search("q=zebra%20printer")) == [second, first])
            #expect(ids(try await search("q=printer+zebra&include_closed=true")) == [third, second, first])
            #expect(ids(try await search("q=\(first)")) == [first])
            #expect(ids(try await search("q=%23\(first)")) == [first])
            #expect(ids(try await search("q=zebra&include_closed=true&board_id=4")) == [third])
            let page = try await search("q=zebra&include_closed=true&limit=2")
            #expect(ids(page) == [third, second])
            let cursor = try #require(page.json["next_cursor"].string)
            #expect(ids(try await search("q=zebra&include_closed=true&limit=2&cursor=\(cursor)")) == [first])
            for list in ["search", "\(first)/notes"] {
                let made = try await patchbay.api(API.Tickets.show, at: list, query: "cursor=YzphYmM=")
                #expect(made.status == 400)
                #expect(made.faultyFields == ["cursor"])
            }
            let found = try await search("q=\(first)").json["items"].elements.first
            #expect(found?["company"]["name"].string != nil)
            #expect(found?["closed"] == false)
            #expect(found?["link"].string?.contains("openrecord") == true)
            // Only the needed fields are requested.
            let query = patchbay.connectWise.control.calls.last { $0.path.hasSuffix("/service/tickets") }?.query ?? ""
            #expect(query.contains("fields="))
            #expect(query.contains("orderBy=id"))
        }
    }

    @Test("Search terms are never interpreted as syntax", arguments: TestDatabase.oneEngine)
    func injection(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket(#"Say "hello" (don't) [now] 100% *"#)
            let before = ids(try await patchbay.api(API.Tickets.search, query: "include_closed=true&limit=1"))
            #expect(before == [ticket])
            let attempts = [
                #"" or id>0 or summary contains ""#, "' or 1=1 or '", ") or (id>0", "[2020-01-01T00:00:00Z]",
                #"" OR closedFlag=True OR summary="x"#, "%", "*", "\\\"", "a\u{0}b", "\n", #"both " and ' quotes"#,
            ]
            for attempt in attempts {
                let text = attempt.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                let reply = try await patchbay.api(API.Tickets.search, query: "q=\(text)")
                #expect(reply.status == 200, "\(attempt): \(reply.text)")
                #expect(ids(reply).count < 60, "\(attempt)")
            }
            for words in [#""hello""#, "(don't)", "[now]", "100%"] {
                let text = words.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                let reply = try await patchbay.api(API.Tickets.search, query: "q=\(text)")
                #expect(ids(reply) == [ticket], "\(words)")
            }
            let long = String(repeating: "x", count: 10_000)
            let refused = try await patchbay.api(API.Tickets.search, query: "q=\(long)")
            #expect(refused.status == 400)
            #expect(refused.faultyFields == ["q"])
        }
    }

    @Test("A ticket has its configurations, and its notes are read page by page", arguments: TestDatabase.oneEngine)
    func ticket(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try #require(patchbay.connectWise.ticketIDs.first { $0 % 3 == 0 })
            let shown = try await patchbay.api(API.Tickets.show, at: ticket).json
            #expect(!shown["configurations"].elements.isEmpty)
            #expect(shown["defaults"]["minutes"] == 15)
            #expect(shown["status"]["name"].string != nil)
            let new = try patchbay.connectWise.createTicket("Notes")
            for number in 0..<5 {
                try patchbay.connectWise.addNote("note \(number)", to: new, as: .member("kbrandt"))
                try patchbay.connectWise.addTime("time \(number)", to: new, as: "kbrandt")
            }
            var (texts, cursor): ([String], String?) = ([], "")
            while let next = cursor {
                let page = try await patchbay.api(
                    .GET, "\(patchbay.psa)/tickets/\(new)/notes?limit=3" + (next.isEmpty ? "" : "&cursor=\(next)"))
                texts += page.json["items"].elements.compactMap { $0["text"].string }
                cursor = page.json["next_cursor"].string
            }
            #expect(texts.count == 10)
            #expect(Set(texts).count == 10)
            // Reading time entries needs its own right.
            patchbay.connectWise.switches.deniedRights = ["Time & Expense/Time Entry/Inquire"]
            let notes = try await patchbay.api(API.Tickets.notes, at: new, query: "limit=20")
            #expect(
                Set(notes.json["items"].elements.compactMap { $0["text"].string }) == Set((0..<5).map { "note \($0)" }),
                "\(notes)")
        }
    }

    @Test(
        "Selectable or all statuses are listed, and simultaneous refreshes cause one call",
        arguments: TestDatabase.oneEngine)
    func statuses(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Statuses")
            func names(_ query: String) async throws -> [String] {
                try await patchbay.api(API.Tickets.statuses, at: ticket, query: "\(query)").json["items"]
                    .elements.compactMap { $0["name"].string }
            }
            let usual = ["New", "Assigned", "In Progress", "Waiting on Client", "Scheduled", "Re-opened"]
            #expect(try await names("") == usual + ["On Hold"])
            #expect(try await names("for_time_entry=true") == usual)
            #expect(try await names("include_closed=true") == usual + ["Resolved", "Closed", "On Hold"])
            #expect(try await names("all=true").count == 10)
            try await patchbay.settled()
            let board = try patchbay.board().string ?? ""
            patchbay.connectWise.control.resetCalls()
            patchbay.connectWise.control.latency = .seconds(1)
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 { group.addTask { _ = try await names("refresh=true&board_id=\(board)") } }
                try await group.waitForAll()
            }
            patchbay.connectWise.control.latency = .zero
            #expect(patchbay.connectWise.control.callsByRoute["GET service/boards/{id}/statuses"] == 1)
            // From the copy, which also works while the PSA is down.
            patchbay.connectWise.control.script(Fault(.cutBefore, times: nil))
            #expect(try await names("board_id=\(board)") == usual + ["On Hold"])
        }
    }

    @Test("Refreshing lists is limited; reading them from the copy is not")
    func refreshLimit() async throws {
        var options = RunningPatchbay.Options()
        options.settings["PATCHBAY_LIMIT_LOOKUPS"] = "2"
        try await RunningPatchbay.run(.sqlite, options) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Limits")
            for list in ["work-roles", "members", "boards"] {
                let reply = try await patchbay.api(.GET, "\(patchbay.psa)/\(list)?refresh=true")
                #expect(reply.status == (list == "boards" ? 429 : 200), "\(list)")
                #expect(try await patchbay.api(.GET, "\(patchbay.psa)/\(list)").status == 200)
            }
            // Without the board's ID, the ticket has to be looked up.
            let statuses = "\(patchbay.psa)/tickets/\(ticket)/statuses"
            for _ in 0..<2 { #expect(try await patchbay.api(.GET, statuses).status == 200) }
            #expect(try await patchbay.api(.GET, statuses).status == 429)
            let board = try patchbay.board().string ?? ""
            #expect(try await patchbay.api(.GET, statuses + "?board_id=\(board)").status == 200)
        }
    }

    @Test("Lists of many pages are read completely", arguments: TestDatabase.oneEngine)
    func crowds(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { options in
            options.connectWise = {
                ($0.world.extraCompanies, $0.world.extraMembers, $0.world.extraStatuses) = (2_300, 1_100, 1_050)
            }
        } _: { patchbay in
            func count(_ path: String) async throws -> Int {
                var (count, cursor): (Int, String?) = (0, "")
                while let next = cursor {
                    let page = try await patchbay.api(
                        .GET, "\(patchbay.psa)/\(path)limit=200" + (next.isEmpty ? "" : "&cursor=\(next)"))
                    count += page.json["items"].elements.count
                    cursor = page.json["next_cursor"].string
                }
                return count
            }
            #expect(try await count("companies?") == 2_325)
            #expect(try await count("companies?search=crowd%2022&") == 111)
            #expect(try await count("members?") == 1_113)
            let ticket = try patchbay.connectWise.createTicket("Many")
            let statuses = try await patchbay.api(API.Tickets.statuses, at: ticket, query: "all=true")
            #expect(statuses.json["items"].elements.count == 1_060)
        }
    }

    @Test("\"Assigned to me\" needs a member mapping", arguments: TestDatabase.oneEngine)
    func mine(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let path = "\(patchbay.psa)/tickets/search?mine=true&q=assigned"
            let unknown = try await patchbay.api(.GET, path)
            #expect(unknown.status == 409)
            #expect(unknown.json["code"] == "not_mapped")
            try await patchbay.mapOneself(to: "rsato")
            let owned = try patchbay.connectWise.createTicket("Assigned by owner", owner: "rsato")
            let resource = try patchbay.connectWise.createTicket("Assigned as resource")
            try patchbay.connectWise.assign("rsato", to: resource)
            try patchbay.connectWise.createTicket("Assigned to somebody else", owner: "kbrandt")
            #expect(ids(try await patchbay.api(.GET, path)) == [resource, owned])
        }
    }

    // MARK: Members

    @Test(
        "Auto-match ignores case and keeps manual mappings, and a conflict names the other user",
        arguments: TestDatabase.oneEngine)
    func autoMatch(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            var users: [String: JSON] = [:]
            for (email, name) in [
                ("Kai.BRANDT@rivermark.example", "Kai"), (Staff.tom, "Tom"), ("nobody@rivermark.example", "Nobody"),
            ] {
                users[name] = try await patchbay.api(
                    API.Users.create, ["email": .text(email), "name": .text(name), "role": "engineer"]
                ).json["id"]
            }
            let path = "\(patchbay.psa)/member-mappings"
            func member(_ identifier: String) async throws -> JSON {
                try await patchbay.api(API.PSA.Members.list, query: "search=\(identifier)").json["items"]
                    .elements.first?["id"] ?? .null
            }
            let sara = try await member("slindqvist")
            func map(_ name: String, _ member: JSON) async throws -> Reply {
                try await patchbay.api(
                    .POST, path, ["mappings": [["user_id": users[name] ?? .null, "member_id": member]]])
            }
            #expect(try await map("Tom", sara).status == 200)
            let report = try await patchbay.api(.POST, path + "/auto-match", [:])
            #expect(report.status == 200)
            #expect(report.json["matched"].elements.map { $0["member_identifier"].string } == ["kbrandt"])
            #expect(report.json["unmatched"].elements.contains { $0["user_name"] == "Nobody" })
            let all = try await patchbay.api(.GET, path).json["items"].elements
            #expect(all.first { $0["user_name"] == "Tom" }?["member_identifier"] == "slindqvist")
            #expect(all.first { $0["user_name"] == "Tom" }?["matched_by"] == "manual_admin")
            #expect(all.first { $0["user_name"] == "Kai" }?["matched_by"] == "auto_email")
            #expect(all.contains { $0["user_name"] == "Nobody" && $0["member_id"] == .null })
            let conflict = try await map("Nobody", sara)
            #expect(conflict.status == 409)
            #expect(conflict.json["detail"].string?.contains(Staff.tom) == true)
            #expect(try await map("Nobody", "99999").status == 422)
            // A deleted mapping frees its member, and a deactivated user loses theirs.
            #expect(try await map("Tom", .null).status == 200)
            #expect(try await map("Nobody", sara).status == 200)
            #expect(
                try await patchbay.api(API.Users.update, at: users["Nobody"]?.int ?? 0, ["active": false]).status == 200
            )
            #expect(try await !patchbay.api(.GET, path).json["items"].elements.contains { $0["user_name"] == "Nobody" })
            #expect(try await map("Tom", sara).status == 200)
        }
    }

    @Test(
        "Engineers can only map themselves, and only to the member with their own e-mail address",
        arguments: TestDatabase.oneEngine)
    func self_mapping(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let engineer = try await patchbay.engineer()
            let path = "\(patchbay.psa)/member-mappings"
            let own = try await engineer.api(.GET, path).json["items"].elements
            #expect(own.count == 1)
            let member = try await engineer.api(API.PSA.Members.list, query: "search=rsato").json["items"]
                .elements.first?["id"]
            let body: JSON = ["mappings": [["user_id": .integer(Int64(engineer.id)), "member_id": member ?? .null]]]
            let refused = try await engineer.api(.POST, path, body)
            #expect(refused.status == 403)
            #expect(refused.json["code"] == "email_mismatch")
            #expect(try await engineer.api(.GET, path).json["items"].elements.first?["member_id"] == .null)
            let record = try await patchbay.api(API.AuditEntries.list, query: "action=member_mapping").json["items"]
                .elements
            #expect(record.count == 1)
            #expect(record.first?["result"] == "refused")
            try await patchbay.database.write { db in
                try db.execute(
                    """
                    UPDATE users SET email = 'Ren.Sato@rivermark.example', email_key = 'ren.sato@rivermark.example'
                    WHERE id = \(engineer.id)
                    """)
            }
            let saved = try await engineer.api(.POST, path, body)
            #expect(saved.json["items"].elements.first?["matched_by"] == "manual_self")
            let others = try await engineer.api(.POST, path, ["mappings": [["user_id": 1, "member_id": .null]]])
            #expect(others.status == 403)
            #expect(try await engineer.api(.POST, path + "/auto-match", [:]).status == 403)
        }
    }

    // MARK: Customers

    @Test("A customer's paths only show that customer's tickets", arguments: TestDatabase.oneEngine)
    func tenants(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let mine = try patchbay.connectWise.createTicket("Kettle is cold", company: "Copper Kettle Bakeries")
            let other = try patchbay.connectWise.createTicket("Kettle is hot", company: "Quarry Steel Fabricators")
            let company = try await patchbay.api(API.Companies.list, query: "search=copper%20kettle").json["items"]
                .elements.first
            let tenant = try await patchbay.api(
                API.Tenants.create,
                [
                    "name": "Copper Kettle", "psa_company_id": company?["id"] ?? .null,
                    "psa_company_name": "Copper Kettle",
                ])
            #expect(tenant.status == 201)
            let path = "/tenants/\(tenant.json["id"].int ?? 0)/connectwise"
            #expect(try await patchbay.api(.GET, path + "/enabled").json["enabled"] == true)
            #expect(ids(try await patchbay.api(.GET, path + "/tickets/search?q=kettle")) == [mine])
            #expect(try await patchbay.api(.GET, path + "/tickets/\(mine)").status == 200)
            #expect(try await patchbay.api(.GET, path + "/tickets/\(other)").status == 404)
            #expect(try await patchbay.api(.GET, path + "/tickets/\(other)/notes").status == 404)
            let refused = try await patchbay.api(.POST, path + "/tickets/\(other)/notes", ["text": "x"])
            #expect(refused.status == 404)
            #expect(refused.json["code"] == "ticket_not_found")
            #expect(
                try await patchbay.api(.POST, path + "/tickets/\(mine)/log-change", ["text": "Warmed it"]).status == 200
            )
            #expect(patchbay.connectWise.ticket(other)?.notes.isEmpty == true)
            let twin = try await patchbay.api(
                API.Tenants.create, ["name": "Twin", "psa_company_id": company?["id"] ?? .null])
            #expect(twin.status == 409)
            #expect(twin.json["code"] == "company_taken")
            #expect(try await patchbay.api(API.Tenants.create, ["name": "copper kettle"]).json["code"] == "name_taken")
            #expect(
                try await patchbay.api(API.FeatureFlags.update, at: "connectwise_integration", ["enabled": false])
                    .status
                    == 200)
            #expect(try await patchbay.api(.GET, path + "/tickets/search?q=x").json["code"] == "feature_disabled")
            #expect(try await patchbay.api(.GET, path + "/enabled").json["enabled"] == false)
            #expect(try await patchbay.api(API.Tickets.show, at: mine).status == 200)
        }
    }

    @Test("A customer's own connection is used only for that customer", arguments: TestDatabase.oneEngine)
    func ownConnection(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let tenant = try await patchbay.api(API.Tenants.create, ["name": "Kestrel"]).json["id"].int ?? 0
            let path = "/tenants/\(tenant)/connectwise"
            let shared = try await patchbay.api(.GET, path + "/credentials").json
            #expect(shared["tenant_id"] == .null)
            var body: [String: JSON] = [
                "name": "Kestrel's own", "site": shared["site"], "company": shared["company"],
                "public_key": "SimulatedPublic1", "private_key": "wrong", "client_id": "own-client-id",
            ]
            let refused = try await patchbay.api(.POST, path + "/credentials", .object(body))
            #expect(refused.status == 422)
            #expect(refused.json["code"] == "connection_failed")
            body["private_key"] = "SimulatedPrivate"
            let made = try await patchbay.api(.POST, path + "/credentials", .object(body))
            #expect(made.status == 201)
            #expect(made.json["tenant_id"].int == tenant)
            #expect(made.json["private_key_hint"] == "••••••vate")
            #expect(try await patchbay.api(.GET, path + "/enabled").json["own_connection"] == true)
            #expect(try await patchbay.api(.GET, path + "/credentials").json["id"] == made.json["id"])
            let ticket = try patchbay.connectWise.createTicket("Through its own")
            #expect(try await patchbay.api(.POST, path + "/tickets/\(ticket)/notes", ["text": "x"]).status == 200)
            #expect(try await patchbay.posts(to: ticket).first?["connection_id"] == made.json["id"])
            // The organization's connection still serves all others, and a second one is refused.
            #expect(
                try await patchbay.write(ticket, "notes", ["text": "y"]).json["posts"].elements.first?["connection_id"]
                    != made.json["id"])
            let second = try await patchbay.api(API.PSA.Connections.create, .object(body))
            #expect(second.status == 409)
            #expect(second.json["code"] == "already_connected")
            // New credentials for the same system keep the connection and its data.
            let again = try await patchbay.api(.POST, path + "/credentials", .object(body))
            #expect(again.status == 201)
            #expect(again.json["id"] == made.json["id"])
            // All tickets in a customer's own system belong to that customer, also for users limited to it.
            #expect(
                try await patchbay.api(API.Tenants.update, at: tenant, ["psa_company_id": "19000"]).status == 200)
            let engineer = try await patchbay.engineer()
            #expect(
                try await patchbay.api(
                    API.Users.updateLimits, at: engineer.id, ["tenant_ids": [made.json["tenant_id"]]]
                )
                .status == 200)
            #expect(try await engineer.api(.GET, path + "/tickets/\(ticket)").status == 200)
            #expect(try await engineer.api(API.Tickets.show, at: ticket).status == 404)
            #expect(try await engineer.api(.GET, path + "/work-roles").json["items"].elements.isEmpty == false)
            #expect(try await patchbay.api(API.Tenants.delete, at: tenant).status == 204)
            #expect(try await patchbay.api(API.PSA.Connections.list).json["items"].elements.count == 1)
        }
    }

    @Test("Users limited to customers see and do nothing else", arguments: TestDatabase.oneEngine)
    func limited(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let mine = try patchbay.connectWise.createTicket("Lamp is off", company: "Lighthouse Dental Group")
            let other = try patchbay.connectWise.createTicket("Lamp is on", company: "Quarry Steel Fabricators")
            func tenant(_ name: String) async throws -> JSON {
                let company = try await patchbay.api(
                    API.Companies.list, query: "search=\(name.replacing(" ", with: "%20"))"
                ).json["items"].elements.first
                return try await patchbay.api(
                    API.Tenants.create, ["name": .text(name), "psa_company_id": company?["id"] ?? .null]
                ).json["id"]
            }
            let (allowed, foreign) = (try await tenant("Lighthouse Dental"), try await tenant("Quarry Steel"))
            let engineer = try await patchbay.engineer()
            let limit = "/users/\(engineer.id)/tenants"
            #expect(try await patchbay.api(.GET, limit).json["tenant_ids"] == .null)
            #expect(try await engineer.api(API.Tickets.show, at: other).status == 200)
            #expect(try await patchbay.api(.PUT, limit, ["tenant_ids": [allowed]]).status == 200)
            let api = engineer.api
            #expect(ids(try await api(API.Tickets.search, query: "q=lamp")) == [mine])
            // Both kinds of quotes, joined with adjacent scalars, and control characters that are not whitespace.
            let syntax = "'\u{600}\"\u{1}or\u{1}id>0\u{1}or\u{1}summary\u{1}like\u{1}\"\u{301}"
            let query = try #require(syntax.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            let injected = try await api(API.Tickets.search, query: "q=\(query)")
            #expect(injected.status == 200, "\(injected.text)")
            #expect(ids(injected).isEmpty, "\(injected.text)")
            for filter in ["board_id=abc", "status_id=01", "company_id=x"] {
                #expect(try await api(API.Tickets.search, query: "\(filter)").status == 400, "\(filter)")
            }
            #expect(try await api(API.Tickets.show, at: mine).status == 200)
            #expect(try await api(API.Tickets.show, at: other).status == 404)
            #expect(try await api(API.Tickets.statuses, at: other, query: "board_id=1").status == 404)
            #expect(try await api(API.Tickets.addNote, at: other, ["text": "x"]).status == 404)
            #expect(try await api(API.Tickets.addNote, at: mine, ["text": "x"]).status == 200)
            #expect(patchbay.connectWise.ticket(other)?.notes.isEmpty == true)
            #expect(try await api(API.Tenants.list).json["items"].elements.map { $0["id"] } == [allowed])
            #expect(try await api(API.Tenants.show, at: foreign.int ?? 0).status == 404)
            #expect(try await api(API.Tickets.show, in: foreign.int ?? 0, at: other).status == 404)
            let companies = try await api(API.Companies.list).json["items"].elements
            #expect(companies.count == 1)
            let own = try #require(companies.first?["id"].string)
            let stranger = try #require(
                try await patchbay.api(API.Companies.list, query: "search=quarry").json["items"].elements.first?[
                    "id"
                ]
                .string)
            for (id, count) in [(own, 1), (stranger, 0)] {
                let found = try await api(API.Companies.list, query: "id=\(id)").json["items"].elements
                #expect(found.count == count)
            }
            for path in ["/deliveries", "/overview", "/tickets/\(mine)/events", "/notifiers/rules"] {
                let refused = try await api(.GET, path)
                #expect(refused.status == 403, "\(path)")
                #expect(refused.json["code"] == "limited_to_tenants", "\(path)")
            }
            // The console only offers what works.
            let browser = Browser(base: patchbay.api.base)
            _ = try await browser.signIn(engineer.email, People.password)
            #expect(try await browser.get("/").headers["location"] == "/tickets")
            let page = try await browser.get("/tickets")
            #expect(page.status == 200)
            #expect(!page.text.contains("href=\"/deliveries\""))
            #expect(try await browser.get("/tickets/\(mine)").status == 200)
            #expect(try await browser.get("/tickets/\(other)").status == 404)
            // A post that failed before the limit cannot be retried under it.
            #expect(try await patchbay.api(.PUT, limit, ["tenant_ids": .null]).status == 200)
            patchbay.connectWise.control.script(Fault(.answer(status: 403), method: "POST", path: "*/notes"))
            let failed = try await api(API.Tickets.addNote, at: other, ["text": "Late"])
            #expect(failed.status == 422)
            #expect(try await patchbay.api(.PUT, limit, ["tenant_ids": [allowed]]).status == 200)
            let post = try #require(failed.json["instance"].string?.split(separator: "/").last)
            #expect(try await api(API.Posts.retry, at: post, [:]).status == 404)
            #expect(patchbay.connectWise.ticket(other)?.notes.isEmpty == true)
            // Users who manage users cannot be limited. Without the limit, the refused post can be retried.
            #expect(try await patchbay.api(API.Users.updateLimits, at: "1", ["tenant_ids": [allowed]]).status == 422)
            #expect(try await patchbay.api(.PUT, limit, ["tenant_ids": .null]).status == 200)
            #expect(try await api(API.Overview.show).status == 200)
            #expect(try await api(API.Posts.retry, at: post, [:]).status == 200)
            #expect(patchbay.connectWise.ticket(other)?.notes.count == 1)
            // A post to one customer's ticket stays limited to that customer, whoever retries it.
            let scoped = "/tenants/\(allowed.int ?? 0)/connectwise/tickets/\(other)/notes"
            let outside = try await api(.POST, scoped, ["text": "Of another"])
            let kept = try #require(outside.json["instance"].string?.split(separator: "/").last)
            #expect(outside.status == 404)
            for again in [api, patchbay.api] {
                #expect(try await again(API.Posts.retry, at: kept, [:]).status == 404)
            }
            #expect(patchbay.connectWise.ticket(other)?.notes.count == 1)
        }
    }
}

/// An engineer with an API key.
struct Engineer {
    let api: APIClient
    let id: Int
    let email: String
}

extension RunningPatchbay {
    func engineer() async throws -> Engineer {
        let email = try await person(.engineer)
        let browser = Browser(base: api.base)
        _ = try await browser.signIn(email, People.password)
        let users = try await api(API.Users.list, query: "search=\(email)").json["items"].elements
        guard let id = users.first?["id"].int else { throw Unexpected("no user was made") }
        return Engineer(api: api.with(key: try await key(of: email)), id: id, email: email)
    }
}
