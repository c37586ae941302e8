import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Logging
import Ticketing
import WebSupport

/// Asking for syncs, seeing how they stand, and starting those whose time has come.
public struct Syncs: Sendable {
    // How late a scheduled run may start.
    private static let tick: Duration = .seconds(5)

    private let database: Database
    private let queue: JobQueue
    private let schedule: SyncSchedule
    private let logger: Logger
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(
        database: Database, queue: JobQueue, schedule: SyncSchedule, logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.queue = queue
        self.schedule = schedule
        self.logger = logger
        self.now = now
    }

    /// A sync with the name of its connection.
    typealias Named = (sync: Sync, connectionName: String)

    /// An organization's syncs.
    func all(of organization: Organization.ID) async throws -> [Named] {
        try await database.read { try SyncStore.all(of: organization, in: $0) }
    }

    /// Has an organization's syncs of some kinds start. Those under way go on and are what is answered.
    /// - Parameters:
    ///   - boards: the only boards whose tickets are looked at; empty for all.
    ///   - recorded: runs in the transaction that starts them.
    /// - Returns: the runs; empty when there is no connection that they could belong to.
    func request(
        _ kinds: [Sync.Kind], boards: [Board.ID] = [], of organization: Organization.ID,
        recorded: @escaping @Sendable (Connection, Date) throws -> Void = { _, _ in }
    ) async throws -> [Named] {
        let (queue, instant) = (queue, now())
        return try await database.write { db in
            try SyncStore.makeMissing(now: instant, in: db)
            let wanted = try SyncStore.all(of: organization, kinds: kinds, in: db)
            let jobs = try wanted.compactMap { named in
                try SyncStore.queue(
                    named.sync.id, boards: named.sync.kind == .tickets ? boards : [], now: instant, in: db)
            }
            try queue.enqueue(jobs, now: instant, in: db)
            if !wanted.isEmpty { try recorded(db, instant) }
            return try SyncStore.all(of: organization, kinds: kinds, in: db)
        }
    }

    /// Ends a run that waits or is under way.
    /// - Parameters:
    ///   - who: stands in the reason.
    ///   - recorded: runs in the transaction that ends it.
    /// - Returns: the sync; nil when the organization has no such.
    /// - Throws: 409 when nothing is under way.
    func cancel(
        _ id: Sync.ID, of organization: Organization.ID, by who: String,
        recorded: @escaping @Sendable (Connection, Date) throws -> Void
    ) async throws -> Named? {
        let (schedule, instant) = (schedule, now())
        return try await database.write { db in
            func find() throws -> Named? { try SyncStore.all(of: organization, in: db).first { $0.sync.id == id } }
            guard let found = try find() else { return nil }
            let next = schedule.next(found.sync.kind, after: instant)
            guard try SyncStore.cancel(id, reason: "cancelled by \(who)", next: next, in: db) else {
                throw Problem.conflict(code: "not_running", "This sync is not under way.")
            }
            try recorded(db, instant)
            return try find()
        }
    }

    /// Has the syncs of one connection start, because it was made, changed or tested.
    public func connectionChanged(_ connection: PSAConnection) async throws {
        try await start([.boards, .callbacks, .catchUp], "psa_connection_id = \(connection.id)")
        // Its members may have chat accounts.
        try await start([.recipients], "organization_id = \(connection.organization)")
    }

    /// Has the syncs of one connection start, because it was made, changed or tested.
    public func connectionChanged(_ connection: ChatConnection) async throws {
        try await start([.recipients], "chat_connection_id = \(connection.id)")
    }

    private func start(_ kinds: [Sync.Kind], _ condition: SQL) async throws {
        let (queue, schedule, instant) = (queue, schedule, now())
        // What the schedule leaves out is left out here too; boards and rooms are needed to make rules.
        let kinds = kinds.filter { schedule.intervals[$0] != nil || $0 == .boards || $0 == .recipients }
        try await database.write { db in
            try SyncStore.makeMissing(now: instant, in: db)
            let syncs = try db.all(
                "SELECT * FROM syncs WHERE kind IN (\(list: kinds)) AND " + condition, as: Sync.self)
            let jobs = try syncs.compactMap { try SyncStore.queue($0.id, now: instant, in: db) }
            try queue.enqueue(jobs, now: instant, in: db)
        }
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

    /// Takes over the schedule of this start's configuration. Catch-up and the callbacks are looked after at once: nobody
    /// knows how long we were away.
    func adopt() async throws {
        let (schedule, instant) = (schedule, now())
        try await database.write { db in
            for kind in Sync.Kind.allCases {
                guard let interval = schedule.intervals[kind] else {
                    try db.send("UPDATE syncs SET next_run_at = NULL WHERE kind = \(kind)")
                    continue
                }
                switch kind {
                case .catchUp, .callbacks:
                    try db.send("UPDATE syncs SET next_run_at = \(instant) WHERE kind = \(kind)")
                case .boards, .recipients, .tickets:
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
        let (queue, schedule, instant) = (queue, schedule, now())
        guard try await !database.read({ try SyncStore.isQuiet(now: instant, in: $0) }) else { return }
        try await database.write { db in
            try SyncStore.makeMissing(now: instant, in: db)
            let jobs = try SyncStore.due(now: instant, in: db).compactMap { sync -> NewJob? in
                guard schedule.intervals[sync.kind] != nil else {
                    try db.send("UPDATE syncs SET next_run_at = NULL WHERE id = \(sync.id)")
                    return nil
                }
                return try SyncStore.queue(sync.id, now: instant, in: db)
            }
            try queue.enqueue(jobs, now: instant, in: db)
        }
    }
}
