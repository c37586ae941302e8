import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// ConnectWise in three tabs: the connection, who is whom, and what was written.
func integrationPages() -> [PageRoute] {
    connectWisePages + memberPages + postPages
}

/// Where the API has what these pages show.
let integrationBase = "/integrations/psa"

func integrationTabs(_ visit: Visit) -> Block {
    let all = [
        ("Connection", "/integrations", "/connections"),
        ("Member mapping", "/integrations/members", "/member-mappings"),
        ("Post history", "/integrations/posts", "/posts"),
    ]
    // From tab to tab it stays the same customer's connection.
    let chosen = ["tenant": visit.query["tenant"] ?? ""]
    return .segments(
        "Integrations",
        all.filter { visit.may(.get, integrationBase + $0.2) }.map { label, path, _ in
            (label, path.utf8.hasSuffix("posts") ? path : Visit.href(path, chosen), visit.path == path)
        })
}

extension Visit {
    /// The customer whose own a connection is; nil for the organization's.
    func owner(of connection: Value) async throws -> String? {
        guard let tenant = connection["tenant_id"].string else { return nil }
        return try await get("/tenants/\(tenant)")["name"].string
    }

    /// The connection that is used where no customer has one of its own, or else the one that was; nil when there is none,
    /// or for those who may not see it.
    func connection() async throws -> Value? {
        guard may(.get, integrationBase + "/connections") else { return nil }
        let all = try await get(integrationBase + "/connections", ["limit": "200"]).items.filter {
            $0["tenant_id"] == .null
        }
        return all.first { $0["active"].isTrue } ?? all.first
    }

    /// What applies to writes through the connection that is used, where nobody says anything else.
    /// - Throws: 404 also for those who may not see it.
    func settingsInUse() async throws -> Value {
        var id = try await connection().flatMap { $0["active"].isTrue ? $0["id"].string : nil }
        if let tenant = try await tenant()?["id"].string {
            id = try await get("/tenants/\(tenant)/connectwise/enabled")["connection_id"].string
        }
        guard let id, may(.get, integrationBase + "/connections/{id}/settings") else {
            throw Problem.notFound("connection")
        }
        return try await get("\(integrationBase)/connections/\(id)/settings")
    }
}

extension Block {
    /// What stands in place of tickets while there is no ticketing system.
    static func notConnected(_ visit: Visit, _ problem: Problem) -> Block {
        guard problem.code == "not_connected" else {
            return .emptyState(
                "plug", "ConnectWise is switched off", problem.detail,
                visit.allowed(.get, integrationBase + "/connections", .link("Integrations", "/integrations")))
        }
        return .emptyState(
            "plug", "No connection to ConnectWise yet",
            "An administrator connects it under Integrations; then tickets can be found and written to.",
            visit.allowed(
                .post, integrationBase + "/connections",
                .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg")))
    }
}

extension Problem {
    /// Whether there is no ticketing system in use.
    var isDisconnection: Bool { ["not_connected", "connection_off"].contains(code) }
}
