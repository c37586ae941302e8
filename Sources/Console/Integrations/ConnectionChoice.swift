import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Whose connection a page is about: the organization's, or that of a customer who has one of its own. The address says it,
/// so that it can be kept; where it says nothing, it is the one that is used for the customer who is looked at.
struct ConnectionChoice {
    /// A customer with a connection of its own.
    struct Owner {
        let id: String
        let name: String
        /// The one that is in use, or else one that was. Those who may not see it know no more than its id.
        let connection: Value

        var isInUse: Bool { connection["active"].isTrue }
    }

    /// What stands for the organization, where a customer's id would.
    static let nobody = "none"

    /// The customers with a connection of their own, by name.
    let owners: [Owner]
    /// The organization's connection; nil when there is none, or for those who may not see it.
    let organization: Value?
    /// The customer whose connection it is; nil for the organization's.
    let owner: Owner?
    /// A customer that was asked for, and has no connection of its own.
    let missing: String?

    init(_ visit: Visit) async throws {
        (organization, owners) =
            visit.may(.get, integrationBase + "/connections")
            ? try await Self.all(visit) : (nil, try await Self.inReach(of: visit))
        let asked = (visit.query["tenant"] ?? visit.entries["tenant"]).flatMap { $0.isEmpty ? nil : $0 }
        let wanted = asked == nil ? try await visit.tenant()?["id"].string : asked
        let owner = owners.first { $0.id == wanted }
        self.owner = owner
        missing = owner == nil && asked != Self.nobody ? asked : nil
    }

    private static func all(_ visit: Visit) async throws -> (Value?, [Owner]) {
        let byOwner = Dictionary(grouping: try await Choices.all(visit, integrationBase + "/connections")) {
            $0["tenant_id"].words
        }.compactMapValues { connections in connections.first { $0["active"].isTrue } ?? connections.first }
        guard byOwner.keys.contains(where: { !$0.isEmpty }) else { return (byOwner[""], []) }
        let owners = try await Choices.tenants(visit).compactMap { tenant in
            byOwner[tenant.value].map { Owner(id: tenant.value, name: tenant.label, connection: $0) }
        }
        return (byOwner[""], owners)
    }

    /// Who is limited to some customers sees no connections, but may say who he is in those that are used for them.
    private static func inReach(of visit: Visit) async throws -> [Owner] {
        var owners: [Owner] = []
        for tenant in try await Choices.tenants(visit) {
            let used = try await visit.get("/tenants/\(tenant.value)/connectwise/enabled")
            guard used["own"].isTrue else { continue }
            let connection = Value.object(["id": used["connection_id"], "active": .flag(true)])
            owners.append(Owner(id: tenant.value, name: tenant.label, connection: connection))
        }
        return owners
    }

    /// The connection; nil when there is none, or for those who may not see it.
    var connection: Value? { owner?.connection ?? organization }

    /// The choice as an address or a form has it.
    var value: String { owner?.id ?? Self.nobody }

    /// Where the API has what belongs to the connection while it is in use.
    var psa: String { owner.map { "/tenants/\($0.id)/connectwise" } ?? integrationBase }

    /// - Throws: 409 when a customer's own is not in use any more: the API would take the organization's instead.
    func requireInUse() throws(Problem) {
        guard missing == nil, owner?.isInUse ?? true else {
            throw .conflict(
                code: "not_in_use",
                "The customer's own connection is not in use any more. Nothing was changed about the organization's.")
        }
    }

    /// One of our pages, about the same connection.
    func href(_ path: String) -> String { Visit.href(path, owners.isEmpty ? [:] : ["tenant": value]) }

    /// What it is chosen with; nothing where there is no choice.
    var fields: [Field] {
        guard !owners.isEmpty else { return [] }
        let choices = [(value: Self.nobody, label: "The organization")] + owners.map { ($0.id, $0.name) }
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
                    name.map { "\($0) has no connection of its own; the organization's is used for it." }
                        ?? "There is no such customer any more; this is the organization's connection."))
        }
        return blocks
    }
}
