import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// Limits how often an organization may use some operations: a number of calls in any time span of a given length,
/// across all servers.
public struct RateLimit: Sendable, Equatable {
    /// The name in responses; operations with the same name share the limit.
    public let name: String
    /// The maximum number of calls.
    public let calls: Int
    /// The length of the time span, in seconds.
    public let seconds: Int

    /// Creates a limit.
    public init(_ name: String, calls: Int, seconds: Int = 60) {
        self.name = name
        self.calls = calls
        self.seconds = seconds
    }

    /// An organization's current use of the limit.
    struct Standing: Sendable {
        /// The number of calls left.
        let left: Int
        /// Seconds until the next call is allowed; zero if this one was counted.
        let wait: Double
        /// Seconds until the oldest counted call expires.
        let reset: Double
    }

    /// Counts a call unless the limit is exceeded.
    /// - Returns: The standing; its `wait` is zero if the call was counted.
    func take(for organization: Organization.ID, now: Date, in db: Connection) throws -> Standing {
        // Two concurrent calls must not both take the last slot.
        try db.lock("limit:\(organization):\(name)")
        let start = now.addingTimeInterval(-Double(seconds))
        try db.send(
            """
            DELETE FROM limited_calls WHERE organization_id = \(organization) AND name = \(name) AND at <= \(start)
            """)
        let row = try db.first(
            """
            SELECT COUNT(*) AS number, MIN(at) AS oldest FROM limited_calls
            WHERE organization_id = \(organization) AND name = \(name)
            """)
        let (number, oldest): (Int, Date?) = (try row?["number"] ?? 0, try row?["oldest"])
        let reset = max(0.001, (oldest ?? now).timeIntervalSince(start))
        guard number < calls else { return Standing(left: 0, wait: reset, reset: reset) }
        try db.send("INSERT INTO limited_calls (organization_id, name, at) VALUES (\(organization), \(name), \(now))")
        return Standing(left: calls - number - 1, wait: 0, reset: reset)
    }

    /// The header fields of the IETF's rate limit draft (draft-ietf-httpapi-ratelimit-headers): `r` is the number of
    /// calls left, `t` the seconds until another one is available.
    func fields(_ standing: Standing) -> HTTPFields {
        var fields = HTTPFields()
        fields[.rateLimitPolicy] = "\"\(name)\";q=\(calls);w=\(seconds)"
        fields[.rateLimit] = "\"\(name)\";r=\(standing.left);t=\(Int(saturating: standing.reset.rounded(.up)))"
        return fields
    }

    /// The response to a call over the limit.
    func refusal(_ standing: Standing) -> Problem {
        var problem = Problem(
            .tooManyRequests, code: "rate_limited", title: "Too many calls",
            detail: """
                Your organization can make \(calls) such requests in \(seconds) seconds, to protect the ticketing system. \
                Try again in \(Int(saturating: standing.wait.rounded(.up))) s.
                """, retryAfter: .milliseconds(Int(saturating: standing.wait * 1000)))
        problem.headers = fields(standing)
        return problem
    }

    /// Deletes calls that no limit counts any more.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM limited_calls WHERE at < \(now.addingTimeInterval(-3_600))")
    }
}

extension HTTPField.Name {
    static let rateLimit = HTTPField.Name("RateLimit") ?? .cookie
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy") ?? .cookie
}
