import Accounts
import Foundation
import HTTPTypes
import WebSupport

/// Writing to a ticket: a note, time and the status, in one panel.
func updatePages() -> [PageRoute] {
    let path = "/tickets/{id}/update"
    return [
        choosing,
        .get(path, .engineer) { try await UpdatePanel($0).page() },
        .post(path, .engineer) { visit in
            do {
                return try await UpdatePanel.send(visit)
            } catch let problem as Problem {
                var page = try await UpdatePanel(visit, entries: visit.entries, problem: problem).page()
                page.status = problem.status
                return .page(page)
            }
        },
        .post("/tickets/preview", .engineer) { visit in
            .fragment("preview", ["html": Markdown.html(visit.entries["text"] ?? "")])
        },
    ]
}

/// Where somebody begins who has no ticket yet.
private let choosing = PageRoute(method: .get, path: "/tickets/update", role: .engineer) { visit in
    let ticket = (visit.query["ticket_id"] ?? "").trimmingCharacters(in: .whitespaces).trimmingPrefix("#")
    if !ticket.isEmpty, ticket.allSatisfy(\.isNumber) { return .redirect("/tickets/\(ticket)/update") }
    let field = Field(
        "ticket_id", "Ticket", .ticket, help: "Words of the summary, or the number.", placeholder: "10042, or printer",
        focused: true)
    var blocks = [Filters.block("/tickets/update", [field], visit, clear: false, submit: "Update this ticket")]
    if !ticket.isEmpty {
        blocks.insert(.notice(.warning, nil, "Choose a ticket from the list, or type its number."), at: 0)
    }
    return .page(
        Page(
            title: "Update a ticket", lead: "Choose it first; then write a note, log time or change the status.",
            crumb: ("Tickets", "/tickets"), blocks: blocks))
}

/// The panel: the text on the left, what it becomes on the right.
private struct UpdatePanel {
    private let visit: Visit
    private let entries: Entries?
    private let problem: Problem?

    init(_ visit: Visit, entries: Entries? = nil, problem: Problem? = nil) {
        self.visit = visit
        self.entries = entries
        self.problem = problem
    }

    func page() async throws -> Page {
        let id = try visit.parameter()
        let path = try await visit.tickets() + "/\(id)"
        var page = Page(title: "Update #\(id)", crumb: ("#\(id)", "/tickets/\(id)"), blocks: [])
        let ticket: Value?
        do {
            ticket = try await visit.get(path)
        } catch let failed as Problem where failed.status != .notFound && failed.code != "not_connected" {
            // What is written is taken all the same, and written when ConnectWise is back.
            ticket = nil
            let isBusy = failed.status == .tooManyRequests
            page.blocks.append(
                .notice(
                    .warning, isBusy ? "The ticket is not shown." : "ConnectWise cannot be asked.",
                    isBusy ? failed.detail : "\(failed.detail) What you write is kept and sent by itself."))
        }
        let statuses = ticket == nil ? [] : (try? await visit.get(path + "/statuses", statusQuery(ticket)).items) ?? []
        page.heading = ticket == nil ? "Update #\(id)" : "Update ticket"
        page.blocks.append(try await panel(id, ticket, statuses))
        return page
    }

    private func statusQuery(_ ticket: Value?) -> [String: String] {
        var query = ["closing": "true"]
        if let board = ticket?["board"]["id"].string { query["board_id"] = board }
        return query
    }

    private func panel(_ id: String, _ ticket: Value?, _ statuses: [Value]) async throws -> Block {
        let defaults = ticket?["defaults"] ?? .null
        let given =
            entries
            ?? Entries([
                "note_type": defaults["note_type"].string ?? "internal_analysis",
                "minutes": defaults["minutes"].string ?? "15", "work_role_id": defaults["work_role"]["id"].string,
                "work_type_id": defaults["work_type"]["id"].string,
                "status_id": defaults["auto_update_status"].isTrue ? defaults["status"]["id"].string : nil,
            ])
        var errors: [String: String] = [:]
        for error in problem?.errors ?? [] { errors[error.field] = error.message }
        let controls = try await fields(ticket, statuses).map { $0.model(given, errors: errors) }
        let closing = statuses.filter { $0["closed"].isTrue && $0["id"] != ticket?["status"]["id"] }
        return Block(
            "update",
            [
                "formAction": "/tickets/\(id)/update", "cancelHref": "/tickets/\(id)", "text": given["text"] ?? "",
                "textError": errors["text"], "longest": ticket?["longest_note"].string ?? "32000", "fields": controls,
                "card": ticket.map { Self.card($0) },
                "closing": closing.isEmpty
                    ? nil
                    : Model([
                        "closingError": errors["closing_status_id"],
                        "isOpen": !(given["closing_status_id"] ?? "").isEmpty,
                        "isConfirmed": given["closing_confirmed"] == "true",
                        "options": closing.map {
                            [
                                "optionValue": $0["id"].words, "optionLabel": $0["name"].words,
                                "isSelected": $0["id"].words == given["closing_status_id"],
                            ] as Model
                        },
                    ]),
                "presentStatus": ticket?["status"]["id"].string, "failure": try await failure(),
            ])
    }

    static func card(_ ticket: Value) -> Model {
        Model([
            "ticketID": ticket["id"].words, "summary": ticket["summary"].words,
            "status": Badge.ticket(ticket).model, "priority": Badge.priority(ticket).model,
            "place": [ticket["company"]["name"].string, ticket["board"]["name"].string].compactMap(\.self)
                .joined(separator: " · "), "ticketLink": ticket["link"].string,
        ])
    }

    private func fields(_ ticket: Value?, _ statuses: [Value]) async throws -> [Field] {
        let open = statuses.filter { !$0["closed"].isTrue && $0["id"] != ticket?["status"]["id"] }
        let present = ticket?["status"]["name"].string.map { "\($0) (as it is)" } ?? "As it is"
        var fields = [
            Field(
                "note_type", "Note",
                .radios([
                    ("internal_analysis", "Internal analysis", nil),
                    ("resolution", "Resolution", "ConnectWise's own settings may show it to the customer."),
                    ("description", "Description", "This note will be visible to the customer."),
                ])),
            Field("minutes", "Time, in minutes", .number, help: "0 for none.", optional: true),
        ]
        for (name, label, list) in [
            ("work_role_id", "Work role", "work-roles"), ("work_type_id", "Work type", "work-types"),
        ] {
            guard let choices = try? await Choices.named(visit, "/integrations/psa/\(list)"), !choices.isEmpty else {
                continue
            }
            fields.append(Field(name, label, .choice([("", "As ConnectWise has it")] + choices), optional: true))
        }
        fields.append(
            Field(
                "billable", "Billing",
                .choice([
                    ("", "As ConnectWise has it"), ("billable", "Billable"), ("do_not_bill", "Do not bill"),
                    ("no_charge", "No charge"),
                ]), optional: true))
        fields.append(Field("text_in_time", "Put the note into the time entry too", .flag))
        fields.append(
            Field(
                "status_id", "Status",
                .choice(
                    [("", present)]
                        + open.map {
                            let note = $0["time_entry_not_allowed"].isTrue ? " (takes no more time)" : ""
                            return ($0["id"].words, $0["name"].words + note)
                        }), optional: true))
        return fields
    }

    /// What was refused, what was done all the same, and how to try again only what is missing.
    private func failure() async throws -> Model? {
        guard let problem else { return nil }
        guard let instance = problem.instance, let id = instance.split(separator: "/").last.map(String.init) else {
            return Model([
                "failureText": problem.errors.isEmpty
                    ? problem.detail : "Please look at the marked fields. \(problem.detail)"
            ])
        }
        let post = try await visit.get("/integrations/psa/posts/\(id)")
        return Model([
            "failureText": problem.detail, "retryHref": "/integrations/posts/\(id)/retry",
            "postHref": "/integrations/posts/\(id)",
            "roles": post["work_roles"].elements.isEmpty
                ? nil
                : Model([
                    "options": post["work_roles"].elements.map {
                        ["optionValue": $0["id"].words, "optionLabel": $0["name"].words] as Model
                    }
                ]),
        ])
    }

    // MARK: Sending

    static func send(_ visit: Visit) async throws -> Outcome {
        let (entries, id) = (visit.entries, try visit.parameter())
        let path = try await visit.tickets() + "/\(id)"
        let text = (entries["text"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        var time: [String: Value] = [:]
        for name in ["work_role_id", "work_type_id", "billable"] {
            if let value = entries[name], !value.isEmpty { time[name] = .text(value) }
        }
        let typed = (entries["minutes"] ?? "").trimmingCharacters(in: .whitespaces)
        time["minutes"] = typed.isEmpty ? .number(0) : Double(typed).map(Value.number) ?? .text(typed)
        let status = try status(entries)
        var answers: [Value] = []
        if !text.isEmpty {
            var body = time
            body["text"] = .text(text)
            body["note_type"] = entries["note_type"].map { .text($0) }
            if entries["text_in_time"] == "true" { body["text_in_time"] = .flag(true) }
            body["update_status"] = .flag(status != nil)
            if let status { body.merge(status) { $1 } }
            answers.append(try await visit.send(.post, path + "/log-change", body))
        } else {
            if time["minutes"] != .number(0) { answers.append(try await visit.send(.post, path + "/time", time)) }
            if let status { answers.append(try await visit.send(.patch, path + "/status", status, step: "-status")) }
        }
        guard !answers.isEmpty else {
            throw Problem.invalid([
                .init(field: "text", code: "required", message: "Write something, log time, or choose another status.")
            ])
        }
        let said = answers.map(\.["message"].words) + answers.flatMap(\.["warnings"].elements).map(\.words)
        return .redirect("/tickets/\(id)", said.joined(separator: " "))
    }

    /// The status that is wanted, if another one is.
    private static func status(_ entries: Entries) throws -> [String: Value]? {
        let closing = entries["closing_status_id"] ?? ""
        let chosen = closing.isEmpty ? entries["status_id"] ?? "" : closing
        guard !chosen.isEmpty else { return nil }
        if !closing.isEmpty, entries["closing_confirmed"] != "true" {
            throw Problem.invalid([
                .init(
                    field: "closing_status_id", code: "required",
                    message: "Say that you mean it: this closes the ticket.")
            ])
        }
        var body: [String: Value] = ["status_id": .text(chosen)]
        if let present = entries["present_status"], !present.isEmpty { body["expected_status_id"] = .text(present) }
        return body
    }
}

// MARK: Picker

/// What the ticket picker asks for while somebody types.
func pickerPages() -> [PageRoute] {
    [
        PageRoute(method: .get, path: "/tickets/pick", role: .viewer) { visit in
            let text = (visit.query["q"] ?? "").trimmingCharacters(in: .whitespaces).trimmingPrefix("#")
            do {
                let path = try await visit.tickets()
                let found =
                    text.isEmpty
                    ? try await visit.get(path + "/recent").items
                    : try await visit.get(path + "/search", ["q": String(text), "limit": "8", "open": "false"]).items
                let nothing =
                    text.isEmpty
                    ? "Type words of the summary, or the number." : "No tickets found. Try fewer words, or the number."
                return .fragment(
                    "picks",
                    Model([
                        "picks": found.map(UpdatePanel.card), "isRecent": text.isEmpty && !found.isEmpty,
                        "nothing": found.isEmpty ? nothing : nil,
                    ]))
            } catch let problem as Problem {
                return .fragment("picks", ["picks": [Model](), "nothing": problem.detail])
            }
        },
        PageRoute(method: .get, path: "/tickets/pick/{id}", role: .viewer) { visit in
            let id = try visit.parameter()
            do {
                let ticket = try await visit.get(try await visit.tickets() + "/\(id)")
                return .fragment("picked", UpdatePanel.card(ticket))
            } catch let problem as Problem {
                return .fragment(
                    "picked",
                    [
                        "pickProblem": problem.status == .notFound
                            ? "There is no ticket \(id), or none that you may see." : problem.detail
                    ])
            }
        },
    ]
}
