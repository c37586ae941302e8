import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket notes`.
struct ListNotes: ClientCommand {
    static let configuration = CommandConfiguration(
        "notes", "List a ticket's notes and time entries, newest first.", examples: ["ticket notes 10042 --all"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @OptionGroup var amount: Amount
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await TicketPart.list(
            place.endpoint(API.Tickets.notes, client.names), of: ticket, "notes", TicketPart.notes, upTo: amount.most,
            with: client)
    }
}
