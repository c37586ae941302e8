import API
import Database
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import TestSupport
import Testing
import WebSupport

/// Who is notified, and why others are not.
@Suite("Notifications", .timeLimit(.minutes(20)))
struct NotificationTests {
    @Test("A simulated rule decides and records, and a disabled rule does nothing", arguments: TestDatabase.engines)
    func simulated(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let rule = try await patchbay.rule("Service Desk", to: "Dispatch", ["simulate": true])
            try await patchbay.rule("Service Desk", to: "On call", ["enabled": false])
            let ticket = try patchbay.connectWise.createTicket("Keyboard sticks")
            try await patchbay.refresh(ticket, action: "added")
            #expect(try await patchbay.deliveries(of: ticket).map { $0["state"] } == ["simulated"])
            #expect(patchbay.webex.messageCount == 0)
            let changed = try await patchbay.api(API.Rules.update, at: rule, ["simulate": false])
            #expect(changed.json["simulate"] == false)
            let next = try patchbay.connectWise.createTicket("Mouse sticks")
            try await patchbay.refresh(next, action: "added")
            #expect(patchbay.messages(to: "Dispatch").count == 1)
            #expect(patchbay.messages(to: "On call").isEmpty)
        }
    }

    @Test("Rules with a visibility get only public or only internal notes", arguments: TestDatabase.engines)
    func visibility(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule("Service Desk", to: "Dispatch", ["updates": "notes", "visibility": "public"])
            try await patchbay.rule("Service Desk", to: "On call", ["updates": "notes", "visibility": "internal"])
            try await patchbay.rule("Service Desk", to: "Projects", ["updates": "notes", "thread_updates": true])
            let ticket = try patchbay.connectWise.createTicket("Door opener")
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.addNote("Seen by all", to: ticket, as: .customer)
            try patchbay.connectWise.addNote("Among us", to: ticket, kind: .internal, as: .member("twhitlock"))
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: "Dispatch").dropFirst().map { $0.hasSuffix("> Seen by all") } == [true])
            #expect(patchbay.messages(to: "On call").dropFirst().map { $0.hasSuffix("> Among us") } == [true])
            let threaded = patchbay.webex.messages.filter { $0.roomTitle == "Projects" }
            #expect(threaded.count == 3)
            #expect(threaded.dropFirst().allSatisfy { $0.parentID == threaded.first?.id })
        }
    }

    @Test("A new ticket's message leaves out a first note that the rule does not show", arguments: TestDatabase.engines)
    func firstNote(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule("Service Desk", to: "Dispatch", ["visibility": "public"])
            try await patchbay.rule("Service Desk", to: "On call")
            let ticket = try patchbay.connectWise.createTicket("Door opener")
            try patchbay.connectWise.addNote("Among us", to: ticket, kind: .internal, as: .member("twhitlock"))
            try await patchbay.refresh(ticket, action: "added")
            #expect(patchbay.messages(to: "Dispatch").map { $0.contains("Among us") } == [false])
            #expect(patchbay.messages(to: "On call").map { $0.contains("Among us") } == [true])
        }
    }

    @Test("Disabled: everything is recorded, no one is notified", arguments: TestDatabase.engines)
    func switchedOff(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            try await patchbay.configure(["notifications_enabled": false])
            let ticket = try patchbay.connectWise.createTicket("Quiet please", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            #expect(
                try await patchbay.events(of: ticket) == [.init(kind: "created", reason: "notifications are disabled")])
            #expect(patchbay.webex.messageCount == 0)
            try await patchbay.configure(["notifications_enabled": true])
            try await patchbay.refresh(ticket)
            #expect(patchbay.webex.messageCount == 0)
        }
    }

    @Test(
        "A board without a rule notifies the assigned people, unless a rule is required",
        arguments: TestDatabase.engines)
    func requiredRule(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let first = try patchbay.connectWise.createTicket("No rule here", owner: "slindqvist")
            try await patchbay.refresh(first, action: "added")
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            try await patchbay.configure(["require_rule": true])
            let second = try patchbay.connectWise.createTicket("None here either", owner: "slindqvist")
            try await patchbay.refresh(second, action: "added")
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(try await patchbay.events(of: second) == [.init(kind: "created", reason: "no rule on this board")])
        }
    }

    @Test("A member without e-mail is recorded as the reason for no notification", arguments: TestDatabase.engines)
    func withoutEmail(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("For the robot", owner: "PatchbayAPI")
            try await patchbay.refresh(ticket, action: "added")
            #expect(
                try await patchbay.events(of: ticket)
                    == [.init(kind: "created", reason: "PatchbayAPI has no e-mail or no chat connection")])
            #expect(try await patchbay.deliveries(of: ticket).isEmpty)
        }
    }

    @Test("A person who is both a rule's recipient and assigned gets one message", arguments: TestDatabase.engines)
    func once(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let person = try await patchbay.api(API.Recipients.create, ["email": .text(Staff.sara.uppercased())])
            #expect(person.status == 201)
            let rule = try await patchbay.api(
                API.Rules.create,
                ["board_id": try patchbay.board(), "recipient_id": person.json["id"], "updates": "all"])
            #expect(rule.status == 201)
            let ticket = try patchbay.connectWise.createTicket("Twice named", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            try patchbay.connectWise.addNote("Hello", to: ticket, as: .customer)
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: Staff.sara).count == 2)
        }
    }

    @Test("Messages are escaped, cut, and accepted, whatever the note contains", arguments: TestDatabase.engines)
    func hostileText(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule("Service Desk", to: "Dispatch", ["updates": "notes"])
            let ticket = try patchbay.connectWise.createTicket(
                "**Bold** <@all> [x](http://evil.example)", owner: "slindqvist")
            try await patchbay.refresh(ticket, action: "added")
            let texts = [
                "**loud** _soft_ `code` [click](http://evil.example) # head\n# Heading\n\n| a | b |\n> quote",
                "<script>alert(1)</script> <@personEmail:ceo@customer.example|Boss> <@all> &lt;",
                String(repeating: "🔥", count: 10_000), String(repeating: "*<&\n", count: 10_000),
            ]
            for text in texts { try patchbay.connectWise.addNote(text, to: ticket, as: .customer) }
            try await patchbay.refresh(ticket)
            try await patchbay.configure(["max_message_length": 5_000])
            for text in texts { try patchbay.connectWise.addNote(text, to: ticket, as: .customer) }
            try await patchbay.refresh(ticket)
            for recipient in ["Dispatch", Staff.sara] {
                let told = patchbay.messages(to: recipient)
                #expect(told.count == 9)
                for text in told {
                    #expect(text.utf8.count <= 7_439)
                    #expect(!text.contains("<"))
                    #expect(text.contains("\\*\\*Bold\\*\\* &lt;@all&gt; \\[x\\](http://evil.example)"))
                }
                #expect(told[1].contains("> \\*\\*loud\\*\\* \\_soft\\_ \\`code\\` \\[click\\]"))
                #expect(told[1].contains("> \\# Heading"))
                #expect(told[3].hasSuffix("🔥…"))
                #expect(told[3].count(where: { $0 == "🔥" }) == 300)
                #expect((1_500..<1_860).contains(told[7].count { $0 == "🔥" }))
            }
        }
    }
}
