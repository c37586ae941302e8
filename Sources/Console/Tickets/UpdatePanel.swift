import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The panel: the text on the left, what it becomes on the right. What was refused is shown as it was written, to be tried
/// again or written anew.
struct UpdatePanel {
    private let visit: Visit
    private let entries: Entries?
    private let problem: Problem?
    private let said: [String]

    /// - Parameters:
    ///   - entries: what was typed, without what was done.
    ///   - problem: why it was not done.
    ///   - said: what was done all the same, in sentences.
    init(_ visit: Visit, entries: Entries? = nil, problem: Problem? = nil, said: [String] = []) {
        self.visit = visit
        self.entries = entries
        self.problem = problem
        self.said = said
    }

    /// The form with what is missing of what was refused, to be changed.
    static func anew(_ visit: Visit) async throws -> Page {
        var left = visit.entries.with([
            "act": nil, "post": nil, "status_left": nil, "present_status": nil, "replaces": visit.entries["post"],
        ])
        for name in ["work_role_id", "work_type_id"] {
            if let chosen = left["retry_" + name], !chosen.isEmpty { left = left.with([name: chosen]) }
        }
        let parts = try await parts(of: visit.entries["post"] ?? "", visit)
        let done = Set(parts.filter { ["sent", "skipped"].contains($0["state"].words) }.map(\.["kind"].words))
        if done.contains("note") { left = left.with(["time_text": left["text"], "text": nil]) }
        if done.contains("time") { left = left.with(["minutes": "0", "time_text": nil]) }
        if done.contains("status") { left = left.with(["status_id": nil, "closing_status_id": nil]) }
        return try await UpdatePanel(visit, entries: left).page()
    }

    /// The form as it was, for the customer that it was opened for.
    static func switchedBack(_ visit: Visit) async throws -> Page {
        var visit = visit
        let opened = visit.entries["back"] ?? ""
        visit.chosenTenant = Int(opened) == nil ? nil : opened
        var page = try await UpdatePanel(visit, entries: visit.entries).page()
        page.choosing = visit.chosenTenant ?? ""
        return page
    }

    /// What was asked for together with a post, in its order.
    private static func parts(of post: String, _ visit: Visit) async throws -> [Value] {
        guard !post.isEmpty, post.utf8.allSatisfy(\.isDigit) else { throw Problem.notFound("post") }
        let found = try await visit.get("/integrations/psa/posts/\(post)")
        let near = try await visit.get(
            "/integrations/psa/posts", ["ticket_id": found["ticket_id"].words, "limit": "100"])
        let parts = near.items.filter { $0["post_request_id"] == found["post_request_id"] }
        return parts.isEmpty ? [found] : parts.reversed()
    }

    func page() async throws -> Page {
        let id = try visit.parameter()
        let path = try await visit.tickets() + "/\(id)"
        var page = Page(title: "Update #\(id)", crumb: ("#\(id)", "/tickets/\(id)"), blocks: Block.switchedOff(visit))
        var ticket: Value?
        do {
            ticket = try await visit.get(path)
        } catch let failed as Problem where entries != nil || failed.status != .notFound {
            // What is written is taken all the same, and written when ConnectWise is back.
            if problem == nil || failed.code != problem?.code { page.blocks.append(Self.unread(failed)) }
        }
        page.heading = ticket == nil ? "Update #\(id)" : "Update ticket"
        let statuses = ticket == nil ? [] : (try? await visit.get(path + "/statuses", statusQuery(ticket)).items) ?? []
        let refused = problem?.instance?.splitBytes(on: "/").last.map(String.init) ?? entries?["post"] ?? ""
        if let entries, let problem, !refused.isEmpty {
            let parts = (try? await Self.parts(of: refused, visit)) ?? []
            page.blocks.append(
                try await refusal(
                    Refusal(post: refused, parts: parts, entries: entries, problem: problem), ticket, statuses))
        } else {
            page.blocks.append(try await form(id, ticket, statuses))
        }
        return page
    }

    private static func unread(_ failed: Problem) -> Block {
        switch failed.status {
        case .tooManyRequests: .notice(.warning, "The ticket is not shown.", failed.detail)
        case .notFound, .conflict: .notice(.warning, nil, failed.detail)
        default:
            .notice(
                .warning, "ConnectWise cannot be asked.",
                "\(failed.detail.asSentence) What you write is kept and sent by itself.")
        }
    }

    private func statusQuery(_ ticket: Value?) -> [String: String] {
        var query = ["closing": "true"]
        if let board = ticket?["board"]["id"].string { query["board_id"] = board }
        return query
    }

    static func card(_ ticket: Value) -> Model {
        Model([
            "ticketID": ticket["id"].words, "summary": ticket["summary"].words,
            "status": Badge.ticket(ticket).model, "priority": Badge.priority(ticket).model,
            "place": [ticket["company"]["name"].string, ticket["board"]["name"].string].compactMap(\.self)
                .joined(separator: " · "), "ticketLink": ticket["link"].string,
        ])
    }

    // MARK: Writing

    private func form(_ id: String, _ ticket: Value?, _ statuses: [Value]) async throws -> Block {
        let defaults = try await Defaults(ticket, visit)
        // What takes no more time cannot be chosen by itself while time is logged by itself.
        let refusing = statuses.filter { $0["time_entry_not_allowed"].isTrue && !$0["closed"].isTrue }.map(
            \.["id"].words)
        // A closed ticket, say: what its status refuses is not asked for by itself.
        let takesTime = !statuses.contains {
            $0["id"] == ticket?["status"]["id"] && $0["time_entry_not_allowed"].isTrue
        }
        let given = entries ?? defaults.entries(refusing).with(takesTime ? [:] : ["minutes": "0"])
        let errors = problem?.atFields ?? [:]
        let fields = try await fields(
            ticket, statuses, defaults, hasRefusing: !refusing.isEmpty, takesTime: takesTime)
        let closing =
            statuses.isEmpty
            ? keeping("closing_status_id", [])
            : statuses.filter { $0["closed"].isTrue && $0["id"] != ticket?["status"]["id"] }
                .map { ($0["id"].words, $0["name"].words) }
        let shown = fields.map(\.name) + ["text"] + (closing.isEmpty ? [] : ["closing_status_id"])
        var failure = problem?.summary(of: shown)
        if !said.isEmpty { failure = (said + [failure ?? ""]).joined(separator: " ") }
        let isOvertaken = problem?.code == "not_replaceable"
        if isOvertaken { failure = (problem?.detail ?? "") + " If it is meant so, send it again." }
        if problem?.code == "idempotency_key_reused" {
            failure =
                "What you sent first was taken; look at the ticket. Send this too if it is meant as another update."
        }
        // What may have been taken although it was not answered keeps its name, and is not done twice.
        let isElsewhere = problem?.code == Tenancy.scopeChanged
        let isUnclear = (problem?.status.code ?? 0) >= 500 && said.isEmpty || isElsewhere || entries?["act"] == "back"
        let opened = entries?["scope"] ?? ""
        return Block(
            "update",
            [
                "formAction": "/tickets/\(id)/update", "cancelHref": "/tickets/\(id)", "text": given["text"] ?? "",
                "once": isUnclear ? entries?["_once"] ?? Console.random() : Console.random(),
                "scope": try await Tenancy.scope(visit),
                "back": isElsewhere
                    ? await Tenancy.name(of: opened, visit).map {
                        ["backTo": opened, "backLabel": "Switch back to \($0)"] as Model
                    } : nil,
                "textError": errors["text"], "longest": ticket?["longest_note"].string ?? "50000",
                "fields": fields.map { $0.model(given, errors: errors) },
                "card": ticket.map { Self.card($0) }, "isAgain": entries != nil,
                "hidden": Self.hidden([
                    "present_status": ticket == nil ? given["present_status"] : ticket?["status"]["id"].string,
                    "defaults": defaults.isKnown ? nil : "unknown", "time_text": given["time_text"],
                    "replaces": isOvertaken ? nil : given["replaces"],
                    "refusing_time": ticket == nil ? given["refusing_time"] : refusing.joined(separator: ","),
                ]), "closing": Self.closing(closing, given, errors["closing_status_id"]), "failure": failure,
                "submitLabel": problem == nil ? "Update ticket" : "Try again",
            ])
    }

    private static func hidden(_ values: [String: String?]) -> [Model] {
        values.compactMapValues { $0.flatMap { $0.isEmpty ? nil : $0 } }.sorted { $0.key < $1.key }.map {
            ["hiddenName": $0.key, "hiddenValue": $0.value]
        }
    }

    private static func closing(
        _ choices: [(value: String, label: String)], _ given: Entries, _ error: String?
    ) -> Model? {
        guard !choices.isEmpty else { return nil }
        return Model([
            "closingError": error, "isOpen": !(given["closing_status_id"] ?? "").isEmpty,
            "isConfirmed": given["closing_confirmed"] == "true",
            "options": choices.map {
                [
                    "optionValue": $0.value, "optionLabel": $0.label,
                    "isSelected": $0.value == given["closing_status_id"],
                ] as Model
            },
        ])
    }

    /// The choices, with what was chosen before also when its name cannot be read any more.
    private func keeping(
        _ name: String, _ choices: [(value: String, label: String)]
    ) -> [(value: String, label: String)] {
        guard let chosen = entries?[name], !chosen.isEmpty, !choices.contains(where: { $0.value == chosen }) else {
            return choices
        }
        return choices + [(chosen, "The one that was chosen before")]
    }

    private func fields(
        _ ticket: Value?, _ statuses: [Value], _ defaults: Defaults, hasRefusing: Bool, takesTime: Bool
    ) async throws -> [Field] {
        let timeText = entries?["time_text"] ?? ""
        return [
            Field(
                "note_type", "Note",
                .radios([
                    ("internal_analysis", "Internal analysis", nil),
                    ("resolution", "Resolution", "ConnectWise's own settings may show it to the customer."),
                    ("description", "Description", "This note will be visible to the customer."),
                ])),
            Field(
                "minutes", "Time, in minutes", .number,
                help: takesTime
                    ? defaults.isKnown ? "0 for none." : "Empty: as the connection has it. 0 for none."
                    : "The ticket's status takes no time.",
                optional: true),
        ] + (try await work(defaults)) + [
            Field(
                "billable", "Billing",
                .choice([
                    ("", "As ConnectWise has it"), ("billable", "Billable"), ("do_not_bill", "Do not bill"),
                    ("no_charge", "No charge"),
                ]), optional: true),
            Field(
                "text_in_time", "Put the note into the time entry too", .flag,
                help: timeText.isEmpty ? nil : "The note that was written before."),
            Field(
                "status_id", "Status",
                .choice(statusChoices(ticket, statuses, defaults)),
                help: hasRefusing ? "One that takes no time can be chosen when no time is logged." : nil,
                optional: true),
        ]
    }

    /// Work role and type, as far as they can be read.
    private func work(_ defaults: Defaults) async throws -> [Field] {
        let path = try await visit.psa()
        var fields: [Field] = []
        for (name, label, list) in [
            ("work_role_id", "Work role", "work-roles"), ("work_type_id", "Work type", "work-types"),
        ] {
            let choices = keeping(name, (try? await Choices.named(visit, "\(path)/\(list)")) ?? [])
            guard !choices.isEmpty else { continue }
            fields.append(
                Field(name, label, .choice([("", defaults.label(of: name))] + choices), optional: true))
        }
        return fields
    }

    private func statusChoices(
        _ ticket: Value?, _ statuses: [Value], _ defaults: Defaults
    ) -> [(value: String, label: String)] {
        guard let ticket else {
            let stays = (value: "", label: "As it is")
            if !defaults.isKnown { return keeping("status_id", [("default", "As the connection has it"), stays]) }
            return keeping(
                "status_id", defaults.movesStatus ? [("auto", "The one that is set for its board"), stays] : [stays])
        }
        let present = ticket["status"]["name"].string.map { "\($0) (as it is)" } ?? "As it is"
        let open = statuses.filter { !$0["closed"].isTrue && $0["id"] != ticket["status"]["id"] }
        if statuses.isEmpty { return keeping("status_id", [("", present)]) }
        return [("", present)]
            + open.map {
                ($0["id"].words, $0["name"].words + ($0["time_entry_not_allowed"].isTrue ? " (takes no time)" : ""))
            }
    }

    // MARK: What was refused

    private struct Refusal {
        let post: String
        let parts: [Value]
        let entries: Entries
        let problem: Problem

        var canRetry: Bool { !parts.contains(where: PostWords.isOvertaken) }
        var isTimeMissing: Bool {
            parts.contains { $0["kind"].words == "time" && $0["state"].words == "failed" }
        }
        /// The role is to be chosen only among those that are valid, where ConnectWise said which.
        var validRoles: [Value] { parts.flatMap(\.["work_roles"].elements) }
        /// Whether the form also wanted a status, as a request of its own that did not come to pass.
        var isStatusLeft: Bool {
            let chosen =
                (entries["closing_status_id"] ?? "").isEmpty ? entries["status_id"] : entries["closing_status_id"]
            return !["", "auto", "default"].contains(chosen ?? "") && parts.map(\.["request_kind"].words) == ["time"]
        }
    }

    private func refusal(_ refusal: Refusal, _ ticket: Value?, _ statuses: [Value]) async throws -> Block {
        let (id, entries) = (try visit.parameter(), refusal.entries)
        let kept = [
            "note_type", "minutes", "billable", "text_in_time", "time_text", "status_id", "closing_status_id",
            "closing_confirmed", "present_status", "refusing_time", "defaults", "work_role_id", "work_type_id",
        ]
        var hidden: [String: String?] = ["post": refusal.post]
        for name in kept { hidden[name] = entries[name] }
        if refusal.isStatusLeft { hidden["status_left"] = "true" }
        let isNoted = refusal.parts.contains { $0["kind"].words == "note" && $0["state"].words == "sent" }
        let fields = refusal.canRetry && refusal.isTimeMissing ? try await retryFields(refusal) : []
        return Block(
            "refused",
            [
                "formAction": "/tickets/\(id)/update", "cancelHref": "/tickets/\(id)", "text": entries["text"] ?? "",
                "hasText": !(entries["text"] ?? "").isEmpty,
                "textLabel": isNoted ? "Note, as it was written" : "Note, not written yet",
                "scope": try await Tenancy.scope(visit), "once": Console.random(), "card": ticket.map { Self.card($0) },
                "hidden": Self.hidden(hidden),
                "failure": (said + [refusal.problem.detail]).joined(separator: " "),
                "postHref": "/integrations/posts/\(refusal.post)", "canRetry": refusal.canRetry,
                "fields": fields.map { $0.model(Entries(), errors: [:]) },
                "parts": outcome(refusal, statuses).model,
            ])
    }

    private func retryFields(_ refusal: Refusal) async throws -> [Field] {
        try await work(Defaults(nil, visit)).map { field in
            let isRole = field.name == "work_role_id"
            var choices: [(value: String, label: String)] = []
            if isRole, !refusal.validRoles.isEmpty {
                choices = refusal.validRoles.map { ($0["id"].words, $0["name"].words) }
            } else if case .choice(let all) = field.kind {
                choices = [("", "As it was written")] + all.dropFirst()
            }
            return Field(
                "retry_" + field.name,
                isRole && !refusal.validRoles.isEmpty ? "Work role that is valid here" : field.label, .choice(choices))
        }
    }

    /// What became of each part.
    private func outcome(_ refusal: Refusal, _ statuses: [Value]) -> Block {
        let chosen = [refusal.entries["closing_status_id"], refusal.entries["status_id"]].compactMap(\.self)
            .first { !$0.isEmpty }
        let name = statuses.first { $0["id"].words == chosen }.map { "Status: \($0["name"].words)" }
        var rows = refusal.parts.map { part -> [Cell] in
            let isStatus = part["kind"].words == "status" && part["status_to"] == .null
            let badge =
                part["error_code"].words == "not_tried" ? Badge(.muted, "not tried") : PostWords.badge(part)
            return [
                .main(isStatus ? name ?? "Status" : PostWords.what(part)), .badge(badge, sub: part["error"].string),
            ]
        }
        if refusal.isStatusLeft {
            rows.append([.main(name ?? "Status"), .badge(Badge(.muted, "not tried"), sub: "Comes after the time.")])
        }
        return Table(caption: "What became of it", columns: ["Part", "State"], rows: rows, isStacking: true)
            .block
    }
}

/// What applies to a write where nobody says anything: as the ticket's answer has it, or our own settings of the connection
/// when the ticket cannot be read.
private struct Defaults {
    private let values: Value?

    init(_ ticket: Value?, _ visit: Visit) async throws {
        if let ticket {
            values = ticket["defaults"]
            return
        }
        guard let settings = try? await visit.settingsInUse() else {
            values = nil
            return
        }
        values = .object([
            "minutes": settings["default_minutes"], "note_type": settings["note_type"],
            "work_role": settings["work_role"], "work_type": settings["work_type"],
            "auto_update_status": settings["auto_update_status"],
        ])
    }

    /// False for those who may not see the connection: then what they leave out is left to the settings.
    var isKnown: Bool { values != nil }
    var movesStatus: Bool { values?["auto_update_status"].isTrue ?? false }

    /// What the form begins with.
    /// - Parameter refusing: statuses that take no time.
    func entries(_ refusing: [String]) -> Entries {
        var values: [String: String?] = ["note_type": self.values?["note_type"].string ?? "internal_analysis"]
        guard let known = self.values else { return Entries(values.merging(["status_id": "default"]) { $1 }) }
        values["minutes"] = known["minutes"].string ?? "15"
        if movesStatus {
            let status = known["status"]["id"].string
            values["status_id"] = known["status"] == .null ? "auto" : refusing.contains(status ?? "") ? nil : status
        }
        return Entries(values)
    }

    /// What it means to choose no work role or type.
    func label(of field: String) -> String {
        guard let values else { return "As the connection has it" }
        let name = values[field.replacing(/_id$/, with: "")]["name"].string
        return name.map { "Default of the connection: \($0)" } ?? "As ConnectWise has it"
    }
}
