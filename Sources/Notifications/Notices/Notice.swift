import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Ticketing

/// A message to a recipient that is about no ticket: a test, or an alert. It goes through the queue like all others.
public struct Notice: Sendable, Equatable, RowDecodable {
    /// The type of a notice's key.
    public typealias ID = Notices.ID

    /// See ``API/Notices``.
    public typealias Kind = Notices.Kind

    /// The key.
    public let id: ID
    /// Who is notified.
    public let recipient: Recipient.ID
    /// The recipient's name.
    public let recipientName: String
    /// What it is about.
    public let kind: Kind
    /// As Markdown.
    public let text: String
    /// What became of it.
    public let state: Delivery.State
    /// What went wrong last.
    public let error: String?
    /// What the chat system calls the failed call.
    public let trackingID: String?
    /// The message's id in the chat system.
    public let messageID: String?
    /// When it was asked for.
    public let createdAt: Date
    /// When it was sent.
    public let sentAt: Date?

    /// Reads a row of ``NoticeStore/selection``.
    public init(row: Row) throws {
        id = try row["id"]
        recipient = try row["recipient_id"]
        recipientName = try row["recipient_name"]
        kind = try row["kind"]
        text = try row["text"]
        state = try row["state"]
        error = try row["error"]
        trackingID = try row["tracking_id"]
        messageID = try row["message_id"]
        createdAt = try row["created_at"]
        sentAt = try row["sent_at"]
    }
}

extension Notices.Kind: SQLConvertible, SQLDecodable {
    /// Of the notice about an alert, or about its end.
    init(_ alert: Alert.Kind, _ news: Alert.News) {
        switch (alert, news) {
        case (.silence, .raised): self = .silence
        case (.silence, .ended): self = .recovered
        case (.chatDisabled, .raised): self = .disabled
        case (_, .raised), (_, .ended): self = .alert
        }
    }
}

/// The notices' SQL.
enum NoticeStore {
    static let selection: SQL =
        "SELECT n.*, r.name AS recipient_name FROM notices n JOIN recipients r ON r.id = n.recipient_id"

    /// Stores a notice.
    /// - Returns: its key and the job that sends it.
    static func insert(
        _ kind: Notice.Kind, _ text: String, to recipient: Recipient, of organization: Organization.ID, now: Date,
        in db: Connection
    ) throws -> (id: Notice.ID, job: NewJob) {
        let id: Notice.ID? = try db.first(
            """
            INSERT INTO notices (organization_id, recipient_id, kind, text, state, created_at)
            VALUES (\(organization), \(recipient.id), \(kind), \(text), \(Delivery.State.queued), \(now)) RETURNING id
            """)?["id"]
        guard let id else { throw DatabaseError.statement("a new notice has no id") }
        return (id, try NoticeSender.job(id, to: recipient, now: now))
    }

    static func find(_ id: Notice.ID, of organization: Organization.ID, in db: Connection) throws -> Notice? {
        try db.first(selection + " WHERE n.id = \(id) AND n.organization_id = \(organization)")
    }

    /// Which of these messages to a recipient are those of notices.
    static func recorded(_ ids: [String], _ recipient: Recipient.ID, in db: Connection) throws -> Set<String> {
        let rows = try db.all(
            "SELECT message_id FROM notices WHERE recipient_id = \(recipient) AND message_id IN (\(list: ids))")
        return Set(try rows.map { row in try row["message_id"] })
    }
}

/// The job that sends a notice.
public struct NoticeSender: JobHandler {
    /// Which notice.
    public struct Payload: Codable, Sendable {
        let notice: Notice.ID
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "notice")
    /// See ``RetrySchedule/chat``.
    public let schedule = RetrySchedule.chat

    private let database: Database
    private let connections: ChatConnectionStore
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(database: Database, connections: ChatConnectionStore, now: @escaping @Sendable () -> Date = { Date() })
    {
        self.database = database
        self.connections = connections
        self.now = now
    }

    static func job(_ id: Notice.ID, to recipient: Recipient, now: Date) throws -> NewJob {
        try job(
            Payload(notice: id), lane: "notice:\(recipient.id)",
            laneGroup: ChatConnection.laneGroup(recipient.connection), runAt: now)
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        let id = payload.notice
        do {
            let found = try await database.read { db -> (Notice, Recipient, failingSince: Date?)? in
                guard let notice: Notice = try db.first(NoticeStore.selection + " WHERE n.id = \(id)"),
                    let recipient: Recipient = try db.first("SELECT * FROM recipients WHERE id = \(notice.recipient)")
                else { return nil }
                let chat = try db.first("SELECT failing_since FROM chat_connections WHERE id = \(recipient.connection)")
                return (notice, recipient, try chat?["failing_since"])
            }
            guard let (notice, recipient, failingSince) = found, notice.state == .queued || notice.state == .uncertain
            else {
                return .done()
            }
            guard let messenger = try await connections.messenger(recipient.connection) else {
                return .done(Self.record(id, .failed, "the chat connection was deleted"))
            }
            let sender = MessageSender(
                messenger: messenger, chat: recipient.connection, recipient: recipient.id,
                sending: Sending(
                    address: recipient.chatAddress, isUncertain: job.interrupted || notice.state == .uncertain,
                    failingSince: failingSince, patience: messenger.disabledAfter),
                plannedAt: notice.createdAt,
                recorded: { [database] ids in
                    try await database.read { db in try NoticeStore.recorded(ids, recipient.id, in: db) }
                })
            let message = ChatMessage(id: "notice_\(id)", markdown: notice.text, content: .notice(notice.kind))
            do throws(MessengerError) {
                return .done(sent(id, try await sender.send(message).id, to: recipient))
            } catch {
                return sender.outcome(of: error, now: now()) { Self.record(id, $0, $1, trackingID: $2) }
            }
        } catch {
            return .retry("\(error)", exhausted: Self.record(id, .failed, "\(error)"))
        }
    }

    private func sent(_ id: Notice.ID, _ messageID: String, to recipient: Recipient) -> JobEffect {
        let (instant, chat, reached) = (now(), recipient.connection, recipient.id)
        return { db in
            try db.send(
                """
                UPDATE notices SET state = \(Delivery.State.sent), message_id = \(messageID), sent_at = \(instant),
                    error = NULL, tracking_id = NULL WHERE id = \(id)
                """)
            try ConnectionFamily.chat.record(.ok, reason: nil, of: chat, in: db)
            try db.send(
                "UPDATE chat_connections SET failing_since = NULL WHERE id = \(chat) AND failing_since IS NOT NULL")
            try RecipientStore.reached(reached, in: db)
        }
    }

    private static func record(
        _ id: Notice.ID, _ state: Delivery.State, _ error: String, trackingID: String? = nil
    ) -> JobEffect {
        { db in
            try db.send(
                """
                UPDATE notices SET state = \(state), error = \(error), tracking_id = \(orNull: trackingID)
                WHERE id = \(id)
                """)
        }
    }
}
