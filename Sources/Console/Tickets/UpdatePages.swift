import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Writing to a ticket: a note, time and the status, in one panel.
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

/// Why nothing can be written to any ticket; nil when it can.
private func obstacle(_ visit: Visit) async throws -> [Block]? {
    if visit.isOff(.connectWise) { return Block.switchedOff(visit) }
    return try await visit.disconnection().map { [.notConnected(visit, $0)] }
}

/// Where somebody begins who has no ticket yet.
private let choosing = PageRoute(method: .get, path: "/tickets/update", role: .engineer) { visit in
    if let ticket = TicketNumber.typed(visit.query["ticket_id"]) { return .redirect("/tickets/\(ticket)/update") }
    let field = Field(
        "ticket_id", "Ticket", .ticket, help: "Words of the summary, or the number.", placeholder: "10042, or printer",
        focused: true)
    var blocks =
        try await obstacle(visit)
        ?? [Filters.block("/tickets/update", [field], visit, clear: false, submit: "Update this ticket")]
    if visit.query["ticket_id"]?.isEmpty == false {
        blocks.insert(.notice(.warning, nil, "Choose a ticket from the list, or type its number."), at: 0)
    }
    return .page(
        Page(
            title: "Update a ticket", lead: "Choose it first; then write a note, log time or change the status.",
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
        let id = try visit.parameter()
        switch left["act"] {
        case "anew": return .page(try await UpdatePanel.anew(visit))
        case "retry": try await retry(id)
        default: try await send(id)
        }
        // The script forgets the draft of the form that is named.
        return .redirect(
            Visit.href("/tickets/\(id)", ["taken": left["_once"] ?? ""]), said.joined(separator: " "))
    }

    private mutating func send(_ id: String) async throws {
        let path = try await visit.tickets() + "/\(id)"
        let (text, time) = (self.text, self.time)
        let status = try status()
        if !text.isEmpty {
            var body = time
            body["text"] = .text(text)
            body["note_type"] = left["note_type"].map { .text($0) }
            if left["text_in_time"] == "true" { body["text_in_time"] = .flag(true) }
            body.merge(status ?? ["update_status": .flag(false)]) { $1 }
            // The settings say it where we cannot know them.
            if left["status_id"] == "default", status == nil { body["update_status"] = nil }
            try await ask(.post, path + "/log-change", body)
            return
        }
        let isTimed = time["minutes"].map { $0 != .number(0) } ?? false
        let moves = status?["status_id"] == nil ? nil : status
        guard isTimed || moves != nil else {
            throw Problem.invalid([
                .init(field: "text", code: "required", message: "Write something, log time, or choose another status.")
            ])
        }
        if isTimed {
            var body = time
            if left["text_in_time"] == "true", let text = left["time_text"], !text.isEmpty {
                body["text"] = .text(text)
            }
            try await ask(.post, path + "/time", body)
            left = left.with(["minutes": "0", "time_text": nil])
        }
        if moves != nil { try await move(path) }
    }

    private mutating func move(_ path: String) async throws {
        guard var body = try status() else { return }
        body["update_status"] = nil
        // A name of its own: the form's other request has the form's.
        try await ask(.patch, path + "/status", body, step: "-status")
    }

    /// Tries what was refused again, as it was written; then what was to come after it.
    private mutating func retry(_ id: String) async throws {
        let post = left["post"] ?? ""
        guard !post.isEmpty, post.utf8.allSatisfy(\.isDigit) else { throw Problem.notFound("post") }
        var body: [String: Value] = [:]
        for name in ["work_role_id", "work_type_id"] {
            if let chosen = left["retry_" + name], !chosen.isEmpty { body[name] = .text(chosen) }
        }
        do {
            note(try await visit.send(.post, "/integrations/psa/posts/\(post)/retry", body))
        } catch let problem as Problem where problem.code == "nothing_to_retry" {
            said.append("It was written meanwhile.")
        }
        guard left["status_left"] == "true" else { return }
        left = left.with(["post": nil, "status_left": nil, "minutes": "0"])
        try await move(try await visit.tickets() + "/\(id)")
    }

    /// Asks for a write, the first of the form in place of what failed.
    private mutating func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: [String: Value], step: String = ""
    ) async throws {
        var body = body
        if let post = left["replaces"], !post.isEmpty { body["replaces"] = Value(typed: post) }
        do {
            note(try await visit.send(method, path, body, step: step))
        } catch let problem as Problem {
            // Where a post came of it, what it was to replace is replaced.
            if problem.instance != nil { left = left.with(["replaces": nil]) }
            throw problem
        }
        left = left.with(["replaces": nil])
    }

    private mutating func note(_ answer: Value) {
        said.append(answer["message"].words)
        said += answer["warnings"].elements.map(\.words)
    }

    /// The note without empty lines around it. The first line may be indented: that is code in Markdown.
    private var text: String {
        (left["text"] ?? "").withoutBlankEnds
    }

    private var time: [String: Value] {
        var time: [String: Value] = [:]
        for name in ["work_role_id", "work_type_id", "billable"] {
            if let value = left[name], !value.isEmpty { time[name] = .text(value) }
        }
        let typed = (left["minutes"] ?? "").trimmingCharacters(in: .whitespaces)
        if typed.isEmpty {
            // Left to the settings where we could not show them.
            if left["defaults"] != "unknown" || text.isEmpty { time["minutes"] = .number(0) }
        } else {
            time["minutes"] = Value(typed: typed)
        }
        return time
    }

    /// The status that is wanted, if another one is.
    private func status() throws -> [String: Value]? {
        let closing = left["closing_status_id"] ?? ""
        let chosen = closing.isEmpty ? left["status_id"] ?? "" : closing
        // The settings know which, also where the board is not known.
        if chosen == "auto" { return ["update_status": .flag(true)] }
        guard !chosen.isEmpty, chosen != "default" else { return nil }
        if !closing.isEmpty, left["closing_confirmed"] != "true" {
            throw Problem.invalid([
                .init(
                    field: "closing_status_id", code: "required",
                    message: "Say that you mean it: this closes the ticket.")
            ])
        }
        let refusing = (left["refusing_time"] ?? "").splitBytes(on: ",")
        if closing.isEmpty, time["minutes"] != .number(0), refusing.contains(where: { $0 == chosen }) {
            throw Problem.invalid([
                .init(
                    field: "status_id", code: "wrong_value",
                    message: "This status takes no time. Log none, or choose another.")
            ])
        }
        var body: [String: Value] = ["update_status": .flag(true), "status_id": .text(chosen)]
        if let present = left["present_status"], !present.isEmpty { body["expected_status_id"] = .text(present) }
        return body
    }
}
