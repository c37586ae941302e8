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

/// Webex fails in every possible way.
@Suite("Webex faults", .timeLimit(.minutes(20)))
struct WebexFaultTests {
    @Test(
        "A rejected message fails with the reason and tracking ID, and can be retried",
        arguments: TestDatabase.engines)
    func refused(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let ticket = try patchbay.connectWise.createTicket("Refused")
            patchbay.webex.control.script(Fault(.answer(status: 400), path: "/v1/messages"))
            try await patchbay.refresh(ticket, action: "added")
            let delivery = try #require(try await patchbay.deliveries(of: ticket).first)
            #expect(delivery["state"] == "failed")
            #expect(delivery["error"].string?.isEmpty == false)
            #expect(delivery["tracking_id"].string?.hasPrefix("ROUTER_") == true)
            #expect(delivery["attempts"] == 1)
            let room = try await patchbay.api(API.Recipients.show, at: delivery["recipient_id"].int ?? 0)
            #expect(room.json["active"] == true)

            let path = "/deliveries/\(delivery["id"].int ?? 0)"
            #expect(try await patchbay.api(.POST, path + "/retry").status == 202)
            try await patchbay.settled()
            let sent = try await patchbay.api(.GET, path).json
            #expect(sent["state"] == "sent")
            #expect(sent["error"] == nil)
            #expect(sent["tracking_id"] == nil)
            #expect(sent["message_id"].string == patchbay.webex.messages.first?.id)
            #expect(try await patchbay.api(.POST, path + "/retry").status == 409)
            #expect(patchbay.messages(to: "Dispatch").count == 1)
        }
    }

    @Test(
        "A deleted room makes its recipient inactive, and all failed deliveries can be retried at once",
        arguments: TestDatabase.engines)
    func gone(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let rule = try await patchbay.rule()
            let room = try patchbay.room()
            let ticket = try patchbay.connectWise.createTicket("Gone")
            patchbay.webex.control.script(Fault(.answer(status: 404), path: "/v1/messages"))
            try await patchbay.refresh(ticket, action: "added")
            #expect(try await patchbay.deliveries(of: ticket).map { $0["state"] } == ["failed"])
            #expect(try await patchbay.api(API.Recipients.show, at: room.int ?? 0).json["active"] == false)
            // It keeps its rules, but no new messages to it are planned.
            #expect(try await patchbay.api(API.Rules.show, at: rule).status == 200)
            let next = try patchbay.connectWise.createTicket("Nobody")
            try await patchbay.refresh(next, action: "added")
            #expect(try await patchbay.deliveries(of: next).isEmpty)
            let again = try await patchbay.api(API.Deliveries.retryAll, ["state": "failed"])
            #expect(again.status == 202)
            #expect(again.json["count"] == 1)
            try await patchbay.settled()
            #expect(patchbay.messages(to: "Dispatch").count == 1)
        }
    }

    @Test(
        "If a thread's first message was deleted, the next message starts a new thread",
        arguments: TestDatabase.engines)
    func deletedFirstMessage(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule("Service Desk", to: "Dispatch", ["updates": "notes", "thread_updates": true])
            let ticket = try patchbay.connectWise.createTicket("Thread")
            try await patchbay.refresh(ticket, action: "added")
            let first = try #require(patchbay.webex.messages.first)
            let deleted = try await patchbay.api.with(key: WebexOptions().token).send(
                .DELETE, patchbay.webex.url() + "/v1/messages/\(first.id)", nil)
            #expect(deleted.status == 204)
            for text in ["One", "Two"] {
                try patchbay.connectWise.addNote(text, to: ticket, as: .customer)
                try await patchbay.refresh(ticket)
            }
            let sent = patchbay.webex.messages.filter { $0.roomTitle == "Dispatch" }
            #expect(sent.map(\.parentID) == [nil, sent.first?.id])
            #expect(try await patchbay.deliveries(of: ticket).allSatisfy { $0["state"] == "sent" })
            let room = try patchbay.room().int ?? 0
            #expect(try await patchbay.api(API.Recipients.show, at: room).json["active"] == true)
        }
    }

    @Test(
        "An inactive recipient is the recorded reason, and a test message that arrives activates it again",
        arguments: TestDatabase.engines)
    func switchedOnByTest(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let room = try patchbay.room()
            patchbay.webex.control.script(Fault(.answer(status: 404), path: "/v1/messages"))
            try await patchbay.refresh(try patchbay.connectWise.createTicket("Off"), action: "added")
            let unheard = try patchbay.connectWise.createTicket("Unheard")
            try await patchbay.refresh(unheard, action: "added")
            let reason = try await patchbay.events(of: unheard).first?.reason
            #expect(reason?.utf8.firstRange(of: "recipient is inactive".utf8) != nil, "\(reason ?? "none")")
            #expect(try await patchbay.api(API.Notices.test, ["recipient_id": room]).status == 202)
            try await patchbay.settled()
            #expect(try await patchbay.api(API.Recipients.show, at: room.int ?? 0).json["active"] == true)
            let heard = try patchbay.connectWise.createTicket("Heard")
            try await patchbay.refresh(heard, action: "added")
            #expect(try await patchbay.deliveries(of: heard).map { $0["state"] } == ["sent"])
        }
    }

    @Test("429 pauses the whole connection until Retry-After", arguments: TestDatabase.engines)
    func tooManyCalls(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            try await patchbay.rule("Service Desk", to: "On call")
            let first = try patchbay.connectWise.createTicket("First")
            patchbay.webex.control.script(Fault(.answer(status: 429, retryAfter: 3), path: "/v1/messages", times: 2))
            let start = ContinuousClock.now
            try await patchbay.tell(first, action: "added")
            try await patchbay.webex.control.calls(1, of: "POST messages")
            let second = try patchbay.connectWise.createTicket("Second")
            try await patchbay.tell(second, action: "added")
            try await patchbay.settled()
            #expect(ContinuousClock.now - start > .seconds(2.9))
            #expect(patchbay.webex.messages.count == 4)
            // At most one call more than were in flight at the first rejection.
            #expect((patchbay.webex.control.callsByRoute["POST messages"] ?? 0) <= 6)
            for delivery in try await patchbay.deliveries(of: second) { #expect(delivery["state"] == "sent") }
        }
    }

    @Test("A failed message is retried", arguments: TestDatabase.oneEngine, [500, 502, 503])
    func failure(engine: Engine, status: Int) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Again", owner: "slindqvist")
            patchbay.webex.control.script(Fault(.answer(status: status), path: "/v1/messages"))
            try await patchbay.refresh(ticket, action: "added")
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(try await patchbay.deliveries(of: ticket).first?["attempts"] == 2)
        }
    }

    @Test(
        "When the connection breaks after Webex accepted a message, a person gets it once and a room at most twice",
        arguments: TestDatabase.engines, [Fault.Action.cutAfter, .halfAnswer])
    func cutAfterAccepting(engine: Engine, fault: Fault.Action) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let ticket = try patchbay.connectWise.createTicket("Cut", owner: "slindqvist")
            patchbay.webex.control.script(Fault(fault, path: "/v1/messages", bodyText: Staff.sara))
            patchbay.webex.control.script(Fault(fault, path: "/v1/messages", bodyText: "roomId"))
            try await patchbay.refresh(ticket, action: "added")
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect((1...2).contains(patchbay.messages(to: "Dispatch").count))
            let deliveries = try await patchbay.deliveries(of: ticket)
            #expect(deliveries.allSatisfy { $0["state"] == "sent" })
            let adopted = deliveries.first { $0["recipient_name"] == "Sara Lindqvist" }
            #expect(
                adopted?["message_id"].string == patchbay.webex.messages.first { $0.toPersonEmail == Staff.sara }?.id)
        }
    }

    @Test("A message to a person stays uncertain until the search for it succeeds", arguments: TestDatabase.engines)
    func lookingFails(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Cut", owner: "slindqvist")
            patchbay.webex.control.script(Fault(.cutAfter, method: "POST", path: "/v1/messages"))
            patchbay.webex.control.script(Fault(.answer(status: 500), method: "GET", path: "/v1/messages/direct*"))
            try await patchbay.tell(ticket, action: "added")
            try await eventually(within: .seconds(90), "the delivery to be sent") {
                try await patchbay.deliveries(of: ticket).first?["state"] == "sent"
            }
            #expect(patchbay.messages(to: Staff.sara).count == 1)
        }
    }

    @Test(
        "When the connection breaks before Webex accepted a message, it is sent again", arguments: TestDatabase.engines)
    func cutBeforeAccepting(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let ticket = try patchbay.connectWise.createTicket("Cut", owner: "slindqvist")
            patchbay.webex.control.script(Fault(.cutBefore, path: "/v1/messages", times: 2))
            try await patchbay.refresh(ticket, action: "added")
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(patchbay.messages(to: "Dispatch").count == 1)
        }
    }

    @Test("A message that looks like an earlier one does not count as it", arguments: TestDatabase.engines)
    func alike(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Any news?", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.addNote("Any news?", to: ticket, as: .customer)
            try await patchbay.refresh(ticket)
            // The same text again, and Webex cuts the connection before accepting it.
            try patchbay.connectWise.addNote("Any news?", to: ticket, as: .customer)
            patchbay.webex.control.script(Fault(.cutBefore, path: "/v1/messages", times: 2))
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: Staff.sara).count == 3)
            let ids = try await patchbay.deliveries(of: ticket).compactMap { $0["message_id"].string }
            #expect(Set(ids).count == 3)
        }
    }

    @Test(
        "A wrong token pauses the connection with a reason, and a successful test resumes it immediately",
        arguments: TestDatabase.engines)
    func wrongToken(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Locked out", owner: "slindqvist")
            patchbay.webex.control.script(Fault(.answer(status: 401), path: "/v1/messages"))
            try await patchbay.tell(ticket, action: "added")
            var connection = JSON.null
            try await eventually("the connection to be paused") {
                connection =
                    try await patchbay.api(API.ChatConnections.list).json["items"].elements.first ?? .null
                return connection["state"] == "paused"
            }
            #expect(connection["state_reason"].string?.isEmpty == false)
            let id = connection["id"].int ?? 0
            let tested = try await patchbay.api(API.ChatConnections.test, at: id)
            #expect(tested.json["state"] == "ok")
            // The pause would have lasted five minutes.
            _ = try await patchbay.webex.message(to: Staff.sara, within: .seconds(60))
        }
    }

    @Test("A room that hangs delays no other", arguments: TestDatabase.engines)
    func hangingRoom(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            try await patchbay.rule("Service Desk", to: "On call")
            let hanging = try #require(patchbay.webex.rooms.first { $0.title == "Dispatch" }).id
            patchbay.webex.control.script(Fault(.hang, path: "/v1/messages", bodyText: hanging, times: nil))
            for number in 1...20 {
                let ticket = try patchbay.connectWise.createTicket("Ticket \(number)", owner: "slindqvist")
                try await patchbay.tell(ticket, action: "added")
            }
            let sent = try await patchbay.webex.messages(40, within: .seconds(60)).map(\.accepted)
            // Even on a slow machine, they never all wait for the hanging call, which takes 20 s.
            #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.timeIntervalSince($0) < 15 })
            #expect(patchbay.messages(to: "On call").count == 20)
            #expect(patchbay.messages(to: Staff.sara).count == 20)
            #expect(patchbay.messages(to: "Dispatch").isEmpty)
        }
    }
}
