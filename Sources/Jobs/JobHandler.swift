import BoundaryText
import Foundation

/// Does the jobs of one kind.
public protocol JobHandler: Sendable {
    /// What the job is done with; stored as JSON, so members are only ever added as optionals.
    associatedtype Payload: Codable & Sendable

    /// The kind that it does.
    static var kind: JobKind { get }
    /// How failures are spread over time.
    var schedule: RetrySchedule { get }

    /// Does one job. What it changes in the database belongs in the outcome's effect; what it does outside must be
    /// repeatable, or be looked for first when `job.interrupted`.
    func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome
}

extension JobHandler {
    /// A job of this kind.
    public static func job(
        _ payload: Payload, lane: String? = nil, laneGroup: String? = nil, coalesces: Bool = false,
        priority: JobPriority = .usual, runAt: Date
    ) throws -> NewJob {
        NewJob(
            kind: kind, payload: String(decoding: try JSONEncoder().encode(payload), as: UTF8.self), lane: lane,
            laneGroup: laneGroup, coalesces: coalesces, priority: priority, runAt: runAt)
    }

    func runAny(_ job: ClaimedJob) async -> JobOutcome {
        do {
            return await run(try JSONDecoder().decode(Payload.self, from: Data(job.payload.utf8)), of: job)
        } catch {
            return .fail("the payload cannot be read: \(error)")
        }
    }
}
