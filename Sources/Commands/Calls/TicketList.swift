import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// How lists of tickets are shown.
enum TicketList {
    private typealias Ticket = API.Tickets.Answer.CodingKeys

    private static let columns = [
        .id, Column(Ticket.summary).key, Column(Ticket.company), Column(Ticket.board).extra, Column(Ticket.status),
        Column(Ticket.priority).extra,
        Column(Ticket.owner).extra,
    ]

    static func outcome(
        _ found: (items: [JSON], next: String?), none: String
    ) -> Outcome {
        var notes: [String] = []
        if found.items.isEmpty { notes.append(none) }
        if found.next != nil { notes.append(APIClient.thereAreMore) }
        let cursor: JSON = found.next.map { .text($0) } ?? .null
        return Outcome(
            content: .list(
                found.items.map { $0.named(Ticket.company, Ticket.board, Ticket.status, Ticket.priority) },
                columns: columns,
                next: cursor),
            answer: .page(found.items, next: cursor), notes: notes)
    }
}
