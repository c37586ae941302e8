import API
import BoundaryText
import WebSupport

/// The operation that shows the caller.
func meRoute(_ organizations: OrganizationStore) -> Route {
    Route(Me.show, reach: .tenants) { request in
        let principal = request.principal
        let organization = try await organizations.find(principal.organization)
        return Me.Answer(
            id: principal.user, email: principal.email, name: principal.name, role: principal.role,
            organization: principal.organization, organizationName: organization?.name,
            authMethod: principal.authMethod, scopes: principal.scopes?.grants, tenants: principal.tenants?.map(\.id))
    }
}
