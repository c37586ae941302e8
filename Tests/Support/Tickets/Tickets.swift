import API
import Foundation
import Ids
import Ticketing

/// A moment.
package let instant = Date(timeIntervalSince1970: 1_790_000_000)

/// A note that somebody wrote.
package func note(
    _ id: String = "n1", by author: String? = "anna", text: String = "text", internal isInternal: Bool = false,
    at date: Date? = instant
) -> TicketNote {
    TicketNote(
        id: id, kind: .note, author: author, authorIdentifier: author, text: text, isInternal: isInternal,
        createdAt: date)
}

/// A ticket as it is in most tests.
package func ticket(_ id: Ticket.ID = "7", _ change: (inout Ticket) -> Void = { _ in }) -> Ticket {
    var ticket = Ticket(
        id: id, summary: "Printer", board: .init(id: "1", name: "Support"), status: .init(id: "10", name: "New"),
        company: .init(id: "20", name: "Acme"), contact: .init(id: "30", name: "Bob"),
        priority: .init(id: "40", name: "High"), enteredAt: instant, updatedAt: instant, updatedBy: "zoe")
    change(&ticket)
    return ticket
}
