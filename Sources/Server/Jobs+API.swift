import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Jobs
import WebSupport

/// The operations on background work. It serves all organizations, hence the role.
func jobRoutes(_ database: Database, queue: JobQueue) -> [Route] {
    [
        Route(BackgroundJobs.count) { _ in
            let counts = try await database.read { try queue.counts(in: $0) }
            return BackgroundJobs.Counts(
                ready: counts.ready, waiting: counts.waiting, running: counts.running, failed: counts.failed,
                countLimit: JobQueue.countLimit)
        },
        Route(BackgroundJobs.failed) { request in
            let page = try request.page()
            let jobs = try await database.read { db in
                try queue.failed(after: .init(page.after?.number ?? 0), limit: page.limit + 1, in: db)
            }
            return Page(jobs, limit: page.limit) { "\($0.id)" }.map(BackgroundJobs.Failed.init)
        },
        Route(BackgroundJobs.retry, of: "failed job") { request in
            let id = request.place
            let count = try await database.write { db in
                let now = Date()
                let count = try queue.retry([.init(id.rawValue)], now: now, in: db)
                if count > 0 { try request.record("job.retry", on: "job \(id)", now: now, in: db) }
                return count
            }
            guard count > 0 else { throw Problem.notFound("failed job") }
        },
    ]
}

extension BackgroundJobs.Failed {
    fileprivate init(_ job: FailedJob) {
        self.init(
            id: .init(job.id.rawValue), kind: job.kind.rawValue, payload: job.payload, error: job.lastError,
            createdAt: job.createdAt)
    }
}
