import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// A list that belongs to a ticket.
enum TicketPart {
    private typealias Note = API.Tickets.Note.CodingKeys

    static let notes = [
        Column(Note.createdAt, "when", .instant), Column(Note.kind).extra, Column(Note.noteType, "type").extra,
        Column(Note.author).key, Column(Note.minutes, .number).extra, Column(Note.text).key,
    ]

    static func list(
        _ endpoint: Endpoint, of ticket: String, _ names: String, _ columns: [Column], upTo most: Int?,
        with client: APIClient
    ) async throws -> Outcome {
        let (items, next) = try await client.pages(of: names, upTo: most) { limit, cursor in
            var query = [APIRequest.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))")]
            if let cursor { query.append(.init(name: "cursor", value: cursor)) }
            return endpoint([ticket], query: query)
        }
        return Outcome(
            content: .list(items, columns: columns, next: next.map { .text($0) } ?? .null),
            notes: (items.isEmpty ? ["No \(names)."] : []) + (next == nil ? [] : [APIClient.thereAreMore]))
    }
}
