import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket configurations`.
struct ListConfigurations: ClientCommand {
    static let configuration = CommandConfiguration(
        "configurations", "List a ticket's configurations.", examples: ["ticket configurations 10042"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await TicketPart.list(
            place.endpoint(API.Tickets.configurations, client.names), of: ticket, "configurations",
            [.id, Column(Reference.CodingKeys.name).key],
            upTo: nil, with: client)
    }
}
