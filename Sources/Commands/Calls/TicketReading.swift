import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay ticket`.
struct TicketCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "ticket", "Find and show tickets, and write notes, time and status to them.",
        examples: ["ticket search printer --mine", "ticket show 10042", "ticket status 10042 \"In Progress\""],
        subcommands: [
            ListTickets.self, SearchTickets.self, ShowTicket.self, ListStatuses.self, ListNotes.self,
            ListConfigurations.self, NoteCommand.self, TimeCommand.self, StatusCommand.self, LogChangeCommand.self,
            PreviewCommand.self,
        ], aliases: ["tickets"])
}

/// For which customer.
struct TenantOption: ParsableArguments {
    @Option(
        help: """
            Only for this customer, by its id or name: its company's tickets, through its own connection if it has one.
            """)
    var tenant: String?

    /// Where an operation on tickets, or on what belongs to them, is.
    func endpoint<Place, Query, Body, Answer>(
        _ operation: PSAOperation<Place, Query, Body, Answer>, _ names: NameBook
    ) async throws -> Endpoint {
        guard let tenant else { return Endpoint(operation.main) }
        return Endpoint(operation.tenant).filled(with: try await names.find(tenant, in: Tenants.lookup).id)
    }
}

private typealias Ticket = API.Tickets.Answer.CodingKeys
private typealias Details = API.Tickets.Details.CodingKeys

private let ticketColumns = [
    .id, Column(Ticket.summary).key, Column(Ticket.company), Column(Ticket.board).extra, Column(Ticket.status),
    Column(Ticket.priority).extra,
    Column(Ticket.owner).extra,
]

private func tickets(
    _ found: (items: [JSON], next: String?), none: String
) -> Outcome {
    var notes: [String] = []
    if found.items.isEmpty { notes.append(none) }
    if found.next != nil { notes.append(APIClient.thereAreMore) }
    let cursor: JSON = found.next.map { .text($0) } ?? .null
    return Outcome(
        content: .list(
            found.items.map { $0.named(Ticket.company, Ticket.board, Ticket.status, Ticket.priority) },
            columns: ticketColumns,
            next: cursor),
        answer: .page(found.items, next: cursor), notes: notes)
}

/// `patchbay ticket list`.
struct ListTickets: ClientCommand {
    static let configuration = CommandConfiguration(
        "list", "List the tickets that you last updated.", examples: ["ticket list"])

    @OptionGroup var amount: Amount
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let endpoint = try await place.endpoint(API.Tickets.recent, client.names)
        let found = try await client.pages(of: "tickets", upTo: amount.most) { limit, cursor in
            var query = [APIRequest.Parameter(name: "limit", value: "\(min(limit, APIClient.largestPage))")]
            if let cursor { query.append(.init(name: "cursor", value: cursor)) }
            return endpoint(query: query)
        }
        return tickets(found, none: "You have not updated a ticket yet.")
    }
}

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
        return tickets(found, none: "No ticket matches. Include closed ones with --include-closed.")
    }
}

extension Lookup {
    /// A board's statuses, which come with the board.
    static func statuses(ofBoard board: String) -> Lookup {
        Lookup(
            name: "status of the board", names: "statuses of the board",
            list: Endpoint(API.Boards.show), places: [board],
            naming: .members(API.Boards.Status.CodingKeys.name), isNumber: false,
            items: Member(API.Boards.Answer.CodingKeys.statuses))
    }

    /// The statuses that a ticket can have.
    static func statuses(of ticket: String, from endpoint: Endpoint) -> Lookup {
        Lookup(
            name: "status of the ticket's board", names: "statuses of the ticket's board",
            list: endpoint, places: [ticket], naming: .members(API.Tickets.Status.CodingKeys.name), isNumber: false)
    }
}

extension JSON {
    /// The same thing with references replaced by their names.
    fileprivate func named(_ keys: any CodingKey...) -> JSON {
        guard case .object(var members) = self else { return self }
        for name in keys.map(\.stringValue) { members[name] = self[name][Reference.CodingKeys.name] }
        return .object(members)
    }
}

/// `patchbay ticket show`.
struct ShowTicket: ClientCommand {
    /// What is shown beside the members of the ticket.
    private enum Shown: String, CodingKey {
        case notes
    }

    static let configuration = CommandConfiguration(
        "show", "Show a ticket as it is now, with its latest notes and time entries.",
        examples: ["ticket show 10042 --notes 20"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @Option(help: "How many notes to show, at most 200.")
    var notes = 10

    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        var answer = try await client.thing(
            place.endpoint(API.Tickets.show, client.names)([ticket])
        ).members
        let written = try await client.thing(
            place.endpoint(API.Tickets.notes, client.names)([ticket], query: [.init(name: "limit", value: "\(notes)")]))
        answer[Shown.notes.rawValue] = .list(written.items)
        var shown = JSON.object(answer).named(
            Details.company, Details.contact, Details.board, Details.status, Details.priority
        ).members
        let configurations = (answer[Details.configurations.stringValue] ?? .null).elements
            .compactMap { $0[Reference.CodingKeys.name].string }
        shown[Details.configurations.stringValue] =
            configurations.isEmpty ? .null : .text(configurations.joined(separator: ", "))
        for hidden in [Details.maxNoteLength, .defaults, .connection] { shown[hidden.stringValue] = nil }
        let layout = Content.Layout(
            columns: [
                .id, Column(Details.summary), Column(Details.company), Column(Details.contact), Column(Details.board),
                Column(Details.status),
                Column(Details.closed, .yesNo), Column(Details.priority), Column(Details.owner),
                Column(Details.resources),
                Column(Details.configurations), Column(Details.enteredAt, "entered", .instant),
                Column(Details.updatedAt, "updated", .instant), Column(Details.updatedBy, "updated by"),
                Column(Details.link),
            ],
            sections: [Section(title: "Notes and time, newest first", member: Shown.notes, columns: TicketPart.notes)])
        return Outcome(content: .one(.object(shown), layout), answer: .object(answer))
    }
}

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

/// `patchbay ticket statuses`.
struct ListStatuses: ClientCommand {
    private typealias Status = API.Tickets.Status.CodingKeys

    static let configuration = CommandConfiguration(
        "statuses", "List the statuses that a ticket can have.", examples: ["ticket statuses 10042"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let columns = [.id, Column(Status.name).key, Column(Status.closed, .yesNo)]
        return try await TicketPart.list(
            place.endpoint(API.Tickets.statuses, client.names), of: ticket, "statuses", columns, upTo: nil, with: client
        )
    }
}

/// `patchbay ticket notes`.
struct ListNotes: ClientCommand {
    static let configuration = CommandConfiguration(
        "notes", "List a ticket's notes and time entries, newest first.", examples: ["ticket notes 10042 --all"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @OptionGroup var amount: Amount
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await TicketPart.list(
            place.endpoint(API.Tickets.notes, client.names), of: ticket, "notes", TicketPart.notes, upTo: amount.most,
            with: client)
    }
}

/// `patchbay ticket configurations`.
struct ListConfigurations: ClientCommand {
    static let configuration = CommandConfiguration(
        "configurations", "List a ticket's configurations.", examples: ["ticket configurations 10042"])

    @Argument(help: "The ticket's number.")
    var ticket: String
    @OptionGroup var place: TenantOption
    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        try await TicketPart.list(
            place.endpoint(API.Tickets.configurations, client.names), of: ticket, "configurations",
            [.id, Column(Reference.CodingKeys.name).key],
            upTo: nil, with: client)
    }
}
