import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Jobs
import WebSupport

/// The operations on background work. It serves all organizations, hence the role.
func jobRoutes(_ database: Database, queue: JobQueue) -> [Route] {
    [
        Route(
            .get, "/jobs", .superAdmin, "Counts background jobs by state, up to a limit for each",
            gives: .one(JobCountsAnswer.self)
        ) { _ in
            let counts = try await database.read { try queue.counts(in: $0) }
            return .json(
                JobCountsAnswer(
                    ready: counts.ready, waiting: counts.waiting, running: counts.running, parked: counts.parked,
                    countedUpTo: JobQueue.countLimit))
        },
        Route(.get, "/jobs/parked", .superAdmin, "Lists jobs that gave up", gives: .page(ParkedJobAnswer.self)) {
            request in
            let page = try request.page()
            let jobs = try await database.read { db in
                try queue.parked(after: .init(page.after?.number ?? 0), limit: page.limit + 1, in: db)
            }
            return .json(Page(jobs, limit: page.limit) { "\($0.id)" }.map(ParkedJobAnswer.init))
        },
        Route(.post, "/jobs/parked/{id}/retry", .superAdmin, "Lets a job that gave up run again", gives: .nothing) {
            request in
            let id: ClaimedJob.ID = try request.id(of: "parked job")
            let count = try await database.write { db in
                let now = Date()
                let count = try queue.redrive([id], now: now, in: db)
                if count > 0 { try request.record("job.retry", on: "job \(id)", now: now, in: db) }
                return count
            }
            guard count > 0 else { throw Problem.notFound("parked job") }
            return Response(status: .noContent)
        },
    ]
}

private struct JobCountsAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case ready, waiting, running, parked
        case countedUpTo = "counted_up_to"
    }

    let ready: Int
    let waiting: Int
    let running: Int
    let parked: Int
    /// A state of which there are as many may have more.
    let countedUpTo: Int
}

private struct ParkedJobAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, payload, error
        case createdAt = "created_at"
    }

    let id: ClaimedJob.ID
    let kind: String
    let payload: String
    let error: String?
    let createdAt: Date

    init(_ job: ParkedJob) {
        id = job.id
        kind = job.kind.rawValue
        payload = job.payload
        error = job.lastError
        createdAt = job.createdAt
    }
}
