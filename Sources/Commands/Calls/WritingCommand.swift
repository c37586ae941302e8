import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What every command that writes to a ticket understands.
struct WritingOptions: ParsableArguments {
    /// The same member in each body that writes to a ticket.
    static let requestKey = Member(API.Tickets.NewNote.CodingKeys.requestID)

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(
        help: ArgumentHelp(
            "Names this request: when it is sent again with the same name, it is done once.", valueName: "name"))
    var requestID: String?

    @OptionGroup var place: TenantOption

    func request<Place, Query, Body, Answer>(
        _ operation: PSAOperation<Place, Query, Body, Answer>, _ members: [Member: JSON?], _ names: NameBook
    ) async throws -> APIRequest {
        var body = members.compactMapValues { $0 }
        if let requestID { body[Self.requestKey] = .text(requestID) }
        return try await place.endpoint(operation, names)([ticket], body: JSON(members: body))
    }

    /// A status by its id or name.
    func status(_ text: String?, _ names: NameBook) async throws -> JSON? {
        guard let text else { return nil }
        if Lookup.isID(text) { return .text(text) }
        let lookup = Lookup.statuses(of: ticket, from: try await place.endpoint(API.Tickets.statuses, names))
        return .text(try await names.find(text, in: lookup).id)
    }
}

/// A command that writes to a ticket and prints the result.
protocol WritingCommand: ClientCommand {
    func request(in surroundings: Surroundings, _ names: NameBook) async throws -> APIRequest
}

extension WritingCommand {
    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var request = try await request(in: surroundings, client.names)
        guard request.body?[WritingOptions.requestKey].isNull != false else {
            return Written.outcome(try await client.thing(request))
        }
        let name = UUID().uuidString.lowercased()
        request.idempotencyKey = name
        do {
            return Written.outcome(try await client.thing(request))
        } catch Failure.unreachable(let message, let advice) {
            throw Failure.unreachable(
                message,
                advice:
                    "\(advice) If it may have been accepted, add --request-id \(name), so that it is done only once.")
        }
    }
}

let noteTypes = "internal_analysis, resolution or description (which the customer sees)"

/// A text typed as an argument, or read from standard input.
func readText(_ typed: String, in surroundings: Surroundings) throws -> JSON {
    guard typed == "-" else { return .text(typed) }
    var lines: [String] = []
    while let line = surroundings.readLine() { lines.append(line) }
    guard !lines.isEmpty else { throw Failure.usage("No text came from standard input.") }
    return .text(lines.joined(separator: "\n"))
}
