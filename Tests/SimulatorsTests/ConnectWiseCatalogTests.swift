import Foundation
import NIOHTTP1
import SimulatedWorld
import Testing

@testable import SimulatedConnectWise
@testable import SimulatorStage

/// What write-back needs of the played ConnectWise beside tickets, notes and time.
@Suite struct ConnectWiseCatalogTests {
    private func time(_ ticket: Int, _ more: String = "") -> String {
        #"{"chargeToId":\#(ticket),"chargeToType":"ServiceTicket","timeStart":"2026-01-05T09:00:00Z","#
            + #""timeEnd":"2026-01-05T09:15:00Z"\#(more)}"#
    }

    @Test func aDefaultRoleMayNotFitTheLocation() async throws {
        try await StageClient.during { call async throws in
            let voice = try call.simulator.createTicket("Dial tone", board: "Voice")
            let refused = try await call.send(.POST, "/time/entries", time(voice))
            #expect(refused.status == 400)
            #expect(refused.text.contains("The default Work Role is not valid for the selected location"))
            let wrong = try await call.send(.POST, "/time/entries", time(voice, #","workRole":{"id":4}"#))
            #expect(wrong.text.contains("The Work Role is not valid for the selected location"))
            #expect(try await call.send(.POST, "/time/entries", time(voice, #","workRole":{"id":8}"#)).status == 400)
            let good = try await call.send(
                .POST, "/time/entries", time(voice, #","workRole":{"id":1},"workType":{"id":4}"#))
            #expect(good.status == 201)
            #expect(good.json["workRole"]?["name"]?.string == "Engineer")
            #expect(good.json["billableOption"]?.string == "NoCharge")
            let entry = try #require(call.simulator.ticket(voice)?.timeRecords.first)
            #expect(entry.minutes == 15)
            #expect(entry.workType == "Travel")
            #expect(entry.workRole == "Engineer")
        }
    }

    @Test func defaultsTellTheRoleAndStoreNothing() async throws {
        try await StageClient.during { call async throws in
            let voice = try call.simulator.createTicket("Dial tone", board: "Voice")
            let before = call.simulator.ledger.read { $0.time.count }
            let defaults = try await call.send(.POST, "/time/entries/defaults", time(voice))
            #expect(defaults.status == 200)
            #expect(defaults.json["workRole"]?["name"]?.string == "Voice Engineer")
            #expect(defaults.json["location"]?["id"]?.int == 11)
            #expect(call.simulator.ledger.read { $0.time.count } == before)
            let roles = try await call(.GET, "/system/locations/11/workRoles?orderBy=workRole/id%20asc")
            let names = roles.rows.compactMap { $0["workRole"]?["name"]?.string }
            #expect(names == ["Engineer", "Senior Engineer", "Security Analyst", "Dispatcher", "Pager Duty"])
            #expect(try await call(.GET, "/time/workRoles?conditions=inactiveFlag=True").ids == [8])
            #expect(try await call(.GET, "/time/workTypes/count").json["count"]?.int == 6)
        }
    }

    @Test func projectTicketsAreChargedAsSuch() async throws {
        try await StageClient.during { call async throws in
            let project = try call.simulator.createTicket("Roll-out", board: "Projects", recordType: "ProjectTicket")
            #expect(try await call.send(.POST, "/time/entries", time(project)).status == 400)
            let body = time(project).replacing("ServiceTicket", with: "ProjectTicket")
            #expect(try await call.send(.POST, "/time/entries", body).status == 201)
        }
    }

    @Test func ticketsHaveConfigurations() async throws {
        try await StageClient.during { call async throws in
            let ticket = try call.simulator.createTicket("Screen")
            let path = "/service/tickets/\(ticket)/configurations"
            #expect(try await call(.GET, path).rows.isEmpty)
            #expect(try await call.send(.POST, path, #"{"id":601}"#).status == 201)
            let listed = try await call(.GET, path)
            #expect(listed.rows.first?["deviceIdentifier"]?.string?.hasPrefix("WO-") == true)
            #expect(
                try await call(.GET, "/service/tickets?conditions=configuration/id=601&orderBy=id%20desc").ids.first
                    == ticket)
            #expect(try await call(.DELETE, path + "/601").status == 204)
            #expect(try await call.send(.POST, path, #"{"id":1}"#).status == 400)
            #expect(try await call(.GET, "/company/configurations/601").status == 200)
        }
    }

    @Test func boardsHaveStatusesOfAllKinds() async throws {
        try await StageClient.during { call async throws in
            let statuses = try await call(.GET, "/service/boards/1/statuses?pageSize=100").rows
            func names(_ flag: String) -> [String] {
                statuses.filter { $0[flag]?.bool == true }.compactMap { $0["name"]?.string }
            }
            #expect(names("inactive") == ["Archived"])
            #expect(names("timeEntryNotAllowed") == ["Closed", "On Hold"])
            #expect(names("closedStatus") == ["Resolved", "Closed", "Archived"])
            #expect(names("defaultFlag") == ["New"])
        }
    }

    @Test func switchesChangeHowItBehaves() async throws {
        try await StageClient.during { call async throws in
            let ticket = try call.simulator.createTicket("Switches")
            call.simulator.switches.ignoresStatusPatches = true
            let patch = #"[{"op":"replace","path":"status","value":{"id":3}}]"#
            let ignored = try await call.send(.PATCH, "/service/tickets/\(ticket)", patch)
            #expect(ignored.status == 200)
            #expect(ignored.json["status"]?["name"]?.string == "New")
            call.simulator.switches = Switches()
            #expect(
                try await call.send(.PATCH, "/service/tickets/\(ticket)", patch).json["status"]?["name"]?.string
                    == "In Progress")
            call.simulator.switches.collapsesNewlines = true
            let note = try await call.send(
                .POST, "/service/tickets/\(ticket)/notes", #"{"text":"a\nb","internalAnalysisFlag":true}"#)
            #expect(note.json["text"]?.string == "a b")
        }
    }

    @Test func rightsAreLookedAtFirst() async throws {
        try await StageClient.during { call async throws in
            let ticket = try call.simulator.createTicket("Rights")
            call.simulator.switches.deniedRights = [
                "Time & Expense/Time Entry/Add", "Service Desk/Service Tickets/Edit", "Finance/Invoicing/Inquire",
            ]
            #expect(try await call.send(.POST, "/time/entries", "{}").status == 403)
            #expect(try await call.send(.PATCH, "/service/tickets/0", "[]").status == 403)
            #expect(try await call.send(.POST, "/service/tickets/\(ticket)/notes", "{}").status == 403)
            #expect(try await call(.GET, "/service/tickets/\(ticket)").status == 200)
            #expect(try await call(.GET, "/finance/invoices").status == 403)
            #expect(try await call(.GET, "/finance/agreements").status == 200)
            call.simulator.switches.deniedRights = ["Service Desk/Close Service Tickets/Edit"]
            let close = #"[{"op":"replace","path":"status","value":{"id":7}}]"#
            #expect(try await call.send(.PATCH, "/service/tickets/\(ticket)", close).status == 403)
        }
    }

    @Test func nobodyWritesAsSomebodyWhoLeft() async throws {
        try await StageClient.during { call async throws in
            let ticket = try call.simulator.createTicket("Members")
            let id = try #require(call.simulator.ledger.read { $0.member("kbrandt")?.id })
            let body = #"{"text":"x","internalAnalysisFlag":true,"member":{"id":\#(id)}}"#
            let path = "/service/tickets/\(ticket)/notes"
            #expect(try await call.send(.POST, path, body).status == 201)
            try call.simulator.setInactive(true, of: "kbrandt")
            #expect(try await call.send(.POST, path, body).status == 400)
            try call.simulator.remove(member: "kbrandt")
            #expect(try await call.send(.POST, path, body).status == 400)
            #expect(call.simulator.ticket(ticket)?.noteRecords.map(\.author) == [nil])
        }
    }

    @Test func crowdsTakeSeveralPages() async throws {
        var world = World(tickets: 3)
        (world.extraCompanies, world.extraMembers, world.extraStatuses) = (2_500, 1_200, 1_100)
        let ledger = world.ledger(apiMember: "api", now: Instant(seconds: 1_800_000_000))
        #expect(ledger.companies.count > 2_500)
        #expect(ledger.members.count > 1_200)
        #expect((ledger.statusesByBoard[1] ?? []).count > 1_100)
    }
}

extension StageClient {
    fileprivate func send(_ method: HTTPMethod, _ path: String, _ body: String) async throws -> Reply {
        try await self(method, path, try JSONReader.read(Array(body.utf8)))
    }
}

extension StageClient.Reply {
    fileprivate var rows: [PlayedJSON] { json.elements ?? [] }
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
}
