import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay ticket preview`.
struct PreviewCommand: ClientCommand {
    private typealias Item = API.Previews.Item.CodingKeys

    static let configuration = CommandConfiguration(
        "preview", "Preview who would get notified about a ticket, and why; nothing is sent.",
        examples: ["ticket preview 10248 --event note_added --author kbrandt"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(help: ArgumentHelp("What happens, such as created, note_added, assigned, closed."))
    var event = "created"
    @Option(help: "The note's author, by login name.")
    var author: String?
    @Flag(help: "The note is internal: customers cannot see it.")
    var `internal` = false
    @Option(help: "The assigned member, by login name.")
    var member: String?

    @OptionGroup var client: ClientOptions

    var request: APIRequest {
        var body: [API.Previews.Question.CodingKeys: JSON] = [.ticket: .text(ticket), .event: .text(event)]
        if let author { body[.author] = .text(author) }
        if let member { body[.member] = .text(member) }
        if `internal` { body[.isInternal] = true }
        return APIRequest(API.Previews.create(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let answer = try await client.thing(request)
        let columns = [
            Column(Item.recipientName, "recipient").key, Column(Item.recipientKind, "kind").extra,
            Column(Item.outcome).key, Column(Item.reason),
        ]
        let notes =
            answer[API.Previews.Answer.CodingKeys.reason].string.map { ["No one would get notified: \($0)."] } ?? []
        return Outcome(
            content: .list(answer.items, columns: columns, next: .null), answer: answer, notes: notes)
    }
}
