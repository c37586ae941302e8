import API
import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Logging
import WebSupport

/// Asking for syncs, seeing how they stand, and starting those whose time has come.
public struct SyncEngine: Sendable {
    // How late a scheduled run may start.
    private static let tick: Duration = .seconds(5)

    private let database: Database
    private let queue: JobQueue
    private let schedule: SyncSchedule
    private let store: SyncStore
    private let logger: Logger
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - plans: all kinds that there are.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, plans: [SyncPlan], schedule: SyncSchedule, logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.queue = queue
        self.schedule = schedule
        store = SyncStore(plans: plans)
        self.logger = logger
        self.now = now
    }

    /// A sync with the name of its connection.
    typealias Named = (sync: Sync, connectionName: String)

    /// All kinds that there are.
    var kinds: [Sync.Kind] { store.plans.map(\.kind) }

    /// An organization's syncs.
    func all(of organization: Organization.ID) async throws -> [Named] {
        try await database.read { [store] in try store.all(of: organization, in: $0) }
    }

    /// Has an organization's syncs of some kinds start. Those under way go on and are what is answered.
    /// - Parameters:
    ///   - parts: the only parts that are looked at, for kinds that can; empty for all.
    ///   - recorded: runs in the transaction that starts them.
    /// - Returns: the runs; empty when there is no connection that they could belong to.
    func request(
        _ kinds: [Sync.Kind], parts: [Sync.Kind: [String]] = [:], of organization: Organization.ID,
        recorded: @escaping @Sendable (Connection, Date) throws -> Void = { _, _ in }
    ) async throws -> [Named] {
        let (queue, store, instant) = (queue, store, now())
        return try await database.write { db in
            try store.makeMissing(now: instant, in: db)
            let wanted = try store.all(of: organization, kinds: kinds, in: db)
            let jobs = try wanted.compactMap { named in
                try store.queue(named.sync, parts: parts[named.sync.kind] ?? [], now: instant, in: db)
            }
            try queue.enqueue(jobs, now: instant, in: db)
            if !wanted.isEmpty { try recorded(db, instant) }
            return try store.all(of: organization, kinds: kinds, in: db)
        }
    }

    /// Cancels a run that is queued or running.
    /// - Parameters:
    ///   - who: The user named in the reason.
    ///   - recorded: runs in the transaction that ends it.
    /// - Returns: the sync; nil if the organization has no such sync.
    /// - Throws: 409 if it is not running.
    func cancel(
        _ id: Sync.ID, of organization: Organization.ID, by who: String,
        recorded: @escaping @Sendable (Connection, Date) throws -> Void
    ) async throws -> Named? {
        let (schedule, store, instant) = (schedule, store, now())
        return try await database.write { db in
            func find() throws -> Named? { try store.all(of: organization, in: db).first { $0.sync.id == id } }
            guard let found = try find() else { return nil }
            let next = schedule.next(found.sync.kind, after: instant)
            guard try SyncStore.cancel(id, reason: "cancelled by \(who)", next: next, in: db) else {
                throw Problem.conflict(code: "not_running", "This sync is not running.")
            }
            try recorded(db, instant)
            return try find()
        }
    }

    /// Has syncs start that follow from a connection's being made, changed or tested.
    public func connectionChanged(_ connection: ConnectionKey, of organization: Organization.ID) async throws {
        let (queue, store, schedule, instant) = (queue, store, schedule, now())
        try await database.write { db in
            try store.makeMissing(now: instant, in: db)
            // What the schedule leaves out is left out here too, but for what nothing works without.
            let syncs = try store.following(
                connection, of: organization, where: { schedule.intervals[$0.kind] != nil || $0.isNeeded }, in: db)
            try queue.enqueue(
                syncs.compactMap { try store.queue($0, now: instant, in: db) }, now: instant, in: db)
        }
    }

    /// Has one sync of a connection start, in the caller's transaction.
    /// - Returns: the job that does it; nil when it is under way, or there is none yet.
    public static func start(
        _ kind: Sync.Kind, of connection: ConnectionKey, now: Date, in db: Connection
    ) throws -> NewJob? {
        try SyncStore.queue(kind, of: connection, now: now, in: db)
    }

    // MARK: The schedule

    /// Starts what is due until cancelled.
    public func run() async {
        do {
            try await adopt()
        } catch {
            logger.error("cannot read the schedule of syncs", metadata: ["error": "\(error)"])
        }
        while !Task.isCancelled {
            do {
                try await startDue()
            } catch is CancellationError {
            } catch {
                logger.error("cannot start syncs, will try again", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.tick)
        }
    }

    /// Takes over the schedule of this start's configuration.
    func adopt() async throws {
        let (schedule, store, instant) = (schedule, store, now())
        try await database.write { db in
            for plan in store.plans {
                let kind = plan.kind
                guard let interval = schedule.intervals[kind] else {
                    try db.send("UPDATE syncs SET next_run_at = NULL WHERE kind = \(kind)")
                    continue
                }
                if plan.isDueAtStart {
                    try db.send("UPDATE syncs SET next_run_at = \(instant) WHERE kind = \(kind)")
                } else {
                    let latest = instant.addingTimeInterval(Double(interval.components.seconds))
                    try db.send(
                        """
                        UPDATE syncs SET next_run_at = \(latest)
                        WHERE kind = \(kind) AND (next_run_at IS NULL OR next_run_at > \(latest))
                        """)
                }
            }
        }
    }

    /// Starts what is due now. Several servers may do this at once: each run starts once.
    func startDue() async throws {
        let (queue, store, schedule, instant) = (queue, store, schedule, now())
        guard try await !database.read({ try store.isQuiet(now: instant, in: $0) }) else { return }
        try await database.write { db in
            try store.makeMissing(now: instant, in: db)
            let jobs = try store.due(now: instant, in: db).compactMap { sync -> NewJob? in
                guard schedule.intervals[sync.kind] != nil else {
                    try db.send("UPDATE syncs SET next_run_at = NULL WHERE id = \(sync.id)")
                    return nil
                }
                return try store.queue(sync, now: instant, in: db)
            }
            try queue.enqueue(jobs, now: instant, in: db)
        }
    }
}
