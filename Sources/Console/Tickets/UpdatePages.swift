import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Updating a ticket: a note, time and the status, in one panel.
func updatePages() -> [PageRoute] {
    let path = "/tickets/{id}/update"
    return [
        choosing,
        .get(path, .engineer) { visit in
            if let obstacle = try await obstacle(visit) {
                let id = try visit.parameter()
                return Page(title: "Update #\(id)", crumb: ("#\(id)", "/tickets/\(id)"), blocks: obstacle)
            }
            return try await UpdatePanel(visit).page()
        },
        PageRoute(
            method: .post, path: path, role: .engineer,
            again: { visit, problem in
                try await UpdatePanel(visit, entries: visit.entries, problem: problem).page()
            },
            handle: { visit in
                var update = Update(visit)
                do {
                    if visit.entries["act"] == "back" { return .page(try await UpdatePanel.switchedBack(visit)) }
                    try await Tenancy.checkScope(visit)
                    return try await update.run()
                } catch let problem as Problem {
                    let panel = UpdatePanel(visit, entries: update.left, problem: problem, said: update.said)
                    var page = try await panel.page()
                    page.status = problem.status
                    return .page(page)
                }
            }),
        .post("/tickets/preview", .engineer) { visit in
            .fragment("preview", ["html": await visit.markdown.html(visit.entries["text"] ?? "")])
        },
    ]
}

/// Why no ticket can be updated; nil when they can.
private func obstacle(_ visit: Visit) async throws -> [Block]? {
    if visit.isOff(.connectWise) { return Block.switchedOff(visit) }
    return try await visit.disconnection().map { [.notConnected(visit, $0)] }
}

/// Where users begin who have no ticket yet.
private let choosing = PageRoute(method: .get, path: "/tickets/update", role: .engineer) { visit in
    if let ticket = TicketNumber.typed(visit.query["ticket_id"]) { return .redirect("/tickets/\(ticket)/update") }
    let field = Field(
        "ticket_id", "Ticket", .ticket, help: "Enter words of the summary, or the number.",
        placeholder: "10042, or printer",
        focused: true)
    var blocks =
        try await obstacle(visit)
        ?? [Filters.block("/tickets/update", [field], visit, clear: false, submit: "Update this ticket")]
    if visit.query["ticket_id"]?.isEmpty == false {
        blocks.insert(.notice(.warning, nil, "Choose a ticket from the list, or enter its number."), at: 0)
    }
    return .page(
        Page(
            title: "Update a ticket", lead: "Choose a ticket. Then add a note, log time or update its status.",
            crumb: ("Tickets", "/tickets"), blocks: blocks))
}

/// What a form of the panel asks for, one request after the other. What was done is not asked for again.
private struct Update {
    private let visit: Visit
    /// What was typed, without what was done.
    private(set) var left: Entries
    /// What was done, in sentences.
    private(set) var said: [String] = []

    init(_ visit: Visit) {
        self.visit = visit
        left = visit.entries
    }

    mutating func run() async throws -> Outcome {
        let id = Tickets.ID(try visit.parameter())
        switch left["act"] {
        case "edit": return .page(try await UpdatePanel.edited(visit))
        case "retry": try await retry(id)
        default: try await send(id)
        }
        // The script forgets the draft of the form that is named.
        return .redirect(
            Visit.href("/tickets/\(id)", ["taken": left["_once"] ?? ""]), said.joined(separator: " "))
    }

    private typealias Member = Tickets.NewChange.CodingKeys

    private mutating func send(_ id: Tickets.ID) async throws {
        let (text, time) = (self.text, self.time)
        let status = try status()
        let isTextInTime = left[Member.includeTextInTime.rawValue] == "true"
        if !text.isEmpty {
            var body = time
            body[.text] = .text(text)
            body[.noteType] = left[Member.noteType.rawValue].map { .text($0) }
            if isTextInTime { body[.includeTextInTime] = .flag(true) }
            body.merge(status ?? [.updateStatus: .flag(false)]) { $1 }
            // The defaults say it where we cannot know them.
            if left[Member.status.rawValue] == "default", status == nil { body[.updateStatus] = nil }
            try await ask(Tickets.logChange, on: id, body)
            return
        }
        let isTimed = time[.minutes].map { $0 != 0 } ?? false
        let moves = status?[.status] == nil ? nil : status
        guard isTimed || moves != nil else {
            throw Problem.invalid([
                .init(field: "text", code: "required", message: "Write a note, log time, or choose another status.")
            ])
        }
        if isTimed {
            var body = time
            if isTextInTime, let text = left["time_text"], !text.isEmpty { body[.text] = .text(text) }
            try await ask(Tickets.logTime, on: id, body)
            left = left.with([Member.minutes.rawValue: "0", "time_text": nil])
        }
        if moves != nil { try await move(id) }
    }

    private mutating func move(_ id: Tickets.ID) async throws {
        guard let body = try status() else { return }
        // A name of its own: the form's other request has the form's.
        try await ask(Tickets.updateStatus, on: id, body, step: "-status")
    }

    /// Retries what was rejected, as it was written; then what was to come after it.
    private mutating func retry(_ id: Tickets.ID) async throws {
        guard let post = left["post"].flatMap({ Posts.ID($0) }) else { throw Problem.notFound("post") }
        var body: [Posts.Retry.CodingKeys: JSON] = [:]
        for name in [Posts.Retry.CodingKeys.workRole, .workType] {
            if let chosen = left["retry_" + name.rawValue], !chosen.isEmpty { body[name] = .text(chosen) }
        }
        do {
            note(try await visit.send(Posts.retry(post, body)))
        } catch let problem as Problem where problem.code == "nothing_to_retry" {
            said.append("It was already written.")
        }
        guard left["status_left"] == "true" else { return }
        left = left.with(["post": nil, "status_left": nil, Member.minutes.rawValue: "0"])
        try await move(id)
    }

    /// Asks for posts, the first of the form in place of what failed.
    /// - Parameter members: of a change; the operation takes those that it knows.
    private mutating func ask<Body>(
        _ operation: PSAOperation<Tickets.ID, NoQuery, Body, Posts.Request>, on id: Tickets.ID,
        _ members: [Member: JSON], step: String = ""
    ) async throws where Body: JSONBody, Body.CodingKeys: Hashable {
        var members = members
        if let post = left[Member.replaces.rawValue], !post.isEmpty { members[.replaces] = JSON(typed: post) }
        let body = Dictionary(
            members.compactMap { name, value in Body.CodingKeys(stringValue: name.rawValue).map { ($0, value) } },
            uniquingKeysWith: { $1 })
        do {
            note(try await visit.send(operation(id, for: visit.customer(), body), step: step))
        } catch let problem as Problem {
            // Where a post came of it, what it was to replace is replaced.
            if problem.instance != nil { left = left.with([Member.replaces.rawValue: nil]) }
            throw problem
        }
        left = left.with([Member.replaces.rawValue: nil])
    }

    private mutating func note(_ request: Posts.Request) {
        said.append(request.message)
        said += request.warnings
    }

    /// The note without empty lines around it. The first line may be indented: that is code in Markdown.
    private var text: String {
        (left[Member.text.rawValue] ?? "").withoutBlankEnds
    }

    private var time: [Member: JSON] {
        var time: [Member: JSON] = [:]
        for name in [Member.workRole, .workType, .billable] {
            if let value = left[name.rawValue], !value.isEmpty { time[name] = .text(value) }
        }
        let typed = (left[Member.minutes.rawValue] ?? "").trimmingCharacters(in: .whitespaces)
        if typed.isEmpty {
            // Left to the defaults where we could not show them.
            if left["defaults"] != "unknown" || text.isEmpty { time[.minutes] = 0 }
        } else {
            time[.minutes] = JSON(typed: typed)
        }
        return time
    }

    /// The status that is wanted, if another one is.
    private func status() throws -> [Member: JSON]? {
        let closing = left["closing_status_id"] ?? ""
        let chosen = closing.isEmpty ? left[Member.status.rawValue] ?? "" : closing
        // The defaults know which, also where the board is not known.
        if chosen == "auto" { return [.updateStatus: .flag(true)] }
        guard !chosen.isEmpty, chosen != "default" else { return nil }
        if !closing.isEmpty, left["closing_confirmed"] != "true" {
            throw Problem.invalid([
                .init(
                    field: "closing_status_id", code: "required",
                    message: "Confirm that you want to close the ticket.")
            ])
        }
        let refusing = (left["refusing_time"] ?? "").splitBytes(on: ",")
        if closing.isEmpty, time[.minutes] != 0, refusing.contains(where: { $0 == chosen }) {
            throw Problem.invalid([
                .init(
                    field: Member.status.rawValue, code: "wrong_value",
                    message: "This status does not accept time. Set time to 0, or choose another status.")
            ])
        }
        var body: [Member: JSON] = [.updateStatus: .flag(true), .status: .text(chosen)]
        if let present = left["present_status"], !present.isEmpty { body[.expectedStatus] = .text(present) }
        return body
    }
}
