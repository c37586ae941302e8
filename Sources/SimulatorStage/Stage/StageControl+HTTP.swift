import Foundation

/// The control API that every simulator serves below `/_control`, on the port of the played system. Bodies are JSON.
///
/// | call | does |
/// | --- | --- |
/// | `GET /_control` | state in numbers |
/// | `GET /_control/calls?last=N` | `total`, `refused`, `perMinuteMaximum`, `byRoute`, and the last N (100) calls |
/// | `DELETE /_control/calls` | forgets the calls seen |
/// | `GET, DELETE /_control/faults` | lists, removes all faults |
/// | `POST /_control/faults` | adds one: `{"action":"answer","status":503,"body":"…","retryAfter":2,"method":"GET","path":"/service/tickets/*","bodyText":"…","times":3}`; actions `answer`, `delay` (with `milliseconds`), `cutBefore`, `cutAfter`, `halfAnswer`, `number` (with `at` and `becomes`), `hang`, `dropCallback`; `times` 1 if absent, null for ever |
/// | `DELETE /_control/faults/{id}` | removes one |
/// | `PUT /_control/latency` | `{"milliseconds":5}` for every call |
/// | `PUT /_control/limit` | `{"callsPerMinute":1000}`, null turns it off |
extension StageControl {
    func answer(control call: Call, path: [Substring]) throws(ControlError) -> PlayedJSON? {
        switch (call.method, path.first, path.count) {
        case ("GET", "calls", 1): return seen(last: call.query["last"].flatMap { Int($0) } ?? 100)
        case ("DELETE", "calls", 1): resetCalls()
        case ("GET", "faults", 1): return .list(faults.map(\.json))
        case ("POST", "faults", 1): return ["id": .integer(script(try Fault(control: try call.controlBody())))]
        case ("DELETE", "faults", 1): removeFaults()
        case ("DELETE", "faults", 2): remove(fault: Int(path[1]) ?? 0)
        case ("PUT", "latency", 1):
            guard let milliseconds = try call.controlBody()["milliseconds"]?.double else {
                throw ControlError("milliseconds is missing")
            }
            latency = .milliseconds(milliseconds)
        case ("PUT", "limit", 1): callsPerMinute = try call.controlBody()["callsPerMinute"]?.int
        default: return nil
        }
        return ["done": true]
    }

    var summary: PlayedJSON {
        inside.read { inside in
            [
                "calls": .integer(inside.log.total), "refused": .integer(inside.log.refused),
                "perMinuteMaximum": .integer(inside.log.perMinuteMaximum),
                "faults": .integer(inside.faults.faults.count),
                "callsPerMinute": .optional(inside.limit.perMinute),
                "latencyMilliseconds": .number(inside.latency / .milliseconds(1)),
            ]
        }
    }

    private func seen(last: Int) -> PlayedJSON {
        inside.read { inside in
            [
                "total": .integer(inside.log.total), "refused": .integer(inside.log.refused),
                "perMinuteMaximum": .integer(inside.log.perMinuteMaximum),
                "byRoute": .object(
                    inside.log.byRoute.sorted { $0.key < $1.key }.map { PlayedJSON.Member($0.key, .integer($0.value)) }),
                "calls": .list(
                    inside.log.calls.suffix(last).map { call in
                        [
                            "method": .text(call.method), "path": .text(call.path), "query": .text(call.query),
                            "time": .number(call.time.timeIntervalSince1970),
                        ]
                    }),
            ]
        }
    }
}

extension Call {
    /// The body of a control call as JSON.
    package func controlBody() throws(ControlError) -> PlayedJSON {
        do throws(JSONReader.Malformed) {
            return try json()
        } catch {
            throw ControlError("the body is not JSON (byte \(error.offset))")
        }
    }
}

extension Fault {
    init(control body: PlayedJSON) throws(ControlError) {
        let action: Action
        switch body["action"]?.string {
        case "answer":
            guard let status = body["status"]?.int, (200...599).contains(status) else {
                throw ControlError("status is missing or not between 200 and 599")
            }
            action = .answer(status: status, body: body["body"]?.string, retryAfter: body["retryAfter"]?.int)
        case "delay": action = .delay(.milliseconds(body["milliseconds"]?.int ?? 0))
        case "cutBefore": action = .cutBefore
        case "cutAfter": action = .cutAfter
        case "halfAnswer": action = .halfAnswer
        case "number": action = .number(at: body["at"]?.int ?? 0, becomes: body["becomes"]?.string ?? "0")
        case "hang": action = .hang
        case "dropCallback": action = .dropCallback
        default: throw ControlError("action is missing or unknown")
        }
        self.init(
            action, method: body["method"]?.string, path: body["path"]?.string, bodyText: body["bodyText"]?.string,
            times: body["times"] == .null ? nil : body["times"]?.int ?? 1)
    }

    var json: PlayedJSON {
        [
            "id": .integer(id), "action": .text("\(action)"), "method": .optional(method), "path": .optional(path),
            "bodyText": .optional(bodyText), "times": .optional(times),
        ]
    }
}
