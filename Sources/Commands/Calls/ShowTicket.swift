import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket show`.
struct ShowTicket: ClientCommand {
    private typealias Details = API.Tickets.Details.CodingKeys

    /// What is shown beside the members of the ticket.
    private enum Shown: String, CodingKey {
        case notes
    }

    static let configuration = CommandConfiguration(
        "show", "Show a ticket as it is now, with its latest notes and time entries.",
        examples: ["ticket show 10042 --notes 20"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(help: "How many notes to show, at most 200.")
    var notes = 10

    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var answer = try await client.thing(
            place.endpoint(API.Tickets.show, client.names)([ticket])
        ).members
        let written = try await client.thing(
            place.endpoint(API.Tickets.notes, client.names)([ticket], query: [.init(name: "limit", value: "\(notes)")]))
        answer[Shown.notes.rawValue] = .list(written.items)
        var shown = JSON.object(answer).named(
            Details.company, Details.contact, Details.board, Details.status, Details.priority
        ).members
        let configurations = (answer[Details.configurations.stringValue] ?? .null).elements
            .compactMap { $0[Reference.CodingKeys.name].string }
        shown[Details.configurations.stringValue] =
            configurations.isEmpty ? .null : .text(configurations.joined(separator: ", "))
        for hidden in [Details.maxNoteLength, .defaults, .connection] { shown[hidden.stringValue] = nil }
        let layout = Content.Layout(
            columns: [
                .id, Column(Details.summary), Column(Details.company), Column(Details.contact), Column(Details.board),
                Column(Details.status),
                Column(Details.closed, .yesNo), Column(Details.priority), Column(Details.owner),
                Column(Details.resources),
                Column(Details.configurations), Column(Details.enteredAt, "entered", .instant),
                Column(Details.updatedAt, "updated", .instant), Column(Details.updatedBy, "updated by"),
                Column(Details.link),
            ],
            sections: [Section(title: "Notes and time, newest first", member: Shown.notes, columns: TicketPart.notes)])
        return Outcome(content: .one(.object(shown), layout), answer: .object(answer))
    }
}
