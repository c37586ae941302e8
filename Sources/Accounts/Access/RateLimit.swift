import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// How often an organization may use some operations: so many calls in any span of time, all servers together.
public struct RateLimit: Sendable, Equatable {
    /// What it is called in answers; operations of one name share it.
    public let name: String
    /// How many calls.
    public let calls: Int
    /// In any span of this length.
    public let seconds: Int

    /// Describes a limit.
    public init(_ name: String, calls: Int, seconds: Int = 60) {
        self.name = name
        self.calls = calls
        self.seconds = seconds
    }

    /// Where an organization stands.
    struct Standing: Sendable {
        /// How many more calls there may be now.
        let left: Int
        /// How long there may be no call, in seconds; zero while this one counts.
        let wait: Double
        /// When the next one of the calls that count will be free again, in seconds.
        let reset: Double
    }

    /// Counts a call, unless there were too many.
    /// - Returns: nil `wait` is zero when it counts.
    func take(for organization: Organization.ID, now: Date, in db: Connection) throws -> Standing {
        // Two calls at once must not both be the last one.
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

    /// The fields of the IETF's draft for rate limits (draft-ietf-httpapi-ratelimit-headers): `r` is how many calls are
    /// left, `t` in how many seconds there is one more.
    func fields(_ standing: Standing) -> HTTPFields {
        var fields = HTTPFields()
        fields[.rateLimitPolicy] = "\"\(name)\";q=\(calls);w=\(seconds)"
        fields[.rateLimit] = "\"\(name)\";r=\(standing.left);t=\(Int(saturating: standing.reset.rounded(.up)))"
        return fields
    }

    /// What somebody is told who comes too often.
    func refusal(_ standing: Standing) -> Problem {
        var problem = Problem(
            .tooManyRequests, code: "rate_limited", title: "Too many calls",
            detail: """
                Your organization may do this \(calls) times in \(seconds) seconds, so that the ticketing system is not \
                overrun. Try again in \(Int(saturating: standing.wait.rounded(.up))) s.
                """, retryAfter: .milliseconds(Int(saturating: standing.wait * 1000)))
        problem.headers = fields(standing)
        return problem
    }

    /// Forgets calls that no limit asks for any more.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM limited_calls WHERE at < \(now.addingTimeInterval(-3_600))")
    }
}

extension HTTPField.Name {
    static let rateLimit = HTTPField.Name("RateLimit") ?? .cookie
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy") ?? .cookie
}
