import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket search`.
struct SearchTickets: ClientCommand {
    static let configuration = CommandConfiguration(
        "search", "Search tickets in the PSA, newest first.",
        examples: ["ticket search printer --mine", "ticket search --board \"Service Desk\" --status \"In Progress\""])

    @Argument(help: "Words of the summary, or the number.")
    var words: [String] = []
    @Option(help: "Only of this company, by its id or name.")
    var company: String?
    @Option(help: "Only on this board, by its id or name.")
    var board: String?
    @Option(help: "Only in this status, by its id; by its name together with --board.")
    var status: String?
    @Flag(help: "Include closed tickets.")
    var includeClosed = false
    @Flag(help: "Only those assigned to you.")
    var mine = false
    @OptionGroup var amount: Amount

    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    /// The request for one page of at most so many.
    func query(_ names: NameBook) async throws -> [APIRequest.Parameter] {
        var query: [APIRequest.Parameter] = []
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { query.append(.init(name: name, value: value)) }
        }
        add("q", words.joined(separator: " "))
        if let company { add("company_id", try await names.find(company, in: Companies.lookup).id) }
        let boardID: String? = if let board { try await names.find(board, in: Boards.lookup).id } else { nil }
        add("board_id", boardID)
        if let status {
            guard boardID != nil || Lookup.isID(status) else {
                throw Failure.usage("--status takes a name only together with --board.")
            }
            add("status_id", try await names.find(status, in: .statuses(ofBoard: boardID ?? "")).id)
        }
        add("include_closed", includeClosed ? "true" : nil)
        add("mine", mine ? "true" : nil)
        return query
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let query = try await query(client.names)
        let endpoint = try await place.endpoint(API.Tickets.search, client.names)
        let found = try await client.pages(of: "tickets", upTo: amount.most) { limit, cursor in
            var page = [APIRequest.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))")] + query
            if let cursor { page.append(.init(name: "cursor", value: cursor)) }
            return endpoint(query: page)
        }
        return TicketList.outcome(found, none: "No ticket matches. Include closed ones with --include-closed.")
    }
}
