import API
import ArgumentParser
import BoundaryText
import Foundation

/// `patchbay ticket`.
struct TicketCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ticket", abstract: "Find tickets, look at them, and write notes, time and status to them.",
        subcommands: [
            SearchTickets.self, ShowTicket.self, NoteCommand.self, TimeCommand.self, StatusCommand.self,
            LogChangeCommand.self,
        ])
}

private let psa = "/api/v1/integrations/psa"

/// For which customer.
struct TenantOption: ParsableArguments {
    @Option(help: "Only for this customer, by its id: its company's tickets, through its own connection if it has one.")
    var tenant: Int?

    /// Where the operations on tickets are.
    var path: String { tenant.map { "/api/v1/tenants/\($0)/connectwise/tickets" } ?? "\(psa)/tickets" }
}

/// `patchbay ticket search`.
struct SearchTickets: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Search tickets in the ticketing system, newest first.")

    @Argument(help: "Words of the summary, or the number.")
    var words: [String] = []
    @Option(help: "Only of this company, by its id.")
    var company: String?
    @Option(help: "Only on this board, by its id.")
    var board: String?
    @Option(help: "Only in this status, by its id.")
    var status: String?
    @Flag(help: "Closed ones too.")
    var closed = false
    @Flag(help: "Only those assigned to you.")
    var mine = false
    @Option(help: "How many to show.")
    var limit = 25
    @Flag(help: "Show all there are.")
    var all = false

    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is a number above 0") }
    }

    /// The call for one page of at most so many.
    func call(limit: Int, cursor: String? = nil) -> Call {
        var query = [Call.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))")]
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { query.append(.init(name: name, value: value)) }
        }
        add("q", words.joined(separator: " "))
        add("company_id", company)
        add("board_id", board)
        add("status_id", status)
        add("include_closed", closed ? "true" : nil)
        add("mine", mine ? "true" : nil)
        add("cursor", cursor)
        return Call(method: .get, path: place.path + "/search", query: query)
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let (tickets, next) = try await client.pages(of: "tickets", upTo: all ? nil : limit) { number, cursor in
            call(limit: number, cursor: cursor)
        }
        let columns = [
            .id, Column("summary"), Column("company"), Column("board"), Column("status"), Column("priority"),
            Column("owner"),
        ]
        var notes: [String] = []
        if tickets.isEmpty { notes.append("No ticket fits. Closed ones are found with --closed.") }
        if next != nil { notes.append(APIClient.thereAreMore) }
        let cursor: JSON = next.map { .string($0) } ?? .null
        return Outcome(
            content: .list(
                tickets.map { $0.named("company", "board", "status", "priority") }, columns: columns, next: cursor),
            answer: .object(["items": .array(tickets), "next_cursor": cursor]), notes: notes)
    }
}

extension JSON {
    /// The same thing with references replaced by their names.
    fileprivate func named(_ names: String...) -> JSON {
        guard var members else { return self }
        for name in names { members[name] = members[name]?["name"] ?? .null }
        return .object(members)
    }
}

/// `patchbay ticket show`.
struct ShowTicket: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a ticket as it is now, with its latest notes and time.")

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(help: "How many notes to show, at most 200.")
    var notes = 10

    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let path = place.path + "/" + Call.segment(ticket)
        var answer = try await client.thing(Call(method: .get, path: path)).members ?? [:]
        let written = try await client.thing(
            Call(method: .get, path: path + "/notes", query: [.init(name: "limit", value: "\(notes)")]))
        answer["notes"] = written["items"] ?? .array([])
        var shown =
            JSON.object(answer).named("company", "contact", "board", "status", "priority").members ?? [:]
        shown["configurations"] = .string(
            (shown["configurations"]?.elements ?? []).compactMap { $0["name"]?.text }.joined(separator: ", "))
        for hidden in ["max_note_length", "defaults", "connection_id"] { shown[hidden] = nil }
        let layout = Content.Layout(
            columns: [
                .id, Column("summary"), Column("company"), Column("contact"), Column("board"), Column("status"),
                Column("closed", .yesNo), Column("priority"), Column("owner"), Column("resources"),
                Column("configurations"), Column("entered_at", "entered", .instant),
                Column("updated_at", "changed", .instant), Column("updated_by", "changed by"), Column("link"),
            ],
            sections: [
                Section(
                    title: "Notes and time, newest first", member: "notes",
                    columns: [
                        Column("created_at", "when", .instant), Column("kind"), Column("note_type", "type"),
                        Column("author"), Column("minutes", .number), Column("text"),
                    ])
            ])
        return Outcome(content: .one(.object(shown), layout), answer: .object(answer))
    }
}

/// What every command that writes to a ticket understands.
struct WritingOptions: ParsableArguments {
    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(
        help: ArgumentHelp(
            "Names this request: sent again with the same name it is done once.", valueName: "name"))
    var requestID: String?

    @OptionGroup var place: TenantOption

    func call(_ method: Call.Method, _ what: String, _ members: [String: JSON?]) -> Call {
        var body = members.compactMapValues { $0 }
        if let requestID { body["request_id"] = .string(requestID) }
        return Call(method: method, path: "\(place.path)/\(Call.segment(ticket))/\(what)", body: .object(body))
    }
}

/// A command that writes to a ticket and says what came of it.
protocol WritingCommand: ClientCommand {
    func call(in surroundings: Surroundings) throws -> Call
}

extension WritingCommand {
    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var call = try call(in: surroundings)
        guard call.body?["request_id"] == nil else { return Written.outcome(try await client.thing(call)) }
        let name = UUID().uuidString.lowercased()
        call.idempotencyKey = name
        do {
            return Written.outcome(try await client.thing(call))
        } catch Failure.unreachable(let message, let advice) {
            throw Failure.unreachable(
                message, advice: "\(advice) If it may have been taken, add --request-id \(name): then it is done once.")
        }
    }
}

/// What became of writes, for people.
enum Written {
    static let layout = Content.Layout(
        columns: [
            Column("id", "request", .number), Column("ticket_id", "ticket", .number), Column("state"),
            Column("message"), Column("ticket_link", "link"),
        ], sections: [Section(title: "Writes", member: "posts", columns: Posts.short)],
        // A request's own id is of no use: what retries or dismisses takes a post's.
        quietSection: "posts")

    static func outcome(_ answer: JSON) -> Outcome {
        var shown = answer.members ?? [:]
        for hidden in ["actions", "kind", "request_id"] { shown[hidden] = nil }
        let warnings = shown.removeValue(forKey: "warnings")?.elements?.compactMap(\.text) ?? []
        return Outcome(content: .one(.object(shown), layout), answer: answer, notes: warnings)
    }
}

private let noteTypes = "internal_analysis, resolution or description (which the customer sees)"

/// A text typed as an argument, or read from standard input.
private func text(_ typed: String, in surroundings: Surroundings) throws -> JSON {
    guard typed == "-" else { return .string(typed) }
    var lines: [String] = []
    while let line = readLine(strippingNewline: true) { lines.append(line) }
    guard !lines.isEmpty else { throw Failure.usage("nothing came from standard input") }
    return .string(lines.joined(separator: "\n"))
}

/// `patchbay ticket note`.
struct NoteCommand: WritingCommand {
    static let configuration = CommandConfiguration(commandName: "note", abstract: "Write a note to a ticket.")

    @OptionGroup var writing: WritingOptions
    @Argument(help: "The text; - reads it from standard input.")
    var text: String
    @Option(help: ArgumentHelp("What kind of note: \(noteTypes). The connection's default if left out."))
    var type: String?

    @OptionGroup var client: ClientOptions

    func call(in surroundings: Surroundings) throws -> Call {
        writing.call(
            .post, "notes",
            ["text": try Commands.text(text, in: surroundings), "note_type": type.map { .string($0) }])
    }
}

/// Time, as the commands that log it take it.
struct TimeOptions: ParsableArguments {
    @Option(help: "How long, in minutes; the connection's default if left out.")
    var minutes: Int?
    @Option(
        help: ArgumentHelp(
            "When it began, such as \(Instant.Direction.back.examples); so that it ends now if left out."))
    var startedAt: String?
    @Option(help: "As what, by the work role's id.")
    var workRole: String?
    @Option(help: "What kind of work, by the work type's id.")
    var workType: String?
    @Option(help: "Whether it is charged: billable, do_not_bill, no_charge or no_default.")
    var billable: String?

    func members(in surroundings: Surroundings) throws -> [String: JSON?] {
        let began: JSON? = try startedAt.map { text in
            do {
                return try Field("started_at", .instant(.back), help: "").value(of: text, now: surroundings.now())
            } catch {
                throw Failure.usage("--started-at: \(error)")
            }
        }
        return [
            "minutes": minutes.map { .integer($0) }, "started_at": began,
            "work_role_id": workRole.map { .string($0) }, "work_type_id": workType.map { .string($0) },
            "billable": billable.map { .string($0) },
        ]
    }
}

/// `patchbay ticket time`.
struct TimeCommand: WritingCommand {
    static let configuration = CommandConfiguration(commandName: "time", abstract: "Log time on a ticket.")

    @OptionGroup var writing: WritingOptions
    @OptionGroup var time: TimeOptions
    @Option(help: "What was done; - reads it from standard input.")
    var text: String?

    @OptionGroup var client: ClientOptions

    func call(in surroundings: Surroundings) throws -> Call {
        var members = try time.members(in: surroundings)
        members["text"] = try text.map { try Commands.text($0, in: surroundings) }
        return writing.call(.post, "time", members)
    }
}

/// `patchbay ticket status`.
struct StatusCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Move a ticket to another status of its board.")

    @OptionGroup var writing: WritingOptions
    @Argument(help: "The status, by its id.")
    var status: String
    @Option(help: "Only if the ticket is in this status now, by its id.")
    var expected: String?

    @OptionGroup var client: ClientOptions

    func call(in surroundings: Surroundings) throws -> Call {
        writing.call(
            .patch, "status",
            ["status_id": .string(status), "expected_status_id": expected.map { .string($0) }])
    }
}

/// `patchbay ticket log-change`.
struct LogChangeCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-change",
        abstract: "Log a change on a ticket: a note, then time, then, if wanted, the status.")

    @OptionGroup var writing: WritingOptions
    @Argument(help: "The note; - reads it from standard input.")
    var text: String
    @Option(help: ArgumentHelp("What kind of note: \(noteTypes). The connection's default if left out."))
    var type: String?
    @OptionGroup var time: TimeOptions
    @Flag(help: "Put the note's text into the time entry too.")
    var textInTime = false
    @Flag(
        inversion: .prefixedNo,
        help: "Move the ticket, to the board's status in the settings unless --status names one; or leave it.")
    var updateStatus: Bool?
    @Option(help: "Move the ticket to this status, by its id.")
    var status: String?
    @Option(help: "Only if the ticket is in this status now, by its id.")
    var expected: String?

    @OptionGroup var client: ClientOptions

    func call(in surroundings: Surroundings) throws -> Call {
        var members = try time.members(in: surroundings)
        members["text"] = try Commands.text(text, in: surroundings)
        members["note_type"] = type.map { .string($0) }
        members["include_text_in_time"] = textInTime ? .bool(true) : nil
        members["update_status"] = updateStatus.map { .bool($0) }
        members["status_id"] = status.map { .string($0) }
        members["expected_status_id"] = expected.map { .string($0) }
        return writing.call(.post, "log-change", members)
    }
}

/// `patchbay post`.
struct PostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post", abstract: "See what was written to tickets, and try again or dismiss what was not.",
        subcommands: [ListPosts.self, RetryPost.self, DismissPost.self])
}

/// `patchbay post list`.
struct ListPosts: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what was written to tickets or waits to be, newest first.")

    @OptionGroup var list: ListOptions<Posts>

    var client: ClientOptions { list.client }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await list.perform(with: client, in: surroundings)
    }
}

/// `patchbay post retry`.
struct RetryPost: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try again what failed of a request, or what waits at once; what was done is not done again.")

    @OptionGroup var subject: Identified
    @Option(help: "Log the time as this work role instead, by its id.")
    var workRole: String?
    @Option(help: "Log the time as this work type instead, by its id.")
    var workType: String?
    @Option(help: "Move the ticket to this status instead, by its id.")
    var status: String?

    @OptionGroup var client: ClientOptions

    var call: Call {
        var body: [String: JSON] = [:]
        if let workRole { body["work_role_id"] = .string(workRole) }
        if let workType { body["work_type_id"] = .string(workType) }
        if let status { body["status_id"] = .string(status) }
        return Call(method: .post, path: Posts.resource.path(of: subject.identifier) + "/retry", body: .object(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        Written.outcome(try await client.thing(call))
    }
}

/// `patchbay post dismiss`.
struct DismissPost: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss",
        abstract: "Leave what failed of a request at that, withdraw what waits; both can be tried again.")

    @OptionGroup var subject: Identified
    @OptionGroup var client: ClientOptions

    var call: Call { Call(method: .post, path: Posts.resource.path(of: subject.identifier) + "/dismiss") }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        Outcome(content: .one(try await client.thing(call), Content.Layout(Posts.resource)))
    }
}
