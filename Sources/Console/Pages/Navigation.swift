import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Synchronization
import WebSupport

/// The rooms of the console and how one gets there.
enum Navigation {
    struct Link: Sendable {
        let label: String
        let href: String
        let icon: String
        let jump: String?
        /// The operation without which the page is of no use.
        let needs: Need
    }

    /// An operation that a viewer may do or not.
    struct Need: Sendable {
        let isMet: @Sendable (Visit) -> Bool

        init<Place, Query, Body, Answer>(_ operation: API.Operation<Place, Query, Body, Answer>) {
            isMet = { $0.may(operation) }
        }
    }

    struct Group: Sendable {
        let title: String?
        let links: [Link]
    }

    static let groups: [Group] = [
        Group(
            title: nil,
            links: [
                Link(label: "Dashboard", href: "/", icon: "speedometer2", jump: "h", needs: .init(Overview.show)),
                Link(
                    label: "Tickets", href: "/tickets", icon: "ticket-detailed", jump: "t",
                    needs: .init(Tickets.search.main)),
            ]),
        Group(
            title: "Notifications",
            links: [
                Link(
                    label: "Rules", href: "/rules", icon: "signpost-split", jump: "r", needs: .init(Rules.list)
                ),
                Link(
                    label: "Forwards", href: "/forwards", icon: "arrow-left-right", jump: "f",
                    needs: .init(Forwards.list)),
                Link(
                    label: "Deliveries", href: "/deliveries", icon: "send", jump: "d",
                    needs: .init(Deliveries.list)),
                Link(
                    label: "Recipients", href: "/recipients", icon: "people", jump: "p",
                    needs: .init(Recipients.list)),
                Link(label: "Sync", href: "/sync", icon: "arrow-repeat", jump: "s", needs: .init(Syncs.list)),
            ]),
        Group(
            title: "Administration",
            links: [
                Link(
                    label: "Connections", href: "/connections", icon: "plug", jump: "c",
                    needs: .init(PSA.Connections.list)),
                Link(
                    label: "Integrations", href: "/integrations", icon: "puzzle", jump: "i",
                    needs: .init(MemberMappings.list.main)),
                Link(label: "Customers", href: "/tenants", icon: "building", jump: nil, needs: .init(Tenants.list)),
                Link(label: "Users", href: "/users", icon: "person-gear", jump: "u", needs: .init(Users.list)),
                Link(label: "API keys", href: "/keys", icon: "key", jump: "k", needs: .init(APIKeys.list)),
                Link(
                    label: "Identity providers", href: "/identity-providers", icon: "shield-lock", jump: nil,
                    needs: .init(IdentityProviders.list)),
                Link(
                    label: "Feature flags", href: "/flags", icon: "toggles", jump: nil, needs: .init(FeatureFlags.list)),
                Link(
                    label: "Audit log", href: "/audit", icon: "journal-text", jump: "a", needs: .init(AuditEntries.list)
                ),
                Link(label: "Settings", href: "/settings", icon: "sliders", jump: nil, needs: .init(Config.show)),
                Link(
                    label: "Organizations", href: "/organizations", icon: "buildings", jump: nil,
                    needs: .init(Organizations.list)),
                Link(
                    label: "System health", href: "/health", icon: "heart-pulse", jump: nil,
                    needs: .init(Overview.show)),
            ]),
    ]

    static var jumps: [Model] {
        groups.flatMap(\.links).compactMap { link in
            link.jump.map { ["jumpLabel": link.label, "jumpKey": $0] }
        }
    }

    static func links(for visit: Visit) -> [Link] {
        groups.flatMap(\.links).filter { $0.needs.isMet(visit) }
    }

    static func model(_ visit: Visit, counts: NavigationCounts) async throws -> [Model] {
        let counts = try await counts.toActOn(visit)
        return groups.compactMap { group in
            let links = group.links.filter { $0.needs.isMet(visit) }.map { link in
                let isCurrent =
                    link.href == "/"
                    ? visit.path == "/" : visit.path == link.href || visit.path.utf8.hasPrefix(link.href + "/")
                return Model([
                    "label": link.label, "href": link.href, "icon": link.icon, "jump": link.jump,
                    "isCurrent": isCurrent,
                    "count": link.href == "/deliveries"
                        ? counts.deliveries : link.href == "/integrations" ? counts.posts : nil,
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
    private static let mostOwn = 100

    /// The count of things that need attention and that the user may see; nil if there are none.
    struct Counts: Sendable {
        /// Failed deliveries.
        var deliveries: String?
        /// Writes to tickets that failed or wait.
        var posts: String?
    }

    /// Whose numbers: an administrator's are the organization's.
    private struct Reader: Hashable {
        let organization: Organization.ID
        let sees: [Bool]
        let user: User.ID?
    }

    private let known = Mutex<[Reader: (counts: Counts, at: ContinuousClock.Instant)]>([:])

    func toActOn(_ visit: Visit) async throws -> Counts {
        let seesAll = visit.may(Overview.counts)
        let seesPosts = visit.may(Posts.list)
        let isOwn = seesPosts && visit.principal.role < .admin
        let reader = Reader(
            organization: visit.principal.organization, sees: [seesAll, seesPosts, isOwn],
            user: isOwn ? visit.principal.user : nil)
        if let found = known.withLock({ $0[reader] }), found.at.duration(to: .now) < Self.lifetime {
            return found.counts
        }
        var counts = Counts()
        if seesAll {
            let found = try await visit.ask(Overview.counts())
            counts.deliveries = Self.shown(found.failedDeliveries)
            if seesPosts, !isOwn { counts.posts = Self.shown(found.unfinishedPosts) }
        }
        if isOwn { counts.posts = try await Self.own(visit) }
        let now = counts
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[reader] = (now, .now)
        }
        return counts
    }

    /// Those of the viewer: others' he does not see.
    private static func own(_ visit: Visit) async throws -> String? {
        var count = 0
        for state in [Posts.State.failed, .queued] {
            let found = try await visit.ask(Posts.list([.state: state.rawValue, .mine: "true"], limit: mostOwn))
            guard found.next == nil else { return "\(mostOwn)+" }
            count += found.items.count
        }
        return shown(count)
    }

    private static func shown(_ count: Int) -> String? { count == 0 ? nil : count > 999 ? "999+" : "\(count)" }
}
