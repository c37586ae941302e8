import API
import Database
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// ConnectWise fails in every possible way, and the message is still sent exactly once.
@Suite("ConnectWise faults", .timeLimit(.minutes(20)))
struct ConnectWiseFaultTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let action: Fault.Action
        var times = 1
        var path = "*/service/tickets/*"

        init(_ name: String, _ action: Fault.Action, times: Int = 1, path: String = "*/service/tickets/*") {
            (testDescription, self.action, self.times, self.path) = (name, action, times, path)
        }
    }

    static let passing: [Case] = [
        Case("429 with Retry-After", .answer(status: 429, retryAfter: 1)), Case("500", .answer(status: 500)),
        Case("503 of a proxy", .answer(status: 503, body: "<html>")),
        Case("200 with nonsense", .answer(status: 200, body: "<html>Sign in</html>")),
        Case("half an answer", .halfAnswer), Case("404 although the ticket exists", .answer(status: 404)),
        // The client immediately repeats a call on a kept-alive connection that was cut.
        Case("cut", .cutBefore, times: 2), Case("slow", .delay(.milliseconds(300))),
        Case("notes fail", .answer(status: 500), path: "*/notes"),
        Case("half of the notes", .halfAnswer, path: "*/notes"),
        Case("time entries fail", .answer(status: 500), path: "*/time/entries"),
        Case("members fail", .answer(status: 500), path: "*/system/members"),
    ]

    @Test("The message is sent once", arguments: TestDatabase.oneEngine, passing)
    func passes(engine: Engine, fault: Case) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            // Makes the server read the members again although they are cached.
            try await patchbay.configure(["member_cache_seconds": 0])
            let ticket = try patchbay.connectWise.createTicket("Against all odds", owner: "slindqvist", text: "Hi")
            patchbay.connectWise.control.script(
                Fault(fault.action, method: "GET", path: fault.path, times: fault.times))
            try await patchbay.refresh(ticket, action: "added")
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(patchbay.messages(to: Staff.sara).first?.hasSuffix("> Hi") == true)
            #expect(try await patchbay.events(of: ticket).map(\.kind) == ["created"])
            #expect(try await patchbay.connection()["state"] == "ok")
            #expect(patchbay.connectWise.control.faults.isEmpty)
        }
    }

    @Test("A call without an answer is retried after its timeout", arguments: TestDatabase.engines)
    func silence(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let silent = try patchbay.connectWise.createTicket("Waits", owner: "slindqvist")
            let other = try patchbay.connectWise.createTicket("Does not", owner: "twhitlock")
            patchbay.connectWise.control.script(Fault(.hang, path: "*/service/tickets/\(silent)"))
            try await patchbay.tell(silent, action: "added")
            try await patchbay.connectWise.control.calls(1, of: "GET service/tickets/{id}")
            try await patchbay.tell(other, action: "added")
            // While one call hangs (for 20 s), other tickets are processed.
            _ = try await patchbay.webex.message(to: Staff.tom, within: .seconds(15))
            #expect(patchbay.messages(to: Staff.sara).isEmpty)
            try await patchbay.settled(within: .seconds(90))
            #expect(patchbay.messages(to: Staff.sara).count == 1)
        }
    }

    @Test(
        "A rejection pauses the connection with a reason, and a successful test resumes it immediately",
        arguments: TestDatabase.engines, [401, 403])
    func refusal(engine: Engine, status: Int) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let first = try patchbay.connectWise.createTicket("Not yet", owner: "slindqvist")
            // Calls that every connection needs are rejected as well.
            for path in ["*/service/tickets/*", "*/system/members"] {
                patchbay.connectWise.control.script(Fault(.answer(status: status), path: path, times: nil))
            }
            try await patchbay.tell(first, action: "added")
            var connection = JSON.null
            try await eventually("the connection to be paused") {
                connection = try await patchbay.connection()
                return connection["state"] == "paused"
            }
            #expect(connection["state_reason"].string?.isEmpty == false)
            let second = try patchbay.connectWise.createTicket("Nor this", owner: "twhitlock")
            try await patchbay.tell(second, action: "added")

            let id = try #require(connection["id"].int)
            let test = "/integrations/psa/connections/\(id)/test"
            let failed = try await patchbay.api(.POST, test)
            #expect(failed.status == 422)
            #expect(try await patchbay.connection()["state"] == "paused")
            #expect(patchbay.webex.messageCount == 0)
            #expect(patchbay.reads(of: second) == 0)

            patchbay.connectWise.control.removeFaults()
            let resumed = try await patchbay.api(.POST, test)
            #expect(resumed.status == 200)
            #expect(resumed.json["state"] == "ok")
            #expect(resumed.json["state_reason"] == nil)
            // The pause would have lasted five minutes.
            _ = try await patchbay.webex.message(to: Staff.sara, within: .seconds(60))
            _ = try await patchbay.webex.message(to: Staff.tom, within: .seconds(60))
            try await patchbay.settled()
            #expect(patchbay.webex.messageCount == 2)
        }
    }

    @Test(
        "A rejected ticket delays no other ticket and pauses nothing; its job fails and is listed",
        arguments: TestDatabase.engines, ["", "/notes"])
    func oneRefused(engine: Engine, part: String) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let refused = try patchbay.connectWise.createTicket("Not for us", owner: "slindqvist")
            let body = #"{"code":"Security","message":"You do not have security permission to perform this action."}"#
            patchbay.connectWise.control.script(
                Fault(.answer(status: 403, body: body), path: "*/service/tickets/\(refused)\(part)", times: nil))
            for number in 1...5 {
                try await patchbay.tell(refused)
                let other = try patchbay.connectWise.createTicket("Other \(number)", owner: "twhitlock")
                let told = ContinuousClock.now
                try await patchbay.tell(other, action: "added")
                _ = try await patchbay.webex.message(
                    to: Staff.tom, containing: "Other \(number)", within: .seconds(20))
                // About one second on an idle machine.
                #expect(ContinuousClock.now - told < .seconds(10))
                #expect(try await patchbay.connection()["state"] == "ok")
            }
            // The retry waits on its own. Skip the wait:
            try await eventually(within: .seconds(60), "it to be given up") {
                _ = try await patchbay.database.write { db in
                    try db.execute("UPDATE jobs SET run_at = 0 WHERE state = 'ready' AND failures > 0")
                }
                return try await patchbay.api(API.BackgroundJobs.failed).json["items"].elements.count == 1
            }
            let connection = try await patchbay.connection()
            #expect(connection["state"] == "ok")
            #expect(connection["state_reason"].string?.contains("ticket \(refused)") == true, "\(connection)")
            patchbay.connectWise.control.removeFaults()
            try await patchbay.refresh(refused)
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(try await patchbay.connection()["state_reason"].string == nil)
        }
    }

    @Test(
        "Without the right to time entries tickets still cause notifications, and the missing right is shown",
        arguments: TestDatabase.engines)
    func refusedTimes(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            patchbay.connectWise.control.script(Fault(.answer(status: 403), path: "*/time/entries", times: nil))
            let ticket = try patchbay.connectWise.createTicket("Told", owner: "slindqvist", text: "Hello")
            try await patchbay.refresh(ticket, action: "added")
            #expect(patchbay.messages(to: Staff.sara).first?.hasSuffix("> Hello") == true)
            let connection = try await patchbay.connection()
            #expect(connection["state"] == "ok")
            #expect(connection["state_reason"].string?.contains("time entries") == true, "\(connection)")
        }
    }

    @Test("Waiting work continues after new keys work", arguments: TestDatabase.engines)
    func repaired(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Not yet", owner: "slindqvist")
            for path in ["*/service/tickets/*", "*/system/members"] {
                patchbay.connectWise.control.script(Fault(.answer(status: 401), path: path, times: nil))
            }
            try await patchbay.tell(ticket, action: "added")
            try await eventually("the connection to be paused") {
                try await patchbay.connection()["state"] == "paused"
            }
            patchbay.connectWise.control.removeFaults()
            let id = try #require(try await patchbay.connection()["id"].int)
            let changed = try await patchbay.api(
                API.PSA.Connections.update, at: id, ["private_key": "SimulatedPrivate"])
            #expect(changed.status == 200)
            // The pause would have lasted five minutes.
            _ = try await patchbay.webex.message(to: Staff.sara, within: .seconds(60))
        }
    }

    @Test("Testing the connection costs only the calls of the test", arguments: TestDatabase.engines)
    func testedOften(engine: Engine) async throws {
        var options = RunningPatchbay.Options()
        options.settings["PATCHBAY_CONNECTWISE_BUDGET"] = "200"
        try await RunningPatchbay.run(engine, options) { patchbay in
            let id = try await patchbay.connection()["id"].int ?? 0
            for _ in 0..<20 {
                let reply = try await patchbay.api(API.PSA.Connections.test, at: id)
                #expect(reply.status == 200, "\(reply.json)")
            }
            #expect(try await patchbay.api(API.Tickets.search, query: "q=a").status == 200)
        }
    }

    @Test("A callback that arrives before a retry is due triggers the retry", arguments: TestDatabase.engines)
    func broughtForward(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Sooner", owner: "slindqvist")
            patchbay.connectWise.control.script(
                Fault(.answer(status: 500), path: "*/service/tickets/\(ticket)", times: nil))
            // After four failures, the next retry would be due in two minutes.
            for failures in 1...4 {
                try await patchbay.tell(ticket, action: failures == 1 ? "added" : "updated")
                try await eventually("failure \(failures) to be recorded") {
                    let recorded: Int? = try await patchbay.database.read { db in
                        try db.first(
                            "SELECT failures FROM jobs WHERE kind = 'refresh_ticket' AND state = 'ready'")?["failures"]
                    }
                    return (recorded ?? 0) >= failures
                }
            }
            patchbay.connectWise.control.removeFaults()
            try await patchbay.tell(ticket)
            _ = try await patchbay.webex.message(to: Staff.sara, within: .seconds(60))
            try await patchbay.settled()
            #expect(patchbay.webex.messageCount == 1)
        }
    }
}
