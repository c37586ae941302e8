import API
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// What exactly is written to the PSA, and in whose name.
@Suite("Written records", .timeLimit(.minutes(20)))
struct WriteBackRecordTests {
    @Test(
        "Each note type sets its one flag, and only notes that are not internal notify", arguments: TestDatabase.engines
    )
    func noteTypes(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Types")
            for type in ["internal_analysis", "resolution", "description"] {
                #expect(
                    try await patchbay.write(ticket, "notes", ["text": "x", "note_type": .text(type)]).status == 200)
            }
            let notes = try #require(patchbay.connectWise.ticket(ticket)?.noteRecords)
            #expect(notes.map(\.internalAnalysis) == [true, false, false])
            #expect(notes.map(\.resolution) == [false, true, false])
            #expect(notes.map(\.discussion) == [false, false, true])
            #expect(notes.map(\.notifies) == [false, true, true])
            let shown = try await patchbay.api(API.Tickets.notes, at: ticket).json["items"].elements
            #expect(
                shown.map { $0["note_type"].string } == ["description", "resolution", "internal_analysis"])
            #expect(shown.map { $0["internal"] } == [false, true, true])
        }
    }

    @Test("Mapped users write as the member; others are named in the first line", arguments: TestDatabase.engines)
    func author(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Author")
            #expect(try await patchbay.write(ticket, "log-change", ["text": "First"]).status == 200)
            var state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.noteRecords.last?.author == "PatchbayAPI")
            #expect(state.noteRecords.last?.text.hasPrefix("By ") == true)
            #expect(state.timeRecords.last?.member == "PatchbayAPI")
            #expect(state.timeRecords.last?.notes?.hasPrefix("By ") == true)
            try await patchbay.mapOneself(to: "kbrandt")
            #expect(try await patchbay.write(ticket, "log-change", ["text": "Second"]).status == 200)
            state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.noteRecords.last?.author == "kbrandt")
            #expect(state.noteRecords.last?.text == "Second")
            #expect(state.timeRecords.last?.member == "kbrandt")
            #expect(state.timeRecords.last?.notes == nil)
            let posts = try await patchbay.posts(to: ticket)
            #expect(posts.map { $0["member_name"].string } == [nil, nil, "Kai Brandt", "Kai Brandt"])
        }
    }

    @Test(
        "A post by a member who left is refused with the field, and written after remapping",
        arguments: TestDatabase.engines)
    func memberLeft(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Left")
            try await patchbay.mapOneself(to: "kbrandt")
            try patchbay.connectWise.remove(member: "kbrandt")
            let refused = try await patchbay.write(ticket, "notes", ["text": "Still here"])
            #expect(refused.status == 422)
            #expect(refused.faultyFields == ["member"])
            _ = try await patchbay.api(API.PSA.Members.list, query: "refresh=true")
            let mapping = try await patchbay.api(API.MemberMappings.list).json["items"].elements
            #expect(mapping.contains { $0["member_inactive"] == true })
            try await patchbay.mapOneself(to: "rsato")
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.noteRecords.last?.author == "rsato")
        }
    }

    @Test(
        "A work role that is invalid at the location is refused, and the answer lists the valid ones",
        arguments: TestDatabase.engines)
    func workRole(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Dial tone", board: "Voice")
            let refused = try await patchbay.write(ticket, "log-change", ["text": "Fixed", "minutes": 20])
            #expect(refused.status == 422)
            #expect(refused.faultyFields == ["work_role_id"])
            let detail = try #require(refused.json["detail"].string)
            #expect(detail.contains("not valid for the selected location"))
            #expect(detail.contains("Senior Engineer"))
            let failed = try #require(try await patchbay.posts(to: ticket).last)
            #expect(
                failed["allowed_work_roles"].elements.compactMap { $0["name"].string }
                    == ["Engineer", "Senior Engineer", "Security Analyst", "Dispatcher", "Pager Duty"].filter {
                        $0 != "Pager Duty"
                    })
            let again = try await patchbay.api(
                API.Posts.retry, at: failed["id"].int ?? 0, ["work_role_id": "2"])
            #expect(again.status == 200)
            let state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.noteRecords.count == 1)
            #expect(state.timeRecords.count == 1)
            #expect(state.timeRecords.first?.workRole == "Senior Engineer")
            #expect(state.timeRecords.first?.minutes == 20)
        }
    }

    @Test("Chosen work role, type, and billing are sent, and others are omitted", arguments: TestDatabase.engines)
    func timeOptions(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Options")
            let roles = try await patchbay.api(API.WorkRoles.list).json["items"].elements
            #expect(roles.count == 7)
            #expect(!roles.contains { $0["name"] == "Pager Duty" })
            let types = try await patchbay.api(API.WorkTypes.list).json["items"].elements
            #expect(types.count == 5)
            let body: JSON = [
                "minutes": 95, "work_role_id": 2, "work_type_id": "3", "billable": "no_charge",
                "started_at": "2026-01-05T09:00:00.750Z", "text": "Night shift",
            ]
            #expect(try await patchbay.write(ticket, "time", body).status == 200)
            #expect(try await patchbay.write(ticket, "time", ["minutes": 1]).status == 200)
            let times = try #require(patchbay.connectWise.ticket(ticket)?.timeRecords)
            #expect(times[0].minutes == 95)
            #expect(times[0].workRole == "Senior Engineer")
            #expect(times[0].workType == "After hours")
            #expect(times[0].billable == "NoCharge")
            #expect(times[1].workRole == "Engineer")
            #expect(times[1].workType == nil)
            #expect(times[1].billable == "Billable")
        }
    }

    @Test("Time on a project ticket is charged to the project", arguments: TestDatabase.engines)
    func projectTicket(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket(
                "Roll-out", board: "Projects", recordType: "ProjectTicket")
            #expect(try await patchbay.write(ticket, "time", ["minutes": 15]).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.timeRecords.first?.chargedAs == "ProjectTicket")
        }
    }

    @Test("A 200 answer that changed nothing is not trusted", arguments: TestDatabase.engines)
    func falseSuccess(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("False")
            let status = try await patchbay.status("In Progress", of: ticket)
            patchbay.connectWise.switches.ignoresStatusPatches = true
            let refused = try await patchbay.write(ticket, "status", ["status_id": status], method: .PATCH)
            #expect(refused.status == 422)
            #expect(refused.json["code"] == "unchanged")
            #expect(refused.json["detail"].string?.contains("still New") == true)
            patchbay.connectWise.switches.ignoresStatusPatches = false
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.status == "In Progress")
        }
    }

    @Test("A note is recognized even if its line breaks were lost", arguments: TestDatabase.engines)
    func collapsed(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Collapsed")
            patchbay.connectWise.switches.collapsesNewlines = true
            patchbay.connectWise.control.script(Fault(.cutAfter, method: "POST", path: "*/notes"))
            #expect(try await patchbay.write(ticket, "notes", ["text": "one\n\ntwo"]).status == 202)
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count == 1)
        }
    }

    @Test(
        "Wrong keys pause the connection; a successful test resumes it", arguments: TestDatabase.engines,
        [401, 404])
    func wrongKeys(engine: Engine, status: Int) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Keys")
            let body = status == 404 ? #"{"code":"ConnectWiseApi","message":"The endpoint does not exist."}"# : nil
            patchbay.connectWise.control.script(
                Fault(.answer(status: status, body: body), path: "*/apis/3.0/*", times: nil))
            let reply = try await patchbay.write(ticket, "notes", ["text": "Waits"])
            #expect(reply.status == 202)
            #expect(try await patchbay.connection()["state"] == "paused")
            patchbay.connectWise.control.removeFaults()
            let id = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(API.PSA.Connections.test, at: id).status == 200)
            try await eventually("the note to be written") {
                patchbay.connectWise.ticket(ticket)?.notes.count == 1
            }
        }
    }

    @Test("The rights check lists missing and unneeded rights", arguments: TestDatabase.engines)
    func doctor(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let before = patchbay.connectWise.ticketIDs
            patchbay.connectWise.switches.deniedRights = [
                "Time & Expense/Time Entry/Add", "Finance/Invoicing/Inquire", "System/My Company/Inquire",
            ]
            let id = try await patchbay.connection()["id"].int ?? 0
            let rights = try await patchbay.api(API.PSA.Rights.list, at: id).json["items"].elements
            func settings(_ finding: String, needed: JSON) -> [String] {
                rights.filter { $0["finding"].string == finding && $0["needed"] == needed }
                    .compactMap { $0["setting"].string }
            }
            #expect(
                settings("missing", needed: true)
                    == ["Time & Expense › Time Entry › Add: All", "System › My Company › Inquire: All"])
            #expect(settings("unknown", needed: true) == ["Service Desk › Close Service Tickets › Edit: All"])
            #expect(settings("granted", needed: true).count == 10)
            #expect(settings("missing", needed: false) == ["Finance › Invoicing › Inquire"])
            #expect(settings("granted", needed: false).contains("Service Desk › Service Tickets › Delete"))
            // The check changed nothing.
            #expect(patchbay.connectWise.ticketIDs == before)
        }
    }
}

extension RunningPatchbay {
    /// Maps the administrator to a member.
    func mapOneself(to identifier: String) async throws {
        let members = try await api(API.PSA.Members.list, query: "search=\(identifier)").json["items"].elements
        let people = try await api(API.MemberMappings.list).json["items"].elements
        guard let member = members.first?["id"], let user = people.first?["user_id"] else {
            throw Unexpected("nobody to map")
        }
        let reply = try await api(
            API.MemberMappings.save, ["mappings": [["user_id": user, "member_id": member]]])
        guard reply.status == 200 else { throw Unexpected("not mapped: \(reply.text)") }
    }
}
