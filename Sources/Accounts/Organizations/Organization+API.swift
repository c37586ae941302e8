import API
import BoundaryText
import Foundation
import WebSupport

/// The operations on organizations.
func organizationRoutes(_ organizations: OrganizationStore) -> [Route] {
    [
        Route(Organizations.showOwn) { request in
            try await found(request.principal.organization, organizations)
        },
        Route(Organizations.updateOwn) { request in
            let body = try await request.body()
            if let name = body.name { try check(name) }
            let changed = try await organizations.update(
                request.principal.organization, name: body.name, requiresSecondFactor: body.requiresSecondFactor,
                by: request.actor)
            guard let changed else { throw Problem.notFound("organization") }
            return Organizations.Answer(changed)
        },
        Route(Organizations.deleteOwn) { request in
            let body = try await request.body()
            let organization = try await found(request.principal.organization, organizations)
            guard body.name == organization.name else {
                throw Problem.invalid([
                    .init(
                        field: "name", code: "wrong_value",
                        message: "must be the organization's name: \(organization.name).")
                ])
            }
            try await organizations.delete(organization.id, by: request.actor)
        },
        Route(Organizations.list) { request in
            try await organizations.list(request.page()).map(Organizations.Answer.init)
        },
        Route(Organizations.create) { request in
            let body = try await request.body()
            try check(body.name)
            return Organizations.Answer(try await organizations.create(body.name, by: request.actor))
        },
        Route(Organizations.show, of: "organization") { request in try await found(request.place, organizations) },
    ]
}

private func found(_ id: Organization.ID, _ organizations: OrganizationStore) async throws -> Organizations.Answer {
    guard let organization = try await organizations.find(id) else { throw Problem.notFound("organization") }
    return Organizations.Answer(organization)
}

private func check(_ name: String) throws(Problem) {
    guard !name.trimmingCharacters(in: .whitespaces).isEmpty, name.fits(scalars: 100) else {
        throw .invalid([.init(field: "name", code: "length", message: "must have 1 to 100 characters.")])
    }
}

extension Organizations.Answer {
    init(_ organization: Organization) {
        self.init(
            id: organization.id, name: organization.name, requiresSecondFactor: organization.requiresSecondFactor,
            createdAt: organization.createdAt)
    }
}
