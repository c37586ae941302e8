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

/// The result of writes, for people.
enum Written {
    private typealias Request = API.Posts.Request.CodingKeys

    static let layout = Content.Layout(
        columns: [
            Column(Request.id, "request", .number), Column(Request.ticket, "ticket", .number),
            Column(Request.state, .state),
            Column(Request.message), Column(Request.link, "link"),
        ], sections: [Section(title: "Posts", member: Request.posts, columns: Posts.short)],
        // A request's own id is of no use: what retries or dismisses takes a post's.
        quietSection: Member(Request.posts))

    static func outcome(_ answer: JSON) -> Outcome {
        var shown = answer.members
        for hidden in [Request.actions, .kind, .requestID] { shown[hidden.stringValue] = nil }
        let warnings = (shown.removeValue(forKey: Request.warnings.stringValue) ?? .null).elements.compactMap(\.string)
        return Outcome(content: .one(.object(shown), layout), answer: answer, notes: warnings)
    }
}

private let noteTypes = "internal_analysis, resolution or description (which the customer sees)"

/// A text typed as an argument, or read from standard input.
private func text(_ typed: String, in surroundings: Surroundings) throws -> JSON {
    guard typed == "-" else { return .text(typed) }
    var lines: [String] = []
    while let line = surroundings.readLine() { lines.append(line) }
    guard !lines.isEmpty else { throw Failure.usage("No text came from standard input.") }
    return .text(lines.joined(separator: "\n"))
}

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
            Member(New.text): try Commands.text(text, in: surroundings),
            Member(New.noteType): type.map { .text($0) },
        ]
        return try await writing.request(API.Tickets.addNote, members, names)
    }
}

/// Time, as the commands that log it take it.
struct TimeOptions: ParsableArguments {
    // Bodies that log time share these members.
    private typealias Time = API.Tickets.NewTime.CodingKeys

    @Option(help: "How many minutes; the connection's default if not given.")
    var minutes: Int?
    @Option(
        help: ArgumentHelp(
            "When it started, such as \(Instant.Direction.back.examples); by default, it ends now."))
    var startedAt: String?
    @Option(help: "The work role, by its id or name.")
    var workRole: String?
    @Option(help: "The work type, by its id or name.")
    var workType: String?
    @Option(help: "Whether it is charged: billable, do_not_bill, no_charge or no_default.")
    var billable: String?

    func members(
        in surroundings: Surroundings, _ place: TenantOption, _ names: NameBook
    ) async throws -> [Member: JSON?] {
        func id<Place, Query, Body, Answer>(
            _ text: String?, _ resource: Resource, _ list: PSAOperation<Place, Query, Body, Answer>
        ) async throws -> JSON? {
            guard let text else { return nil }
            var lookup = resource.reference
            lookup.list = try await place.endpoint(list, names)
            return .text(try await names.find(text, in: lookup).id)
        }
        return [
            Member(Time.minutes): minutes.map { .integer(Int64($0)) },
            Member(Time.startedAt): try startedAt.map {
                .text(try Instant.option("started-at", $0, .back, in: surroundings))
            },
            Member(Time.workRole): try await id(workRole, WorkRoles.resource, API.WorkRoles.list),
            Member(Time.workType): try await id(workType, WorkTypes.resource, API.WorkTypes.list),
            Member(Time.billable): billable.map { .text($0) },
        ]
    }
}

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
        members[Member(API.Tickets.NewTime.CodingKeys.text)] = try text.map { try Commands.text($0, in: surroundings) }
        return try await writing.request(API.Tickets.logTime, members, names)
    }
}

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
        members[Member(Change.text)] = try Commands.text(text, in: surroundings)
        members[Member(Change.noteType)] = type.map { .text($0) }
        if includeTextInTime { members[Member(Change.includeTextInTime)] = .some(true) }
        members[Member(Change.updateStatus)] = updateStatus.map { .flag($0) }
        members[Member(Change.status)] = try await writing.status(status, names)
        members[Member(Change.expectedStatus)] = try await writing.status(expected, names)
        return try await writing.request(API.Tickets.logChange, members, names)
    }
}
