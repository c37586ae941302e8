import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket log-change`.
struct LogChangeCommand: WritingCommand {
    private typealias Change = API.Tickets.NewChange.CodingKeys

    static let configuration = CommandConfiguration(
        "log-change", "Log a change on a ticket: a note, then time, then, if wanted, the status.",
        more: "Needs the role engineer or a larger one.",
        examples: [
            "ticket log-change 10042 \"Replaced the switch\" --minutes 30 --status Completed",
            "ticket log-change 10042 - --request-id change-4711 < what-was-done.md",
        ])

    @OptionGroup var writing: WritingOptions
    @Argument(help: "The note; - reads it from standard input.")
    var text: String
    @Option(help: ArgumentHelp("The type of note: \(noteTypes). The connection's default if not given."))
    var type: String?
    @OptionGroup var time: TimeOptions
    @Flag(help: "Include the note's text in the time entry.")
    var includeTextInTime = false
    @Flag(
        inversion: .prefixedNo,
        help:
            "Update the ticket's status, to the board's status in the settings unless --status names one; or leave it.")
    var updateStatus: Bool?
    @Option(help: "Update the ticket to this status, by its id or name.")
    var status: String?
    @Option(help: "Only if the ticket has this status now, by its id or name.")
    var expected: String?

    @OptionGroup var client: ClientOptions

    func request(in surroundings: Surroundings, _ names: NameBook) async throws -> APIRequest {
        var members = try await time.members(in: surroundings, writing.place, names)
        members[Member(Change.text)] = try readText(text, in: surroundings)
        members[Member(Change.noteType)] = type.map { .text($0) }
        if includeTextInTime { members[Member(Change.includeTextInTime)] = .some(true) }
        members[Member(Change.updateStatus)] = updateStatus.map { .flag($0) }
        members[Member(Change.status)] = try await writing.status(status, names)
        members[Member(Change.expectedStatus)] = try await writing.status(expected, names)
        return try await writing.request(API.Tickets.logChange, members, names)
    }
}
