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

/// Answers of outside systems may contain any number anywhere: it may be refused, but never stops the server or its
/// jobs.
@Suite("Numbers from outside systems", .timeLimit(.minutes(30)))
struct NumbersOfOthersTests {
    /// A read of our API, and the outside call that it causes.
    private struct Read {
        let path: String
        let call: String
    }

    // The longest answer has this many numbers; for shorter ones the position wraps around.
    private static let places = 0..<36

    private static func tokens(_ dice: inout Dice) -> [String] {
        ["1e300", "-9223372036854775808", "9223372036854775807"]
            + dice.some(2, of: Extremes.numbers) + dice.some(1, of: Extremes.times)
    }

    private static var options: RunningPatchbay.Options {
        var options = RunningPatchbay.Options()
        for name in ["SEARCHES", "LOOKUPS", "POSTS"] { options.settings["PATCHBAY_LIMIT_\(name)"] = "100000" }
        return options
    }

    @Test("Pages and reads survive any number in ConnectWise's answers", arguments: TestDatabase.engines)
    func reading(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            var dice = Dice()
            let control = patchbay.connectWise.control
            let ticket = try patchbay.connectWise.createTicket("Counted", owner: "slindqvist", text: "Hi")
            _ = try patchbay.connectWise.addTime("Done", hours: 0.5, to: ticket, as: "slindqvist")
            let psa = "/integrations/psa"
            let reads = [
                Read(path: "\(psa)/tickets/\(ticket)", call: "*/service/tickets/\(ticket)"),
                Read(path: "\(psa)/tickets/\(ticket)/notes", call: "*/notes"),
                Read(path: "\(psa)/tickets/\(ticket)/notes", call: "*/time/entries"),
                Read(path: "\(psa)/tickets/\(ticket)/configurations", call: "*/configurations"),
                Read(path: "\(psa)/tickets/search?q=Counted", call: "*/service/tickets"),
                Read(path: "\(psa)/work-roles?refresh=true", call: "*/time/workRoles"),
                Read(path: "\(psa)/work-types?refresh=true", call: "*/time/workTypes"),
                Read(path: "\(psa)/boards?refresh=true", call: "*/service/boards"),
            ]
            for read in reads {
                var struck = 0
                for place in Self.places {
                    for token in Self.tokens(&dice) {
                        control.script(Fault(.number(at: place, becomes: token), method: "GET", path: read.call))
                        let reply = try await patchbay.api(.GET, read.path)
                        #expect(
                            reply.status != 500,
                            "\(read.call), number \(place) as \(token), seed \(dice.seed): \(reply.text)")
                        struck += control.faults.isEmpty ? 1 : 0
                        control.removeFaults()
                    }
                }
                #expect(struck > 0, "\(read.path) does not lead to \(read.call)")
            }
            #expect(try await patchbay.api(API.Tickets.show, at: ticket).status == 200)
        }
    }

    @Test("Jobs survive any number in ConnectWise's answers", arguments: TestDatabase.engines)
    func jobs(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            var dice = Dice()
            let control = patchbay.connectWise.control
            try await patchbay.rule()
            try await patchbay.configure(["member_cache_seconds": 0])
            for call in ["*/service/tickets/*", "*/notes", "*/time/entries", "*/system/members"] {
                for place in Self.places {
                    let ticket = try patchbay.connectWise.createTicket("Counted", owner: "slindqvist", text: "Hi")
                    let token = Self.tokens(&dice).randomElement(using: &dice) ?? "1e300"
                    control.script(Fault(.number(at: place, becomes: token), method: "GET", path: call))
                    try await patchbay.tell(ticket, action: "added")
                    try await eventually("\(call) to be read, number \(place) as \(token), seed \(dice.seed)") {
                        control.faults.isEmpty
                    }
                }
            }
            for call in ["*/service/tickets", "*/service/tickets/count", "*/service/boards", "*/statuses", "*/members"]
            {
                for place in 0..<8 {
                    let token = Self.tokens(&dice).randomElement(using: &dice) ?? "1e300"
                    control.script(Fault(.number(at: place, becomes: token), method: "GET", path: call))
                    #expect(
                        try await patchbay.api(API.Syncs.start, ["kinds": ["tickets", "boards", "catch_up"]]).status
                            == 202)
                    try await patchbay.resumeRefreshes()
                }
            }
            try await Self.goesOn(patchbay)
        }
    }

    @Test("Writes survive any number in ConnectWise's answers", arguments: TestDatabase.engines)
    func writing(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            var dice = Dice()
            let control = patchbay.connectWise.control
            let ticket = try patchbay.connectWise.createTicket("Counted", owner: "slindqvist", text: "Hi")
            let path = "/integrations/psa/tickets/\(ticket)"
            for (call, kind, body) in [
                ("*/notes", "notes", ["text": "Counted"] as JSON), ("*/time/entries", "time", ["minutes": 15]),
            ] {
                for place in 0..<12 {
                    let token = Self.tokens(&dice).randomElement(using: &dice) ?? "1e300"
                    control.script(Fault(.number(at: place, becomes: token), method: "POST", path: call))
                    let reply = try await patchbay.api(.POST, "\(path)/\(kind)", body)
                    #expect(
                        reply.status < 500, "\(call), number \(place) as \(token), seed \(dice.seed): \(reply.text)")
                    control.removeFaults()
                }
            }
            #expect(try await patchbay.api(.GET, path).status == 200)
        }
    }

    @Test("A requested wait may be any number", arguments: TestDatabase.engines)
    func waits(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Later", owner: "slindqvist")
            for wait in [Int.max, .min, 0, -1] {
                for status in [429, 503] {
                    patchbay.connectWise.control.script(
                        Fault(.answer(status: status, retryAfter: wait), path: "*/service/tickets/\(ticket)"))
                    let reply = try await patchbay.api(API.Tickets.show, at: ticket)
                    #expect(reply.status != 500, "\(status) after \(wait) s: \(reply.text)")
                    patchbay.connectWise.control.removeFaults()
                }
            }
            #expect(try await patchbay.api(.GET, "/readiness").status == 200)
        }
    }

    @Test("Any number or time in Webex's answers is survived", arguments: TestDatabase.engines)
    func webex(engine: Engine) async throws {
        try await RunningPatchbay.run(engine, Self.options) { patchbay in
            var dice = Dice()
            let control = patchbay.webex.control
            try await patchbay.rule()
            let chat = try await patchbay.api(API.ChatConnections.list).json["items"].elements.first
            for place in 0..<8 {
                for token in Self.tokens(&dice) {
                    for path in ["/v1/messages", "/v1/rooms", "/v1/people*"] {
                        control.script(Fault(.number(at: place, becomes: token), path: path))
                    }
                    let ticket = try patchbay.connectWise.createTicket("Counted", owner: "slindqvist")
                    try await patchbay.tell(ticket, action: "added")
                    #expect(try await patchbay.api(API.Syncs.start, ["kinds": ["recipients"]]).status == 202)
                    let test = try await patchbay.api(
                        API.ChatConnections.test, at: chat?["id"].int ?? 0)
                    #expect(test.status != 500, "number \(place) as \(token), seed \(dice.seed): \(test.text)")
                }
            }
            control.removeFaults()
            try await Self.goesOn(patchbay)
        }
    }

    /// The server is ready, and its jobs still deliver a message.
    private static func goesOn(_ patchbay: RunningPatchbay) async throws {
        patchbay.connectWise.control.removeFaults()
        patchbay.webex.control.removeFaults()
        try await patchbay.resumeRefreshes()
        let ticket = try patchbay.connectWise.createTicket("Goes on")
        try await patchbay.tell(ticket, action: "added")
        _ = try await patchbay.delivery(of: ticket, in: "sent", within: .seconds(120))
        #expect(try await patchbay.api(.GET, "/readiness").status == 200)
    }
}
