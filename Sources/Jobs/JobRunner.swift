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
        public var watch: Duration = .seconds(1)
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
    private let desk = SettlingDesk()

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
        worker = "\(ProcessInfo.processInfo.hostName):\(UInt64.random(in: 0...UInt64.max))"
    }

    /// Runs until graceful shutdown or cancellation.
    public func run() async throws {
        database.appear(as: worker)
        try await rescue(everything: database.engine == .sqlite)
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        // Jobs get time to end by themselves when a stop is asked for; everything else ends with them.
        await withThrowingTaskGroup(of: Void.self) { upkeep in
            upkeep.addTask { for await _ in database.signals(.jobs) { wake.yield() } }
            upkeep.addTask { try await every(options.poll) { wake.yield() } }
            upkeep.addTask { try await every(options.heartbeat) { await renewLeases() } }
            upkeep.addTask { try await every(options.lease / 4) { await rescueAbandoned() } }
            upkeep.addTask {
                var absences = Absences(patience: options.absence)
                try await every(options.watch) { await rescueAbsent(&absences) }
            }
            for _ in 0..<SettlingDesk.clerks {
                let visits = desk.visits()
                upkeep.addTask { for await _ in visits { await settleAll() } }
            }
            // Discarding: another group would keep each ended job's task until the server stops.
            await withDiscardingTaskGroup { running in
                await claimUntilStopped(wakes: wakes, wake: wake, running: &running)
                await drain()
                running.cancelAll()
            }
            await settleAll()
            upkeep.cancelAll()
            // Cancelled upkeep is no failure.
            while case .some = await upkeep.nextResult() {}
        }
        let (queue, worker, instant) = (queue, worker, now())
        try await database.write { try queue.handBack(worker: worker, now: instant, in: $0) }
    }

    private func claimUntilStopped(
        wakes: AsyncStream<Void>, wake: AsyncStream<Void>.Continuation, running: inout DiscardingTaskGroup
    ) async {
        let alarm = Alarm()
        desk.onRelease { wake.yield() }
        wake.yield()
        for await _ in wakes.cancelOnGracefulShutdown() {
            var more = true
            while more, !Task.isShuttingDownGracefully, !Task.isCancelled {
                let free = min(desk.room(within: options.concurrency), options.claimLimit)
                guard free > 0 else { break }
                let claimed: (jobs: [ClaimedJob], nextDue: Date?)
                do {
                    claimed = try await claim(free)
                } catch {
                    logger.error("cannot claim jobs", metadata: ["error": "\(error)"])
                    break
                }
                for job in claimed.jobs {
                    desk.take(job)
                    running.addTask { await run(job) }
                }
                if let due = claimed.nextDue, case let wait = due.timeIntervalSince(now()),
                    wait < options.poll.seconds, alarm.set(due)
                {
                    running.addTask {
                        try? await Task.sleep(for: .seconds(max(0, wait)))
                        alarm.rang(due)
                        wake.yield()
                    }
                }
                more = claimed.jobs.count == free
            }
        }
    }

    private func claim(_ limit: Int) async throws -> (jobs: [ClaimedJob], nextDue: Date?) {
        let (queue, worker, lease, instant) = (queue, worker, options.lease, now())
        return try await database.write(as: .background) { db in
            try queue.claim(worker: worker, limit: limit, lease: lease, now: instant, in: db)
        }
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
            desk.release([job])
            return
        }
        finish(job, outcome, handler.schedule)
    }

    private func finish(_ job: ClaimedJob, _ outcome: JobOutcome, _ schedule: RetrySchedule) {
        Counter(
            label: "patchbay_jobs_total", dimensions: [("kind", job.kind.rawValue), ("outcome", outcome.label)]
        ).increment()
        outcome.log(of: job, to: logger)
        desk.bring(.init(job: job, outcome: outcome, schedule: schedule, jitter: .random(in: 0...1)))
    }

    /// Gives the jobs that run time to end by themselves.
    private func drain() async {
        let deadline = ContinuousClock.now + options.grace
        while desk.held > 0, ContinuousClock.now < deadline, !Task.isCancelled {
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
        let (queue, worker, lease, instant, held) = (queue, worker, options.lease, now(), desk.jobs)
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
                "cannot take over jobs of workers that are gone, will try again", metadata: ["error": "\(error)"])
        }
    }

    /// Takes over the jobs of those who are gone, on PostgreSQL: SQLite has no other workers.
    private func rescueAbsent(_ absences: inout Absences) async {
        guard database.engine == .postgres else { return }
        do {
            let queue = queue
            let absent = try await database.read { db in try db.absent(try queue.workers(in: db)) }
            let instant = now()
            for worker in absences.gone(of: absent, at: .now) {
                let count = try await database.write { try queue.handBack(worker: worker, now: instant, in: $0) }
                if count > 0 {
                    logger.notice("took over jobs of a worker that is gone", metadata: ["jobs": "\(count)"])
                }
            }
        } catch {
            logger.warning("cannot look for workers that are gone, will try again", metadata: ["error": "\(error)"])
        }
    }

    private func rescue(everything: Bool = false) async throws {
        let (queue, instant) = (queue, now())
        let count = try await database.write { try queue.rescue(everything: everything, now: instant, in: $0) }
        if count > 0 { logger.notice("took over jobs of a worker that is gone", metadata: ["jobs": "\(count)"]) }
    }

    /// Settles what lies on the desk, batch by batch. While the database cannot be reached the outcomes stay there.
    private func settleAll() async {
        // SQLite commits many transactions at once, and each keeps others waiting while it runs; PostgreSQL runs several at
        // once, and each costs a commit.
        let largest = database.engine == .sqlite ? 16 : 64
        while case let batch = desk.takeBatch(largest: largest), !batch.isEmpty {
            do {
                try await settle(batch)
            } catch let error as DatabaseError where error.isTransient {
                logger.error("cannot record how jobs ended, will try again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(500))
                desk.putBack(batch)
                if Task.isCancelled { return }
                continue
            } catch {
                for settlement in batch { await settleAlone(settlement) }
            }
            desk.release(batch.map(\.job))
        }
    }

    private func settle(_ batch: [JobQueue.Settlement]) async throws {
        let (queue, instant) = (queue, now())
        let lost = try await database.write(as: .background) { try queue.settle(batch, now: instant, in: $0) }
        for id in lost {
            logger.warning("lost a job to another worker; its result is dropped", metadata: ["job": "\(id)"])
        }
    }

    /// One effect of a batch failed: each job for itself, so that only the faulty one suffers.
    private func settleAlone(_ settlement: JobQueue.Settlement) async {
        do {
            try await settle([settlement])
        } catch {
            logger.error(
                "the result of a job cannot be stored",
                metadata: [
                    "job": "\(settlement.job.id)", "kind": "\(settlement.job.kind.rawValue)", "error": "\(error)",
                ])
            let failed = JobQueue.Settlement(
                job: settlement.job, outcome: .retry("its result cannot be stored: \(error)"),
                schedule: settlement.schedule, jitter: settlement.jitter)
            // If even that fails, the lease runs out and the job runs again.
            try? await settle([failed])
        }
    }
}

extension JobOutcome {
    fileprivate var isDone: Bool {
        switch self {
        case .done, .followed: true
        case .retry, .pause, .wait, .park: false
        }
    }

    fileprivate var label: String {
        switch self {
        case .done, .followed: "done"
        case .retry: "retry"
        case .pause: "pause"
        case .wait: "wait"
        case .park: "park"
        }
    }

    fileprivate func log(of job: ClaimedJob, to logger: Logger) {
        let metadata: Logger.Metadata = ["job": "\(job.id)", "kind": "\(job.kind.rawValue)"]
        switch self {
        case .done, .followed: logger.debug("job done", metadata: metadata)
        case .retry(let error, _, _, _, _): logger.notice("job failed, will retry: \(error)", metadata: metadata)
        case .pause(let reason, let time, _):
            logger.warning(
                "jobs of \(job.laneGroup ?? "?") wait \(Int(saturating: time.seconds)) s: \(reason)", metadata: metadata
            )
        case .wait(let reason, let time, _):
            logger.notice("job waits \(Int(saturating: time.seconds)) s: \(reason)", metadata: metadata)
        case .park(let error, _): logger.error("job given up: \(error)", metadata: metadata)
        }
    }
}
