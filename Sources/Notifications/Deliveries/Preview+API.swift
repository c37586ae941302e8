import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Ticketing
import WebSupport

/// The operation that says beforehand who would be told.
func previewRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            .post, "/notifiers/preview", .viewer,
            "Says who would be told about a ticket, and why, without telling anybody", takes: PreviewQuestion.self,
            gives: .one(PreviewAnswer.self),
            // Nothing is done, so no answer needs to be kept for a repetition.
            knowsRepetitions: { _ in false }
        ) { request in
            let question = try await request.body(PreviewQuestion.self).validated()
            let preview = try await Preview.answer(
                question, of: request.principal.organization, now: now(), in: database)
            guard let preview else {
                throw Problem.invalid([
                    .init(
                        field: "ticket_id", code: "unknown",
                        message: "was not seen yet; it is once it changes, or after a sync of tickets.")
                ])
            }
            return .json(PreviewAnswer(preview))
        }
    ]
}

private struct PreviewQuestion: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case event, author, member
        case ticket = "ticket_id"
        case connection = "connection_id"
        case isInternal = "internal"
    }

    let ticket: Ticket.ID
    let connection: PSAConnection.ID?
    let event: String
    let author: String?
    let isInternal: Bool?
    let member: String?

    func validated() throws(Problem) -> Preview.Question {
        guard let kind = TicketEvent.Kind(rawValue: event) else {
            let kinds = TicketEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid([.init(field: "event", code: "wrong_value", message: "must be one of \(kinds).")])
        }
        return Preview.Question(
            ticket: ticket, connection: connection, event: kind, author: author, isInternal: isInternal ?? false,
            member: member)
    }
}

private struct PreviewAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case event, items, reason
        case ticket = "ticket_id"
    }

    struct Item: Codable, Sendable {
        enum CodingKeys: String, CodingKey {
            case state, reason
            case recipient = "recipient_id"
            case name = "recipient_name"
            case kind = "recipient_kind"
            case rule = "rule_id"
            case forwardedFrom = "forwarded_from"
        }

        let recipient: Recipient.ID?
        let name: String
        let kind: Recipient.Kind
        let state: Delivery.State
        let reason: String
        let rule: Rule.ID?
        let forwardedFrom: [String]
    }

    let ticket: Ticket.ID
    let event: TicketEvent.Kind
    let items: [Item]
    let reason: String?

    init(_ preview: Preview) {
        ticket = preview.ticket
        event = preview.event
        items = preview.items.map { item in
            Item(
                recipient: item.recipient, name: item.name, kind: item.kind, state: item.plan.state,
                reason: item.plan.reason, rule: item.plan.rule, forwardedFrom: item.plan.forwardedFrom)
        }
        reason = preview.reason
    }
}
