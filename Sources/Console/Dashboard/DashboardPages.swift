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
            // Users limited to some customers start with their tickets.
            guard visit.may(Overview.show) else { return .redirect("/tickets") }
            return .page(try await dashboard(visit))
        }
    ]
}

private func dashboard(_ visit: Visit) async throws -> Page {
    let overview = try await visit.ask(Overview.show())
    let psa = try await visit.ask(PSA.Connections.list()).items.map(ShownConnection.init)
    let chat = try await visit.ask(ChatConnections.list()).items.map(ShownConnection.init)
    let syncs = try await visit.ask(Syncs.list()).items
    let hours = overview.hours
    func counted(_ number: Int) -> String {
        number >= Overview.mostCounted ? "\(Overview.mostCounted)+" : "\(number)"
    }
    let (failed, waiting) = (overview.failedDeliveries, overview.pendingDeliveries)
    var blocks: [Block] = []
    if psa.isEmpty || chat.isEmpty { blocks.append(firstSteps(visit, psa: !psa.isEmpty, chat: !chat.isEmpty)) }
    blocks += paused(psa + chat)
    let posts = overview.unfinishedPosts
    if posts > 0 {
        blocks.append(
            .notice(
                .warning, nil, "\(counted(posts)) \(posts == 1 ? "write" : "writes") to tickets failed or pending.",
                href: "/integrations/posts",
                link: "Post history"))
    }
    blocks.append(
        Block(
            "stats",
            [
                "stats": [
                    stat("Ticket events", "\(hours.reduce(0) { $0 + $1.events })", "last 24 hours"),
                    stat(
                        "Messages sent", "\(hours.reduce(0) { $0 + $1.sent })", "last 24 hours",
                        "/deliveries?state=sent"),
                    stat("Pending", counted(waiting), "queued or uncertain", "/deliveries?state=queued"),
                    stat(
                        "Failed", counted(failed), failed == 0 ? "nothing needs attention" : "need attention",
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
                    caption: "Latest events", columns: ["Event", "Ticket", .number("Notified"), "When"],
                    rows: overview.recentEvents.map { event in
                        [
                            .text(EventWords.of(event.kind)),
                            .main(
                                "#\(event.ticket) \(event.summary)",
                                "/tickets/\(event.ticket)"),
                            .number(event.notified), .when(event.createdAt),
                        ]
                    },
                    empty: Empty(
                        icon: "inbox", title: "No events yet",
                        text: "Events appear here when a ticket is created or changes.")
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

    init(_ connection: ChatConnections.Answer) {
        name = connection.name
        page = connection.page
        state = connection.state.text
        reason = connection.stateReason
        isEnabled = connection.enabled
    }
}

/// Connections that need attention: the reason says what to do.
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
            ChatConnections.create,
            .link("Connect Webex", "/connections/chat/new", style: "is-primary"))
        : visit.allowed(
            PSA.Connections.create,
            .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary"))
    return .emptyState(
        "plug", psa ? "Connect a chat system next" : "Connect your PSA first",
        psa
            ? "Tickets are already synced. Connect Webex or your own webhook to notify people about them."
            : "Patchbay reads tickets from ConnectWise PSA and notifies the right rooms and people about them.", steps)
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
                empty: Empty(
                    icon: "plug", title: "No connections yet", text: "Connect ConnectWise and Webex to get started.")
            ).block
        ])
}

private func syncsCard(_ syncs: [Syncs.Answer]) -> Block {
    .card(
        "Last syncs", actions: [.link("All", "/sync", style: "is-small")], flush: true,
        [
            Table(
                caption: "Last syncs", columns: ["Kind", "State", "Finished"],
                rows: syncs.prefix(6).map { sync in
                    [
                        .main(SyncWords.of(sync.kind), sub: sync.lastError),
                        .badge(.sync(sync.state)), .when(sync.finishedAt),
                    ]
                },
                empty: Empty(
                    icon: "arrow-repeat", title: "Nothing to sync yet", text: "Syncs start with the first connection.")
            ).block
        ])
}

/// The last day as bars, one group for each hour. Drawn here, so that it is there without a script.
enum Chart {
    private static let (width, height, bottom, left) = (960.0, 200.0, 24.0, 36.0)

    static func svg(_ hours: [Overview.Hour], zone: TimeZone) -> String {
        let most = Double(max(4, hours.map { max($0.events, $0.sent + $0.failed) }.max() ?? 0))
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
                Double(hour.events), Double(hour.sent), Double(hour.failed)
            )
            let clock = calendar.component(.hour, from: hour.startsAt)
            let bar = slot * 0.36
            parts.append(
                "<g><title>\(clock):00 – \(hour.events) events, \(hour.sent) messages sent, \(hour.failed) failed</title>"
                    + rect(x + slot * 0.1, 0, events, bar, "is-events") + rect(x + slot * 0.52, 0, sent, bar, "is-good")
                    + rect(x + slot * 0.52, sent, sent + failed, bar, "is-bad") + "</g>")
            if clock % 3 == 0 {
                parts.append(
                    "<text class=\"chart-label\" x=\"\(short(x + slot / 2))\" y=\"\(short(height - 6))\" text-anchor=\"middle\">\(clock):00</text>"
                )
            }
        }
        let total = hours.reduce((0, 0, 0)) {
            ($0.0 + $1.events, $0.1 + $1.sent, $0.2 + $1.failed)
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
