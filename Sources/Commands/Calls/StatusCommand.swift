import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket status`.
struct StatusCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        "status", "Update a ticket's status.", more: "Needs the role engineer or a larger one.",
        examples: ["ticket status 10042 \"In Progress\" --expected New"])

    @OptionGroup var writing: WritingOptions
    @Argument(help: "The status, by its id or name.")
    var status: String
    @Option(help: "Only if the ticket has this status now, by its id or name.")
    var expected: String?

    @OptionGroup var client: ClientOptions

    func request(in surroundings: Surroundings, _ names: NameBook) async throws -> APIRequest {
        let members = [
            Member(API.Tickets.NewStatus.CodingKeys.status): try await writing.status(status, names),
            Member(API.Tickets.NewStatus.CodingKeys.expectedStatus): try await writing.status(expected, names),
        ]
        return try await writing.request(API.Tickets.updateStatus, members, names)
    }
}
