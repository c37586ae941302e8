import API
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Syncs with the outside systems, on request and by schedule.
@Suite("Syncs", .timeLimit(.minutes(20)))
struct SyncTests {
    // MARK: The API

    @Test(
        "Each kind shows its state; starting a running sync returns that run", arguments: TestDatabase.engines)
    func status(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            // Long enough that the first run is still in progress when the second request arrives.
            patchbay.connectWise.control.script(Fault(.delay(.seconds(8)), path: "*/service/tickets*"))
            let first = try await patchbay.api(API.Syncs.start, ["kinds": ["tickets"]])
            let second = try await patchbay.api(API.Syncs.start, ["kinds": ["tickets", "boards"]])
            #expect(first.status == 202)
            #expect(second.status == 202)
            let tickets = second.json["items"].elements.first { $0["kind"] == "tickets" } ?? .null
            #expect(tickets["id"] == first.json["items"].elements.first?["id"])
            #expect(tickets["state"] == "queued" || tickets["state"] == "running")
            let done = try await patchbay.synced("tickets")
            #expect(done["done"] == done["total"])
            #expect(done["done"] != 0)
            #expect(done["started_at"] != .null)
            #expect(done["finished_at"] != .null)
            #expect(done["last_error"] == .null)
            // One run: a count and a page.
            #expect(patchbay.connectWise.control.callsByRoute["GET service/tickets/count"] == 1)
            let kinds = try await patchbay.syncs().map { $0["kind"].string ?? "" }
            #expect(Set(kinds) == ["boards", "recipients", "tickets", "catch_up", "callbacks"])
        }
    }

    @Test("A sync that is not possible is refused, and the error names the field", arguments: TestDatabase.engines)
    func refused(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let cases: [(body: JSON, field: String)] = [
                (["kinds": ["everything"]], "kinds"), (["kinds": []], "kinds"), (["kind": ["tickets"]], "kind"),
                (["kinds": ["boards"], "board_ids": ["1"]], "board_ids"),
                (["kinds": ["tickets"], "board_ids": ["999"]], "board_ids"),
            ]
            for (body, field) in cases {
                let reply = try await patchbay.api(API.Syncs.start, body)
                #expect(reply.status == 422 || reply.status == 400)
                #expect(reply.faultyFields.contains(field))
            }
        }
    }

    @Test(
        "A cancelled run ends and stores nothing more, and the next run is complete", arguments: TestDatabase.engines)
    func cancelled(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            // Long enough that the run is still in progress when it is cancelled.
            patchbay.connectWise.control.script(Fault(.delay(.seconds(8)), path: "*/service/tickets*"))
            let started = try await patchbay.api(API.Syncs.start, ["kinds": ["tickets"]])
            let id = started.json["items"].elements.first?["id"].int ?? 0
            let ended = try await patchbay.api(API.Syncs.cancel, at: id)
            #expect(ended.status == 200)
            #expect(ended.json["state"] == "idle")
            #expect(ended.json["last_error"].string?.hasPrefix("cancelled by") == true)
            #expect(try await patchbay.api(API.Syncs.cancel, at: id).json["code"] == "not_running")
            patchbay.connectWise.control.removeFaults()
            try await patchbay.settled()
            #expect(try await patchbay.syncs().first { $0["kind"] == "tickets" }?["state"] == "idle")
            #expect(try await patchbay.api(API.Syncs.start, ["kinds": ["tickets"]]).status == 202)
            let done = try await patchbay.synced("tickets")
            #expect(done["done"] == done["total"])
            #expect(done["last_error"] == .null)
        }
    }

    // MARK: Boards and recipients

    @Test(
        "A deleted board is marked, keeps its rules, and accepts no new ones",
        arguments: TestDatabase.engines)
    func boards(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let rule = try await patchbay.rule("Voice", to: "Voice team")
            try patchbay.connectWise.remove(board: "Voice")
            try await patchbay.sync("boards")
            let voice = try patchbay.board("Voice").string ?? ""
            let board = try await patchbay.api(API.Boards.show, at: voice).json
            #expect(board["deleted"] == true)
            #expect(try await patchbay.api(API.Rules.show, at: rule).status == 200)
            let other = try await patchbay.api(
                API.Rules.create,
                ["board_id": try patchbay.board("Voice"), "recipient_id": try patchbay.room()])
            #expect(other.status == 422)
            #expect(other.faultyFields == ["board_id"])
        }
    }

    @Test(
        "A board whose statuses cannot be read keeps its old ones and delays no other board",
        arguments: TestDatabase.engines)
    func refusedBoard(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let (refused, other) = (try patchbay.board("Service Desk"), try patchbay.board("Voice"))
            func statuses(_ board: JSON) async throws -> Int {
                try await patchbay.api(API.Boards.show, at: board.string ?? "").json["statuses"].elements.count
            }
            try await patchbay.sync("boards")
            let before = try await statuses(refused)
            #expect(before > 0)
            _ = try await patchbay.database.write {
                try $0.execute("DELETE FROM psa_statuses WHERE board_id = \(other.string ?? "")")
            }
            patchbay.connectWise.control.script(
                Fault(.answer(status: 403), path: "*/service/boards/\(refused.string ?? "")/statuses", times: nil))
            try await patchbay.sync("boards")
            #expect(try await statuses(refused) == before)
            #expect(try await statuses(other) > 0)
            let connection = try await patchbay.connection()
            #expect(connection["state"] == "ok")
            #expect(connection["state_reason"].string?.contains("Service Desk") == true, "\(connection)")
        }
    }

    @Test(
        "Rooms and members' accounts become recipients, and deleted ones become inactive",
        arguments: TestDatabase.engines)
    func recipients(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try patchbay.connectWise.setEmail(nil, of: "mhaddad")
            try patchbay.connectWise.setEmail("Nobody.There@rivermark.example", of: "kbrandt")
            // A second account with the same address, and an address with different capitalization.
            patchbay.webex.createPerson("Sara Lindqvist (old)", email: "sara.lindqvist@rivermark.example")
            try patchbay.connectWise.setEmail("SARA.Lindqvist@Rivermark.example", of: "slindqvist")
            let rule = try await patchbay.rule()
            if let room = patchbay.webex.rooms.first(where: { $0.title == "Dispatch" }) {
                patchbay.webex.remove(room: room.id)
            }
            try await patchbay.sync("recipients")
            let people = try await patchbay.api(API.Recipients.list, query: "kind=person&limit=200").json["items"]
                .elements
            let emails = people.compactMap { $0["email"].string?.lowercased() }
            #expect(emails.count == Set(emails).count)
            #expect(emails.contains(Staff.sara))
            #expect(emails.contains(Staff.tom))
            #expect(!emails.contains("nobody.there@rivermark.example"))
            let room = try patchbay.room().int ?? 0
            let dispatch = try await patchbay.api(API.Recipients.show, at: room).json
            #expect(dispatch["active"] == false)
            #expect(try await patchbay.api(API.Rules.show, at: rule).status == 200)
            // Notified once, although there are two accounts.
            let ticket = try patchbay.connectWise.createTicket("Two accounts", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            #expect(try await patchbay.deliveries(of: ticket).count == 1)
            // A member without an address is not notified, and the reason is recorded.
            let silent = try patchbay.connectWise.createTicket("No address", owner: "mhaddad")
            try await patchbay.refresh(silent, action: "added")
            #expect(try await patchbay.events(of: silent).first?.reason?.contains("mhaddad has no e-mail") == true)
        }
    }

    // MARK: Tickets

    @Test(
        "Many open tickets cost a call for each thousand; a run continues where it failed; old tickets notify no one",
        arguments: TestDatabase.engines)
    func tickets(engine: Engine) async throws {
        var options = RunningPatchbay.Options()
        options.connectWise = { $0.world = .load(tickets: 4_200) }
        try await RunningPatchbay.run(engine, options) { patchbay in
            let open = patchbay.connectWise.ticketIDs.count { patchbay.connectWise.ticket($0)?.closed == false }
            patchbay.connectWise.control.resetCalls()
            // The third page fails once.
            patchbay.connectWise.control.script(Fault(.delay(.zero), path: "/service/tickets", times: 2))
            patchbay.connectWise.control.script(Fault(.answer(status: 500), path: "/service/tickets", times: 1))
            let done = try await patchbay.sync("tickets")
            #expect(done["done"].int == open)
            #expect(done["total"].int == open)
            let pages = (open + 999) / 1000
            #expect(patchbay.connectWise.control.callsByRoute["GET service/tickets"] == pages + 1)
            #expect(patchbay.connectWise.control.callsByRoute["GET service/tickets/{id}"] == nil)
            #expect(try await patchbay.count("psa_tickets") == open)
            #expect(patchbay.webex.messageCount == 0)
            #expect(try await patchbay.count("ticket_events") == 0)
            // Second run: nothing is new.
            patchbay.connectWise.control.resetCalls()
            try await patchbay.sync("tickets")
            #expect(patchbay.connectWise.control.callCount == pages + 1)
        }
    }

    @Test(
        "A sync announces new tickets, and notices closed and deleted ones",
        arguments: TestDatabase.engines)
    func differences(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let closed = try patchbay.connectWise.createTicket("To be closed")
            let deleted = try patchbay.connectWise.createTicket("To be deleted")
            try await patchbay.refresh(closed, action: "added")
            try await patchbay.refresh(deleted, action: "added")
            let new = try patchbay.connectWise.createTicket("Nobody told us", board: "Service Desk")
            try patchbay.connectWise.update(closed, status: "Closed", as: .member("twhitlock"))
            try patchbay.connectWise.delete(deleted)
            try await patchbay.sync("tickets")
            try await patchbay.settled()
            #expect(try await patchbay.events(of: new).map(\.kind) == ["created"])
            #expect(try await patchbay.events(of: closed).map(\.kind).last == "closed")
            #expect(try await patchbay.events(of: deleted).map(\.kind).last == "deleted")
            #expect(patchbay.messages(to: "Dispatch").count == 3)
        }
    }

    @Test("Only the chosen boards are synced", arguments: TestDatabase.engines)
    func chosenBoards(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let voice = try patchbay.connectWise.createTicket("On the board", board: "Voice")
            let other = try patchbay.connectWise.createTicket("Elsewhere", board: "Service Desk")
            let reply = try await patchbay.api(
                API.Syncs.start, ["kinds": ["tickets"], "board_ids": [try patchbay.board("Voice")]])
            #expect(reply.status == 202)
            try await patchbay.synced("tickets")
            try await patchbay.settled()
            #expect(try await patchbay.events(of: voice).count == 1)
            #expect(try await patchbay.events(of: other).isEmpty)
        }
    }

    // MARK: Catch-up

    @Test("Lost callbacks lead to the same messages as delivered ones", arguments: TestDatabase.engines)
    func lostHooks(engine: Engine) async throws {
        var options = RunningPatchbay.Options()
        options.registersCallback = true
        try await RunningPatchbay.run(engine, options) { patchbay in
            try await patchbay.rule("Service Desk", to: "Dispatch", ["updates": "notes"])
            patchbay.connectWise.control.script(Fault(.dropCallback, times: nil))
            let ticket = try patchbay.connectWise.createTicket("Nobody hears", owner: "slindqvist", text: "First")
            try await patchbay.sync("catch_up")
            try await patchbay.settled()
            try patchbay.connectWise.addNote("Second", to: ticket, as: .customer)
            try patchbay.connectWise.addNote("Third", to: ticket, as: .member("slindqvist"))
            try patchbay.connectWise.assign("twhitlock", to: ticket)
            try await patchbay.sync("catch_up")
            try await patchbay.settled()
            #expect(patchbay.messages(to: "Dispatch").count == 3)
            #expect(patchbay.messages(to: Staff.sara).count == 2)
            #expect(patchbay.messages(to: Staff.tom).count == 3)
            // Another run changes nothing.
            try await patchbay.sync("catch_up")
            try await patchbay.settled()
            #expect(patchbay.webex.messageCount == 8)
        }
    }

    @Test(
        "After a week offline with 5,000 changes, nothing is missing and nothing old is announced",
        arguments: TestDatabase.engines)
    func weekAway(engine: Engine) async throws {
        let clock = MutexBox(Date())
        var options = RunningPatchbay.Options()
        options.connectWise = {
            $0.world = .load(tickets: 3_000)
            $0.now = { clock.value }
        }
        try await RunningPatchbay.run(engine, options) { patchbay in
            // The week starts now, however late this test was scheduled, because changes before the connection are
            // ignored.
            clock.change { $0 = Date() }
            try await patchbay.rule()
            let old = patchbay.connectWise.ticketIDs
            let open = old.filter { patchbay.connectWise.ticket($0)?.closed == false }
            try await patchbay.sync("tickets")
            let week: TimeInterval = 7 * 86_400
            var new: [Int] = []
            for number in 0..<2_500 {
                clock.change { $0.addTimeInterval(week / 2_500) }
                new.append(try patchbay.connectWise.createTicket("Week \(number)", board: "Service Desk"))
                try patchbay.connectWise.addNote("Note \(number)", to: open[number % open.count], as: .customer)
            }
            try await patchbay.sync("catch_up")
            try await patchbay.settled(within: .seconds(400))
            let told = Set(patchbay.messages(to: "Dispatch").compactMap { $0.firstMatch(of: /\[#(\d+)\]/)?.output.1 })
            #expect(told == Set(new.map { Substring("\($0)") }))
            #expect(patchbay.messages(to: "Dispatch").count == 2_500)
            #expect(try await patchbay.count("ticket_events WHERE kind = 'note_added'") == 2_500)
            #expect(try await patchbay.count("ticket_events WHERE kind = 'created'") == 2_500)
        }
    }

    @Test("Nothing before the baseline is announced, wherever it is moved", arguments: TestDatabase.engines)
    func baseline(engine: Engine) async throws {
        let clock = MutexBox(Date())
        var options = RunningPatchbay.Options()
        options.connectWise = { $0.now = { clock.value } }
        try await RunningPatchbay.run(engine, options) { patchbay in
            try await patchbay.rule()
            let before = try patchbay.connectWise.createTicket("Before the move")
            clock.change { $0.addTimeInterval(3_600) }
            let connection = try await patchbay.connection()["id"].int ?? 0
            let moved = clock.value.addingTimeInterval(-60)
            let reply = try await patchbay.api(
                API.PSA.Connections.update, at: connection,
                ["baseline_at": .text(moved.formatted(.iso8601))])
            #expect(reply.status == 200)
            let after = try patchbay.connectWise.createTicket("After the move")
            try await patchbay.sync("catch_up")
            try await patchbay.settled()
            #expect(patchbay.messages(to: "Dispatch").count == 1)
            #expect(try await patchbay.events(of: before).isEmpty)
            #expect(try await patchbay.events(of: after).count == 1)
        }
    }

    @Test(
        "ConnectWise's clock may jump without a change being lost", arguments: TestDatabase.engines,
        [-7_200.0, 7_200.0])
    func clockJumps(engine: Engine, jump: Double) async throws {
        let clock = MutexBox(Date())
        var options = RunningPatchbay.Options()
        options.connectWise = { $0.now = { clock.value } }
        try await RunningPatchbay.run(engine, options) { patchbay in
            try await patchbay.rule()
            let baseline = clock.value.addingTimeInterval(-20_000)
            let connection = try await patchbay.connection()["id"].int ?? 0
            _ = try await patchbay.api(
                API.PSA.Connections.update, at: connection,
                ["baseline_at": .text(baseline.formatted(.iso8601))])
            var tickets: [Int] = []
            for step in 0..<4 {
                tickets.append(try patchbay.connectWise.createTicket("Step \(step)"))
                try await patchbay.sync("catch_up")
                // ConnectWise's clock is off, then right again.
                clock.change { $0.addTimeInterval(step.isMultiple(of: 2) ? jump : -jump) }
            }
            tickets.append(try patchbay.connectWise.createTicket("Last"))
            try await patchbay.sync("catch_up")
            // Changes made while its clock was behind predate the watermark; the sync of open tickets finds them.
            try await patchbay.sync("tickets")
            try await patchbay.settled()
            for ticket in tickets { #expect(try await patchbay.events(of: ticket).map(\.kind) == ["created"]) }
            #expect(patchbay.messages(to: "Dispatch").count == tickets.count)
        }
    }

    // MARK: Callbacks

    @Test(
        "Our callback is registered, reactivated, and deduplicated, and callbacks of others stay",
        arguments: TestDatabase.engines)
    func callbacks(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.sync("callbacks")
            let url = try await patchbay.connection()["callback_url"].string ?? ""
            #expect(patchbay.connectWise.callbackURLs == [url])
            patchbay.connectWise.deactivateCallbacks()
            let other = "https://other.example/hook?id="
            patchbay.connectWise.addCallback(other)
            patchbay.connectWise.addCallback(url, inactive: true)
            patchbay.connectWise.addCallback(url.replacing("127.0.0.1", with: "127.0.0.2"))
            try await patchbay.sync("callbacks")
            #expect(patchbay.connectWise.callbackURLs.sorted() == [url, other].sorted())
            #expect(patchbay.connectWise.callbackStates.count == 2)
            patchbay.connectWise.removeCallbacks()
            try await patchbay.sync("callbacks")
            #expect(patchbay.connectWise.callbackURLs == [url])
        }
    }

    @Test(
        "A PSA that cannot be reached does not prevent the start, and the error is shown",
        arguments: TestDatabase.engines)
    func unreachable(engine: Engine) async throws {
        var options = RunningPatchbay.Options()
        options.settings = ["PATCHBAY_SYNC_CALLBACKS": "1d"]
        try await RunningPatchbay.run(engine, options) { patchbay in
            // Rejects the sync's own call and one that every connection needs; the first alone would not pause the
            // connection.
            for path in ["*/system/callbacks*", "*/system/members*"] {
                patchbay.connectWise.control.script(Fault(.answer(status: 401), path: path, times: nil))
            }
            _ = try await patchbay.api(API.Syncs.start, ["kinds": ["callbacks"]])
            try await eventually("the refusal to be shown") {
                try await patchbay.syncs("callbacks").contains {
                    ($0["last_error"].string ?? "").contains("credentials")
                }
            }
            #expect(try await patchbay.connection()["state"] == "paused")
            patchbay.connectWise.control.removeFaults()
            let connection = try await patchbay.connection()["id"].int ?? 0
            #expect(try await patchbay.api(API.PSA.Connections.test, at: connection).status == 200)
            try await patchbay.synced("callbacks")
            #expect(patchbay.connectWise.callbackURLs.count == 1)
        }
    }
}

extension RunningPatchbay {
    /// All syncs, or those of one kind.
    fileprivate func syncs(_ kind: String? = nil) async throws -> [JSON] {
        try await api(API.Syncs.list).json["items"].elements.filter { kind == nil || $0["kind"].string == kind }
    }

    /// Starts a sync and waits until it ends.
    @discardableResult
    fileprivate func sync(_ kind: String) async throws -> JSON {
        // Creating the connection started one, which must end first.
        try await synced(kind)
        let reply = try await api(API.Syncs.start, ["kinds": [.text(kind)]])
        guard reply.status == 202 else { throw Unexpected("no sync: \(reply.text)") }
        return try await synced(kind)
    }

    /// Waits until a sync ends.
    @discardableResult
    fileprivate func synced(_ kind: String) async throws -> JSON {
        var sync = JSON.null
        try await eventually(within: .seconds(600), "\(kind) to be synced") {
            sync = try await syncs(kind).first ?? .null
            return sync["state"] == "idle" || sync["state"] == "failed"
        }
        guard sync["state"] == "idle" else { throw Unexpected("\(kind) failed: \(sync)") }
        return sync
    }

    /// The number of rows in a table.
    fileprivate func count(_ table: String) async throws -> Int {
        try await database.read { try $0.first(SQL(unchecked: "SELECT COUNT(*) AS n FROM \(table)"))?["n"] ?? 0 }
    }
}
