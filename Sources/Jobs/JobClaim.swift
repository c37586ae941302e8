import BoundaryText
import Foundation

/// What a look for jobs found.
public struct JobClaim: Sendable {
    /// Those that are the worker's now, in the order of enqueuing.
    public var jobs: [ClaimedJob] = []
    /// When to look again, unless somebody hints earlier; past when more is due already, nil when nothing else is ready.
    public var nextDue: Date?
    /// Whether more is due than was taken.
    public var areMore = false

    /// Nothing was found.
    static let nothing = JobClaim()
}
