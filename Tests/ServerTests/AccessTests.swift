import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import TestSupport
import Testing
import WebSupport

/// What every operation has in common, whoever calls it: scopes, feature flags, idempotency, the audit log.
@Suite("Access", .timeLimit(.minutes(20)))
struct AccessTests {
    @Test("The server refuses a disabled feature immediately", arguments: TestDatabase.oneEngine)
    func flags(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let id = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(API.PSA.Connections.test, at: id).status == 200)
            let off = try await patchbay.api(API.FeatureFlags.update, at: "connectwise_integration", ["enabled": false])
            #expect(off.json["enabled"] == false)
            let refused = try await patchbay.api(API.PSA.Connections.test, at: id)
            #expect(refused.status == 409)
            #expect(refused.json["code"] == "feature_disabled")
            #expect(try await patchbay.api(API.FeatureFlags.update, at: "nonsense", ["enabled": false]).status == 404)
            let record = try await patchbay.api(API.AuditEntries.list, query: "action=feature_flag").json["items"]
                .elements
            #expect(record.count == 1)
            #expect(record.first?["target"] == "feature flag connectwise_integration")
        }
    }

    @Test(
        "A super admin can work in every organization, and deleting an organization deletes everything in it",
        arguments: TestDatabase.engines)
    func organizations(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let made = try await patchbay.api(API.Organizations.create, ["name": "Second MSP"])
            let there = ["X-Patchbay-Organization": "\(made.json["id"].int ?? 0)"]
            let user = try await patchbay.api(
                API.Users.create, ["email": "ola@second.example", "name": "Ola", "role": "owner"], headers: there)
            #expect(user.status == 201)
            #expect(try await patchbay.api(API.Users.list, headers: there).json["items"].elements.count == 1)
            #expect(try await patchbay.api(API.Rules.list, headers: there).json["items"].elements.isEmpty)
            #expect(try await patchbay.api(API.Users.list, headers: ["X-Patchbay-Organization": "999"]).status == 404)
            let console = try await patchbay.browser(.superAdmin)
            _ = try await console.get("/organizations")
            #expect(try await console.post("/organizations/\(made.json["id"].int ?? 0)/visit").status == 303)
            #expect(try await console.get("/users").text.contains("ola@second.example"))
            #expect(try await console.post("/organizations/home").status == 303)
            #expect(try await !console.get("/users").text.contains("ola@second.example"))
            let wrong = try await patchbay.api(API.Organizations.deleteOwn, ["name": "second msp"], headers: there)
            #expect(wrong.status == 422)
            let gone = try await patchbay.api(API.Organizations.deleteOwn, ["name": "Second MSP"], headers: there)
            #expect(gone.status == 204)
            #expect(try await patchbay.api(API.Users.list, headers: there).status == 404)
            // An organization with a super admin cannot be deleted.
            let own = try await patchbay.api(API.Organizations.deleteOwn, ["name": "Rivermark IT"])
            #expect(own.status == 409)
            #expect(own.json["code"] == "organization_has_super_admin")
            let (entries, faults) = try await AuditLog.verify(in: patchbay.database)
            #expect(entries > 3)
            #expect(faults.isEmpty)
        }
    }

    @Test("The overview counts by the hour and includes the current hour immediately", arguments: TestDatabase.engines)
    func overview(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            func sum(_ name: String) async throws -> Int {
                let hours = try await patchbay.api(API.Overview.show).json["hours"].elements
                #expect(hours.count == 24)
                return hours.reduce(0) { $0 + ($1[name].int ?? 0) }
            }
            #expect(try await sum("events") == 0)
            for number in 1...3 {
                let ticket = try patchbay.connectWise.createTicket("News \(number)")
                try await patchbay.refresh(ticket, action: "added")
                // Earlier hours are cached by now; the current hour is always up to date.
                #expect(try await sum("events") == number)
                #expect(try await sum("sent") == number)
            }
            try await patchbay.database.write { db in
                try db.execute("UPDATE ticket_events SET created_at = created_at - 7200000 WHERE id = 1")
                try db.execute("UPDATE deliveries SET state = 'failed' WHERE id = 2")
            }
            let overview = try await patchbay.api(API.Overview.show).json
            #expect(overview["failed_deliveries"] == 1)
            #expect(overview["recent_events"].elements.count == 3)
            #expect(overview["recent_events"].elements.first?["summary"] == "News 3")
            #expect(try await patchbay.api(API.Overview.counts).json["failed_deliveries"] == 1)
        }
    }

    @Test("A request repeated with the same Idempotency-Key is done once", arguments: TestDatabase.engines)
    func repeated(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let body: JSON = ["board_id": try patchbay.board(), "recipient_id": try patchbay.room()]
            let headers = ["Idempotency-Key": "one and only"]
            let first = try await patchbay.api(API.Rules.create, body, headers: headers)
            let second = try await patchbay.api(API.Rules.create, body, headers: headers)
            #expect(first.status == 201)
            #expect(second.status == 201)
            #expect(first.body == second.body)
            #expect(first.headers["location"] == second.headers["location"])
            // The same key in another organization is a different key.
            let made = try await patchbay.api(API.Organizations.create, ["name": "Second MSP"]).json["id"].int ?? 0
            for organization in [nil, made] {
                var headers = ["Idempotency-Key": "tenant"]
                headers["X-Patchbay-Organization"] = organization.map(String.init)
                #expect(try await patchbay.api(API.Tenants.create, ["name": "T"], headers: headers).status == 201)
                let there = headers.filter { $0.key != "Idempotency-Key" }
                #expect(try await patchbay.api(API.Tenants.list, headers: there).json["items"].elements.count == 1)
            }
            let other: JSON = ["board_id": try patchbay.board("Voice"), "recipient_id": try patchbay.room()]
            #expect(try await patchbay.api(API.Rules.create, other, headers: headers).status == 409)
            // A refused request can be corrected under the same key.
            let wrong = try await patchbay.api(
                API.Rules.create, ["board_id": "0", "recipient_id": 0], headers: ["Idempotency-Key": "k"])
            #expect(wrong.status == 422)
            #expect(
                try await patchbay.api(API.Rules.create, other, headers: ["Idempotency-Key": "k"]).status
                    == 201)
            // A secret that is shown once is not stored.
            let key = ["Idempotency-Key": "key"]
            #expect(try await patchbay.api(API.APIKeys.create, ["name": "one"], headers: key).status == 201)
            #expect(try await patchbay.api(API.APIKeys.create, ["name": "one"], headers: key).status == 409)
            let bodies: [[UInt8]] = try await patchbay.database.read { db in
                try db.all("SELECT body FROM repeated_requests WHERE body IS NOT NULL").map { try $0["body"] }
            }
            #expect(bodies.count > 1)
            #expect(bodies.allSatisfy { !String(decoding: $0, as: UTF8.self).contains("\"pb_") })
        }
    }

    @Test(
        "Repeating a request on an alias of its operation counts as the same request", arguments: TestDatabase.engines)
    func repeatedElsewhere(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let body: JSON = ["board_id": try patchbay.board(), "recipient_id": try patchbay.room()]
            let headers = ["Idempotency-Key": "rule"]
            let alias = try await patchbay.api(.POST, "/notifiers/rules", body, headers: headers)
            let main = try await patchbay.api(.POST, "/rules", body, headers: headers)
            #expect(alias.status == 201)
            #expect(main.body == alias.body)
            #expect(main.headers["location"] == alias.headers["location"])
            #expect(try await patchbay.api(.GET, "/rules").json["items"].elements.count == 1)
            // The same body for another operation is a different request.
            #expect(try await patchbay.api(.POST, "/forwards", body, headers: headers).status == 409)
            // Aliases may use another method.
        }
    }

    @Test("A missing or misspelled field lifts no limit and deletes no mapping", arguments: TestDatabase.oneEngine)
    func forgotten(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let user = try await patchbay.api(
                API.Users.create, ["email": "lim@rivermark.example", "name": "Lim", "role": "engineer"]
            ).json["id"]
            let path = "/users/\(user.int ?? 0)/tenants"
            #expect(try await patchbay.api(.PUT, path, ["tenant_ids": []]).status == 200)
            let forgotten = try await patchbay.api(.PUT, path, [:])
            #expect(forgotten.status == 400)
            #expect(forgotten.faultyFields == ["tenant_ids"])
            #expect(try await patchbay.api(.GET, path).json["tenant_ids"] == [])
            let promoted = try await patchbay.api(API.Users.update, at: user.int ?? 0, ["role": "admin"])
            #expect(promoted.status == 409)
            #expect(promoted.json["code"] == "user_limited")
            #expect(try await patchbay.api(.PUT, path, ["tenant_ids": .null]).json["tenant_ids"] == .null)
            #expect(try await patchbay.api(API.Users.update, at: user.int ?? 0, ["role": "admin"]).status == 200)

            let mappings = "/integrations/psa/member-mappings"
            let member =
                try await patchbay.api(API.PSA.Members.list, query: "search=slindqvist").json["items"]
                .elements.first?["id"] ?? .null
            #expect(
                try await patchbay.api(.POST, mappings, ["mappings": [["user_id": user, "member_id": member]]]).status
                    == 200)
            let misspelt = try await patchbay.api(.POST, mappings, ["mappings": [["user_id": user, "memberid": "1"]]])
            #expect(misspelt.status == 400)
            #expect(misspelt.json["code"] == "unknown_member")
            #expect(misspelt.faultyFields == ["mappings.0.memberid"])
            let missing = try await patchbay.api(.POST, mappings, ["mappings": [["user_id": user]]])
            #expect(missing.status == 400)
            #expect(missing.faultyFields == ["mappings.0.member_id"])
            #expect(try await patchbay.api(.GET, mappings + "?mapped=true").json["items"].elements.count == 1)

            let tenant = try await patchbay.api(
                API.Tenants.create, ["name": "Kettle", "psa_company_id": "9", "psa_company_name": "Kettle Ltd"])
            let address = "/tenants/\(tenant.json["id"].int ?? 0)"
            let alone = try await patchbay.api(.PATCH, address, ["psa_company_name": "Other"])
            #expect(alone.status == 422)
            #expect(alone.faultyFields == ["psa_company_name"])
            #expect(try await patchbay.api(API.Tenants.create, ["name": "x", "psa_company_name": "y"]).status == 422)
            #expect(try await patchbay.api(.GET, address).json["psa_company_name"] == "Kettle Ltd")
        }
    }

    @Test(
        "Of several simultaneous requests, only one gets the name, company, or member", arguments: TestDatabase.engines)
    func races(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            func atOnce(_ ask: @escaping @Sendable (Int) async throws -> Reply) async throws -> [Int] {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<8 { group.addTask { try await ask(number).status } }
                    return try await group.reduce(into: []) { $0.append($1) }.sorted()
                }
            }
            let conflicts = Array(repeating: 409, count: 7)
            let names = try await atOnce { _ in try await patchbay.api(API.Tenants.create, ["name": "One name"]) }
            #expect(names == [201] + conflicts)
            let companies = try await atOnce { number in
                try await patchbay.api(API.Tenants.create, ["name": .text("Tenant \(number)"), "psa_company_id": "77"])
            }
            #expect(companies == [201] + conflicts)
            var tenants: [Int] = []
            var users: [JSON] = []
            for number in 0..<8 {
                tenants.append(
                    try await patchbay.api(API.Tenants.create, ["name": .text("Another \(number)")]).json["id"].int ?? 0
                )
                users.append(
                    try await patchbay.api(
                        API.Users.create,
                        ["email": .text("u\(number)@rivermark.example"), "name": "U", "role": "engineer"]
                    ).json["id"])
            }
            let (ids, people) = (tenants, users)
            let changes = try await atOnce { number in
                try await patchbay.api(API.Tenants.update, at: ids[number], ["psa_company_id": "78"])
            }
            #expect(changes == [200] + conflicts)
            let member =
                try await patchbay.api(API.PSA.Members.list, query: "search=slindqvist").json["items"]
                .elements.first?["id"] ?? .null
            let mappings = "/integrations/psa/member-mappings"
            let mapped = try await atOnce { number in
                try await patchbay.api(
                    .POST, mappings, ["mappings": [["user_id": people[number], "member_id": member]]])
            }
            #expect(mapped == [200] + conflicts)
            #expect(
                try await atOnce { _ in try await patchbay.api(.POST, mappings + "/auto-match", [:]) }
                    == Array(repeating: 200, count: 8))
        }
    }

    @Test(
        "Five hundred users are mapped in one request, and the answer keeps the order of the request",
        arguments: TestDatabase.engines)
    func manyMappings(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            // The copy of the members stays fresh for 15 minutes.
            #expect(try await patchbay.api(API.PSA.Members.list).status == 200)
            let connection = try await patchbay.connection()["id"].int ?? 0
            let users = try await patchbay.database.write { db in
                try (0..<500).map { number -> Int in
                    try db.execute(
                        """
                        INSERT INTO psa_members (connection_id, identifier_key, id, identifier, name, fetched_at)
                        VALUES (
                            \(connection), \("many\(number)"), \("m\(number)"), \("many\(number)"), \("Many \(number)"),
                            0)
                        """)
                    let row = try db.first(
                        """
                        INSERT INTO users (organization_id, email, email_key, name, role, created_at)
                        SELECT MIN(id), \("m\(number)@x"), \("m\(number)@x"), 'M', 'viewer', 0 FROM organizations
                        RETURNING id
                        """)
                    return try row?["id"] ?? 0
                }
            }
            let wishes = users.enumerated().map { number, user -> JSON in
                ["user_id": .integer(Int64(user)), "member_id": .text("m\(number)")]
            }
            let path = "/integrations/psa/member-mappings"
            let reply = try await patchbay.api(.POST, path, ["mappings": .list(wishes.reversed())])
            #expect(reply.status == 200)
            #expect(
                reply.json["items"].elements.map { $0["member_id"].string }
                    == (0..<500).reversed().map { "m\($0)" })
            // Every user takes the next one's member, in one request.
            let shifted = users.enumerated().map { number, user -> JSON in
                ["user_id": .integer(Int64(user)), "member_id": .text("m\((number + 1) % 500)")]
            }
            let again = try await patchbay.api(.POST, path, ["mappings": .list(shifted)])
            #expect(again.status == 200)
            #expect(again.json["items"].elements.first?["member_id"] == "m1")
            let wrong = try await patchbay.api(
                .POST, path, ["mappings": [["user_id": 999_999, "member_id": "m1"]]])
            #expect(wrong.status == 422)
            #expect(wrong.faultyFields == ["user_id"])
        }
    }

    @Test("The audit log records who did what, from where, with the values before", arguments: TestDatabase.engines)
    func audit(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let browser = try await patchbay.browser(.admin)
            let rule = try await patchbay.rule()
            _ = try await browser.get("/rules/\(rule)")
            #expect(
                try await browser.post("/rules/\(rule)", ["updates": "all", "visibility": "all", "enabled": "true"])
                    .status == 303)
            let entry = try await patchbay.api(API.AuditEntries.list, query: "action=rule.update").json["items"]
                .elements.first
            #expect(entry?["auth_method"] == "sign_in")
            #expect(entry?["ip_address"] == "127.0.0.1")
            #expect(entry?["target"].string == "rule \(rule)")
            #expect(entry?["before"].string?.contains(#""updates":"none""#) == true)
            #expect(entry?["after"].string?.contains(#""updates":"all""#) == true)
            // Encoded like a browser's form.
            #expect(try await browser.get("/audit?target=rule+\(rule)&action=rule.update").text.contains("rule.update"))
            let since = try await patchbay.api(
                API.AuditEntries.list, query: "target=rule+\(rule)&since=2020-01-01T00:00:00+02:00")
            #expect(since.json["items"].elements.count == 2)
            let engineer = try await patchbay.browser(.engineer)
            _ = try await engineer.get("/account")
            #expect(try await engineer.send(.GET, "/api/v1/users", nil).status == 403)
            #expect(
                try await patchbay.api(API.AuditEntries.list, query: "action=access").json["items"].elements.count == 1)
            let csv = try await patchbay.api(API.AuditEntries.export, query: "action=rule")
            #expect(csv.headers["content-type"] == "text/csv; charset=utf-8")
            #expect(csv.text.split(separator: "\r\n").count == 3)
            #expect(csv.body.starts(with: Data("\u{FEFF}number,created_at,actor".utf8)))
            let lines = try await patchbay.api(API.AuditEntries.export, query: "format=jsonl")
            #expect(lines.text.split(separator: "\n").allSatisfy { (try? JSON(Data($0.utf8))) != nil })
            let (entries, faults) = try await AuditLog.verify(in: patchbay.database)
            #expect(entries > 5)
            #expect(faults.isEmpty)
        }
    }
}
