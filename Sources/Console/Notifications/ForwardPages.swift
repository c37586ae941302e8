import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func forwardPages() -> [PageRoute] {
    let list = PageRoute.get("/forwards", .viewer) { visit in
        let page = try await visit.get("/notifiers/forwards", visit.listQuery(["state"]))
        let state = visit.query["state"] ?? ""
        let new = visit.allowed(
            .post, "/notifiers/forwards", .link("New forward", "/forwards/new", style: "is-primary", icon: "plus-lg"))
        let mayChange = visit.may(.patch, "/notifiers/forwards/{id}")
        let rows = page.items.map { forward -> [Cell] in
            let id = forward["id"].words
            let name = "\(forward["source_name"].words) → \(forward["destination_name"].words)"
            return [
                .main(
                    name, mayChange ? "/forwards/\(id)" : nil, sub: forward["keep_copy"].isTrue ? "keeps a copy" : nil),
                .badge(.forward(forward["state"].words)),
                .when(forward["starts_at"].date, otherwise: "at once", exact: true),
                .when(forward["ends_at"].date, otherwise: "until it is deleted", exact: true),
                .actions(
                    visit.allowed(
                        .patch, "/notifiers/forwards/{id}",
                        .link("Edit", "/forwards/\(id)", style: "is-small is-quiet", about: name))),
            ]
        }
        let states = [
            ("", "All"), ("active", "Active"), ("upcoming", "Upcoming"), ("expired", "Expired"),
            ("disabled", "Switched off"),
        ]
        var blocks: [Block] = [
            .segments(
                "State", states.map { ($0.1, Visit.href("/forwards", ["state": $0.0]), $0.0 == state) })
        ]
        let shown = page.items.filter { $0["state"].words != "expired" }
        if !shown.isEmpty {
            blocks.append(
                .card(
                    "Who covers whom",
                    [
                        Block(
                            "strip",
                            [
                                "svg": CoverStrip.svg(shown, now: Date(), zone: visit.zone),
                                "stripLabel": "Forwards on a calendar of three weeks",
                            ])
                    ]))
        }
        blocks.append(
            Table(
                caption: "Forwards", columns: ["From and to", "State", "Begins", "Ends", .hidden("Actions")],
                rows: rows,
                empty: Empty(
                    icon: "arrow-left-right", title: state.isEmpty ? "No forwards yet" : "No forward is in this state",
                    text: "While somebody is away, a forward sends what would reach him to somebody else.", actions: new
                ),
                pager: visit.pager(page)
            ).block)
        return Page(title: "Forwards", lead: "Who covers for whom, and when.", actions: new, blocks: blocks)
    }
    @Sendable func times(_ zone: TimeZone) -> [Field] {
        let name = zone == .gmt ? "UTC" : zone.identifier
        return [
            Field("starts_at", "Begins", .instant(zone), help: "In \(name). Empty: at once.", sendsNull: true),
            Field("ends_at", "Ends", .instant(zone), help: "In \(name). Empty: until it is deleted.", sendsNull: true),
            Field("keep_copy", "Keep a copy", .flag, help: "The person who is away is told as well."),
            Field("enabled", "Switched on", .flag),
        ]
    }
    @Sendable func newFields(_ visit: Visit) async throws -> [Field] {
        let recipients = try await Choices.recipients(visit)
        return [
            Field("source_id", "From", .choice(recipients), help: "Who is away.", numeric: true),
            Field("destination_id", "To", .choice(recipients), help: "Who covers.", numeric: true),
        ] + times(visit.zone)
    }
    let new = PageRoute.form("/forwards/new", .admin) { visit, entries, problem in
        let form = Form(
            action: "/forwards/new", fields: try await newFields(visit), submit: "Make the forward",
            cancel: "/forwards",
            entries: entries ?? Entries(["enabled": "true"]), problem: problem)
        return Page(title: "New forward", crumb: ("Forwards", "/forwards"), blocks: [form.block])
    } send: { visit in
        let form = Form(action: "", fields: try await newFields(visit), entries: visit.entries)
        let made = try await visit.send(.post, "/notifiers/forwards", form.body)
        return .redirect(
            "/forwards", "\(made["destination_name"].words) covers for \(made["source_name"].words).")
    }
    let edit = PageRoute.form("/forwards/{id}", .admin) { visit, entries, problem in
        let id = try visit.parameter()
        let forward = try await visit.get("/notifiers/forwards/\(id)")
        let name = "\(forward["source_name"].words) → \(forward["destination_name"].words)"
        let fields = times(visit.zone)
        let form = Form(
            action: "/forwards/\(id)", fields: fields, cancel: "/forwards",
            entries: entries ?? Entries(forward, fields),
            problem: problem)
        return Page(
            title: name, crumb: ("Forwards", "/forwards"),
            actions: [
                .post(
                    "Delete", "/forwards/\(id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete the forward \(name)? Messages go to \(forward["source_name"].words) again.")
            ], blocks: [form.block])
    } send: { visit in
        let form = Form(action: "", fields: times(visit.zone), entries: visit.entries)
        try await visit.send(.patch, "/notifiers/forwards/\(try visit.parameter())", form.body)
        return .redirect("/forwards", "The forward is changed.")
    }
    let delete = Deletion.page(
        "/forwards/{id}/delete", .admin, api: "/notifiers/forwards/{id}", back: "/forwards",
        done: "The forward is deleted."
    ) { visit, id in
        let forward = try await visit.get("/notifiers/forwards/\(id)")
        return "Delete the forward \(forward["source_name"].words) → \(forward["destination_name"].words)?"
    }
    return [list] + new + edit + delete
}

/// Three weeks from today, one line for each forward.
enum CoverStrip {
    private static let (width, label, line, days) = (960.0, 220.0, 30.0, 21)

    static func svg(_ forwards: [Value], now: Date, zone: TimeZone) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let first = calendar.startOfDay(for: now)
        let day = (width - label) / Double(days)
        let height = 34 + Double(forwards.count) * line
        // A day is where the calendar says, also when the clocks change.
        func x(_ date: Date) -> Double {
            let whole = calendar.dateComponents([.day], from: first, to: date).day ?? 0
            let rest = date.timeIntervalSince(calendar.date(byAdding: .day, value: whole, to: first) ?? first) / 86_400
            return min(width, max(label, label + (Double(whole) + rest) * day))
        }
        var parts: [String] = []
        for number in 0..<days {
            guard let date = calendar.date(byAdding: .day, value: number, to: first) else { continue }
            let left = label + Double(number) * day
            if calendar.isDateInWeekend(date) {
                parts.append(
                    "<rect class=\"strip-weekend\" x=\"\(short(left))\" y=\"24\" width=\"\(short(day))\" height=\"\(short(height - 24))\"/>"
                )
            }
            parts.append(
                "<line class=\"strip-day\" x1=\"\(short(left))\" x2=\"\(short(left))\" y1=\"24\" y2=\"\(short(height))\"/>"
            )
            let (month, dayNumber) = (calendar.component(.month, from: date), calendar.component(.day, from: date))
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            // The first label has a month and needs the room of two.
            if number == 1 { continue }
            let text = number == 0 || dayNumber == 1 ? "\(dayNumber) \(months[month - 1])" : "\(dayNumber)"
            parts.append("<text class=\"strip-label is-muted\" x=\"\(short(left + 4))\" y=\"16\">\(text)</text>")
        }
        for (index, forward) in forwards.enumerated() {
            let y = 34 + Double(index) * line
            let (from, to) = (forward["starts_at"].date ?? now, forward["ends_at"].date ?? .distantFuture)
            let (left, right) = (x(from), to == .distantFuture ? width : x(to))
            let style =
                switch forward["state"].words {
                case "upcoming": " is-upcoming";
                case "disabled": " is-off";
                default: ""
                }
            let name = "\(forward["source_name"].words) → \(forward["destination_name"].words)"
            let shown = name.shortened(to: 34)
            parts.append("<text class=\"strip-label\" x=\"0\" y=\"\(short(y + 14))\">\(shown.escapedForHTML)</text>")
            if right > left {
                parts.append(
                    "<rect class=\"strip-bar\(style)\" x=\"\(short(left))\" y=\"\(short(y + 2))\" width=\"\(short(max(3, right - left)))\" height=\"16\" rx=\"4\"><title>\(name.escapedForHTML), \(forward["state"].words)</title></rect>"
                )
            }
        }
        let present = x(now)
        parts.append(
            "<line class=\"strip-now\" x1=\"\(short(present))\" x2=\"\(short(present))\" y1=\"22\" y2=\"\(short(height))\"/>"
        )
        return
            "<svg viewBox=\"0 0 \(Int(saturating: width)) \(Int(saturating: height))\" role=\"img\" aria-label=\"\(forwards.count) forwards from today for three weeks\">"
            + parts.joined() + "</svg>"
    }

    private static func short(_ number: Double) -> String { String((number * 10).rounded() / 10) }
}
