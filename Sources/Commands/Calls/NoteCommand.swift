import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket note`.
struct NoteCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        "note", "Add a note to a ticket.", more: "Needs the role engineer or a larger one.",
        examples: ["ticket note 10042 \"Replaced the cable\" --type resolution"])

    @OptionGroup var writing: WritingOptions
    @Argument(help: "The text; - reads it from standard input.")
    var text: String
    @Option(help: ArgumentHelp("The type of note: \(noteTypes). The connection's default if not given."))
    var type: String?

    @OptionGroup var client: ClientOptions

    func request(in surroundings: Surroundings, _ names: NameBook) async throws -> APIRequest {
        typealias New = API.Tickets.NewNote.CodingKeys
        let members: [Member: JSON?] = [
            Member(New.text): try readText(text, in: surroundings),
            Member(New.noteType): type.map { .text($0) },
        ]
        return try await writing.request(API.Tickets.addNote, members, names)
    }
}
