import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket time`.
struct TimeCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        "time", "Log time on a ticket.", more: "Needs the role engineer or a larger one.",
        examples: ["ticket time 10042 --minutes 30 --work-role Engineer --text \"On site\""])

    @OptionGroup var writing: WritingOptions
    @OptionGroup var time: TimeOptions
    @Option(help: "What was done; - reads it from standard input.")
    var text: String?

    @OptionGroup var client: ClientOptions

    func request(in surroundings: Surroundings, _ names: NameBook) async throws -> APIRequest {
        var members = try await time.members(in: surroundings, writing.place, names)
        members[Member(API.Tickets.NewTime.CodingKeys.text)] = try text.map { try readText($0, in: surroundings) }
        return try await writing.request(API.Tickets.logTime, members, names)
    }
}
