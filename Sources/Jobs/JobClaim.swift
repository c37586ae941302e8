import BoundaryText
import Foundation

/// What a look for jobs found.
public struct JobClaim: Sendable {
    /// Those that are the worker's now, in the order of enqueuing.
    public var jobs: [ClaimedJob] = []
    /// When the next is due of those whose time has not come; nil when there is none.
    public var nextDue: Date?
    /// Whether more is due than was taken.
    public var areMore = false
}
