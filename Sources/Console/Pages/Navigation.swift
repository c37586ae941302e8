import Accounts
import Database
import Foundation
import HTTPTypes
import Synchronization

/// The rooms of the console and how one gets there.
enum Navigation {
    struct Link: Sendable {
        let label: String
        let href: String
        let icon: String
        let jump: String?
        /// The operation without which the page is of no use.
        let needs: (HTTPRequest.Method, String)
    }

    struct Group: Sendable {
        let title: String?
        let links: [Link]
    }

    static let groups: [Group] = [
        Group(
            title: nil,
            links: [
                Link(label: "Dashboard", href: "/", icon: "speedometer2", jump: "h", needs: (.get, "/overview")),
                Link(
                    label: "Tickets", href: "/tickets", icon: "ticket-detailed", jump: "t", needs: (.get, "/overview")),
            ]),
        Group(
            title: "Notifications",
            links: [
                Link(
                    label: "Rules", href: "/rules", icon: "signpost-split", jump: "r", needs: (.get, "/notifiers/rules")
                ),
                Link(
                    label: "Forwards", href: "/forwards", icon: "arrow-left-right", jump: "f",
                    needs: (.get, "/notifiers/forwards")),
                Link(
                    label: "Deliveries", href: "/deliveries", icon: "send", jump: "d",
                    needs: (.get, "/notifiers/deliveries")),
                Link(
                    label: "Recipients", href: "/recipients", icon: "people", jump: "p", needs: (.get, "/webex/rooms")),
                Link(label: "Sync", href: "/sync", icon: "arrow-repeat", jump: "s", needs: (.get, "/sync/status")),
            ]),
        Group(
            title: "Administration",
            links: [
                Link(
                    label: "Connections", href: "/connections", icon: "plug", jump: "c",
                    needs: (.get, "/integrations/psa/connections")),
                Link(label: "Users", href: "/users", icon: "person-gear", jump: "u", needs: (.get, "/users")),
                Link(label: "API keys", href: "/keys", icon: "key", jump: "k", needs: (.get, "/users/keys")),
                Link(
                    label: "Identity providers", href: "/identity-providers", icon: "shield-lock", jump: nil,
                    needs: (.get, "/identity-providers")),
                Link(
                    label: "Feature flags", href: "/flags", icon: "toggles", jump: nil, needs: (.get, "/feature-flags")),
                Link(label: "Audit log", href: "/audit", icon: "journal-text", jump: "a", needs: (.get, "/audit")),
                Link(label: "Settings", href: "/settings", icon: "sliders", jump: nil, needs: (.get, "/config")),
                Link(
                    label: "Organizations", href: "/organizations", icon: "buildings", jump: nil,
                    needs: (.get, "/organizations")),
                Link(
                    label: "System health", href: "/health", icon: "heart-pulse", jump: nil, needs: (.get, "/overview")),
            ]),
    ]

    static var jumps: [Model] {
        groups.flatMap(\.links).compactMap { link in
            link.jump.map { ["jumpLabel": link.label, "jumpKey": $0] }
        }
    }

    static func links(for visit: Visit) -> [Link] {
        groups.flatMap(\.links).filter { visit.may($0.needs.0, $0.needs.1) }
    }

    static func model(_ visit: Visit, counts: NavigationCounts) async throws -> [Model] {
        let failed = try await counts.failed(visit)
        return groups.compactMap { group in
            let links = group.links.filter { visit.may($0.needs.0, $0.needs.1) }.map { link in
                let isCurrent =
                    link.href == "/"
                    ? visit.path == "/" : visit.path == link.href || visit.path.hasPrefix(link.href + "/")
                return Model([
                    "label": link.label, "href": link.href, "icon": link.icon, "jump": link.jump,
                    "isCurrent": isCurrent,
                    "count": link.href == "/deliveries" && failed > 0 ? (failed > 999 ? "999+" : "\(failed)") : nil,
                ])
            }
            return links.isEmpty ? nil : Model(["groupTitle": group.title, "links": links])
        }
    }
}

/// The numbers beside the navigation's links. Every page shows them, so they are counted every few seconds only.
final class NavigationCounts: Sendable {
    private static let lifetime: Duration = .seconds(3)
    private static let most = 1_000

    private let failed = Mutex<[Organization.ID: (count: Int, at: ContinuousClock.Instant)]>([:])

    func failed(_ visit: Visit) async throws -> Int {
        let organization = visit.principal.organization
        if let known = failed.withLock({ $0[organization] }), known.at.duration(to: .now) < Self.lifetime {
            return known.count
        }
        let count = try await visit.get("/overview/counts")["failed"].int
        failed.withLock { failed in
            if failed.count >= Self.most { failed = [:] }
            failed[organization] = (count, .now)
        }
        return count
    }
}
