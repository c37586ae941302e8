import BoundaryText
import Database
import Foundation
import Logging
import Metrics
import ServiceLifecycle

/// Runs the jobs of a set of handlers until shutdown: claims what is due, renews leases, settles outcomes in batches,
/// takes over what dead workers left, and hands back the rest when it stops.
public struct JobRunner: Service {
    /// What can be tuned; the defaults are right for one server on two cores.
    public struct Options: Sendable {
        /// The most jobs at once.
        public var concurrency = 256
        /// The most jobs that one statement claims.
        public var claimLimit = 100
        /// How long the jobs of a worker stay untouched that hangs, but is still there.
        public var lease: Duration = .seconds(30)
        /// How often is looked for workers that are gone.
        public var watch: Duration = .milliseconds(500)
        /// How long a worker has to be gone: one whose connection was only reset is back by then.
        public var absence: Duration = .seconds(3)
        /// How often leases are renewed.
        public var heartbeat: Duration = .seconds(10)
        /// How long to wait for signals before looking anyway; signals can be lost, jobs must not.
        public var poll: Duration = .seconds(1)
        /// How long running jobs may go on after a stop was asked for.
        public var grace: Duration = .seconds(10)

        /// The defaults.
        public init() {}
    }

    private let database: Database
    private let queue: JobQueue
    private let handlers: [JobKind: any JobHandler]
    private let options: Options
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let worker: String
    private let leases: JobLeases

    /// Makes a runner.
    /// - Parameters:
    ///   - now: the wall clock, handed in for tests.
    public init(
        database: Database, queue: JobQueue, handlers: [any JobHandler], options: Options = Options(),
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        self.database = database
        self.queue = queue
        self.handlers = Dictionary(handlers.map { (type(of: $0).kind, $0) }, uniquingKeysWith: { first, _ in first })
        self.options = options
        self.now = now
        self.logger = logger
        leases = JobLeases(places: options.concurrency)
        worker = "\(ProcessInfo.processInfo.hostName):\(UInt64.random(in: 0...UInt64.max))"
    }

    /// Runs until graceful shutdown or cancellation.
    public func run() async throws {
        database.appear(as: worker)
        switch database.engine {
        case .sqlite: try await rescue(everything: true)
        // Looked for again and again: a connection that is cut just now is no reason not to start.
        case .postgres: await rescueAbandoned()
        }
        database.attend(to: .jobs) { db in try claimAlong(in: db) }
        let errands = leases.errands()
        // Jobs get time to end by themselves when a stop is asked for; everything else ends with them.
        await withThrowingTaskGroup(of: Void.self) { upkeep in
            upkeep.addTask { for await _ in database.signals(.jobs) { leases.look() } }
            upkeep.addTask { try await every(options.poll) { leases.look() } }
            upkeep.addTask { try await every(options.heartbeat) { await renewLeases() } }
            upkeep.addTask { try await every(options.lease / 4) { await rescueAbandoned() } }
            upkeep.addTask {
                var absences = Absences(patience: options.absence)
                await rescueAbsent(&absences)
                try await every(options.watch) { await rescueAbsent(&absences) }
            }
            upkeep.addTask { try await every(options.watch) { await handBackMissed() } }
            for clerk in 0..<JobLeases.clerks {
                let visits = leases.visits(of: clerk)
                upkeep.addTask { for await _ in visits { await settleAll(by: clerk) } }
            }
            // Discarding: another group would keep each ended job's task until the server stops.
            await withDiscardingTaskGroup { running in
                leases.look()
                let alarm = Alarm()
                for await _ in errands.cancelOnGracefulShutdown() { run(leases.errand(), alarm, &running) }
                database.attend(to: .jobs, with: nil)
                leases.close()
                await drain(&running)
                running.cancelAll()
            }
            repeat {
                await settleAll()
                // What a clerk has in hand.
                if leases.isSettling { try? await Task.sleep(for: .milliseconds(10)) }
            } while leases.isSettling && !Task.isCancelled
            upkeep.cancelAll()
            // Cancelled upkeep is no failure.
            while case .some = await upkeep.nextResult() {}
        }
        let (queue, worker, instant) = (queue, worker, now())
        try await database.write { try queue.handBack(worker: worker, now: instant, in: $0) }
    }

    private func run(_ errand: JobLeases.Errand, _ alarm: Alarm, _ running: inout DiscardingTaskGroup) {
        for job in errand.jobs { running.addTask { await run(job) } }
        if let due = errand.nextDue, case let wait = due.timeIntervalSince(now()), wait < options.poll.seconds,
            alarm.set(due)
        {
            running.addTask {
                try? await Task.sleep(for: .seconds(max(0, wait)))
                alarm.rang(due)
                leases.look()
            }
        }
        // Not awaited: jobs claimed along with other work start right away.
        if errand.mustLook {
            running.addTask {
                await claim()
                leases.endLook()
            }
        }
    }

    /// Claims in the transaction that enqueues, so that what is enqueued here runs without being looked for.
    private func claimAlong(in db: Connection) throws -> Attended? {
        let places = reserve()
        guard places > 0 else { return nil }
        do {
            let claim = try claim(places, in: db)
            return Attended(isComplete: !claim.areMore) { isCommitted in
                if isCommitted {
                    leases.receive(claim, on: places)
                } else {
                    leases.giveBack(places, isCertain: database.engine == .sqlite)
                }
            }
        } catch {
            leases.giveBack(places)
            throw error
        }
    }

    /// Claims what others enqueued, what has become due, and that for which there was no room.
    private func claim() async {
        let places = reserve()
        guard places > 0 else { return }
        do {
            leases.receive(try await database.write(as: .background) { try claim(places, in: $0) }, on: places)
        } catch {
            leases.giveBack(places, isCertain: database.engine == .sqlite)
            logger.error("cannot claim jobs", metadata: ["error": "\(error)"])
        }
    }

    private func reserve() -> Int {
        let isPressed = database.isPressed
        let places = leases.reserve(upTo: options.claimLimit, isPressed: isPressed)
        if places == 0, isPressed { leases.look(at: now().addingTimeInterval(0.05)) }
        return places
    }

    private func claim(_ places: Int, in db: Connection) throws -> JobClaim {
        try queue.claim(worker: worker, limit: places, lease: options.lease, now: now(), in: db)
    }

    private func run(_ job: ClaimedJob) async {
        guard let handler = handlers[job.kind] else {
            // While servers are replaced one by one, a newer one knows it.
            finish(job, .retry("this program has no handler for jobs of kind \(job.kind.rawValue)"), .inbound)
            return
        }
        let outcome = await handler.runAny(job)
        if Task.isCancelled, !outcome.isDone {
            // Cut short by the stop: handed back with all the others, marked as interrupted.
            leases.leave(job)
            return
        }
        finish(job, outcome, handler.schedule)
    }

    private func finish(_ job: ClaimedJob, _ outcome: JobOutcome, _ schedule: RetrySchedule) {
        Counter(
            label: "patchbay_jobs_total", dimensions: [("kind", job.kind.rawValue), ("outcome", outcome.label)]
        ).increment()
        outcome.log(of: job, to: logger)
        leases.bring(.init(job: job, outcome: outcome, schedule: schedule, jitter: .random(in: 0...1)))
    }

    /// Gives the jobs that run time to end by themselves.
    private func drain(_ running: inout DiscardingTaskGroup) async {
        let deadline = ContinuousClock.now + options.grace
        while leases.isBusy, ContinuousClock.now < deadline, !Task.isCancelled {
            // What was claimed in transactions that were under way.
            for job in leases.errand().jobs { running.addTask { await run(job) } }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension JobRunner {
    private func every(_ interval: Duration, _ work: () async -> Void) async throws {
        while true {
            try await Task.sleep(for: interval)
            await work()
        }
    }

    private func renewLeases() async {
        let (queue, worker, lease, instant, held) = (queue, worker, options.lease, now(), leases.jobs)
        do {
            try await database.write {
                try queue.heartbeat(worker: worker, holding: held, lease: lease, now: instant, in: $0)
            }
        } catch {
            logger.warning("cannot renew the leases of running jobs", metadata: ["error": "\(error)"])
        }
    }

    private func rescueAbandoned() async {
        do {
            try await rescue()
        } catch {
            logger.warning(
                "cannot take over jobs of stopped workers, will retry", metadata: ["error": "\(error)"])
        }
    }

    // An unreachable database is reported elsewhere.
    private static let afterFailure: Duration = .seconds(2)

    /// Takes over the jobs of those who are gone, on PostgreSQL: SQLite has no other workers.
    private func rescueAbsent(_ absences: inout Absences) async {
        guard database.engine == .postgres else { return }
        do {
            let (queue, worker) = (queue, worker)
            let absent = try await database.read { db in
                try db.absent(try queue.workers(in: db).filter { $0 != worker })
            }
            let instant = now()
            for worker in absences.gone(of: absent, at: .now) {
                let count = try await database.write { try queue.handBack(worker: worker, now: instant, in: $0) }
                if count > 0 {
                    logger.notice("took over jobs of a stopped worker", metadata: ["jobs": "\(count)"])
                }
            }
        } catch {
            logger.warning("cannot look for stopped workers, will retry", metadata: ["error": "\(error)"])
            try? await Task.sleep(for: Self.afterFailure)
        }
    }

    /// A connection that is cut during a commit leaves open whether jobs were claimed. Nobody runs those; they need not wait
    /// for the end of their lease.
    private func handBackMissed() async {
        guard leases.pausesForMissed() else { return }
        let (queue, worker, begun, instant) = (queue, worker, leases.begun, now())
        do {
            let count = try await database.write {
                try queue.handBack(worker: worker, except: begun, now: instant, in: $0)
            }
            if count > 0 { logger.notice("found jobs that were claimed unnoticed", metadata: ["jobs": "\(count)"]) }
            leases.resume(found: true)
        } catch {
            logger.warning(
                "cannot look for jobs that were claimed unnoticed, will try again", metadata: ["error": "\(error)"])
            leases.resume(found: false)
            try? await Task.sleep(for: Self.afterFailure)
        }
    }

    private func rescue(everything: Bool = false) async throws {
        let (queue, instant) = (queue, now())
        let count = try await database.write { try queue.rescue(everything: everything, now: instant, in: $0) }
        if count > 0 { logger.notice("took over jobs of a stopped worker", metadata: ["jobs": "\(count)"]) }
    }

    /// Settles what lies on the leases, batch by batch. While the database cannot be reached the outcomes stay there.
    private func settleAll(by clerk: Int? = nil) async {
        // SQLite commits many transactions at once, and each keeps others waiting while it runs; PostgreSQL runs several at
        // once, and each costs a commit.
        let largest = database.engine == .sqlite ? 16 : 64
        while true {
            if leases.canGather(upTo: largest) { try? await Task.sleep(for: Self.gathering) }
            let batch = leases.takeBatch(largest: largest, by: clerk)
            if batch.isEmpty { return }
            do {
                try await settle(batch)
            } catch let error as DatabaseError where error.isTransient {
                logger.error("cannot record how jobs ended, will try again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(500))
                leases.putBack(batch)
                if Task.isCancelled { return }
                continue
            } catch {
                var (settled, left): ([JobQueue.Settlement], [JobQueue.Settlement]) = ([], [])
                for settlement in batch {
                    if await settleAlone(settlement) { settled.append(settlement) } else { left.append(settlement) }
                }
                leases.release(settled)
                guard !left.isEmpty else { continue }
                leases.putBack(left)
                try? await Task.sleep(for: .milliseconds(500))
                if Task.isCancelled { return }
                continue
            }
            leases.release(batch)
        }
    }

    /// How long to wait for jobs that end at about the same time: nothing depends on it, and a transaction costs more.
    private static let gathering: Duration = .milliseconds(2)

    private func settle(_ batch: [JobQueue.Settlement]) async throws {
        let (queue, leases, instant) = (queue, leases, now())
        let lost = try await database.write(as: .background) { db in
            // There is room for others in their places.
            if leases.isFull { db.hint(.jobs) }
            return try queue.settle(batch, now: instant, in: db)
        }
        for id in lost {
            logger.warning("lost a job to another worker; its result is dropped", metadata: ["job": "\(id)"])
        }
    }

    /// One effect of a batch failed: each job for itself, so that only the faulty one suffers.
    /// - Returns: whether it is over with the job; false when the database cannot be reached.
    private func settleAlone(_ settlement: JobQueue.Settlement) async -> Bool {
        do {
            try await settle([settlement])
            return true
        } catch  where Self.isPassing(error) {
            return false
        } catch {
            logger.error(
                "the result of a job cannot be stored",
                metadata: [
                    "job": "\(settlement.job.id)", "kind": "\(settlement.job.kind.rawValue)", "error": "\(error)",
                ])
            let failed = JobQueue.Settlement(
                job: settlement.job, outcome: .retry("its result cannot be stored: \(error)"),
                schedule: settlement.schedule, jitter: settlement.jitter)
            do {
                try await settle([failed])
            } catch  where Self.isPassing(error) {
                return false
            } catch {
                // The lease runs out, and the job runs again.
                leases.leave(settlement.job)
            }
            return true
        }
    }

    private static func isPassing(_ error: any Error) -> Bool {
        error is CancellationError || (error as? DatabaseError)?.isTransient == true
    }
}

extension JobOutcome {
    fileprivate var isDone: Bool {
        switch self {
        case .done, .followed, .found: true
        case .retry, .pause, .wait, .fail: false
        }
    }

    fileprivate var label: String {
        switch self {
        case .done, .followed, .found: "done"
        case .retry: "retry"
        case .pause: "pause"
        case .wait: "wait"
        case .fail: "fail"
        }
    }

    fileprivate func log(of job: ClaimedJob, to logger: Logger) {
        let metadata: Logger.Metadata = ["job": "\(job.id)", "kind": "\(job.kind.rawValue)"]
        switch self {
        case .done, .followed, .found: logger.debug("job done", metadata: metadata)
        case .retry(let error, _, _, _, _): logger.notice("job failed, will retry: \(error)", metadata: metadata)
        case .pause(let reason, let time, _):
            logger.warning(
                "jobs of \(job.laneGroup ?? "?") wait \(Int(saturating: time.seconds)) s: \(reason)", metadata: metadata
            )
        case .wait(let reason, let time, _):
            logger.notice("job waits \(Int(saturating: time.seconds)) s: \(reason)", metadata: metadata)
        case .fail(let error, _): logger.error("job given up: \(error)", metadata: metadata)
        }
    }
}
