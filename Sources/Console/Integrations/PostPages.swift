import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What was written to tickets.
let postPages: [PageRoute] = [postTab, postPage] + postActs

private let home = "/integrations/posts"

private let postTab = PageRoute.get(home, Posts.list.role, topics: ["posts"]) { visit in
    var filters: [Posts.Filter: String] = visit.filters()
    for (name, value) in visit.byDay(visit.query) {
        if let name = Posts.Filter(rawValue: name), filters[name] != nil { filters[name] = value }
    }
    let page = try await visit.ask(Posts.list(filters, limit: visit.limit, cursor: visit.cursor))
    let isFiltered = filters.keys.contains { $0 != .mine }
    let hasConnection = try await visit.disconnection() == nil
    // The API shows engineers their own.
    let seesAll = visit.principal.role >= .admin
    return Page(
        title: "Post history", heading: "Integrations",
        lead: seesAll
            ? "Everything written to tickets, with author and outcome."
            : "What you wrote to tickets, and its outcome.",
        blocks: [integrationTabs(visit)] + Block.switchedOff(visit) + [
            Filters.block(home, try await filterFields(visit), visit, clear: isFiltered),
            Table(
                caption: "Posts", columns: ["Post", "Ticket", "State", "Requested by", "Requested"],
                rows: page.items.map(PostWords.row),
                empty: isFiltered
                    ? Empty(icon: "funnel", title: "No matching posts", text: "Try other filters.")
                    : Empty(
                        icon: "journal-text", title: "No posts yet",
                        text: hasConnection
                            ? "Open a ticket to add a note, log time or update its status."
                            : "Connect ConnectWise first.",
                        actions: [
                            hasConnection ? .link("Find a ticket", "/tickets") : .link("Connection", "/integrations")
                        ]), pager: visit.pager(page)
            ).block,
        ])
}

private func filterFields(_ visit: Visit) async throws -> [Field] {
    typealias Filter = Posts.Filter
    let states = [("", "All")] + Posts.State.allCases.map { ($0.rawValue, PostWords.label($0).sentenceCased) }
    let kinds = [("", "All")] + Posts.Kind.allCases.map { ($0.rawValue, $0.rawValue.sentenceCased) }
    // Others see their own anyway.
    let users = visit.may(Users.list) ? [("", "Everyone")] + (try await Choices.users(visit)) : []
    return [
        Field(filter: Filter.ticket, "Ticket", .text, placeholder: "10042"),
        Field(filter: Filter.state, "State", .choice(states)), Field(filter: Filter.kind, "Kind", .choice(kinds)),
    ] + (users.isEmpty ? [] : [Field(filter: Filter.user, "Requested by", .choice(users))]) + [
        Field(filter: Filter.since, "From", .day), Field(filter: Filter.until, "To", .day),
    ]
}

private let postPage = PageRoute.get(home + "/{id}", Posts.show.role) { visit in
    PostWords.page(try await visit.ask(Posts.show(visit.place())), visit)
}

private let postActs: [PageRoute] = [
    .post(home + "/{id}/retry", Posts.retry.role) { visit in
        let id: Posts.ID = try visit.place()
        var body: [Posts.Retry.CodingKeys: JSON] = [:]
        for name in [Posts.Retry.CodingKeys.workRole, .workType] {
            if let chosen = visit.entries[name.rawValue], !chosen.isEmpty { body[name] = .text(chosen) }
        }
        do {
            let request = try await visit.send(Posts.retry(id, body))
            return .redirect("/tickets/\(request.ticket)", request.message)
        } catch let problem as Problem where problem.status != .notFound || problem.instance != nil {
            var page = PostWords.page(try await visit.ask(Posts.show(id)), visit)
            page.blocks.insert(.notice(.bad, nil, problem.detail), at: 0)
            page.status = problem.status
            return .page(page)
        }
    },
    .post(home + "/{id}/dismiss", Posts.dismiss.role) { visit in
        let post = try await visit.send(Posts.dismiss(visit.place()))
        return .redirect(home, post.errorCode?.known == .withdrawn ? "Post cancelled." : "Post dismissed.")
    },
]

/// How posts are shown.
enum PostWords {
    static func what(_ post: Posts.Answer) -> String {
        switch post.kind.known {
        case .note: NoteWords.title(post.noteType?.text)
        case .time: minutes(post.minutes)
        case .status, nil: (post.statusTo?.name ?? post.status?.name).map { "Status: \($0)" } ?? "Status"
        }
    }

    static func minutes(_ minutes: Int?) -> String { minutes == 1 ? "1 minute" : "\(minutes ?? 0) minutes" }

    static func label(_ state: Posts.State) -> String {
        switch state {
        case .sent: "written"
        case .queued: "waiting"
        case .failed: "failed"
        case .skipped: "nothing to do"
        case .dismissed: "dismissed"
        }
    }

    static func badge(_ post: Posts.Answer) -> Badge {
        guard let state = post.state.known else { return Badge(.muted, post.state.text) }
        let tone: Badge.Tone =
            switch state {
            case .sent: .good
            case .queued: .info
            case .failed: .bad
            case .skipped, .dismissed: .muted
            }
        return Badge(tone, label(state))
    }

    static func row(_ post: Posts.Answer) -> [Cell] {
        [
            .main(what(post), "\(home)/\(post.id)", sub: post.content.map(short)),
            ticket(post), .badge(badge(post), sub: post.error.map(short)),
            .text(post.requestedBy, sub: post.memberName.map { "as \($0)" } ?? "as the API member"),
            .when(post.createdAt),
        ]
    }

    /// Whether a retry leads nowhere: the expected status stays another one, the connection is gone.
    static func isOvertaken(_ post: Posts.Answer) -> Bool {
        switch post.errorCode?.known {
        case .statusChanged, .noConnection, .moved, .replaced: true
        case .noTicket, .rejected, .permission, .noStatus, .unchanged, .notTried, .gaveUp, .withdrawn, .unavailable,
            nil:
            false
        }
    }

    /// A number is not broken over two lines.
    private static func ticket(_ post: Posts.Answer) -> Cell {
        var cell = Cell.main("#\(post.ticket)", "/tickets/\(post.ticket)")
        cell.isNarrow = true
        return cell
    }

    private static func short(_ text: String) -> String {
        let line = text.lines.filter { !$0.isEmpty }.joined(separator: " ")
        return line.shortened(to: 140)
    }

    /// One post with all its details, and what can be done.
    static func page(_ post: Posts.Answer, _ visit: Visit) -> Page {
        var facts: [(String, Cell)] = [
            ("State", .badge(badge(post))), ("Ticket", .main("#\(post.ticket)", "/tickets/\(post.ticket)")),
            ("Requested by", .text(post.requestedBy, sub: post.origin)),
            ("Written as", .text(post.memberName ?? "The API member")),
            ("Requested", .when(post.createdAt, exact: true)),
            ("Last attempt", .when(post.lastAttemptAt, otherwise: "not yet", exact: true)),
            ("Attempts", .text("\(post.attempts)")), ("Record in ConnectWise", .text(post.record)),
        ]
        if let from = post.statusFrom?.name {
            facts.append(("Status", .text("\(from) → \(post.statusTo?.name ?? "unchanged")")))
        }
        var blocks: [Block] = []
        if let error = post.error { blocks.append(.notice(post.state == .failed ? .bad : .warning, nil, error)) }
        blocks += Block.switchedOff(visit) + next(post, visit)
        blocks.append(.card("Details", [.facts(facts)]))
        if let content = post.content { blocks.append(.card("Text", [Block("message", ["text": content])])) }
        return Page(
            title: what(post), heading: "\(what(post)) on #\(post.ticket)", crumb: ("Post history", home),
            actions: dismissal(post).map { visit.allowed(Posts.dismiss, .post($0, "\(home)/\(post.id)/dismiss")) }
                ?? [],
            blocks: blocks)
    }

    private static func dismissal(_ post: Posts.Answer) -> String? {
        post.state == .failed ? "Dismiss" : post.state == .queued ? "Cancel post" : nil
    }

    /// A retry, or another update where a retry leads nowhere.
    private static func next(_ post: Posts.Answer, _ visit: Visit) -> [Block] {
        guard !isOvertaken(post) else {
            let update = visit.allowed(
                Tickets.logChange.main,
                .link(
                    "Update the ticket", "/tickets/\(post.ticket)/update", style: "is-primary", icon: "pencil-square"))
            return update.isEmpty ? [] : [.actions(update)]
        }
        let states: [Posts.State] = [.failed, .dismissed, .queued]
        guard states.contains(where: { post.state == $0 }), visit.may(Posts.retry) else { return [] }
        let roles = (post.allowedWorkRoles ?? []).map { ($0.id, $0.name) }
        let field = Field(
            Posts.Retry.CodingKeys.workRole, "Work role", .choice(roles),
            help: "ConnectWise accepts these for this ticket.")
        return [
            Form(
                action: "\(home)/\(post.id)/retry", fields: roles.isEmpty ? [] : [field],
                submit: post.state == .queued ? "Retry now" : "Retry", isCard: !roles.isEmpty
            ).block
        ]
    }
}

/// Types of notes as people know them.
enum NoteWords {
    static func title(_ type: String?) -> String {
        switch type.flatMap(NoteType.init) {
        case .resolution: "Resolution"
        case .description: "Discussion"
        case .internalAnalysis, nil: "Internal analysis"
        }
    }

    static let choices = [
        (value: NoteType.internalAnalysis.rawValue, label: "Internal analysis"),
        (value: NoteType.resolution.rawValue, label: "Resolution"),
        (value: NoteType.description.rawValue, label: "Discussion (visible to the customer)"),
    ]
}
