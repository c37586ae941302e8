import BoundaryText
import Database
import Foundation
import Jobs
import Outbound
import Ticketing

/// The job that takes one step of a sync: a page of a list, mostly. Each step stores what it found together with how far the
/// run is and the job for the next step, so a run goes on where it was, whatever was killed in between.
public struct SyncJob: JobHandler {
    /// Which run.
    public struct Payload: Codable, Sendable {
        let sync: Sync.ID
        let run: Int
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "sync")
    /// Short: the next run comes by itself, and a run that hangs for hours tells nobody anything.
    public let schedule = RetrySchedule([.seconds(2), .seconds(10), .seconds(30), .minutes(2)])

    /// What a step found.
    struct Step: Sendable {
        /// How much of the run is done with it.
        var done: Int
        /// How much there is to do.
        var total: Int?
        /// Where the next step goes on; nil after the last.
        var next: String?
        /// Stores it.
        /// - Returns: the jobs that follow from it.
        var store: @Sendable (Connection) throws -> [NewJob]
    }

    let database: Database
    let tickets: PSAConnections
    let chats: ChatConnections
    let mirror = TicketMirror()
    private let syncSchedule: SyncSchedule
    let publicURL: String
    private let pace: Duration
    let now: @Sendable () -> Date

    /// - Parameters:
    ///   - syncSchedule: when runs follow each other.
    ///   - publicURL: where the ticketing system reaches us.
    ///   - pace: the pause between refreshes that a sync causes: as many as the budget of calls allows, so that a ticket
    ///     that a hook tells of need not wait behind all of them.
    ///   - now: the wall clock.
    public init(
        database: Database, tickets: PSAConnections, chats: ChatConnections, schedule: SyncSchedule, publicURL: String,
        pace: Duration, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.tickets = tickets
        self.chats = chats
        syncSchedule = schedule
        self.publicURL = publicURL
        self.pace = pace
        self.now = now
    }

    /// The next step of a run.
    static func job(for sync: Sync, now: Date) throws -> NewJob {
        let group =
            sync.psa.map(PSAConnection.laneGroup) ?? sync.chat.map(ChatConnection.laneGroup) ?? "sync:\(sync.id)"
        return try job(
            Payload(sync: sync.id, run: sync.run), lane: "sync:\(sync.id)", laneGroup: group, coalesces: true,
            runAt: now)
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        do {
            guard let sync = try await begun(payload) else { return .done() }
            do {
                guard let step = try await step(of: sync) else {
                    return .done { db in try finish(sync, error: nil, in: db) }
                }
                return .followed { db in try store(step, of: sync, in: db) }
            } catch let error as PSAError {
                guard let connection = sync.psa, let live = try await tickets.live(connection) else {
                    return failure("\(error)", sync, job)
                }
                switch await tickets.outcome(of: error, on: live) {
                case .pause(let reason, let time, let effect):
                    return .pause(reason, for: time) { db in
                        try effect?(db)
                        try note(reason, sync, in: db)
                    }
                case .done, .followed, .found, .retry, .wait, .park: return failure("\(error)", sync, job)
                }
            } catch let error as MessengerError {
                return outcome(of: error, sync, job)
            } catch let error as CannotSync {
                return .done { db in try finish(sync, error: error.description, in: db) }
            } catch {
                return failure("\(error)", sync, job)
            }
        } catch {
            return .retry("\(error)")
        }
    }

    /// The run as it is now, marked as running; nil when it is over or another one took its place.
    private func begun(_ payload: Payload) async throws -> Sync? {
        let read = try await database.read { try SyncStore.find(payload.sync, in: $0) }
        guard let sync = read, sync.run == payload.run else { return nil }
        switch sync.state {
        case .idle, .failed: return nil
        case .running: return sync
        case .queued: break
        }
        let instant = now()
        return try await database.write { db in
            try db.first(
                """
                UPDATE syncs SET state = \(Sync.State.running), started_at = \(instant)
                WHERE id = \(sync.id) AND run = \(sync.run) RETURNING *
                """)
        }
    }

    private func step(of sync: Sync) async throws -> Step? {
        if let psa = sync.psa {
            guard let live = try await tickets.live(psa), live.connection.isActive else { return nil }
            return try await live.provider.withCalls(Self.calls, .background) {
                switch sync.kind {
                case .boards: try await boards(sync, live)
                case .tickets: try await openTickets(sync, live)
                case .catchUp: try await catchUp(sync, live)
                case .callbacks: try await callbacks(live)
                case .recipients: nil
                }
            }
        }
        guard let chat = sync.chat, let messenger = try await chats.messenger(chat) else { return nil }
        return try await recipients(sync, chat, messenger)
    }

    /// No step needs more: a page and a count, or the statuses of some boards.
    static let calls = 4

    // MARK: Endings

    private func store(_ step: Step, of sync: Sync, in db: Connection) throws -> [NewJob] {
        let total = step.total ?? sync.total
        let written = try db.execute(
            """
            UPDATE syncs SET position = \(orNull: step.next), done = \(step.done), total = \(orNull: total),
                last_error = NULL
            WHERE id = \(sync.id) AND run = \(sync.run)
            """)
        guard written > 0 else { return [] }
        var jobs = try step.store(db)
        if step.next == nil {
            try finish(sync, error: nil, in: db)
        } else {
            jobs.append(try Self.job(for: sync, now: now()))
        }
        return jobs
    }

    private func finish(_ sync: Sync, error: String?, in db: Connection) throws {
        let instant = now()
        try db.send(
            """
            UPDATE syncs SET state = \(error == nil ? Sync.State.idle : .failed), position = NULL,
                finished_at = \(instant), last_error = \(orNull: error),
                next_run_at = \(orNull: syncSchedule.next(sync.kind, after: instant))
            WHERE id = \(sync.id) AND run = \(sync.run)
            """)
    }

    private func note(_ error: String, _ sync: Sync, in db: Connection) throws {
        try db.send("UPDATE syncs SET last_error = \(error) WHERE id = \(sync.id) AND run = \(sync.run)")
    }

    private func failure(_ error: String, _ sync: Sync, _ job: ClaimedJob) -> JobOutcome {
        // A run that gave up is shown as such; it is not a job that waits for a person.
        guard job.failures < schedule.delays.count else {
            return .done { db in try finish(sync, error: error, in: db) }
        }
        return .retry(error) { db in try note(error, sync, in: db) }
    }

    private func outcome(of error: MessengerError, _ sync: Sync, _ job: ClaimedJob) -> JobOutcome {
        switch error {
        case .authentication, .notAllowed:
            return .pause(error.description, for: .minutes(5)) { db in
                if let chat = sync.chat {
                    try ChatConnections.record(.paused, reason: error.description, of: chat, in: db)
                }
                try note(error.description, sync, in: db)
            }
        case .wait(let why, let wait): return .pause(why, for: wait) { db in try note(why, sync, in: db) }
        case .refused, .failed, .gone: return failure(error.description, sync, job)
        }
    }

    func interval(of kind: Sync.Kind) -> Duration? { syncSchedule.intervals[kind] }

    /// The refreshes of tickets that a sync found changed, spread over time where they are many.
    func refreshes(_ ids: [Ticket.ID], of connection: PSAConnection.ID) throws -> [NewJob] {
        let instant = now()
        return try ids.enumerated().map { number, id in
            let wait = pace.seconds * Double(max(0, number - Self.atOnce))
            return try TicketRefresh.job(id, of: connection, now: instant.addingTimeInterval(wait))
        }
    }

    // A normal look finds fewer.
    private static let atOnce = 100
}

/// A sync that cannot succeed until a person does something.
struct CannotSync: Error, CustomStringConvertible {
    let description: String
}
