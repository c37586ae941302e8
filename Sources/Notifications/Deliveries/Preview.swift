import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing
import WebSupport

/// Who would be notified about a ticket, and why, without notifying anyone.
struct Preview: Sendable {
    /// One recipient of the plan.
    struct Item: Sendable {
        /// Nil for a person who would be remembered only now.
        let recipient: Recipient.ID?
        let name: String
        let kind: Recipient.Kind
        let plan: DeliveryPlan.Item
    }

    let event: TicketEvent.Kind
    let ticket: Ticket.ID
    let items: [Item]
    /// Why no one would be notified, if no one would.
    let reason: String?

    /// What is supposed to happen.
    struct Question: Sendable {
        var ticket: Ticket.ID
        var connection: PSAConnection.ID?
        var event: TicketEvent.Kind
        /// Who is supposed to have written the note.
        var author: String?
        var isInternal = false
        /// Who is supposed to be assigned.
        var member: String?
    }

    /// Thrown so that what planning remembers on its way is forgotten again.
    private struct Undo: Error {
        let preview: Preview?
    }

    /// Answers by the very planning that a real event goes through.
    /// - Returns: nil when the ticket was never seen.
    static func answer(
        _ question: Question, of organization: Organization.ID, now: Date, in database: Database
    ) async throws -> Preview? {
        do {
            try await database.write { db in throw Undo(preview: try plan(question, organization, now: now, in: db)) }
            return nil
        } catch let undo as Undo {
            return undo.preview
        }
    }

    private static func plan(
        _ question: Question, _ organization: Organization.ID, now: Date, in db: Connection
    ) throws -> Preview? {
        let found = try TicketCopyStore.find(question.ticket, on: question.connection, of: organization, in: db)
        guard let (connection, ticket) = found else { return nil }
        let newest: Recipient.ID? = try db.first("SELECT MAX(id) AS id FROM recipients")?["id"]
        let members = try Directory.copiedMembers(ticket.assigned, of: connection, in: db)
        let context = try PlanContext(for: ticket, members, of: connection, organization, now: now, in: db)
        let plan = context.plan(event(question, on: ticket))
        let recipients = try plan.items.map { item -> Item in
            let recipient: Recipient? = try RecipientStore.find(item.recipient, of: organization, in: db)
            let isKnown = newest.map { item.recipient <= $0 } ?? false
            return Item(
                recipient: isKnown ? item.recipient : nil, name: recipient?.name ?? "",
                kind: recipient?.kind ?? .person,
                plan: item)
        }
        return Preview(event: question.event, ticket: ticket.id, items: recipients, reason: plan.reason)
    }

    private static func event(_ question: Question, on ticket: Ticket) -> TicketEvent {
        var details = TicketEvent.Details(ticket)
        switch question.event {
        case .noteAdded:
            details.note = .init(
                TicketNote(
                    id: "preview", kind: .note, author: question.author, authorIdentifier: question.author, text: "",
                    isInternal: question.isInternal, createdAt: nil))
        case .assigned:
            details.member = question.member ?? ticket.assigned.first
            // Otherwise the assignment would be attributed to the last person who changed the ticket.
            details.updatedBy = question.author
        case .created, .statusChanged, .reopened, .closed, .priorityChanged, .moved, .companyChanged, .deleted: break
        }
        return TicketEvent(kind: question.event, subject: "preview", details: details)
    }
}
