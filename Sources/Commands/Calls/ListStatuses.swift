import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket statuses`.
struct ListStatuses: ClientCommand {
    private typealias Status = API.Tickets.Status.CodingKeys

    static let configuration = CommandConfiguration(
        "statuses", "List the statuses that a ticket can have.", examples: ["ticket statuses 10042"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let columns = [.id, Column(Status.name).key, Column(Status.closed, .yesNo)]
        return try await TicketPart.list(
            place.endpoint(API.Tickets.statuses, client.names), of: ticket, "statuses", columns, upTo: nil, with: client
        )
    }
}
