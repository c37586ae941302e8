import Database
import NIOHTTP1
import ServerTestSupport
import Simulators
import TestSupport
import Testing

/// ConnectWise fails in every way it can; the message comes once all the same.
@Suite("ConnectWise fails", .timeLimit(.minutes(2)))
struct ConnectWiseFaultTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let action: Fault.Action
        var times = 1
        var testDescription: String { name }
    }

    static let passing: [Case] = [
        Case(name: "429 with Retry-After", action: .answer(status: 429, retryAfter: 1)),
        Case(name: "500", action: .answer(status: 500)),
        Case(name: "503 of a proxy", action: .answer(status: 503, body: "<html>")),
        Case(name: "200 with nonsense", action: .answer(status: 200, body: "<html>Sign in</html>")),
        Case(name: "half an answer", action: .halfAnswer, times: 2), Case(name: "cut", action: .cutBefore, times: 2),
        Case(name: "404 although the ticket exists", action: .answer(status: 404)),
        Case(name: "slow", action: .delay(.milliseconds(300))),
    ]

    @Test("The message comes once", arguments: TestDatabase.engines, passing)
    func passes(engine: Engine, fault: Case) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Against all odds", owner: "slindqvist", text: "Hi")
            for path in ["*/service/tickets/\(ticket)", "*/service/tickets/\(ticket)/notes", "*/time/entries"] {
                patchbay.connectWise.desk.script(Fault(fault.action, path: path, times: fault.times))
            }
            try await patchbay.tell(ticket, action: "added")
            try await patchbay.settled()
            // Each part failed once or was not asked for again; whatever is left must not strike later.
            try await patchbay.refresh(ticket)
            try await patchbay.refresh(ticket)
            #expect(patchbay.messages(to: Staff.sara).count == 1)
            #expect(try await patchbay.events(of: ticket).map(\.kind) == ["created"])
            #expect(try await patchbay.connection()["state"] == "ok")
        }
    }

    @Test("Silence until the time-out", arguments: TestDatabase.engines)
    func silence(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let silent = try patchbay.connectWise.createTicket("Waits", owner: "slindqvist")
            let other = try patchbay.connectWise.createTicket("Does not", owner: "twhitlock")
            patchbay.connectWise.desk.script(Fault(.hang, path: "*/service/tickets/\(silent)"))
            try await patchbay.tell(silent, action: "added")
            try await patchbay.connectWise.desk.calls(1, of: "GET service/tickets/{id}")
            try await patchbay.tell(other, action: "added")
            // While one call hangs, other tickets go their way.
            _ = try await patchbay.webex.message(to: Staff.tom, within: .seconds(10))
            #expect(patchbay.messages(to: Staff.sara).isEmpty)
            try await patchbay.settled(within: .seconds(45))
            #expect(patchbay.messages(to: Staff.sara).count == 1)
        }
    }

    @Test(
        "A refusal pauses the connection and says why; a successful test resumes at once",
        arguments: TestDatabase.engines, [401, 403])
    func refusal(engine: Engine, status: Int) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let first = try patchbay.connectWise.createTicket("Not yet", owner: "slindqvist")
            patchbay.connectWise.desk.script(Fault(.answer(status: status), path: "*/service/tickets/*", times: nil))
            try await patchbay.tell(first, action: "added")
            var connection = JSON.null
            try await eventually("the connection to be paused") {
                connection = try await patchbay.connection()
                return connection["state"] == "paused"
            }
            #expect(connection["state_reason"].string?.isEmpty == false)
            let calls = patchbay.connectWise.desk.callCount
            let second = try patchbay.connectWise.createTicket("Nor this", owner: "twhitlock")
            try await patchbay.tell(second, action: "added")

            let id = try #require(connection["id"].int)
            let test = "/integrations/psa/connections/\(id)/test"
            patchbay.connectWise.desk.script(Fault(.answer(status: 401), path: "*/system/members"))
            let failed = try await patchbay.api(.POST, test)
            #expect(failed.status == 422)
            #expect(try await patchbay.connection()["state"] == "paused")
            #expect(patchbay.webex.messageCount == 0)
            #expect(patchbay.connectWise.desk.callCount <= calls + 1)

            patchbay.connectWise.desk.removeFaults()
            let resumed = try await patchbay.api(.POST, test)
            #expect(resumed.status == 200)
            #expect(resumed.json["state"] == "ok")
            #expect(resumed.json["state_reason"] == nil)
            _ = try await patchbay.webex.message(to: Staff.sara, within: .seconds(5))
            _ = try await patchbay.webex.message(to: Staff.tom, within: .seconds(5))
            try await patchbay.settled()
            #expect(patchbay.webex.messageCount == 2)
        }
    }

    @Test("A hook during the wait for another try brings the try forward", arguments: TestDatabase.engines)
    func broughtForward(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Sooner", owner: "slindqvist")
            // Two failures: the second wait is ten seconds.
            patchbay.connectWise.desk.script(
                Fault(.answer(status: 500), path: "*/service/tickets/\(ticket)", times: 2))
            try await patchbay.tell(ticket, action: "added")
            try await patchbay.connectWise.desk.faultsUsedUp()
            try await eventually("the second failure to be recorded") {
                let counts = try await patchbay.api(.GET, "/jobs").json
                return counts["running"] == 0 && counts["ready"] == 1
            }
            try await patchbay.tell(ticket)
            _ = try await patchbay.webex.message(to: Staff.sara, within: .seconds(5))
            try await patchbay.settled()
            #expect(patchbay.webex.messageCount == 1)
        }
    }
}
