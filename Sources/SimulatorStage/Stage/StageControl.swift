import Foundation
import Synchronization

/// What every played system has besides its own state: faults, latency, a rate limit and the log of calls.
///
/// Tests and the demo use it in process; the control API of ``Stage`` offers the same over HTTP.
public final class StageControl: Sendable {
    struct Inside: Sendable {
        var faults = FaultBook()
        var log: CallLog
        var limit: RateLimit
        var latency: Duration = .zero
    }

    let inside: Watched<Inside>

    /// Control without faults that remembers the last `callLogCapacity` calls; `callsPerMinute` nil: no limit.
    package init(callsPerMinute: Int?, latency: Duration, callLogCapacity: Int) {
        inside = Watched(
            Inside(
                log: CallLog(capacity: callLogCapacity), limit: RateLimit(perMinute: callsPerMinute), latency: latency))
    }

    /// Adds a fault behind those that are waiting; the id removes it.
    @discardableResult
    public func script(_ fault: Fault) -> Fault.ID { inside.change { $0.faults.add(fault) } }

    /// Removes one fault.
    public func remove(fault id: Fault.ID) { inside.change { $0.faults.remove(id) } }

    /// Removes all faults.
    public func removeFaults() { inside.change { $0.faults.removeAll() } }

    /// The faults that are still waiting.
    public var faults: [Fault] { inside.read { $0.faults.faults } }

    /// How long every call takes at least; waits without holding a thread.
    public var latency: Duration {
        get { inside.read { $0.latency } }
        set { inside.change { $0.latency = newValue } }
    }

    /// Calls a minute before 429; nil: no limit. Setting it forgets what was counted.
    public var callsPerMinute: Int? {
        get { inside.read { $0.limit.perMinute } }
        set { inside.change { $0.limit = RateLimit(perMinute: newValue) } }
    }

    /// The last calls, oldest first; bounded by the option `callLogCapacity`.
    public var calls: [SeenCall] { inside.read { $0.log.calls } }

    /// How many calls were seen since the start or the last reset, refused ones included.
    public var callCount: Int { inside.read { $0.log.total } }

    /// How many calls were answered 429 by the limit.
    public var refusedCount: Int { inside.read { $0.log.refused } }

    /// Counts by route: method and path with ids replaced, as in `GET service/tickets/{id}`.
    public var callsByRoute: [String: Int] { inside.read { $0.log.byRoute } }

    /// The most calls seen within any 60 seconds, refused ones included.
    public var perMinuteMaximum: Int { inside.read { $0.log.perMinuteMaximum } }

    /// Forgets the calls seen.
    public func resetCalls() { inside.change { $0.log.reset() } }

    /// Whether a fault drops this outgoing callback; counts the fault down.
    package func dropsCallback(to url: String, body: [UInt8]) -> Bool {
        inside.change { $0.faults.strike(method: "POST", path: url, body: body, callback: true) } != nil
    }

    /// Waits until at least `count` calls of `route` were seen, or throws ``WaitedTooLong``.
    public func calls(_ count: Int, of route: String, within limit: Duration = .seconds(30)) async throws {
        _ = try await inside.first("\(count) calls of \(route)", within: limit) { inside in
            (inside.log.byRoute[route] ?? 0) >= count ? true : nil
        }
    }

    /// Waits until all scripted faults have struck, or throws ``WaitedTooLong``.
    public func faultsUsedUp(within limit: Duration = .seconds(30)) async throws {
        _ = try await inside.first("all faults to strike", within: limit) { inside in
            inside.faults.faults.isEmpty ? true : nil
        }
    }
}
