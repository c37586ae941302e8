import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

extension Forwards.Answer {
    /// As a sentence names it.
    fileprivate var name: String { "\(sourceName) → \(destinationName)" }
}

private let states: [(Forwards.State?, String)] = [
    (nil, "All"), (.active, "Active"), (.upcoming, "Upcoming"), (.expired, "Expired"), (.disabled, "Disabled"),
]

func forwardPages() -> [PageRoute] {
    let list = PageRoute.get("/forwards", .viewer) { visit in
        let page = try await visit.ask(Forwards.list(visit.filters(), limit: visit.limit, cursor: visit.cursor))
        let state = visit.query["state"] ?? ""
        let new = visit.allowed(
            Forwards.create, .link("New forward", "/forwards/new", style: "is-primary", icon: "plus-lg"))
        var blocks: [Block] = [
            .segments(
                "State",
                states.map { choice, label in
                    let value = choice?.rawValue ?? ""
                    return (label, Visit.href("/forwards", ["state": value]), value == state)
                })
        ]
        let shown = page.items.filter { $0.state.known != .expired }
        if !shown.isEmpty {
            blocks.append(
                .card(
                    "Who covers for whom",
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
                caption: "Forwards", columns: ["From and to", "State", "Starts", "Ends", .hidden("Actions")],
                rows: page.items.map { row($0, visit) },
                empty: Empty(
                    icon: "arrow-left-right", title: state.isEmpty ? "No forwards yet" : "No matching forwards",
                    text: "While someone is away, a forward sends their notifications to someone else.", actions: new
                ),
                pager: visit.pager(page)
            ).block)
        return Page(title: "Forwards", lead: "Who covers for whom, and when.", actions: new, blocks: blocks)
    }
    let new = PageRoute.form("/forwards/new", Forwards.create.role) { visit, entries, problem in
        let form = Form(
            action: "/forwards/new", fields: try await target(visit) + options(visit.zone), submit: "Create forward",
            cancel: "/forwards", entries: entries ?? Entries(["enabled": "true"]), problem: problem)
        return Page(title: "New forward", crumb: ("Forwards", "/forwards"), blocks: [form.block])
    } send: { visit in
        let form = Form(action: "", fields: try await target(visit) + options(visit.zone), entries: visit.entries)
        let forward = try await visit.send(Forwards.create(form.members()))
        return .redirect("/forwards", "\(forward.destinationName) covers for \(forward.sourceName).")
    }
    let edit = PageRoute.form("/forwards/{id}", Forwards.update.role) { visit, entries, problem in
        let forward = try await visit.ask(Forwards.show(visit.place()))
        let fields = options(visit.zone)
        let form = Form(
            action: "/forwards/\(forward.id)", fields: fields, cancel: "/forwards",
            entries: try entries ?? Entries(forward, fields), problem: problem)
        return Page(
            title: forward.name, crumb: ("Forwards", "/forwards"),
            actions: [
                .post(
                    "Delete", "/forwards/\(forward.id)/delete", style: "is-danger", icon: "trash",
                    confirm: "Delete the forward \(forward.name)? Messages go to \(forward.sourceName) again.")
            ], blocks: [form.block])
    } send: { visit in
        let form = Form(action: "", fields: options(visit.zone), entries: visit.entries)
        try await visit.send(Forwards.update(visit.place(), form.members()))
        return .redirect("/forwards", "Forward saved.")
    }
    let delete = Deletion.page(
        "/forwards/{id}/delete", Forwards.delete, back: "/forwards", done: "Forward deleted."
    ) { visit, id in
        "Delete the forward \(try await visit.ask(Forwards.show(id)).name)?"
    }
    return [list] + new + edit + delete
}

private func row(_ forward: Forwards.Answer, _ visit: Visit) -> [Cell] {
    [
        .main(
            forward.name, visit.may(Forwards.update) ? "/forwards/\(forward.id)" : nil,
            sub: forward.keepCopy ? "keeps a copy" : nil),
        .badge(.forward(forward.state.text)),
        .when(forward.startsAt, otherwise: "immediately", exact: true),
        .when(forward.endsAt, otherwise: "until deleted", exact: true),
        .actions(
            visit.allowed(
                Forwards.update,
                .link("Edit", "/forwards/\(forward.id)", style: "is-small is-quiet", about: forward.name))),
    ]
}

/// What only a new forward has.
private func target(_ visit: Visit) async throws -> [Field] {
    typealias Member = Forwards.New.CodingKeys
    let recipients = try await Choices.recipients(visit)
    return [
        Field(Member.source, "From", .choice(recipients), help: "Who is away.", numeric: true),
        Field(Member.destination, "To", .choice(recipients), help: "Who covers.", numeric: true),
    ]
}

private func options(_ zone: TimeZone) -> [Field] {
    typealias Member = Forwards.Change.CodingKeys
    let name = zone == .gmt ? "UTC" : zone.identifier
    return [
        Field(
            Member.startsAt, "Starts", .instant(zone), help: "In \(name). Leave blank to start now.", sendsNull: true),
        Field(
            Member.endsAt, "Ends", .instant(zone), help: "In \(name). Leave blank to keep it until you delete it.",
            sendsNull: true),
        Field(Member.keepCopy, "Keep a copy", .flag, help: "Also notify the person who is away."),
        Field(Member.enabled, "Enabled", .flag),
    ]
}

/// Three weeks from today, one line for each forward.
enum CoverStrip {
    private static let (width, label, line, days) = (960.0, 220.0, 30.0, 21)

    static func svg(_ forwards: [Forwards.Answer], now: Date, zone: TimeZone) -> String {
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
            let (from, to) = (forward.startsAt ?? now, forward.endsAt ?? .distantFuture)
            let (left, right) = (x(from), to == .distantFuture ? width : x(to))
            let style =
                switch forward.state.known {
                case .upcoming: " is-upcoming"
                case .disabled: " is-off"
                case .active, .expired, nil: ""
                }
            let name = forward.name
            let shown = name.shortened(to: 34)
            parts.append("<text class=\"strip-label\" x=\"0\" y=\"\(short(y + 14))\">\(shown.escapedForHTML)</text>")
            if right > left {
                parts.append(
                    "<rect class=\"strip-bar\(style)\" x=\"\(short(left))\" y=\"\(short(y + 2))\" width=\"\(short(max(3, right - left)))\" height=\"16\" rx=\"4\"><title>\(name.escapedForHTML), \(forward.state.text)</title></rect>"
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
