import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Ticketing
import WebSupport

/// The operation that says beforehand who would be notified.
func previewRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            Previews.create,
            // Nothing is done, so no answer needs to be kept for a repetition.
            handlesIdempotency: { _ in false },
            respond: { request in
                let question = try await request.body().validated()
                let preview = try await Preview.answer(
                    question, of: request.principal.organization, now: now(), in: database)
                guard let preview else {
                    throw Problem.invalid([
                        .init(
                            field: "ticket_id", code: "unknown",
                            message: "is not known yet. It will be once the ticket changes, or after a sync of tickets."
                        )
                    ])
                }
                return .json(Previews.Answer(preview))
            })
    ]
}

extension Previews.Question {
    fileprivate func validated() throws(Problem) -> Preview.Question {
        guard let kind = TicketEvent.Kind(rawValue: event) else {
            let kinds = TicketEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid([.init(field: "event", code: "wrong_value", message: "must be one of \(kinds).")])
        }
        return Preview.Question(
            ticket: ticket, connection: connection, event: kind, author: author,
            isInternal: isInternal ?? false, member: member)
    }
}

extension Previews.Answer {
    fileprivate init(_ preview: Preview) {
        self.init(
            ticket: preview.ticket, event: preview.event, items: preview.items.map(Previews.Item.init),
            reason: preview.reason)
    }
}

extension Previews.Item {
    fileprivate init(_ item: Preview.Item) {
        let outcome: Previews.Outcome =
            switch item.plan.state {
            case .queued, .sent, .failed, .uncertain: .notify
            case .simulated: .simulate
            case .skipped: .skip
            }
        self.init(
            recipient: item.recipient, recipientName: item.name, recipientKind: item.kind, outcome: outcome,
            reason: item.plan.reason, rule: item.plan.rule, forwardedFrom: item.plan.forwardedFrom)
    }
}
