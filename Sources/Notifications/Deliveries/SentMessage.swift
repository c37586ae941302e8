import API
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Ticketing

/// A message that chat has taken.
struct SentMessage: JobFinding {
    let delivery: Delivery.ID
    /// The number that chat gave it.
    let id: String
    /// The message under which nothing can go any more; this one takes its place.
    let insteadOfUnder: String?
    let recipient: Recipient.ID
    let chat: ChatConnection.ID
    /// Whether it is the first one after failures.
    let endsFailing: Bool
    let instant: Date

    /// See ``JobFinding``.
    static let mayBeFollowed = false

    /// See ``JobFinding``.
    static func store(_ messages: [SentMessage], in db: Connection) throws -> [NewJob] {
        let rows = messages.map { [$0.delivery.sqlValue, $0.id.sqlValue, $0.instant.sqlValue] }
        for rows in rows.portions {
            try db.send(
                """
                UPDATE deliveries SET state = \(Delivery.State.sent), message_id = v.column2, sent_at = v.column3,
                    error = NULL, tracking_id = NULL, attempts = attempts + 1
                FROM (VALUES \(rows: rows)) AS v WHERE id = v.column1
                """)
        }
        for message in messages { try message.noteCircumstances(in: db) }
        return []
    }

    private func noteCircumstances(in db: Connection) throws {
        if let insteadOfUnder {
            try db.send(
                """
                UPDATE deliveries SET thread_lost = 1
                WHERE recipient_id = \(recipient) AND message_id = \(insteadOfUnder)
                """)
            try db.send("UPDATE deliveries SET threaded = 0 WHERE id = \(delivery)")
        }
        try ConnectionFamily.chat.record(.ok, reason: nil, of: chat, in: db)
        if endsFailing { try db.send("UPDATE chat_connections SET failing_since = NULL WHERE id = \(chat)") }
        try RecipientStore.reached(recipient, in: db)
    }
}
