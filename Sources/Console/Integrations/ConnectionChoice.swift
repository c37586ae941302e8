import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Whose connection a page is about: the organization's, or that of a customer who has one of its own. The address says it,
/// so that it can be kept; where it says nothing, it is the one that the chosen customer uses.
struct ConnectionChoice {
    /// A customer with a connection of its own.
    struct Owner {
        let id: Tenants.ID
        let name: String
        /// The one that is in use, or else one that was; nil for those who may not see it, who know of the one in use only.
        let connection: PSA.Connections.Answer?

        var isInUse: Bool { connection?.enabled ?? true }
    }

    /// The value for the organization, in place of a customer's ID.
    static let nobody = "none"

    /// The customers with a connection of their own, by name.
    let owners: [Owner]
    /// The organization's connection; nil when there is none, or for those who may not see it.
    let organization: PSA.Connections.Answer?
    /// The customer whose connection it is; nil for the organization's.
    let owner: Owner?
    /// A customer that was asked for, and has no connection of its own.
    let missing: String?

    init(_ visit: Visit) async throws {
        (organization, owners) =
            visit.may(PSA.Connections.list)
            ? try await Self.all(visit) : (nil, try await Self.inReach(of: visit))
        let asked = (visit.query["tenant"] ?? visit.entries["tenant"]).flatMap { $0.isEmpty ? nil : $0 }
        let wanted = asked == nil ? try await visit.customer()?.description : asked
        let owner = owners.first { $0.id.description == wanted }
        self.owner = owner
        missing = owner == nil && asked != Self.nobody ? asked : nil
    }

    private static func all(_ visit: Visit) async throws -> (PSA.Connections.Answer?, [Owner]) {
        let connections = try await Choices.all(visit) { PSA.Connections.list(limit: $0, cursor: $1) }
        let byOwner = Dictionary(grouping: connections, by: \.tenant)
            .compactMapValues { connections in connections.first(where: \.enabled) ?? connections.first }
        let organization = byOwner[nil]
        guard byOwner.keys.contains(where: { $0 != nil }) else { return (organization, []) }
        let owners = try await Choices.tenants(visit).compactMap { tenant -> Owner? in
            guard let id = Tenants.ID(tenant.value), let connection = byOwner[id] else { return nil }
            return Owner(id: id, name: tenant.label, connection: connection)
        }
        return (organization, owners)
    }

    /// Users with a customer limit see no connections, but may map themselves in those that are used for their customers.
    private static func inReach(of visit: Visit) async throws -> [Owner] {
        var owners: [Owner] = []
        for tenant in try await Choices.tenants(visit) {
            guard let id = Tenants.ID(tenant.value), try await visit.ask(PSA.Tenant.show(id)).ownConnection else {
                continue
            }
            owners.append(Owner(id: id, name: tenant.label, connection: nil))
        }
        return owners
    }

    /// The connection; nil when there is none, or for those who may not see it.
    var connection: PSA.Connections.Answer? { owner.map(\.connection) ?? organization }

    /// The choice as an address or a form has it.
    var value: String { owner?.id.description ?? Self.nobody }

    /// The customer in whose scope the API uses the connection; nil for the whole organization.
    var customer: Tenants.ID? { owner?.id }

    /// - Throws: 409 when a customer's own is not in use any more: the API would take the organization's instead.
    func requireInUse() throws(Problem) {
        guard missing == nil, owner?.isInUse ?? true else {
            throw .conflict(
                code: "not_in_use",
                "The customer's own connection is disabled or deleted. Nothing was changed; the organization's connection is a different one."
            )
        }
    }

    /// One of our pages, about the same connection.
    func href(_ path: String) -> String { Visit.href(path, owners.isEmpty ? [:] : ["tenant": value]) }

    /// What it is chosen with; nothing where there is no choice.
    var fields: [Field] {
        guard !owners.isEmpty else { return [] }
        let choices = [(value: Self.nobody, label: "The organization")] + owners.map { ($0.id.description, $0.name) }
        return [Field("tenant", "Connection of", .choice(choices))]
    }

    /// The choice together with other fields, and what there is to say of it.
    func filters(
        _ path: String, _ further: [Field], _ visit: Visit, submit: String, clear: Bool = false
    ) async -> [Block] {
        var visit = visit
        visit.query["tenant"] = value
        var blocks: [Block] = []
        let fields = fields + further
        if !fields.isEmpty {
            blocks.append(Filters.block(href(path), fields, visit, clear: clear, submit: submit))
        }
        if let missing {
            let name = await Tenancy.name(of: missing, visit)
            blocks.append(
                .notice(
                    .info, nil,
                    name.map { "\($0) has no connection of its own and uses the organization's." }
                        ?? "This customer was deleted. This is the organization's connection."))
        }
        return blocks
    }
}
