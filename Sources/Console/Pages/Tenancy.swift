import Accounts
import Foundation
import Hummingbird

/// The customer that is looked at. Kept in a cookie of the browser, shown at the top of every page, and checked by the API
/// each time, so that a customer who is gone, or somebody else's, is none.
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

    /// The menu at the top; nil where nobody keeps customers.
    static func model(_ visit: Visit, address: String) async throws -> Model? {
        let found = try await visit.get("/tenants", ["active": "true", "limit": "\(mostInMenu)"])
        guard !found.items.isEmpty else { return nil }
        let current = try await visit.tenant()
        let choices = found.items.map { tenant in
            [
                "tenantID": tenant["id"].words, "tenantName": tenant["name"].words,
                "isCurrent": tenant["id"] == current?["id"],
            ] as Model
        }
        return Model([
            "tenantLabel": current?["name"].words ?? "All customers", "choices": choices, "isAll": current == nil,
            "backTo": address,
        ])
    }
}
