import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func settingsPages() -> [PageRoute] {
    @Sendable func fields(_ visit: Visit) async throws -> [Field] {
        [
            Field(
                "notifications_enabled", "Notifications", .flag,
                help: "Switched off, everything is recorded and nobody is told."),
            Field(
                "require_rule", "Only boards with a rule", .flag,
                help: "Without a rule for its board, nobody hears of a ticket, not even those it is assigned to."),
            Field("max_message_length", "Length of notes in messages", .number, help: "In characters."),
            Field(
                "reference_lifetime_seconds", "How long members are taken from the mirror", .number, help: "In seconds."
            ),
            Field("silence_alarm_minutes", "Alarm when ConnectWise does not call for", .number, help: "In minutes."),
            Field(
                "alarm_recipient_id", "Who is told of alarms", .choice(try await Choices.recipients(visit)),
                numeric: true, sendsNull: true),
            Field("history_days", "Keep events and deliveries for", .number, help: "In days."),
        ]
    }
    return PageRoute.form("/settings", .viewer, posting: .admin) { visit, entries, problem in
        let settings = try await visit.get("/config")
        let fields = try await fields(visit)
        let stored = Entries(settings, fields)
        guard visit.may(.patch, "/config") else {
            let recipients = try await Choices.recipients(visit)
            let facts = fields.map { field -> (String, Cell) in
                let value = settings[field.name]
                let text = recipients.first { field.name == "alarm_recipient_id" && $0.value == value.words }?.label
                return (
                    field.label,
                    .text(text ?? (value == .flag(true) ? "on" : value == .flag(false) ? "off" : value.string))
                )
            }
            return Page(
                title: "Settings", lead: "How notifications work.", blocks: [.card("Notifications", [.facts(facts)])])
        }
        return Page(
            title: "Settings", lead: "How notifications work.",
            blocks: [
                Form(action: "/settings", fields: fields, entries: entries ?? stored, problem: problem).block
            ] + (try await organizationForm(visit)))
    } send: { visit in
        try await visit.send(
            .patch, "/config", Form(action: "", fields: try await fields(visit), entries: visit.entries).body)
        return .redirect("/settings", "The settings are changed.")
    }
}

func healthPages(_ health: @escaping @Sendable () async -> [HealthCheck]) -> [PageRoute] {
    [
        .get("/health", .viewer, topics: ["connections", "jobs"]) { visit in
            let checks = await health()
            var blocks: [Block] = [
                checks.allSatisfy(\.isOK)
                    ? .notice(.good, "Everything is well.", "Database, schema, credentials and workers answer.")
                    : .notice(.bad, "Something is not well.", "See below which part."),
                Table(
                    caption: "Checks", columns: ["Part", "State", "Detail"],
                    rows: checks.map {
                        [
                            .main($0.name), .badge($0.isOK ? Badge(.good, "well") : Badge(.bad, "not well")),
                            .text($0.detail),
                        ]
                    }
                ).block,
            ]
            if visit.may(.get, "/jobs") {
                let jobs = try await visit.get("/jobs")
                blocks.append(
                    Block(
                        "stats",
                        [
                            "stats": [
                                ("Ready", "ready", "due or soon"), ("Waiting", "waiting", "behind another"),
                                ("Running", "running", "at this moment"), ("Given up", "parked", "need a person"),
                            ]
                            .map { label, name, note in
                                Model([
                                    "statLabel": label, "statValue": jobs[name].words, "statNote": note,
                                    "statHref": nil, "isBad": name == "parked" && jobs[name].int > 0,
                                ])
                            }
                        ]))
                let parked = try await visit.get("/jobs/parked", visit.listQuery([]))
                blocks.append(
                    Table(
                        caption: "Jobs that gave up", title: "Jobs that gave up",
                        columns: ["Job", "Error", "Made", .hidden("Actions")],
                        rows: parked.items.map { job in
                            [
                                .main(job["kind"].words, sub: job["payload"].string), .text(job["error"].string),
                                .when(job["created_at"].date),
                                .actions([
                                    .post(
                                        "Run again", "/health/jobs/\(job["id"].words)/retry", style: "is-small",
                                        about: "job \(job["id"].words)")
                                ]),
                            ]
                        },
                        empty: Empty(
                            icon: "check-circle", title: "No job has given up",
                            text: "Work that fails too often ends here, and can be run again."),
                        pager: visit.pager(parked)
                    ).block)
            }
            return Page(title: "System health", blocks: blocks)
        },
        .post("/health/jobs/{id}/retry", .superAdmin) { visit in
            try await visit.send(.post, "/jobs/parked/\(try visit.parameter())/retry")
            return .redirect("/health", "The job runs again.")
        },
    ]
}
