import API
import Accounts
import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The customer that is looked at. Kept in a cookie of the browser, shown at the top of every page, and checked by the API
/// each time, so that a deleted customer, or another organization's, is ignored.
enum Tenancy {
    private static let cookie = "patchbay-tenant"
    // A menu with more would be of no use; the page of customers has a search.
    private static let mostInMenu = 50

    static func chosen(_ request: Request) -> String? {
        guard let value = request.cookies[cookie]?.value, Int(value) != nil else { return nil }
        return value
    }

    static func choose(_ tenant: String?, in response: inout Response) {
        response.setCookie(
            Cookie(
                name: cookie, value: tenant ?? "", maxAge: tenant == nil ? 0 : 86_400 * 30, path: "/", httpOnly: true,
                sameSite: .lax))
    }

    /// What a form says of the customer that it was opened for: the id, empty for all.
    static func scope(_ visit: Visit) async throws -> String { try await visit.tenant()?.id.description ?? "" }

    /// Refuses what was opened for another customer than the one that is looked at now: it would be written elsewhere than
    /// its writer saw.
    static func checkScope(_ visit: Visit) async throws {
        let present = try await visit.tenant()
        guard let opened = visit.entries["scope"], opened != present?.id.description ?? "" else { return }
        let now = present?.name ?? everybody
        let then = await name(of: opened, visit) ?? "a deleted customer"
        throw Problem.conflict(
            code: scopeChanged,
            "You look at \(now) now; this was opened for \(then). Nothing was written. Send it again for \(now), or switch back."
        )
    }

    static let scopeChanged = "scope_changed"
    private static let everybody = "all customers"

    /// What people call the customer that a form was opened for; nil when there is none such any more.
    static func name(of scope: String, _ visit: Visit) async -> String? {
        guard !scope.isEmpty else { return everybody }
        guard let id = Tenants.ID(scope) else { return nil }
        return try? await visit.ask(Tenants.show(id)).name
    }

    /// The menu at the top; nil without customers.
    static func model(_ visit: Visit, address: String) async throws -> Model? {
        let found = try await visit.ask(Tenants.list([.active: "true"], limit: mostInMenu))
        guard !found.items.isEmpty else { return nil }
        let current = try await visit.tenant()
        let choices = found.items.map { tenant in
            [
                "tenantID": tenant.id.description, "tenantName": tenant.name,
                "isCurrent": tenant.id == current?.id,
            ] as Model
        }
        return Model([
            "tenantLabel": current?.name ?? "All customers", "choices": choices, "isAll": current == nil,
            "backTo": address,
        ])
    }
}
