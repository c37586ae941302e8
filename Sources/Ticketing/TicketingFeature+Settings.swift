import Accounts
import BoundaryText

extension TicketingFeature {
    private static let connection = ["SITE", "COMPANY", "PUBLIC_KEY", "PRIVATE_KEY", "CLIENT_ID"].map {
        "CONNECTWISE_\($0)"
    }

    /// The names of the limits a minute.
    static let limits = (searches: "LIMIT_SEARCHES", lookUps: "LIMIT_LOOKUPS", posts: "LIMIT_POSTS")

    /// What the configuration may give.
    static let settings: [Feature.Setting] =
        [.number("CONNECTWISE_BUDGET", of: "calls", in: 1...10_000_000)]
        + [limits.searches, limits.lookUps, limits.posts].map { name in
            .number(name, of: "calls a minute", in: 1...100_000)
        }
        + connection.map { Feature.Setting($0, "as ConnectWise gives it") }

    /// A connection is configured wholly or not at all.
    static let settingGroups = [Feature.SettingGroup(connection, of: "ConnectWise")]
}

extension Feature.Settings {
    /// Calls a minute to each ConnectWise connection, all servers together.
    public var connectWiseBudget: Int { number("CONNECTWISE_BUDGET") ?? 500 }

    /// How often an organization may search tickets, look them up and write to them.
    public var ticketLimits: TicketLimits {
        let (usual, names) = (TicketLimits(), TicketingFeature.limits)
        return TicketLimits(
            searches: number(names.searches) ?? usual.searches, lookUps: number(names.lookUps) ?? usual.lookUps,
            posts: number(names.posts) ?? usual.posts)
    }

    /// Whether the configuration names a ticketing system.
    var namesConnectWise: Bool { self["CONNECTWISE_SITE"] != nil }

    /// The first organization's ticketing system; nil when none is named.
    /// - Throws: a `Problem` when it cannot be one.
    func connectWise() throws -> PSAConnectionDraft? {
        guard let site = self["CONNECTWISE_SITE"], let company = self["CONNECTWISE_COMPANY"],
            let publicKey = self["CONNECTWISE_PUBLIC_KEY"], let privateKey = self["CONNECTWISE_PRIVATE_KEY"],
            let clientID = self["CONNECTWISE_CLIENT_ID"]
        else { return nil }
        return try PSAConnectionDraft(
            name: "ConnectWise", site: site, company: company,
            credentials: PSACredentials(publicKey: publicKey, privateKey: privateKey, clientID: clientID))
    }
}
