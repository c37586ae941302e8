import API
import BoundaryText
import Database
import Foundation
import Ticketing

/// One message about one event to one recipient, with what became of it.
public struct Delivery: Sendable, Equatable, RowDecodable {
    /// The type of a delivery's key.
    public typealias ID = Deliveries.ID

    /// See ``API/Deliveries``.
    public typealias State = Deliveries.State

    /// The key.
    public let id: ID
    /// What it is about.
    public let event: TicketEvent.ID
    /// What kind of change that is.
    public let eventKind: TicketEvent.Kind
    /// The ticket that changed.
    public let ticket: Ticket.ID
    /// What the ticket was about at that time.
    public let summary: String
    /// Who is notified.
    public let recipient: Recipient.ID
    /// The recipient's name.
    public let recipientName: String
    /// What became of it.
    public let state: State
    /// Why this recipient is notified, or is not.
    public let reason: String
    /// The names of those who forwarded it, the first one first; empty when it was not forwarded.
    public let forwardedFrom: [String]
    /// What went wrong last.
    public let error: String?
    /// What the chat system calls the failed call; its support asks for it.
    public let trackingID: String?
    /// How often it was tried.
    public let attempts: Int
    /// The message's id in the chat system.
    public let messageID: String?
    /// When it was planned.
    public let createdAt: Date
    /// When it was sent.
    public let sentAt: Date?

    /// Reads a row of ``DeliveryStore/selection``.
    public init(row: Row) throws {
        id = try row["id"]
        event = try row["event_id"]
        eventKind = try row["event_kind"]
        ticket = try row["ticket_id"]
        let details: String = try row["event_details"]
        summary = try JSONDecoder().decode(Summary.self, from: Data(details.utf8)).summary
        recipient = try row["recipient_id"]
        recipientName = try row["recipient_name"]
        state = try row["state"]
        reason = try row["reason"]
        forwardedFrom = try Self.chain(row)
        error = try row["error"]
        trackingID = try row["tracking_id"]
        attempts = try row["attempts"]
        messageID = try row["message_id"]
        createdAt = try row["created_at"]
        sentAt = try row["sent_at"]
    }

    private struct Summary: Decodable {
        let summary: String
    }

    /// The chain of forwards in a row.
    static func chain(_ row: Row) throws -> [String] {
        let stored: String? = try row["forwarded_from"]
        return try stored.map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
    }
}

extension Deliveries.State: SQLConvertible, SQLDecodable {}
