import Database
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// From a change in ConnectWise to messages in Webex.
@Suite("Pipeline", .timeLimit(.minutes(20)))
struct PipelineTests {
    @Test(
        "A new ticket's callback notifies its board's room and the assigned members",
        arguments: TestDatabase.engines)
    func newTicket(engine: Engine) async throws {
        var options = RunningPatchbay.Options()
        options.registersCallback = true
        options.connectWise = { $0.callbacksPerChange = 3 }
        try await RunningPatchbay.run(engine, options) { patchbay in
            try await patchbay.rule()
            try await patchbay.rule("Voice", to: "Voice team")
            let ticket = try patchbay.connectWise.createTicket("Printer on fire", owner: "slindqvist", text: "Smoke!")
            let toRoom = try await patchbay.webex.message(to: "Dispatch")
            let toOwner = try await patchbay.webex.message(to: Staff.sara)
            for message in [toRoom, toOwner] {
                let text = message.markdown ?? ""
                #expect(text.hasPrefix("**New ticket** [#\(ticket)]("))
                #expect(text.contains("recid=\(ticket)"))
                #expect(text.contains("Printer on fire"))
                #expect(text.contains("> Smoke\\!"))
            }
            _ = try await patchbay.connectWise.callbacks(3)
            try await patchbay.settled()
            #expect(patchbay.webex.messageCount == 2)
            #expect(try await patchbay.events(of: ticket) == [.init(kind: "created", reason: nil)])
            let deliveries = try await patchbay.deliveries(of: ticket)
            #expect(deliveries.map { $0["state"] } == ["sent", "sent"])
            #expect(deliveries.map { $0["reason"] } == ["rule on board Service Desk", "assigned"])
        }
    }

    @Test("A customer's note and a time entry's text are sent to the assigned members", arguments: TestDatabase.engines)
    func notes(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let ticket = try patchbay.connectWise.createTicket("Slow Wi-Fi", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.addNote("Still slow", to: ticket, as: .customer)
            try await patchbay.refresh(ticket)
            try patchbay.connectWise.addTime("Changed the channel", to: ticket, as: "twhitlock")
            try await patchbay.refresh(ticket)
            try patchbay.connectWise.addNote("Blame the router", to: ticket, kind: .internal, as: .member("twhitlock"))
            try await patchbay.refresh(ticket)
            let told = patchbay.messages(to: Staff.sara)
            #expect(told.count == 4)
            #expect(told[1].hasPrefix("**New note**"))
            #expect(told[1].hasSuffix("> Still slow"))
            #expect(told[2].contains("Note by Tom Whitlock"))
            #expect(told[2].hasSuffix("> Changed the channel"))
            #expect(told[3].hasPrefix("**New internal note**"))
            #expect(told[3].contains("**Internal note by Tom Whitlock:**"))
            // The rule only includes new tickets, and the author is not assigned.
            #expect(patchbay.messages(to: "Dispatch").count == 1)
            #expect(patchbay.messages(to: Staff.tom).isEmpty)
        }
    }

    @Test("A note's author is not notified of it, whatever the case of the login name", arguments: TestDatabase.engines)
    func author(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Phone is mute", owner: "slindqvist")
            try patchbay.connectWise.assign("twhitlock", to: ticket)
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.addNote("On my way", to: ticket, as: .member("SLindqvist"))
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(patchbay.messages(to: Staff.tom).count == 2)
            let skipped = try await patchbay.deliveries(of: ticket).filter { $0["state"] == "skipped" }
            #expect(skipped.map { $0["reason"] } == ["author of the note"])
        }
    }

    @Test("An assignment notifies the member, unless the member made it", arguments: TestDatabase.engines)
    func assignment(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("New laptop")
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.assign("slindqvist", to: ticket, as: .member("dokafor"))
            try await patchbay.refresh(ticket)
            try patchbay.connectWise.assign("twhitlock", to: ticket, as: .member("twhitlock"))
            try await patchbay.refresh(ticket)
            let told = patchbay.messages(to: Staff.sara)
            #expect(told.count == 1)
            #expect(told.first?.hasPrefix("**Assigned to slindqvist**") == true)
            #expect(patchbay.messages(to: Staff.tom).isEmpty)
            #expect(
                try await patchbay.deliveries(of: ticket).map { $0["reason"] } == [
                    "assigned", "assigned by this person",
                ])
        }
    }

    @Test(
        "Changes of status, priority, board and company are recorded, and notified if a rule asks for all updates",
        arguments: TestDatabase.engines)
    func changes(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule("Service Desk", to: "Dispatch", ["updates": "all"])
            try await patchbay.rule("Service Desk", to: "On call")
            let loud = try patchbay.connectWise.createTicket("Server room is warm")
            let quiet = try patchbay.connectWise.createTicket("Dial tone is flat", board: "Voice")
            for ticket in [loud, quiet] {
                try await patchbay.refresh(ticket, action: "added")
                try patchbay.connectWise.update(ticket, status: "In Progress", as: .member("dokafor"))
                try await patchbay.refresh(ticket)
                try patchbay.connectWise.update(ticket, status: "Closed", as: .member("dokafor"))
                try await patchbay.refresh(ticket)
                try patchbay.connectWise.update(ticket, status: "Re-opened", as: .member("dokafor"))
                try await patchbay.refresh(ticket)
                try patchbay.connectWise.update(ticket, priority: 1, as: .member("dokafor"))
                try await patchbay.refresh(ticket)
                try patchbay.connectWise.update(ticket, company: "QuarrySteel", as: .member("dokafor"))
                try await patchbay.refresh(ticket)
            }
            let kinds = ["status_changed", "closed", "reopened", "priority_changed", "company_changed"]
            #expect(try await patchbay.events(of: loud).map(\.kind) == ["created"] + kinds)
            let unheard = try await patchbay.events(of: quiet)
            #expect(unheard.map(\.kind) == ["created"] + kinds)
            #expect(unheard.first?.reason == "no rule on this board, no one assigned")
            #expect(unheard.dropFirst().allSatisfy { $0.reason == "no rule includes such changes" })
            let told = patchbay.messages(to: "Dispatch")
            #expect(told.count == 6)
            #expect(told.dropFirst().first?.hasPrefix("**Status: New → In Progress**") == true)
            #expect(patchbay.messages(to: "On call").count == 1)

            try patchbay.connectWise.update(quiet, board: "Service Desk", as: .member("dokafor"))
            try await patchbay.refresh(quiet)
            #expect(try await patchbay.events(of: quiet).dropFirst(6).first == .init(kind: "moved", reason: nil))
            #expect(patchbay.messages(to: "Dispatch").contains { $0.hasPrefix("**Moved: Voice → Service Desk**") })
        }
    }

    @Test(
        "An old ticket seen for the first time is not announced, but its new note is", arguments: TestDatabase.engines)
    func oldTicket(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            for board in World.boards { try await patchbay.rule(board) }
            let old = try #require(patchbay.connectWise.ticketIDs.prefix(2).last)
            let silent = try #require(patchbay.connectWise.ticketIDs.first)
            try await patchbay.refresh(silent)
            #expect(try await patchbay.events(of: silent).isEmpty)
            try patchbay.connectWise.update(old, owner: "slindqvist", as: .member("dokafor"))
            try patchbay.connectWise.addNote("It is back again", to: old, as: .customer)
            try await patchbay.refresh(old)
            #expect(try await patchbay.events(of: old) == [.init(kind: "note_added", reason: nil)])
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            // Other assigned members are notified of the note and nothing else.
            #expect(patchbay.webex.messages.allSatisfy { $0.markdown?.hasSuffix("> It is back again") == true })
        }
    }

    @Test(
        "Notes between two refreshes all cause notifications, in order; a new ticket's notes are part of it",
        arguments: TestDatabase.engines)
    func severalNotes(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let ticket = try patchbay.connectWise.createTicket("Scanner jams", owner: "slindqvist", text: "First")
            try patchbay.connectWise.addNote("Second", to: ticket, as: .customer)
            try await patchbay.refresh(ticket, action: "added")
            try await patchbay.refresh(ticket)
            for recipient in ["Dispatch", Staff.sara] {
                #expect(patchbay.messages(to: recipient).count == 1)
                #expect(patchbay.messages(to: recipient).first?.hasSuffix("> Second") == true)
            }
            let texts = (1...12).map { "Note \($0)" }
            for text in texts { try patchbay.connectWise.addNote(text, to: ticket, as: .customer) }
            try await patchbay.refresh(ticket)
            let told = patchbay.messages(to: Staff.sara).dropFirst()
            #expect(told.map { String($0.split(separator: "> ").last ?? "") } == texts)
        }
    }

    @Test(
        "After closing emptied the resources, the owner is notified of the reopened ticket's note",
        arguments: TestDatabase.engines)
    func reopened(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("VPN drops", owner: "slindqvist")
            try patchbay.connectWise.assign("twhitlock", to: ticket)
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.update(ticket, status: "Closed", as: .member("dokafor"))
            try await patchbay.refresh(ticket)
            #expect(patchbay.connectWise.ticket(ticket)?.resources == [])
            try patchbay.connectWise.update(ticket, status: "Re-opened", as: .customer)
            try patchbay.connectWise.addNote("It drops again", to: ticket, as: .customer)
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: Staff.sara).last?.hasSuffix("> It drops again") == true)
            #expect(patchbay.messages(to: Staff.tom).count == 1)
        }
    }

    @Test(
        "A ticket counts as deleted after a confirmed 404, and its queued messages are skipped",
        arguments: TestDatabase.engines)
    func deleted(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let ticket = try patchbay.connectWise.createTicket("Mistake", owner: "slindqvist")
            // Holds the messages back until the ticket is deleted.
            patchbay.webex.control.script(Fault(.answer(status: 429, retryAfter: 10), path: "/v1/messages", times: 2))
            try await patchbay.tell(ticket, action: "added")
            try await patchbay.webex.control.calls(1, of: "POST messages")
            try patchbay.connectWise.delete(ticket)
            try await patchbay.refresh(ticket, action: "deleted")
            #expect(try await patchbay.events(of: ticket).map(\.kind) == ["created", "deleted"])
            #expect(try await patchbay.events(of: ticket).last?.reason == "no rule includes such changes")
            let deliveries = try await patchbay.deliveries(of: ticket)
            #expect(deliveries.count == 2)
            #expect(
                deliveries.allSatisfy { $0["state"] == "skipped" && $0["error"] == "the ticket was deleted" })
            #expect(patchbay.webex.messageCount == 0)
        }
    }
}
