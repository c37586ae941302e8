import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What was written.
let postPages: [PageRoute] = [postTab, postPage] + postActs

private let postTab = PageRoute.get("/integrations/posts", .engineer, topics: ["posts"]) { visit in
    let filters = ["ticket_id", "state", "kind", "user_id", "since", "until"]
    let page = try await visit.get(integrationBase + "/posts", visit.byDay(visit.listQuery(filters + ["mine"])))
    let isFiltered = filters.contains { !(visit.query[$0] ?? "").isEmpty }
    let hasConnection = try await visit.disconnection() == nil
    // The API shows engineers their own.
    let seesAll = visit.principal.role >= .admin
    return Page(
        title: "Post history", heading: "Integrations",
        lead: seesAll
            ? "Everything that was written to tickets, by whom, and what became of it."
            : "What you wrote to tickets, and what became of it.",
        blocks: [integrationTabs(visit)] + Block.switchedOff(visit) + [
            Filters.block("/integrations/posts", try await filterFields(visit), visit, clear: isFiltered),
            Table(
                caption: "Posts", columns: ["Post", "Ticket", "State", "By", "Asked"],
                rows: page.items.map(PostWords.row),
                empty: isFiltered
                    ? Empty(icon: "funnel", title: "No post fits", text: "Nothing like that was written.")
                    : Empty(
                        icon: "journal-text", title: "No posts yet",
                        text: hasConnection
                            ? "Open a ticket and write a note, log time or change its status."
                            : "Connect ConnectWise first.",
                        actions: [
                            hasConnection ? .link("Find a ticket", "/tickets") : .link("Connection", "/integrations")
                        ]), pager: visit.pager(page)
            ).block,
        ])
}

private func filterFields(_ visit: Visit) async throws -> [Field] {
    let states = [
        ("", "All"), ("queued", "Waiting"), ("sent", "Written"), ("failed", "Failed"), ("skipped", "Nothing to do"),
        ("dismissed", "Dismissed"),
    ]
    let kinds = [("", "All"), ("note", "Note"), ("time", "Time"), ("status", "Status")]
    // Others see their own anyway.
    let people = visit.may(.get, "/users") ? [("", "Everybody")] + (try await Choices.named(visit, "/users")) : []
    return [
        Field("ticket_id", "Ticket", .text, placeholder: "10042"), Field("state", "State", .choice(states)),
        Field("kind", "Kind", .choice(kinds)),
    ] + (people.isEmpty ? [] : [Field("user_id", "By", .choice(people))]) + [
        Field("since", "From", .day), Field("until", "To", .day),
    ]
}

private let postPage = PageRoute.get("/integrations/posts/{id}", .engineer) { visit in
    let id = try visit.parameter()
    let post = try await visit.get("\(integrationBase)/posts/\(id)")
    return PostWords.page(post, visit)
}

private let postActs: [PageRoute] = [
    .post("/integrations/posts/{id}/retry", .engineer) { visit in
        let id = try visit.parameter()
        var body: [String: Value] = [:]
        for name in ["work_role_id", "work_type_id"] {
            if let chosen = visit.entries[name], !chosen.isEmpty { body[name] = .text(chosen) }
        }
        do {
            let answer = try await visit.send(.post, "\(integrationBase)/posts/\(id)/retry", body)
            return .redirect("/tickets/\(answer["ticket_id"].words)", answer["message"].words)
        } catch let problem as Problem where problem.status != .notFound || problem.instance != nil {
            var page = PostWords.page(try await visit.get("\(integrationBase)/posts/\(id)"), visit)
            page.blocks.insert(.notice(.bad, nil, problem.detail), at: 0)
            page.status = problem.status
            return .page(page)
        }
    },
    .post("/integrations/posts/{id}/dismiss", .engineer) { visit in
        let post = try await visit.send(.post, "\(integrationBase)/posts/\(try visit.parameter())/dismiss")
        return .redirect(
            "/integrations/posts",
            post["error_code"].words == "withdrawn"
                ? "It is withdrawn, and not tried any more." : "It is dismissed, and no longer asks for attention.")
    },
]

/// How posts are shown.
enum PostWords {
    static func what(_ post: Value) -> String {
        switch post["kind"].words {
        case "note": NoteWords.title(post["note_type"].words)
        case "time": "\(post["minutes"].int) minutes"
        default:
            (post["status_to"]["name"].string ?? post["status"]["name"].string).map { "Status: \($0)" } ?? "Status"
        }
    }

    static func badge(_ post: Value) -> Badge {
        switch post["state"].words {
        case "sent": Badge(.good, "written")
        case "queued": Badge(.info, "waiting")
        case "failed": Badge(.bad, "failed")
        case "dismissed": Badge(.muted, "dismissed")
        default: Badge(.muted, "nothing to do")
        }
    }

    static func row(_ post: Value) -> [Cell] {
        [
            .main(what(post), "/integrations/posts/\(post["id"].words)", sub: post["content"].string.map(short)),
            ticket(post), .badge(badge(post), sub: post["error"].string.map(short)),
            .text(post["by"].words, sub: post["member"].string.map { "as \($0)" } ?? "as the API member"),
            .when(post["created_at"].date),
        ]
    }

    /// Whether trying the same again leads nowhere: the status that was expected stays another one, the connection is gone.
    static func isOvertaken(_ post: Value) -> Bool {
        ["status_changed", "connection_removed", "connection_moved", "replaced"].contains(post["error_code"].words)
    }

    /// A number is not broken over two lines.
    private static func ticket(_ post: Value) -> Cell {
        var cell = Cell.main("#\(post["ticket_id"].words)", "/tickets/\(post["ticket_id"].words)")
        cell.isNarrow = true
        return cell
    }

    private static func short(_ text: String) -> String {
        let line = text.lines.filter { !$0.isEmpty }.joined(separator: " ")
        return line.shortened(to: 140)
    }

    /// One post with all that is known of it, and what can be done.
    static func page(_ post: Value, _ visit: Visit) -> Page {
        let id = post["id"].words
        var facts: [(String, Cell)] = [
            ("State", .badge(badge(post))),
            ("Ticket", .main("#\(post["ticket_id"].words)", "/tickets/\(post["ticket_id"].words)")),
            ("By", .text(post["by"].words, sub: post["origin"].string)),
            ("In the name of", .text(post["member"].string ?? "the API member")),
            ("Asked", .when(post["created_at"].date, exact: true)),
            ("Last tried", .when(post["tried_at"].date, otherwise: "not yet", exact: true)),
            ("Attempts", .text("\(post["attempts"].int)")),
            ("Record in ConnectWise", .text(post["record_id"].string)),
        ]
        if let from = post["status_from"]["name"].string {
            facts.append(("Status", .text("\(from) → \(post["status_to"]["name"].string ?? "unchanged")")))
        }
        var blocks: [Block] = []
        if let error = post["error"].string {
            blocks.append(.notice(post["state"].words == "failed" ? .bad : .warning, nil, error))
        }
        blocks += Block.switchedOff(visit)
        let isOvertaken = isOvertaken(post)
        let canRetry = ["failed", "dismissed", "queued"].contains(post["state"].words) && !isOvertaken
        if isOvertaken, visit.may(.post, integrationBase + "/tickets/{id}/log-change") {
            blocks.append(
                .actions([
                    .link(
                        "Update the ticket", "/tickets/\(post["ticket_id"].words)/update", style: "is-primary",
                        icon: "pencil-square")
                ]))
        }
        if canRetry, visit.may(.post, integrationBase + "/posts/{id}/retry") {
            let roles = post["work_roles"].elements.map { ($0["id"].words, $0["name"].words) }
            blocks.append(
                Form(
                    title: nil, action: "/integrations/posts/\(id)/retry",
                    fields: roles.isEmpty
                        ? []
                        : [
                            Field(
                                "work_role_id", "Work role", .choice(roles),
                                help: "These are valid where the ticket belongs.")
                        ],
                    submit: post["state"].words == "queued" ? "Try now" : "Try again", isCard: !roles.isEmpty
                ).block)
        }
        blocks.append(.card("What is known", [.facts(facts)]))
        if let content = post["content"].string {
            blocks.append(.card("As written", [Block("message", ["text": content])]))
        }
        let word = ["failed": "Dismiss", "queued": "Withdraw"][post["state"].words]
        let dismiss =
            word.map {
                visit.allowed(
                    .post, integrationBase + "/posts/{id}/dismiss", .post($0, "/integrations/posts/\(id)/dismiss"))
            } ?? []
        return Page(
            title: what(post), heading: "\(what(post)) on #\(post["ticket_id"].words)",
            crumb: ("Post history", "/integrations/posts"), actions: dismiss, blocks: blocks)
    }
}

/// Types of notes as people say them.
enum NoteWords {
    static func title(_ type: String) -> String {
        switch type {
        case "resolution": "Resolution"
        case "description": "Description"
        default: "Internal analysis"
        }
    }

    /// What a note on a ticket is.
    static func shown(_ note: Value) -> String {
        note["note_type"].string.map(title) ?? "Note"
    }

    static let choices = [
        (value: "internal_analysis", label: "Internal analysis"), (value: "resolution", label: "Resolution"),
        (value: "description", label: "Description, seen by the customer"),
    ]
}
