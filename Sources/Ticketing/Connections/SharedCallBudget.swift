import BoundaryText
import Database
import Foundation
import Outbound
import Synchronization

/// A budget of calls a minute that all servers share through the database.
///
/// Calls are reserved in small portions, so that most of them cost no statement. A portion counts for a minute beyond
/// the last moment at which it can be used, so the calls of any 60 seconds are never more than the limit. The last fifth
/// of the limit is for people who wait: however much is read in the background, a search or a note finds a call.
public actor SharedCallBudget: CallBudget {
    // Long enough to amortize a reservation, short enough that little is held without being used.
    private static let portionLife: Duration = .seconds(5)
    private static let window: Duration = .seconds(60)

    private let database: Database
    private let name: String
    private let limit: Int
    private let now: @Sendable () -> Date
    private let sleep: @Sendable (Duration) async throws -> Void

    private var portion: Portion?
    /// When to ask again, for those to whom nothing more was given.
    private var exhaustedUntil: [CallPriority: Date] = [:]
    private var isReserving = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var interactiveWaiting = 0

    private struct Portion {
        let id: Int64
        let usableUntil: Date
        /// Whether it is of the share that only people may use.
        let isForPeople: Bool
        var left: Int
        var used = 0
    }

    private enum Reservation: Sendable {
        case granted(id: Int64, calls: Int, isForPeople: Bool)
        case exhausted(until: Date)
    }

    /// - Parameters:
    ///   - name: what the limit belongs to, such as `psa:3`.
    ///   - limit: calls in any 60 seconds, all servers together.
    public init(
        database: Database, name: String, limit: Int, now: @escaping @Sendable () -> Date = { Date() },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.database = database
        self.name = name
        self.limit = limit
        self.now = now
        self.sleep = sleep
    }

    /// See ``CallBudget``.
    public func acquire(_ priority: CallPriority, patience: Duration) async throws(OutboundError) {
        if priority == .interactive { interactiveWaiting += 1 }
        defer {
            if priority == .interactive {
                interactiveWaiting -= 1
                wakeWaiting()
            }
        }
        let deadline = now().addingTimeInterval(Self.seconds(patience))
        while true {
            guard !Task.isCancelled else { throw .cancelled(maybeSent: false) }
            let instant = now()
            if takeFromPortion(priority, at: instant) { return }
            if isReserving || isLeftToThoseWhoWait(at: instant) {
                await withCheckedContinuation { waiting.append($0) }
            } else if let exhaustedUntil = exhaustedUntil[priority], exhaustedUntil > instant {
                let wait = Duration.seconds(exhaustedUntil.timeIntervalSince(instant))
                guard exhaustedUntil <= deadline else { throw .budget(retryAfter: wait) }
                do { try await sleep(wait) } catch { throw .cancelled(maybeSent: false) }
            } else {
                try await reserve(for: priority, at: instant)
            }
        }
    }

    /// People are about to take what is left of the portion: reserving another would take it from under their hands.
    private func isLeftToThoseWhoWait(at instant: Date) -> Bool {
        hasUsablePortion(at: instant) && interactiveWaiting > 0
    }

    private func hasUsablePortion(at instant: Date) -> Bool {
        portion.map { $0.left > 0 && $0.usableUntil > instant } ?? false
    }

    private func wakeWaiting() {
        let woken = waiting
        waiting = []
        for waiter in woken { waiter.resume() }
    }

    private func takeFromPortion(_ priority: CallPriority, at instant: Date) -> Bool {
        guard var portion, hasUsablePortion(at: instant) else { return false }
        // People first: background work leaves the last calls of a portion to those who wait.
        if priority == .background, portion.isForPeople || portion.left <= interactiveWaiting { return false }
        portion.left -= 1
        portion.used += 1
        self.portion = portion
        return true
    }

    private func reserve(for priority: CallPriority, at instant: Date) async throws(OutboundError) {
        isReserving = true
        defer {
            isReserving = false
            wakeWaiting()
        }
        let (name, limit, shared, old) = (name, limit, limit - limit / 5, portion)
        portion = nil
        let usableUntil = instant.addingTimeInterval(Self.seconds(Self.portionLife))
        let countsUntil = usableUntil.addingTimeInterval(Self.seconds(Self.window))
        let reservation: Reservation
        do {
            reservation = try await database.write { db in
                try db.lock(name)
                // What the last portion did not use is given back; nobody can use it any more.
                if let old { try db.execute("UPDATE call_reservations SET calls = \(old.used) WHERE id = \(old.id)") }
                try db.execute("DELETE FROM call_reservations WHERE budget = \(name) AND counts_until <= \(instant)")
                let row = try db.first(
                    """
                    SELECT COALESCE(SUM(calls), 0) AS used, MIN(counts_until) AS free_at
                    FROM call_reservations WHERE budget = \(name) AND calls > 0
                    """)
                let used: Int = try row?["used"] ?? 0
                let isForPeople = used >= shared
                let calls = min(max(1, limit / 20), (isForPeople ? limit : shared) - used)
                guard calls > 0, priority == .interactive || !isForPeople else {
                    let freeAt: Date? = try row?["free_at"]
                    return .exhausted(until: freeAt ?? countsUntil)
                }
                let id: Int64? = try db.first(
                    """
                    INSERT INTO call_reservations (budget, calls, counts_until)
                    VALUES (\(name), \(calls), \(countsUntil)) RETURNING id
                    """)?["id"]
                return .granted(id: id ?? 0, calls: calls, isForPeople: isForPeople)
            }
        } catch {
            throw .budget(retryAfter: .seconds(2))
        }
        switch reservation {
        case .granted(let id, let calls, let isForPeople):
            portion = Portion(id: id, usableUntil: usableUntil, isForPeople: isForPeople, left: calls)
        case .exhausted(let until):
            exhaustedUntil[priority] = until
        }
    }

    private static func seconds(_ duration: Duration) -> TimeInterval {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}

/// This server's share in the budgets of all connections. A connection that is read anew, because it was tested or
/// changed, goes on with the calls that are reserved for it already.
public final class SharedCallBudgets: Sendable {
    private let database: Database
    private let limit: Int
    private let budgets = Mutex<[PSAConnection.ID: SharedCallBudget]>([:])

    /// - Parameter limit: calls to one connection in any 60 seconds, all servers together.
    public init(database: Database, limit: Int) {
        self.database = database
        self.limit = limit
    }

    /// The budget of a connection.
    public func budget(of connection: PSAConnection.ID) -> SharedCallBudget {
        budgets.withLock { budgets in
            if let present = budgets[connection] { return present }
            let budget = SharedCallBudget(database: database, name: "psa:\(connection)", limit: limit)
            budgets[connection] = budget
            return budget
        }
    }
}
