import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Background jobs, of all organizations.
public enum BackgroundJobs {
    /// The type of a job's key.
    public typealias ID = RowID<BackgroundJobs>

    /// How many jobs are in each state, each counted up to a limit.
    public struct Counts: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case ready, waiting, running, failed
            case countLimit = "count_limit"
        }

        /// To be run now or later.
        public var ready: Int
        /// Behind another job.
        public var waiting: Int
        public var running: Int
        /// Gave up.
        public var failed: Int
        /// A state with this many may have more.
        public var countLimit: Int

        public init(ready: Int, waiting: Int, running: Int, failed: Int, countLimit: Int) {
            self.ready = ready
            self.waiting = waiting
            self.running = running
            self.failed = failed
            self.countLimit = countLimit
        }
    }

    /// A job that gave up.
    public struct Failed: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, payload, error
            case createdAt = "created_at"
        }

        public var id: ID
        public var kind: String
        /// What the job works on, as JSON.
        public var payload: String
        public var error: String?
        public var createdAt: Date

        public init(id: ID, kind: String, payload: String, error: String?, createdAt: Date) {
            self.id = id
            self.kind = kind
            self.payload = payload
            self.error = error
            self.createdAt = createdAt
        }
    }

    public static let count = Operation(
        "countJobs", .get, "/jobs", .superAdmin, .jobs, "Count background jobs", gives: Counts.self)
    public static let failed = Operation(
        "listFailedJobs", .get, "/jobs/failed", .superAdmin, .jobs, "List failed jobs", gives: Page<Failed>.self)
    public static let retry = Operation(
        "retryFailedJob", .post, "/jobs/failed/{id}/retry", .superAdmin, .jobs, "Retry a failed job", at: ID.self)
}
