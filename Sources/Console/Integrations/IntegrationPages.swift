import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// ConnectWise in three tabs: the connection, member mappings and the post history.
func integrationPages() -> [PageRoute] {
    connectWisePages + memberPages + postPages
}

func integrationTabs(_ visit: Visit) -> Block {
    let all = [
        ("Connection", "/integrations", visit.may(PSA.Connections.list)),
        ("Member mapping", "/integrations/members", visit.may(MemberMappings.list.main)),
        ("Post history", "/integrations/posts", visit.may(Posts.list)),
    ]
    // From tab to tab it stays the same customer's connection.
    let chosen = ["tenant": visit.query["tenant"] ?? ""]
    return .segments(
        "Integrations",
        all.filter(\.2).map { label, path, _ in
            (label, path.utf8.hasSuffix("posts") ? path : Visit.href(path, chosen), visit.path == path)
        })
}

extension Visit {
    /// The customer whose own a connection is; nil for the organization's.
    func owner(of connection: PSA.Connections.Answer) async throws -> String? {
        guard let tenant = connection.tenant else { return nil }
        return try await ask(Tenants.show(tenant)).name
    }

    /// The connection that is used where no customer has one of its own, or else the one that was; nil when there is none,
    /// or for those who may not see it.
    func connection() async throws -> PSA.Connections.Answer? {
        guard may(PSA.Connections.list) else { return nil }
        let all = try await Choices.all(self) { PSA.Connections.list(limit: $0, cursor: $1) }
            .filter { $0.tenant == nil }
        return all.first(where: \.enabled) ?? all.first
    }

    /// The defaults of the connection that is used.
    /// - Throws: 404 also for those who may not see it.
    func settingsInUse() async throws -> PSA.Settings.Answer {
        var id = try await connection().flatMap { $0.enabled ? $0.id : nil }
        if let customer = try await customer() { id = try await ask(PSA.Tenant.show(customer)).connection }
        guard let id, may(PSA.Settings.show) else { throw Problem.notFound("connection") }
        return try await ask(PSA.Settings.show(id))
    }
}

extension Block {
    /// Shown in place of tickets while no PSA is connected.
    static func notConnected(_ visit: Visit, _ problem: Problem) -> Block {
        guard problem.code == "psa_not_connected" else {
            return .emptyState(
                "plug", "ConnectWise is disabled", problem.detail,
                visit.allowed(PSA.Connections.list, .link("Integrations", "/integrations")))
        }
        return .emptyState(
            "plug", "No connection to ConnectWise yet",
            "Ask an administrator to connect it under Integrations. Then you can find and update tickets.",
            visit.allowed(
                PSA.Connections.create,
                .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg")))
    }
}

extension Problem {
    /// Whether no PSA is connected, or its connection is disabled.
    var isDisconnection: Bool { ["psa_not_connected", "connection_disabled"].contains(code) }
}
