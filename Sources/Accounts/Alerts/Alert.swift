import BoundaryText
import Database
import Foundation
import Jobs

/// A problem that administrators must know about, from start to end. The code that detects it raises the alert in the
/// same transaction; Notifications delivers it. Administrators are notified in no other way.
public struct Alert: Sendable, Equatable, RowDecodable {
    /// The ID of an alert.
    public typealias ID = RowID<Alert>

    /// The kind of alert. Stored, so never rename one.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable, SQLConvertible, SQLDecodable {
        /// The name, in lower case with underscores.
        public let rawValue: String

        /// Creates a kind; each feature defines its own.
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// What a message about the alert says.
    public enum News: String, Sendable, Codable {
        /// The alert was raised.
        case raised
        /// The alert ended.
        case ended
    }

    /// The ID.
    public let id: ID
    /// The organization whose administrators are notified.
    public let organization: Organization.ID
    /// The kind of alert.
    public let kind: Kind
    /// What the alert is about, such as `psa_connection:3`. At most one alert per kind and subject is raised at a time.
    public let subject: String
    /// When the problem began.
    public let since: Date
    /// What happened, in one sentence, as plain text.
    public let title: String
    /// Details and what to do about it, as plain text.
    public let words: String
    /// What the message about its end says, as plain text; nil while it lasts, and if no such message is sent.
    public let recovery: String?
    /// When the alert ended; nil while it lasts.
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

    /// Raises an alert unless it is already raised.
    /// - Returns: The jobs that deliver it, to be enqueued in the same transaction.
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

    /// Ends an alert if it is raised.
    /// - Parameter recovery: The text of the message; nil to send none.
    /// - Returns: The jobs that deliver it, to be enqueued in the same transaction.
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

    /// Finds an alert; nil if it was deleted.
    public static func find(_ id: ID, in db: Connection) throws -> Alert? {
        try db.first("SELECT * FROM alerts WHERE id = \(id)")
    }

    /// Deletes up to 1,000 alerts that ended before an instant.
    /// - Returns: The number of deleted alerts.
    static func forget(before instant: Date, in db: Connection) throws -> Int {
        try db.execute(
            """
            DELETE FROM alerts WHERE id IN (
                SELECT id FROM alerts WHERE ended_at < \(instant) ORDER BY ended_at LIMIT 1000)
            """)
    }
}

/// The job that delivers an alert. Accounts only defines its payload; a feature above handles it.
public enum AlertJob {
    /// The alert, and what happened to it.
    public struct Payload: Codable, Sendable {
        /// The ID of the alert.
        public let alert: Alert.ID
        /// Whether it was raised or ended.
        public let news: Alert.News
    }

    /// The job kind. Stored, so never rename it.
    public static let kind = JobKind(rawValue: "alert")

    static func job(_ alert: Alert.ID, _ news: Alert.News, now: Date) throws -> NewJob {
        let payload = try JSONEncoder().encode(Payload(alert: alert, news: news))
        // In one lane, so that the end is never delivered before the start.
        return NewJob(
            kind: kind, payload: String(decoding: payload, as: UTF8.self), lane: "alert:\(alert)", runAt: now)
    }
}
