import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The panel: the text on the left, what it becomes on the right. What was rejected is shown as it was written, to be
/// retried, or edited and sent again.
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
    static func edited(_ visit: Visit) async throws -> Page {
        var left = visit.entries.with([
            "act": nil, "post": nil, "status_left": nil, "present_status": nil, "replaces": visit.entries["post"],
        ])
        for name in Self.work {
            if let chosen = left["retry_" + name], !chosen.isEmpty { left = left.with([name: chosen]) }
        }
        let parts = try await parts(of: visit.entries["post"] ?? "", visit)
        let done = parts.filter { $0.state == .sent || $0.state == .skipped }.map(\.kind.known)
        if done.contains(.note) { left = left.with(["time_text": left["text"], "text": nil]) }
        if done.contains(.time) { left = left.with(["minutes": "0", "time_text": nil]) }
        if done.contains(.status) { left = left.with(["status_id": nil, "closing_status_id": nil]) }
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
    private static func parts(of post: String, _ visit: Visit) async throws -> [Posts.Answer] {
        guard let id = Posts.ID(post) else { throw Problem.notFound("post") }
        let found = try await visit.ask(Posts.show(id))
        let near = try await visit.ask(Posts.list([.ticket: found.ticket.description], limit: 100))
        let parts = near.items.filter { $0.request == found.request }
        return parts.isEmpty ? [found] : parts.reversed()
    }

    func page() async throws -> Page {
        let id = try visit.parameter()
        let customer = try await visit.customer()
        var page = Page(title: "Update #\(id)", crumb: ("#\(id)", "/tickets/\(id)"), blocks: Block.switchedOff(visit))
        var ticket: Tickets.Details?
        do {
            ticket = try await visit.ask(Tickets.show(Tickets.ID(id), for: customer))
        } catch let failed as Problem where entries != nil || failed.status != .notFound {
            // Updates are accepted all the same, and written when ConnectWise is back.
            if problem == nil || failed.code != problem?.code { page.blocks.append(Self.unread(failed)) }
        }
        page.heading = ticket == nil ? "Update #\(id)" : "Update ticket"
        var statuses: [Tickets.Status] = []
        if let ticket {
            var filters: [Tickets.StatusFilter: String] = [.includeClosed: "true"]
            filters[.board] = ticket.board?.id
            statuses = (try? await visit.ask(Tickets.statuses(ticket.id, for: customer, filters)).items) ?? []
        }
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
        case .tooManyRequests: .notice(.warning, "The ticket cannot be shown.", failed.detail)
        case .notFound, .conflict: .notice(.warning, nil, failed.detail)
        default:
            .notice(
                .warning, "ConnectWise does not respond.",
                "\(failed.detail.asSentence) You can still update the ticket. Your update is saved and sent automatically."
            )
        }
    }

    static func card(_ ticket: Tickets.Answer) -> Model {
        card(ticket.id, ticket.summary, ticket.status, ticket.closed, ticket.priority, ticket.link)
            .with(["place": place(ticket.company, ticket.board)])
    }

    static func card(_ ticket: Tickets.Details) -> Model {
        card(ticket.id, ticket.summary, ticket.status, ticket.closed, ticket.priority, ticket.link)
            .with(["place": place(ticket.company, ticket.board)])
    }

    private static func card(
        _ id: Tickets.ID, _ summary: String, _ status: Reference?, _ isClosed: Bool, _ priority: Reference?,
        _ link: String
    ) -> Model {
        Model([
            "ticketID": id.description, "summary": summary, "status": Badge.status(status, closed: isClosed).model,
            "priority": Badge.priority(priority).model, "ticketLink": link,
        ])
    }

    private static func place(_ company: Reference?, _ board: Reference?) -> String {
        [company?.name, board?.name].compactMap(\.self).joined(separator: " · ")
    }

    private static let work = [Member.workRole, .workType].map(\.rawValue)
    private typealias Member = Tickets.NewChange.CodingKeys

    // MARK: Writing

    private func form(
        _ id: String, _ ticket: Tickets.Details?, _ statuses: [Tickets.Status]
    ) async throws -> Block {
        let defaults = try await Defaults(ticket, visit)
        let present = ticket?.status?.id
        // A status that takes no more time cannot be the default while time is logged by default.
        let refusing = statuses.filter { $0.timeEntryNotAllowed && !$0.closed }.map(\.id.description)
        // A closed ticket, say: time that its status does not accept is not logged by default.
        let takesTime = !statuses.contains { $0.id.description == present && $0.timeEntryNotAllowed }
        let given = entries ?? defaults.entries(refusing).with(takesTime ? [:] : ["minutes": "0"])
        let errors = problem?.atFields ?? [:]
        let fields = try await fields(
            ticket, statuses, defaults, hasRefusing: !refusing.isEmpty, takesTime: takesTime)
        let closing =
            statuses.isEmpty
            ? keeping("closing_status_id", [])
            : statuses.filter { $0.closed && $0.id.description != present }.map { ($0.id.description, $0.name) }
        let shown = fields.map(\.name) + ["text"] + (closing.isEmpty ? [] : ["closing_status_id"])
        var failure = problem?.summary(of: shown)
        if !said.isEmpty { failure = (said + [failure ?? ""]).joined(separator: " ") }
        let isOvertaken = problem?.code == "not_replaceable"
        if isOvertaken { failure = (problem?.detail ?? "") + " To send this as another update, send it again." }
        if problem?.code == "idempotency_key_reused" {
            failure =
                "Your first update was accepted; check the ticket. To send this as another update, send it again."
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
                "textError": errors["text"], "longest": ticket.map { "\($0.maxNoteLength)" } ?? "50000",
                "fields": fields.map { $0.model(given, errors: errors) },
                "card": ticket.map { Self.card($0) }, "isAgain": entries != nil,
                "hidden": Self.hidden([
                    "present_status": ticket == nil ? given["present_status"] : present,
                    "defaults": defaults.isKnown ? nil : "unknown", "time_text": given["time_text"],
                    "replaces": isOvertaken ? nil : given["replaces"],
                    "refusing_time": ticket == nil ? given["refusing_time"] : refusing.joined(separator: ","),
                ]), "closing": Self.closing(closing, given, errors["closing_status_id"]), "failure": failure,
                "submitLabel": problem == nil ? "Update ticket" : "Send again",
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

    /// The choices, with what was chosen before also when its name can no longer be read.
    private func keeping(
        _ name: String, _ choices: [(value: String, label: String)]
    ) -> [(value: String, label: String)] {
        guard let chosen = entries?[name], !chosen.isEmpty, !choices.contains(where: { $0.value == chosen }) else {
            return choices
        }
        return choices + [(chosen, "Your previous choice")]
    }

    private func fields(
        _ ticket: Tickets.Details?, _ statuses: [Tickets.Status], _ defaults: Defaults, hasRefusing: Bool,
        takesTime: Bool
    ) async throws -> [Field] {
        let timeText = entries?["time_text"] ?? ""
        return [
            Field(
                Member.noteType, "Note type",
                .radios([
                    (NoteType.internalAnalysis.rawValue, "Internal analysis", nil),
                    (NoteType.resolution.rawValue, "Resolution", "ConnectWise may show it to the customer."),
                    (NoteType.description.rawValue, "Discussion", "This note will be visible to the customer."),
                ])),
            Field(
                Member.minutes, "Time, in minutes", .number,
                help: takesTime
                    ? defaults.isKnown
                        ? "Enter 0 to log no time." : "Leave blank for the default. Enter 0 to log no time."
                    : "The ticket's status does not accept time.",
                optional: true),
        ] + (try await work(defaults)) + [
            Field(
                Member.billable, "Billing",
                .choice([
                    ("", "ConnectWise default"), (BillableOption.billable.rawValue, "Billable"),
                    (BillableOption.doNotBill.rawValue, "Do not bill"), (BillableOption.noCharge.rawValue, "No charge"),
                ]), optional: true),
            Field(
                Member.includeTextInTime, "Also add the note to the time entry", .flag,
                help: timeText.isEmpty ? nil : "The note that was added before."),
            Field(
                Member.status, "Status", .choice(statusChoices(ticket, statuses, defaults)),
                help: hasRefusing ? "To choose a status that does not accept time, set time to 0." : nil,
                optional: true),
        ]
    }

    /// Work role and type, as far as they can be read.
    private func work(_ defaults: Defaults) async throws -> [Field] {
        let customer = try await visit.customer()
        var fields: [Field] = []
        for (name, label, list) in [
            (Member.workRole, "Work role", WorkRoles.list), (.workType, "Work type", WorkTypes.list),
        ] {
            let choices = keeping(name.rawValue, (try? await Choices.work(visit, list, for: customer)) ?? [])
            guard !choices.isEmpty else { continue }
            let none = defaults.label(of: name == .workRole ? \.workRole : \.workType)
            fields.append(Field(name, label, .choice([("", none)] + choices), optional: true))
        }
        return fields
    }

    private func statusChoices(
        _ ticket: Tickets.Details?, _ statuses: [Tickets.Status], _ defaults: Defaults
    ) -> [(value: String, label: String)] {
        let name = Member.status.rawValue
        guard let ticket else {
            let stays = (value: "", label: "Unchanged")
            if !defaults.isKnown { return keeping(name, [("default", "Default of the connection"), stays]) }
            return keeping(name, defaults.updatesStatus ? [("auto", "Default of its board"), stays] : [stays])
        }
        let present = ticket.status.map { "\($0.name) (unchanged)" } ?? "Unchanged"
        if statuses.isEmpty { return keeping(name, [("", present)]) }
        let open = statuses.filter { !$0.closed && $0.id.description != ticket.status?.id }
        return [("", present)]
            + open.map { ($0.id.description, $0.name + ($0.timeEntryNotAllowed ? " (does not accept time)" : "")) }
    }

    // MARK: What was rejected

    private struct Refusal {
        let post: String
        let parts: [Posts.Answer]
        let entries: Entries
        let problem: Problem

        var canRetry: Bool { !parts.contains(where: PostWords.isOvertaken) }
        var isTimeMissing: Bool { parts.contains { $0.kind == .time && $0.state == .failed } }
        /// The role is to be chosen only among those that are allowed, where ConnectWise said which.
        var allowedRoles: [Reference] { parts.flatMap { $0.allowedWorkRoles ?? [] } }
        /// Whether the form also wanted a status, as a request of its own that was not sent.
        var isStatusLeft: Bool {
            let chosen =
                (entries["closing_status_id"] ?? "").isEmpty ? entries["status_id"] : entries["closing_status_id"]
            return !["", "auto", "default"].contains(chosen ?? "") && parts.map(\.requestKind.known) == [.time]
        }
    }

    private func refusal(
        _ refusal: Refusal, _ ticket: Tickets.Details?, _ statuses: [Tickets.Status]
    ) async throws -> Block {
        let (id, entries) = (try visit.parameter(), refusal.entries)
        let kept = [
            "note_type", "minutes", "billable", "include_text_in_time", "time_text", "status_id", "closing_status_id",
            "closing_confirmed", "present_status", "refusing_time", "defaults", "work_role_id", "work_type_id",
        ]
        var hidden: [String: String?] = ["post": refusal.post]
        for name in kept { hidden[name] = entries[name] }
        if refusal.isStatusLeft { hidden["status_left"] = "true" }
        let isNoted = refusal.parts.contains { $0.kind == .note && $0.state == .sent }
        let fields = refusal.canRetry && refusal.isTimeMissing ? try await retryFields(refusal) : []
        return Block(
            "refused",
            [
                "formAction": "/tickets/\(id)/update", "cancelHref": "/tickets/\(id)", "text": entries["text"] ?? "",
                "hasText": !(entries["text"] ?? "").isEmpty,
                "textLabel": isNoted ? "Note (already added)" : "Note (not added yet)",
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
            let isRole = field.name == Member.workRole.rawValue && !refusal.allowedRoles.isEmpty
            var choices: [(value: String, label: String)] = []
            if isRole {
                choices = refusal.allowedRoles.map { ($0.id, $0.name) }
            } else if case .choice(let all) = field.kind {
                choices = [("", "Unchanged")] + all.dropFirst()
            }
            return Field("retry_" + field.name, isRole ? "Allowed work role" : field.label, .choice(choices))
        }
    }

    /// The outcome of each part.
    private func outcome(_ refusal: Refusal, _ statuses: [Tickets.Status]) -> Block {
        let chosen = [refusal.entries["closing_status_id"], refusal.entries["status_id"]].compactMap(\.self)
            .first { !$0.isEmpty }
        let name = statuses.first { $0.id.description == chosen }.map { "Status: \($0.name)" }
        var rows = refusal.parts.map { part -> [Cell] in
            let isStatus = part.kind == .status && part.statusTo == nil
            let badge = part.errorCode?.known == .notTried ? Badge(.muted, "not attempted") : PostWords.badge(part)
            return [.main(isStatus ? name ?? "Status" : PostWords.what(part)), .badge(badge, sub: part.error)]
        }
        if refusal.isStatusLeft {
            rows.append([.main(name ?? "Status"), .badge(Badge(.muted, "not attempted"), sub: "Comes after the time.")])
        }
        return Table(caption: "Outcome", columns: ["Part", "State"], rows: rows, isStacking: true).block
    }
}

/// What applies to an update unless the form says otherwise: as the ticket's answer has it, or the connection's defaults when
/// the ticket cannot be read.
private struct Defaults {
    private let values: Tickets.Defaults?

    init(_ ticket: Tickets.Details?, _ visit: Visit) async throws {
        if let ticket {
            values = ticket.defaults
            return
        }
        values = (try? await visit.settingsInUse()).map { settings in
            Tickets.Defaults(
                minutes: settings.minutes, noteType: settings.noteType, workRole: settings.workRole,
                workType: settings.workType, status: nil, updatesStatus: settings.updatesStatus)
        }
    }

    /// False for those who may not see the connection: what they leave out is left to its defaults.
    var isKnown: Bool { values != nil }
    var updatesStatus: Bool { values?.updatesStatus ?? false }

    /// What the form begins with.
    /// - Parameter refusing: statuses that do not accept time.
    func entries(_ refusing: [String]) -> Entries {
        var entries: [String: String?] = ["note_type": values?.noteType.text ?? NoteType.internalAnalysis.rawValue]
        guard let values else { return Entries(entries.merging(["status_id": "default"]) { $1 }) }
        entries["minutes"] = "\(values.minutes)"
        if updatesStatus {
            entries["status_id"] = values.status.map { refusing.contains($0.id) ? nil : $0.id } ?? "auto"
        }
        return Entries(entries)
    }

    /// What it means to choose no work role or type.
    func label(of choice: KeyPath<Tickets.Defaults, Reference?>) -> String {
        guard let values else { return "Default of the connection" }
        return values[keyPath: choice].map { "Default of the connection: \($0.name)" } ?? "ConnectWise default"
    }
}
