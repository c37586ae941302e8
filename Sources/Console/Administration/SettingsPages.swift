import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func settingsPages() -> [PageRoute] {
    typealias Member = Config.Change.CodingKeys
    @Sendable func fields(_ visit: Visit) async throws -> [Field] {
        [
            Field(
                Member.notificationsEnabled, "Send notifications", .flag,
                help: "When disabled, everything is recorded but no one is notified."),
            Field(
                Member.requireRule, "Notify only about boards with a rule", .flag,
                help: "Without a rule for its board, no one is notified about a ticket, not even its assigned members."
            ),
            Field(Member.maxMessageLength, "Shorten notes in messages to", .number, help: "In characters."),
            Field(Member.memberCacheSeconds, "Cache members for", .number, help: "In seconds."),
            Field(
                Member.silenceAlertMinutes, "Alert when ConnectWise hasn't called for", .number, help: "In minutes."),
            Field(
                Member.alertRecipient, "Send alerts to", .choice(try await Choices.recipients(visit)), numeric: true,
                sendsNull: true),
            Field(Member.historyDays, "Keep events and deliveries for", .number, help: "In days."),
        ]
    }
    return PageRoute.form("/settings", Config.show.role, posting: Config.update.role) { visit, entries, problem in
        let settings = try await visit.ask(Config.show())
        let fields = try await fields(visit)
        guard visit.may(Config.update) else {
            let recipients = try await Choices.recipients(visit)
            return Page(
                title: "Settings", lead: "How notifications work.",
                blocks: [.card("Notifications", [.facts(facts(settings, fields, recipients))])])
        }
        let stored = try Entries(settings, fields)
        return Page(
            title: "Settings", lead: "How notifications work.",
            blocks: [
                Form(action: "/settings", fields: fields, entries: entries ?? stored, problem: problem).block
            ] + (try await organizationForm(visit)))
    } send: { visit in
        let form = Form(action: "", fields: try await fields(visit), entries: visit.entries)
        try await visit.send(Config.update(form.members()))
        return .redirect("/settings", "Settings saved.")
    }
}

/// The settings for those who may not change them.
private func facts(
    _ settings: Config.Answer, _ fields: [Field], _ recipients: [(value: String, label: String)]
) -> [(String, Cell)] {
    fields.map { field -> (String, Cell) in
        let text =
            switch Config.Change.CodingKeys(stringValue: field.name) {
            case .notificationsEnabled: settings.notificationsEnabled ? "yes" : "no"
            case .requireRule: settings.requireRule ? "yes" : "no"
            case .maxMessageLength: "\(settings.maxMessageLength) characters"
            case .memberCacheSeconds: "\(settings.memberCacheSeconds) seconds"
            case .silenceAlertMinutes: "\(settings.silenceAlertMinutes) minutes"
            case .alertRecipient:
                settings.alertRecipient.map { id in
                    recipients.first { $0.value == id.description }?.label ?? "recipient \(id)"
                } ?? "no one"
            case .historyDays: "\(settings.historyDays) days"
            case nil: ""
            }
        return (field.label, .text(text))
    }
}

private let organizationFields = [
    Field("name", "Name"),
    Field(
        "requires_second_factor", "Everybody needs a second factor", .flag,
        help:
            "Who has none must set it up at the next page. Does not concern those who come through an identity provider."
    ),
]

private func organizationForm(_ visit: Visit) async throws -> [Block] {
    guard visit.may(.patch, "/organization") else { return [] }
    let organization = try await visit.get("/organization")
    let stored = Entries(organization, organizationFields)
    return [
        Form(title: "Organization", action: "/organization", fields: organizationFields, entries: stored).block,
        Form(
            title: "Delete the organization", action: "/organization/delete",
            fields: [
                Field(
                    "name", "Type the organization's name",
                    help: "Deletes connections, rules, users and history for good. Only the audit log stays.")
            ], submit: "Delete everything", isDanger: true
        ).block,
    ]
}

func organizationPages() -> [PageRoute] {
    let change = PageRoute.post("/organization", .owner) { visit in
        try await visit.send(
            .patch, "/organization", Form(action: "", fields: organizationFields, entries: visit.entries).body)
        return .redirect("/settings", "The organization is changed.")
    }
    let delete = PageRoute.post("/organization/delete", .owner) { visit in
        try await visit.send(.post, "/organization/deletion", ["name": .text(visit.entries["name"] ?? "")])
        return .redirect("/sign-in", nil)
    }
    let list = PageRoute.get("/organizations", .superAdmin) { visit in
        let page = try await visit.get("/organizations", visit.listQuery([]))
        return Page(
            title: "Organizations", lead: "Each has its own users, connections and rules.",
            actions: [.link("New organization", "/organizations/new", style: "is-primary", icon: "plus-lg")],
            blocks: [
                Table(
                    caption: "Organizations", columns: ["Name", "Made", .hidden("Actions")],
                    rows: page.items.map { organization in
                        let (id, name) = (organization["id"].words, organization["name"].words)
                        return [
                            .main(name), .when(organization["created_at"].date, exact: true),
                            .actions(
                                "\(visit.principal.organization)" == id
                                    ? []
                                    : [.post("Visit", "/organizations/\(id)/visit", style: "is-small", about: name)]),
                        ]
                    }, pager: visit.pager(page)
                ).block
            ])
    }
    let fields = [Field("name", "Name", focused: true)]
    let new = PageRoute.form("/organizations/new", .superAdmin) { _, entries, problem in
        Page(
            title: "New organization", crumb: ("Organizations", "/organizations"),
            blocks: [
                Form(
                    action: "/organizations/new", fields: fields, submit: "Make it", cancel: "/organizations",
                    entries: entries ?? Entries(), problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(
            .post, "/organizations", Form(action: "", fields: fields, entries: visit.entries).body)
        return .redirect("/organizations", "\(made["name"].words) is made. Visit it to add its first users.")
    }
    return [change, delete, list] + new
}

func healthPages(_ health: @escaping @Sendable () async -> [HealthCheck]) -> [PageRoute] {
    [
        .get("/health", .viewer, topics: ["connections", "jobs"]) { visit in
            let checks = await health()
            var blocks: [Block] = [
                checks.allSatisfy(\.isOK)
                    ? .notice(
                        .good, "All systems operational.", "Database, schema, credentials and workers respond.")
                    : .notice(.bad, "Some checks failed.", "The table shows which ones and why."),
                Table(
                    caption: "Checks", columns: ["Check", "State", "Detail"],
                    rows: checks.map {
                        [
                            .main($0.name), .badge($0.isOK ? Badge(.good, "OK") : Badge(.bad, "failed")),
                            .text($0.detail),
                        ]
                    }
                ).block,
            ]
            if visit.may(BackgroundJobs.count) { blocks += try await jobs(visit) }
            return Page(title: "System health", blocks: blocks)
        },
        .post("/health/jobs/{id}/retry", BackgroundJobs.retry.role) { visit in
            try await visit.send(BackgroundJobs.retry(visit.place()))
            return .redirect("/health", "Retrying the job.")
        },
    ]
}

private func jobs(_ visit: Visit) async throws -> [Block] {
    let counts = try await visit.ask(BackgroundJobs.count())
    let stats = [
        ("Ready", counts.ready, "due now or later"), ("Waiting", counts.waiting, "behind another job"),
        ("Running", counts.running, "right now"), ("Failed", counts.failed, "need attention"),
    ]
    let failed = try await visit.ask(BackgroundJobs.failed(limit: visit.limit, cursor: visit.cursor))
    return [
        Block(
            "stats",
            [
                "stats": stats.map { label, count, note in
                    Model([
                        "statLabel": label, "statValue": "\(count)", "statNote": note, "statHref": nil,
                        "isBad": label == "Failed" && count > 0,
                    ])
                }
            ]),
        Table(
            caption: "Failed jobs", title: "Failed jobs", columns: ["Job", "Error", "Created", .hidden("Actions")],
            rows: failed.items.map { job in
                [
                    .main(job.kind, sub: job.payload), .text(job.error), .when(job.createdAt),
                    .actions([
                        .post("Retry", "/health/jobs/\(job.id)/retry", style: "is-small", about: "job \(job.id)")
                    ]),
                ]
            },
            empty: Empty(
                icon: "check-circle", title: "No failed jobs",
                text: "Jobs that fail too often are listed here, and can be retried."),
            pager: visit.pager(failed)
        ).block,
    ]
}
