import BoundaryText
import Database
import Foundation
import Jobs

/// Something that administrators have to know, from when it began to when it ended. Whoever notices it raises it, in the
/// transaction of its cause; Notifications brings it to people. Nobody else sends administrators anything.
public struct Alert: Sendable, Equatable, RowDecodable {
    /// The type of an alert's key.
    public typealias ID = RowID<Alert>

    /// What kind of thing it is. Stored, so it is never renamed.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable, SQLConvertible, SQLDecodable {
        /// Lower case with underscores.
        public let rawValue: String

        /// Names a kind; each feature names its own.
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// What is told of it.
    public enum News: String, Sendable, Codable {
        /// That it began.
        case raised
        /// That it is over.
        case ended
    }

    /// The key.
    public let id: ID
    /// Whose administrators are told.
    public let organization: Organization.ID
    /// What kind of thing it is.
    public let kind: Kind
    /// What it is about, such as `psa_connection:3`: at any time it is raised once.
    public let subject: String
    /// Since when.
    public let since: Date
    /// What happened, in one sentence, as plain text.
    public let title: String
    /// More of it, and what to do about it, as plain text.
    public let words: String
    /// What is said when it is over, as plain text; nil while it lasts, and when nothing is said.
    public let recovery: String?
    /// When it was over; nil while it lasts.
    public let endedAt: Date?

    /// Reads a row of `alerts`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        kind = try row["kind"]
        subject = try row["subject"]
        since = try row["since"]
        title = try row["title"]
        words = try row["words"]
        recovery = try row["recovery"]
        endedAt = try row["ended_at"]
    }

    /// Raises an alert, unless it is raised already.
    /// - Returns: the jobs that tell people of it, to be enqueued in the same transaction.
    public static func raise(
        _ kind: Kind, on subject: String, of organization: Organization.ID, title: String, words: String, now: Date,
        in db: Connection
    ) throws -> [NewJob] {
        let id: ID? = try db.first(
            """
            INSERT INTO alerts (organization_id, kind, subject, since, title, words)
            VALUES (\(organization), \(kind), \(subject), \(now), \(title), \(words))
            ON CONFLICT (organization_id, kind, subject) WHERE ended_at IS NULL DO NOTHING RETURNING id
            """)?["id"]
        return try id.map { [try AlertJob.job($0, .raised, now: now)] } ?? []
    }

    /// Ends an alert, if it is raised.
    /// - Parameter recovery: what people are told; nil when they know.
    /// - Returns: the jobs that tell people of it, to be enqueued in the same transaction.
    public static func end(
        _ kind: Kind, on subject: String, of organization: Organization.ID, _ recovery: String? = nil, now: Date,
        in db: Connection
    ) throws -> [NewJob] {
        let id: ID? = try db.first(
            """
            UPDATE alerts SET ended_at = \(now), recovery = \(orNull: recovery)
            WHERE organization_id = \(organization) AND kind = \(kind) AND subject = \(subject) AND ended_at IS NULL
            RETURNING id
            """)?["id"]
        guard let id, recovery != nil else { return [] }
        return [try AlertJob.job(id, .ended, now: now)]
    }

    /// One alert; nil when it was forgotten.
    public static func find(_ id: ID, in db: Connection) throws -> Alert? {
        try db.first("SELECT * FROM alerts WHERE id = \(id)")
    }

    /// Forgets what was over before an instant, a bounded number at a time.
    /// - Returns: how many were forgotten.
    static func forget(before instant: Date, in db: Connection) throws -> Int {
        try db.execute(
            """
            DELETE FROM alerts WHERE id IN (
                SELECT id FROM alerts WHERE ended_at < \(instant) ORDER BY ended_at LIMIT 1000)
            """)
    }
}

/// The job that brings an alert to people. Accounts only says what it carries; who does it is above.
public enum AlertJob {
    /// Which alert, and what of it.
    public struct Payload: Codable, Sendable {
        /// The alert.
        public let alert: Alert.ID
        /// Whether it began or is over.
        public let news: Alert.News
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "alert")

    static func job(_ alert: Alert.ID, _ news: Alert.News, now: Date) throws -> NewJob {
        let payload = try JSONEncoder().encode(Payload(alert: alert, news: news))
        // In one lane, so that nobody hears of the end first.
        return NewJob(
            kind: kind, payload: String(decoding: payload, as: UTF8.self), lane: "alert:\(alert)", runAt: now)
    }
}
