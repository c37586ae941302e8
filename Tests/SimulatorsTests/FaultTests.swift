import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SimulatedConnectWise
import Testing

@testable import SimulatorStage

@Suite struct FaultTests {
    @Test func faultsStrikeWhatTheyMatch() async throws {
        try await StageClient.during { call async throws in
            let control = call.simulator.control
            control.script(
                Fault(.answer(status: 503, retryAfter: 7), method: "get", path: "/service/tickets/*", times: 2))
            #expect(try await call(.GET, "/system/info").status == 200)
            let first = try await call(.GET, "/service/tickets/10001")
            #expect(first.status == 503)
            #expect(first.headers["Retry-After"].first == "7")
            #expect(try await call(.GET, "/service/tickets/10002").status == 503)
            #expect(try await call(.GET, "/service/tickets/10001").status == 200)
            control.script(Fault(.answer(status: 500, body: "oops"), bodyText: "needle"))
            #expect(try await call(.POST, "/service/tickets/10001/notes", ["text": "hay"]).status == 201)
            #expect(
                try await call(.POST, "/service/tickets/10001/notes", ["text": "needle"]).body == Array("oops".utf8))
            try await control.faultsUsedUp()
        }
    }

    @Test func cutsBeforeAndAfterDiffer() async throws {
        try await StageClient.during { call async throws in
            let control = call.simulator.control
            for (action, notes) in [(Fault.Action.cutBefore, 0), (.cutAfter, 1), (.halfAnswer, 1)] {
                let id = try call.simulator.createTicket("Cut")
                control.script(Fault(action, method: "POST"))
                await #expect(throws: (any Error).self) {
                    try await call(.POST, "/service/tickets/\(id)/notes", ["text": "x"])
                }
                #expect(call.simulator.ticket(id)?.notes.count == notes)
            }
        }
    }

    @Test func hangingEndsWithTheCaller() async throws {
        try await StageClient.during { call async throws in
            call.simulator.control.script(Fault(.hang))
            let request = HTTPClientRequest(url: "\(call.base)/v4_6_release/apis/3.0/system/info")
            await #expect(throws: (any Error).self) {
                _ = try await HTTPClient.shared.execute(request, timeout: .milliseconds(200))
            }
            #expect(try await call(.GET, "/system/info").status == 200)
        }
    }

    @Test func controlAPIDoesTheSame() async throws {
        try await StageClient.during { call async throws in
            func control(_ method: HTTPMethod, _ path: String, _ body: PlayedJSON? = nil) async throws
                -> StageClient.Reply
            {
                var request = HTTPClientRequest(url: "\(call.base)/_control\(path)")
                request.method = method
                if let body { request.body = .bytes(ByteBuffer(bytes: body.bytes)) }
                return try await StageClient.send(request)
            }
            let fault = try await control(.POST, "/faults", ["action": "answer", "status": 418, "times": .null])
            #expect(fault.json["id"]?.int == 1)
            #expect(try await call(.GET, "/system/info").status == 418)
            #expect(try await control(.GET, "/faults").json.elements?.count == 1)
            _ = try await control(.DELETE, "/faults/1")
            #expect(try await call(.GET, "/system/info").status == 200)
            let made = try await control(.POST, "/tickets", ["summary": "By hand", "board": "Voice", "text": "Hello"])
            let id = try #require(made.json["id"]?.int)
            _ = try await control(.POST, "/tickets/\(id)/notes", ["text": "Thanks", "as": "customer"])
            _ = try await control(.POST, "/tickets/\(id)/assignments", ["member": "rsato"])
            _ = try await control(.PATCH, "/tickets/\(id)", ["status": "In Progress", "as": "rsato"])
            let state = try await control(.GET, "/tickets/\(id)").json
            #expect(state["status"] == "In Progress")
            #expect(state["resources"] == ["rsato"])
            #expect(state["updatedBy"] == "rsato")
            #expect(state["notes"]?.elements?.count == 2)
            _ = try await control(.DELETE, "/tickets/\(id)?as=rsato")
            #expect(try await call(.GET, "/service/tickets/\(id)").status == 404)
            let calls = try await control(.GET, "/calls").json
            #expect(calls["byRoute"]?["GET system/info"] == 2)
            #expect(calls["byRoute"]?["GET service/tickets/{id}"] == 1)
            #expect(try await control(.POST, "/tickets/1/notes", ["text": "x"]).status == 400)
            #expect(try await control(.GET, "/nothing").status == 404)
            _ = try await control(.DELETE, "/calls")
            #expect(call.simulator.control.callCount == 0)
        }
    }

    @Test func windowForgetsAfterAMinute() {
        var limit = RateLimit(perMinute: 2)
        #expect(limit.take(second: 100) == nil)
        #expect(limit.take(second: 130) == nil)
        #expect(limit.take(second: 140) == 20)
        #expect(limit.take(second: 160) == nil)
        #expect(limit.take(second: 161) == 29)
    }

    @Test(arguments: [
        ("*", "", true), ("a*c", "abbc", true), ("a*c", "abb", false), ("/x/*", "/x/1", true), ("x", "xy", false),
        ("*a*b*", "zazbz", true), ("", "", true),
    ])
    func globs(_ pattern: String, _ text: String, _ fits: Bool) {
        #expect(glob(pattern, text) == fits)
    }
}
