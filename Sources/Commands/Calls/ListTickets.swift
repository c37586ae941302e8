import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket list`.
struct ListTickets: ClientCommand {
    static let configuration = CommandConfiguration(
        "list", "List the tickets that you last updated.", examples: ["ticket list"])

    @OptionGroup var amount: Amount
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let endpoint = try await place.endpoint(API.Tickets.recent, client.names)
        let found = try await client.pages(of: "tickets", upTo: amount.most) { limit, cursor in
            var query = [APIRequest.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))")]
            if let cursor { query.append(.init(name: "cursor", value: cursor)) }
            return endpoint(query: query)
        }
        return TicketList.outcome(found, none: "You have not updated a ticket yet.")
    }
}
