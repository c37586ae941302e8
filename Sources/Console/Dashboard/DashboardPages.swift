import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func dashboardPages() -> [PageRoute] {
    [
        PageRoute(
            method: .get, path: "/", role: .viewer,
            topics: ["connections", "deliveries", "events", "posts", "syncs"]
        ) { visit in
            // Who works for some customers only begins with their tickets.
            guard visit.may(.get, "/overview") else { return .redirect("/tickets") }
            return .page(try await dashboard(visit))
        }
    ]
}

private func dashboard(_ visit: Visit) async throws -> Page {
    let overview = try await visit.get("/overview")
    let psa = try await visit.ask(PSA.Connections.list()).items.map(ShownConnection.init)
    let chat = try await visit.get("/integrations/chat/connections").items.map(ShownConnection.init(chat:))
    let syncs = try await visit.get("/sync/status").items
    let hours = overview["hours"].elements
    func total(_ name: String) -> Int { hours.reduce(0) { $0 + $1[name].int } }
    func counted(_ number: Int) -> String { number >= 1_000 ? "1000+" : "\(number)" }
    let (failed, waiting) = (overview["failed"].int, overview["waiting"].int)
    var blocks: [Block] = []
    if psa.isEmpty || chat.isEmpty { blocks.append(firstSteps(visit, psa: !psa.isEmpty, chat: !chat.isEmpty)) }
    blocks += paused(psa + chat)
    let posts = overview["posts"].int
    if posts > 0 {
        blocks.append(
            .notice(
                .warning, nil, "\(counted(posts)) writes to tickets failed or wait.", href: "/integrations/posts",
                link: "Post history"))
    }
    blocks.append(
        Block(
            "stats",
            [
                "stats": [
                    stat("Ticket events", "\(total("events"))", "last 24 hours"),
                    stat("Messages sent", "\(total("sent"))", "last 24 hours", "/deliveries?state=sent"),
                    stat("On their way", counted(waiting), "queued or uncertain", "/deliveries?state=queued"),
                    stat(
                        "Failed", counted(failed), failed == 0 ? "nothing to act on" : "to act on",
                        "/deliveries?state=failed", isBad: failed > 0),
                ] as [Model]
            ]))
    blocks.append(
        .card(
            "Events and messages, last 24 hours",
            [
                Block(
                    "chart",
                    [
                        "svg": Chart.svg(hours, zone: visit.zone),
                        "legend": [
                            ["tone": "", "label": "events"], ["tone": "is-good", "label": "messages sent"],
                            ["tone": "is-bad", "label": "failed"],
                        ] as [Model],
                    ])
            ]))
    blocks.append(
        .grid(2, [connectionsCard(psa + chat), syncsCard(syncs)]))
    blocks.append(
        .card(
            "Latest events", actions: [.link("All deliveries", "/deliveries", style: "is-small")], flush: true,
            [
                Table(
                    caption: "Latest events", columns: ["Event", "Ticket", .number("Told"), "When"],
                    rows: overview["recent_events"].elements.map { event in
                        [
                            .text(EventWords.of(.init(event["kind"].words))),
                            .main(
                                "#\(event["ticket_id"].words) \(event["summary"].words)",
                                "/tickets/\(event["ticket_id"].words)"),
                            .number(event["told"].int), .when(event["created_at"].date),
                        ]
                    },
                    empty: Empty(
                        icon: "inbox", title: "Nothing has happened yet",
                        text: "Events appear here as soon as a ticket is created or changes.")
                ).block
            ]))
    return Page(title: "Dashboard", blocks: blocks)
}

/// A connection of whatever kind, as it is shown here.
private struct ShownConnection {
    let name: String
    let page: String
    let state: String
    let reason: String?
    let isEnabled: Bool

    init(_ connection: PSA.Connections.Answer) {
        name = connection.name
        page = connection.page
        state = connection.state.text
        reason = connection.stateReason
        isEnabled = connection.enabled
    }

    init(chat connection: Value) {
        name = connection["name"].words
        page = "/connections/chat/\(connection["id"].words)"
        state = connection["state"].words
        reason = connection["state_reason"].string
        isEnabled = connection["active"].isTrue
    }
}

/// Connections that wait for somebody to fix them: the reason says what to do.
private func paused(_ connections: [ShownConnection]) -> [Block] {
    connections.filter { $0.state == PSA.Connections.State.paused.rawValue && $0.isEnabled }.map { connection in
        .notice(.bad, "\(connection.name) is paused.", connection.reason ?? "", href: connection.page, link: "Show")
    }
}

private func stat(_ label: String, _ value: String, _ note: String, _ href: String? = nil, isBad: Bool = false) -> Model
{
    Model(["statLabel": label, "statValue": value, "statNote": note, "statHref": href, "isBad": isBad])
}

private func firstSteps(_ visit: Visit, psa: Bool, chat: Bool) -> Block {
    let steps =
        psa
        ? visit.allowed(
            .post, "/integrations/chat/connections",
            .link("Connect Webex", "/connections/chat/new", style: "is-primary"))
        : visit.allowed(
            PSA.Connections.create,
            .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary"))
    return .emptyState(
        "plug", psa ? "Connect a chat system next" : "Connect your ticketing system first",
        psa
            ? "Tickets are read already. With Webex, or a webhook of your own, people can be told of them."
            : "Patchbay reads tickets from ConnectWise PSA and tells the right rooms and people about them.", steps)
}

private func connectionsCard(_ connections: [ShownConnection]) -> Block {
    let rows = connections.map { connection -> [Cell] in
        [
            .main(connection.name, connection.page, sub: connection.reason),
            .badge(.connection(connection.state, isActive: connection.isEnabled)),
        ]
    }
    return .card(
        "Connections", flush: true,
        [
            Table(
                caption: "Connections", columns: ["Name", "State"], rows: rows,
                empty: Empty(icon: "plug", title: "No connection yet", text: "Connect ConnectWise and Webex to begin.")
            ).block
        ])
}

private func syncsCard(_ syncs: [Value]) -> Block {
    .card(
        "Last syncs", actions: [.link("All", "/sync", style: "is-small")], flush: true,
        [
            Table(
                caption: "Last syncs", columns: ["Kind", "State", "Finished"],
                rows: syncs.prefix(6).map { sync in
                    [
                        .main(SyncWords.of(sync["kind"].words), sub: sync["last_error"].string),
                        .badge(.sync(sync["state"].words)), .when(sync["finished_at"].date),
                    ]
                },
                empty: Empty(
                    icon: "arrow-repeat", title: "Nothing to sync yet", text: "Syncs begin with the first connection.")
            ).block
        ])
}

/// The last day as bars, one group for each hour. Drawn here, so that it is there without a script.
enum Chart {
    private static let (width, height, bottom, left) = (960.0, 200.0, 24.0, 36.0)

    static func svg(_ hours: [Value], zone: TimeZone) -> String {
        let most = Double(max(4, hours.map { max($0["events"].int, $0["sent"].int + $0["failed"].int) }.max() ?? 0))
        let top = nice(most)
        let slot = (width - left) / Double(max(1, hours.count))
        func y(_ value: Double) -> Double { (height - bottom) - value / top * (height - bottom - 12) }
        func rect(_ x: Double, _ from: Double, _ to: Double, _ width: Double, _ style: String) -> String {
            to <= from
                ? ""
                : "<rect class=\"chart-bar \(style)\" x=\"\(short(x))\" y=\"\(short(y(to)))\" width=\"\(short(width))\" height=\"\(short(y(from) - y(to)))\" rx=\"1.5\"/>"
        }
        var parts: [String] = []
        for step in [0, top / 2, top] {
            parts.append(
                "<line class=\"chart-grid\" x1=\"\(short(left))\" x2=\"\(short(width))\" y1=\"\(short(y(step)))\" y2=\"\(short(y(step)))\"/><text class=\"chart-label\" x=\"\(short(left - 8))\" y=\"\(short(y(step) + 4))\" text-anchor=\"end\">\(Int(saturating: step))</text>"
            )
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        for (index, hour) in hours.enumerated() {
            let x = left + Double(index) * slot
            let (events, sent, failed) = (
                Double(hour["events"].int), Double(hour["sent"].int), Double(hour["failed"].int)
            )
            let clock = hour["starts_at"].date.map { calendar.component(.hour, from: $0) } ?? 0
            let bar = slot * 0.36
            parts.append(
                "<g><title>\(clock):00 – \(hour["events"].int) events, \(hour["sent"].int) messages sent, \(hour["failed"].int) failed</title>"
                    + rect(x + slot * 0.1, 0, events, bar, "is-events") + rect(x + slot * 0.52, 0, sent, bar, "is-good")
                    + rect(x + slot * 0.52, sent, sent + failed, bar, "is-bad") + "</g>")
            if clock % 3 == 0 {
                parts.append(
                    "<text class=\"chart-label\" x=\"\(short(x + slot / 2))\" y=\"\(short(height - 6))\" text-anchor=\"middle\">\(clock):00</text>"
                )
            }
        }
        let total = hours.reduce((0, 0, 0)) {
            ($0.0 + $1["events"].int, $0.1 + $1["sent"].int, $0.2 + $1["failed"].int)
        }
        return
            "<svg viewBox=\"0 0 \(Int(saturating: width)) \(Int(saturating: height))\" role=\"img\" aria-label=\"\(total.0) events, \(total.1) messages sent and \(total.2) failed in the last 24 hours\">"
            + parts.joined() + "</svg>"
    }

    private static func short(_ number: Double) -> String { String((number * 10).rounded() / 10) }

    /// The next number that divides well into two.
    static func nice(_ most: Double) -> Double {
        var size = 1.0
        while true {
            for factor in [2.0, 4, 6, 10] where size * factor >= most { return size * factor }
            size *= 10
        }
    }
}
