import API
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Forwards, previews, timelines, and explanations on a running server.
@Suite("Forwards and explanations", .timeLimit(.minutes(20)))
struct ForwardingTests {
    /// Creates a recipient for a person by e-mail address.
    private func person(_ email: String, _ patchbay: RunningPatchbay) async throws -> JSON {
        try await patchbay.api(API.Recipients.create, ["email": .text(email)]).json["id"]
    }

    private func forward(
        _ patchbay: RunningPatchbay, _ source: JSON, _ destination: JSON, _ options: [String: JSON] = [:]
    ) async throws -> Reply {
        var body: [String: JSON] = ["source_id": source, "destination_id": destination]
        body.merge(options) { $1 }
        return try await patchbay.api(API.Forwards.create, .object(body))
    }

    @Test(
        "Messages follow a chain of forwards and name it, and arrive directly again once it is deleted",
        arguments: TestDatabase.engines)
    func chain(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let (sara, tom) = (try await person(Staff.sara, patchbay), try await person(Staff.tom, patchbay))
            let first = try await forward(patchbay, sara, tom)
            #expect(first.status == 201)
            #expect(first.json["state"] == "active")
            let second = try await forward(patchbay, tom, try patchbay.room("Voice team"))
            #expect(second.status == 201)
            let ticket = try patchbay.connectWise.createTicket("Follow me", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            #expect(patchbay.messages(to: Staff.sara).isEmpty)
            #expect(patchbay.messages(to: Staff.tom).isEmpty)
            let told = patchbay.messages(to: "Voice team")
            #expect(told.count == 1)
            #expect(told.first?.contains("Forwarded from Sara Lindqvist → Tom Whitlock") == true)
            let circle = try await forward(patchbay, try patchbay.room("Voice team"), sara)
            #expect(circle.status == 409)
            #expect(circle.json["code"] == "forward_cycle")
            #expect(
                circle.json["detail"].string?.contains("Voice team → Sara Lindqvist → Tom Whitlock → Voice team")
                    == true)
            for made in [first, second] {
                let id = made.json["id"].int ?? 0
                #expect(try await patchbay.api(API.Forwards.delete, at: id).status == 204)
            }
            try patchbay.connectWise.addNote("Back again", to: ticket, as: .customer)
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: Staff.sara).count == 1)
        }
    }

    @Test("A new forward does not affect a message that is already waiting", arguments: TestDatabase.engines)
    func queuedBefore(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let (sara, tom) = (try await person(Staff.sara, patchbay), try await person(Staff.tom, patchbay))
            patchbay.webex.control.script(
                Fault(.answer(status: 429, retryAfter: 10), method: "POST", path: "*/messages"))
            let ticket = try patchbay.connectWise.createTicket("Waiting", owner: "slindqvist")
            try await patchbay.tell(ticket, action: "added")
            try await eventually("the message to wait") {
                try await patchbay.deliveries(of: ticket).contains { $0["error"] != .null }
            }
            #expect(try await forward(patchbay, sara, tom).status == 201)
            try await patchbay.settled()
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            try patchbay.connectWise.addNote("Later", to: ticket, as: .customer)
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(patchbay.messages(to: Staff.tom).count == 1)
        }
    }

    @Test(
        "Forward times accept any zone, can be cleared, and are refused when they make no sense",
        arguments: TestDatabase.engines)
    func times(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let (sara, tom) = (try await person(Staff.sara, patchbay), try await person(Staff.tom, patchbay))
            let made = try await forward(
                patchbay, sara, tom,
                ["starts_at": "2026-01-01T00:00:00+02:00", "ends_at": "2026-01-01T01:00:00+02:00", "keep_copy": true])
            #expect(made.status == 201)
            #expect(made.json["starts_at"] == "2025-12-31T22:00:00.000Z")
            #expect(made.json["state"] == "expired")
            let path = "/notifiers/forwards/\(made.json["id"].int ?? 0)"
            let opened = try await patchbay.api(.PATCH, path, ["ends_at": .null])
            #expect(opened.json["state"] == "active")
            #expect(opened.json["ends_at"] == .null)
            #expect(opened.json["starts_at"] == made.json["starts_at"])
            #expect(opened.json["keep_copy"] == true)
            let wrong = try await patchbay.api(.PATCH, path, ["ends_at": "2025-01-01T00:00:00Z"])
            #expect(wrong.status == 422)
            #expect(wrong.faultyFields == ["ends_at"])
            #expect(try await patchbay.api(.PATCH, path, ["ends_at": "tomorrow"]).faultyFields == ["ends_at"])
            let active = try await patchbay.api(API.Forwards.list, query: "state=active").json["items"].elements
            #expect(active.count == 1)
            #expect(try await patchbay.api(API.Forwards.list, query: "state=maybe").status == 400)
        }
    }

    @Test("A preview shows who would be notified, and notifies no one", arguments: TestDatabase.engines)
    func preview(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule("Service Desk", to: "Dispatch", ["updates": "notes", "visibility": "public"])
            let ticket = try patchbay.connectWise.createTicket("Foreseen", board: "Service Desk", owner: "slindqvist")
            try patchbay.connectWise.assign("twhitlock", to: ticket)
            try await patchbay.refresh(ticket, action: "added")
            let sent = patchbay.webex.messageCount
            func ask(_ body: [String: JSON]) async throws -> JSON {
                var body = body
                body["ticket_id"] = .text("\(ticket)")
                return try await patchbay.api(API.Previews.create, .object(body)).json
            }
            func told(_ answer: JSON) -> [String] {
                answer["items"].elements.filter { $0["outcome"] == "notify" }.compactMap { $0["recipient_name"].string }
                    .sorted()
            }
            let note = try await ask(["event": "note_added", "author": "twhitlock"])
            #expect(told(note) == ["Dispatch", "Sara Lindqvist"])
            #expect(note["items"].elements.contains { $0["reason"] == "author of the note" })
            let inside = try await ask(["event": "note_added", "internal": true])
            #expect(told(inside) == ["Sara Lindqvist", "Tom Whitlock"])
            let closed = try await ask(["event": "closed"])
            #expect(told(closed).isEmpty)
            #expect(closed["reason"] == "no rule includes such changes")
            #expect(patchbay.webex.messageCount == sent)
            // The real event notifies the same recipients.
            try patchbay.connectWise.addNote("Now really", to: ticket, as: .member("twhitlock"))
            try await patchbay.refresh(ticket)
            #expect(patchbay.webex.messageCount == sent + 2)
            let unknown = try await patchbay.api(
                API.Previews.create, ["ticket_id": "999999", "event": "created"])
            #expect(unknown.status == 422)
            #expect(unknown.faultyFields == ["ticket_id"])
            let wrong = try await patchbay.api(
                API.Previews.create, ["ticket_id": .text("\(ticket)"), "event": "exploded"])
            #expect(wrong.faultyFields == ["event"])
        }
    }

    @Test("The timeline shows each event with who was notified, who wasn't and why", arguments: TestDatabase.engines)
    func timeline(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("A long story", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.addNote("By herself", to: ticket, as: .member("slindqvist"))
            try await patchbay.refresh(ticket)
            try patchbay.connectWise.update(ticket, status: "Closed", as: .member("twhitlock"))
            try await patchbay.refresh(ticket)
            var events: [JSON] = []
            var cursor = ""
            repeat {
                let page = try await patchbay.api(API.Events.list, at: ticket, query: "limit=2\(cursor)").json
                events += page["items"].elements
                cursor = page["next_cursor"].string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(events.map { $0["kind"].string ?? "" } == ["created", "note_added", "closed"])
            var newest: [String] = []
            repeat {
                let page = try await patchbay.api(
                    API.Events.list, at: ticket, query: "newest_first=true&limit=2\(cursor)"
                ).json
                newest += page["items"].elements.map { $0["kind"].string ?? "" }
                cursor = page["next_cursor"].string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(newest == ["closed", "note_added", "created"])
            #expect(events[0]["deliveries"].elements.map { $0["state"] } == ["sent"])
            #expect(events[1]["deliveries"].elements.map { $0["reason"] } == ["author of the note"])
            #expect(events[1]["note"] == "By herself")
            #expect(events[1]["changed_by"] == "Sara Lindqvist")
            #expect(events[2]["reason"] == "no rule includes such changes")
            #expect(events[2]["changed_by"] == "twhitlock")

            // Why was the room not notified?
            let rule = try await patchbay.rule()
            let room = try patchbay.room().int ?? 0
            func why(_ event: JSON) async throws -> JSON {
                let path = "/tickets/\(ticket)/events/\(event["id"].int ?? 0)/explanation?recipient_id=\(room)"
                return try await patchbay.api(.GET, path).json
            }
            let created = try await why(events[0])
            #expect(created["outcome"] == "no_delivery")
            #expect(created["rule"]["id"].int == rule)
            #expect(created["reason"].string?.contains("created later") == true)
            let closed = try await why(events[2])
            #expect(closed["reason"] == "no one was notified: no rule includes such changes")
            let delivery = events[0]["deliveries"].elements.first?["id"].int ?? 0
            let told = try await patchbay.api(API.Deliveries.explain, at: delivery).json
            #expect(told["outcome"] == "delivery")
            #expect(told["reason"] == "assigned")
            #expect(told["recipient_name"] == "Sara Lindqvist")
            #expect(try await patchbay.api(API.Events.list, at: "424242").status == 404)
            let nothing = try await patchbay.api(API.Events.explain, at: ticket, and: "99999", query: "recipient_id=1")
            #expect(nothing.status == 404)
        }
    }
}
