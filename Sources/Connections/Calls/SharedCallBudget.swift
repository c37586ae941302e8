import BoundaryText
import Database
import Foundation
import Outbound

/// A budget of calls a minute that all servers share through the database.
///
/// Calls are reserved in small portions, so that most of them cost no statement. A portion counts until a minute after
/// its last call, so the calls of any 60 seconds are never more than the limit. Who may use how many says ``CallShares``.
public actor SharedCallBudget: CallBudget {
    // Long enough to amortize a reservation, short enough that little is held without being used.
    private static let portionLife: TimeInterval = 5
    /// How long work may hold calls that were set aside for it: some calls, each of which may take 20 s.
    private static let holdingTime: TimeInterval = 30
    private static let window: TimeInterval = 60

    private let database: Database
    private let name: String
    private let limit: Int
    private let shares: CallShares
    private let now: @Sendable () -> Date
    private let sleep: @Sendable (Duration) async throws -> Void

    private var portions: [CallPriority: Portion] = [:]
    /// Out of which nothing is taken any more, with calls that work still holds.
    private var closing: [Int64: Portion] = [:]
    /// When to ask again, for those to whom nothing more was given.
    private var exhaustedUntil: [CallPriority: Date] = [:]
    private var isReserving = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// How many wait for a single call. Of those that are not people all have begun something, so they go before what
    /// has not.
    private var singlesWaiting: [CallPriority: Int] = [:]

    private struct Portion {
        let id: Int64
        let usableUntil: Date
        var left: Int
        /// Set aside for work under way.
        var held: [CallAllowance] = []
        var used = 0
        var lastUsed: Date

        /// Whether nothing of it can come back.
        var isSpent: Bool { held.allSatisfy { $0.use.used == $0.calls } }

        /// As if the work under way had ended.
        var settled: Portion {
            held.reduce(into: self) { $0.takeBack($1) }
        }

        mutating func takeBack(_ allowance: CallAllowance) {
            let use = allowance.use
            held.removeAll { $0 === allowance }
            used += use.used
            left += allowance.calls - use.used
            lastUsed = max(lastUsed, use.lastUsed ?? lastUsed)
        }
    }

    private enum Reservation: Sendable {
        case granted(id: Int64, calls: Int)
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
        shares = CallShares(limit: limit)
        self.now = now
        self.sleep = sleep
    }

    // MARK: One call

    /// See ``CallBudget``.
    public func acquire(_ priority: CallPriority, patience: Duration) async throws(OutboundError) {
        singlesWaiting[priority, default: 0] += 1
        defer {
            singlesWaiting[priority, default: 1] -= 1
            wakeWaiting()
        }
        let deadline = now().addingTimeInterval(patience.inSeconds)
        while true {
            guard !Task.isCancelled else { throw .cancelled(maybeSent: false) }
            let instant = now()
            if useOne(priority, at: instant) { return }
            if isReserving || isLeftToThoseWhoWait(priority, at: instant) {
                await withCheckedContinuation { waiting.append($0) }
            } else if let until = exhaustedUntil[priority], until > instant {
                try await wait(until: until, from: instant, deadline: deadline)
            } else {
                try await reserve(1, for: priority, at: instant)
            }
        }
    }

    private func useOne(_ priority: CallPriority, at instant: Date) -> Bool {
        // People also use what was reserved for others here and is not used yet.
        let sources: [CallPriority] =
            priority == .interactive ? [.interactive, .background, .writing] : [priority]
        for source in sources where take(1, of: source, for: priority, at: instant) {
            portions[source]?.used += 1
            portions[source]?.lastUsed = instant
            return true
        }
        return false
    }

    private func take(_ calls: Int, of source: CallPriority, for priority: CallPriority, at instant: Date) -> Bool {
        guard let portion = portions[source], portion.usableUntil > instant else { return false }
        // People first: others leave the last calls of a portion to those who wait.
        let kept = priority == .interactive ? 0 : singlesWaiting[.interactive] ?? 0
        guard portion.left >= calls + kept else { return false }
        portions[source]?.left -= calls
        return true
    }

    /// People are about to take what is left of the portion: reserving another would take it from under their hands.
    private func isLeftToThoseWhoWait(_ priority: CallPriority, at instant: Date) -> Bool {
        guard priority != .interactive, (singlesWaiting[.interactive] ?? 0) > 0 else { return false }
        return portions[priority].map { $0.left > 0 && $0.usableUntil > instant } ?? false
    }

    private func wait(until: Date, from instant: Date, deadline: Date) async throws(OutboundError) {
        let time = Duration.seconds(until.timeIntervalSince(instant))
        guard until <= deadline else { throw .budget(retryAfter: time) }
        do { try await sleep(time) } catch { throw .cancelled(maybeSent: false) }
    }

    private func wakeWaiting() {
        let woken = waiting
        waiting = []
        for waiter in woken { waiter.resume() }
    }

    // MARK: Several calls

    /// See ``CallBudget``. Where other work of this server holds calls, it may give some back: that is waited for.
    public func setAside(
        _ calls: Int, _ priority: CallPriority, patience: Duration
    ) async throws(OutboundError) -> CallAllowance {
        let wanted = max(1, min(calls, shares.most(for: priority)))
        let deadline = now().addingTimeInterval(patience.inSeconds)
        while true {
            guard !Task.isCancelled else { throw .cancelled(maybeSent: false) }
            let instant = now()
            let mayTake = (singlesWaiting[priority] ?? 0) == 0
            if mayTake, take(wanted, of: priority, for: priority, at: instant), let portion = portions[priority] {
                let allowance = CallAllowance(
                    of: self, priority: priority, id: portion.id, calls: wanted,
                    validUntil: instant.addingTimeInterval(Self.holdingTime), now: now)
                portions[priority]?.held.append(allowance)
                return allowance
            }
            if isReserving || isLeftToThoseWhoWait(priority, at: instant) {
                await withCheckedContinuation { waiting.append($0) }
            } else if !mayTake || exhaustedUntil[priority].map({ $0 > instant }) ?? false {
                let until = exhaustedUntil[priority] ?? instant.addingTimeInterval(1)
                // What has begun and waits itself gives nothing back soon.
                if mayTake, isHeld(priority), instant < deadline {
                    await withCheckedContinuation { waiting.append($0) }
                } else {
                    try await wait(until: until, from: instant, deadline: deadline)
                }
            } else {
                try await reserve(wanted, for: priority, at: instant)
            }
        }
    }

    private func isHeld(_ priority: CallPriority) -> Bool {
        portions[priority].map { !$0.isSpent } ?? false || closing.values.contains { !$0.isSpent }
    }

    /// See ``CallBudget``.
    public func takeBack(_ allowance: CallAllowance) async {
        if var portion = portions[allowance.priority], portion.id == allowance.id {
            portion.takeBack(allowance)
            portions[allowance.priority] = portion
            if portion.usableUntil <= now() {
                portions[allowance.priority] = nil
                closing[allowance.id] = portion
                await settleClosed()
            }
        } else if var portion = closing[allowance.id] {
            portion.takeBack(allowance)
            closing[allowance.id] = portion
            await settleClosed()
        }
        wakeWaiting()
    }

    /// Portions of which nothing can come back any more.
    private func takeSpent() -> [Portion] {
        let spent = closing.values.filter(\.isSpent)
        for portion in spent { closing[portion.id] = nil }
        return spent.map(\.settled)
    }

    /// Frees what portions that are done with did not use.
    private func settleClosed() async {
        let done = takeSpent()
        guard !done.isEmpty else { return }
        // If it fails, they count until they would have ended anyway.
        try? await database.write { [name] db in
            try db.lock(name)
            for portion in done { try Self.settle(portion, in: db) }
        }
        exhaustedUntil = [:]
    }

    private static func settle(_ portion: Portion, in db: Connection) throws {
        guard portion.used > 0 else {
            // A row without calls would say that writes wait.
            try db.execute("DELETE FROM call_reservations WHERE id = \(portion.id)")
            return
        }
        let until = portion.lastUsed.addingTimeInterval(window)
        try db.execute(
            "UPDATE call_reservations SET calls = \(portion.used), counts_until = \(until) WHERE id = \(portion.id)")
    }

    // MARK: Reserving

    /// Takes a portion of at least so many calls, or notes until when there are not so many.
    private func reserve(_ calls: Int, for priority: CallPriority, at instant: Date) async throws(OutboundError) {
        isReserving = true
        defer {
            isReserving = false
            wakeWaiting()
        }
        for source in CallPriority.allCases {
            guard let portion = portions[source], source == priority || portion.usableUntil <= instant else { continue }
            portions[source] = nil
            closing[portion.id] = portion
        }
        let done = takeSpent()
        let usableUntil = instant.addingTimeInterval(Self.portionLife)
        let reservation: Reservation
        do {
            // Small, since what one server holds another one lacks: some two statements a second at most, all the same.
            let portion = max(calls, limit / 100)
            reservation = try await database.write { [name, shares] db in
                try db.lock(name)
                for portion in done { try Self.settle(portion, in: db) }
                return try Self.reserve(
                    calls, of: name, for: priority, shares: shares, portion: portion, at: instant,
                    until: usableUntil.addingTimeInterval(Self.holdingTime + Self.window), in: db)
            }
        } catch {
            throw .budget(retryAfter: .seconds(2))
        }
        switch reservation {
        case .granted(let id, let calls):
            portions[priority] = Portion(id: id, usableUntil: usableUntil, left: calls, lastUsed: instant)
        case .exhausted(let until):
            exhaustedUntil[priority] = until
        }
    }

    private static func reserve(
        _ calls: Int, of name: String, for priority: CallPriority, shares: CallShares, portion: Int, at instant: Date,
        until: Date, in db: Connection
    ) throws -> Reservation {
        try db.execute("DELETE FROM call_reservations WHERE budget = \(name) AND counts_until <= \(instant)")
        let rows = try db.all(
            """
            SELECT share, SUM(calls) AS used, MIN(calls) AS least,
                MIN(CASE WHEN calls > 0 THEN counts_until END) AS free_at
            FROM call_reservations WHERE budget = \(name) GROUP BY share
            """)
        var used: [CallPriority: Int] = [:]
        var writesWait = false
        var freeAt = instant.addingTimeInterval(window)
        for row in rows {
            guard let share = CallPriority(rawValue: try row["share"]) else { continue }
            used[share] = try row["used"]
            if share == .writing, try row["least"] as Int == 0 { writesWait = true }
            if let free: Date = try row["free_at"] { freeAt = min(freeAt, free) }
        }
        let room = shares.room(for: priority, used: used, writesWait: writesWait)
        guard room >= calls else {
            if priority == .writing { try noteWaitingWrites(of: name, until: freeAt, in: db) }
            return .exhausted(until: freeAt)
        }
        let granted = min(max(1, portion), room)
        let id: Int64? = try db.first(
            """
            INSERT INTO call_reservations (budget, share, calls, counts_until)
            VALUES (\(name), \(priority.rawValue), \(granted), \(until)) RETURNING id
            """)?["id"]
        return .granted(id: id ?? 0, calls: granted)
    }

    /// A row without calls says, to all servers, that writes wait.
    private static func noteWaitingWrites(of name: String, until freeAt: Date, in db: Connection) throws {
        // They ask again when calls are free, or a little later.
        let until = freeAt.addingTimeInterval(portionLife)
        let noted = try db.execute(
            """
            UPDATE call_reservations SET counts_until = \(until)
            WHERE budget = \(name) AND share = \(CallPriority.writing.rawValue) AND calls = 0
            """)
        guard noted == 0 else { return }
        try db.execute(
            """
            INSERT INTO call_reservations (budget, share, calls, counts_until)
            VALUES (\(name), \(CallPriority.writing.rawValue), 0, \(until))
            """)
    }
}

extension Duration {
    fileprivate var inSeconds: TimeInterval {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
