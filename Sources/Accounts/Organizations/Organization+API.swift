import API
import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The operations on organizations.
func organizationRoutes(_ organizations: Organizations, _ users: UserStore) -> [Route] {
    [
        Route(
            .get, "/organization", .viewer, "Shows the caller's organization", gives: .one(OrganizationAnswer.self)
        ) { request in
            guard let found = try await organizations.find(request.principal.organization) else {
                throw Problem.notFound("organization")
            }
            return .json(OrganizationAnswer(found))
        },
        Route(
            .patch, "/organization", .owner,
            "Changes the organization's name, or whether everybody needs a second factor",
            takes: OrganizationChange.self, gives: .one(OrganizationAnswer.self)
        ) { request in
            let body = try await request.body(OrganizationChange.self)
            if let name = body.name { try NewOrganization.check(name) }
            let changed = try await organizations.update(
                request.principal.organization, name: body.name, requiresSecondFactor: body.requiresSecondFactor,
                by: request.actor)
            guard let changed else { throw Problem.notFound("organization") }
            return .json(OrganizationAnswer(changed))
        },
        Route(
            .post, "/organization/deletion", .owner,
            "Deletes the organization with everything in it; its name has to be repeated. The audit log stays",
            takes: Deletion.self, gives: .nothing
        ) { request in
            let body = try await request.body(Deletion.self)
            let id = request.principal.organization
            guard let found = try await organizations.find(id) else { throw Problem.notFound("organization") }
            guard body.name == found.name else {
                throw Problem.invalid([
                    .init(
                        field: "name", code: "wrong_value", message: "must be the organization's name: \(found.name).")
                ])
            }
            try await organizations.delete(id, by: request.actor)
            return Response(status: .noContent)
        },
        Route(
            .get, "/organizations", .superAdmin, "Lists all organizations", gives: .page(OrganizationAnswer.self)
        ) { request in
            .json(try await organizations.list(request.page()).map(OrganizationAnswer.init))
        },
        Route(
            .post, "/organizations", .superAdmin, "Makes an organization", takes: NewOrganization.self,
            gives: .made(OrganizationAnswer.self)
        ) { request in
            let body = try await request.body(NewOrganization.self)
            try NewOrganization.check(body.name)
            let made = try await organizations.create(body.name, by: request.actor)
            return .made(OrganizationAnswer(made), at: "/api/v1/organizations/\(made.id)")
        },
        Route(
            .get, "/organizations/{id}", .superAdmin, "Shows an organization", gives: .one(OrganizationAnswer.self)
        ) { request in
            guard let found = try await organizations.find(request.id(of: "organization")) else {
                throw Problem.notFound("organization")
            }
            return .json(OrganizationAnswer(found))
        },
    ]
}

private struct NewOrganization: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable { case name }

    static let lengths = ["name": 100]

    let name: String

    static func check(_ name: String) throws(Problem) {
        guard !name.trimmingCharacters(in: .whitespaces).isEmpty, name.fits(scalars: 100) else {
            throw .invalid([.init(field: "name", code: "length", message: "must have 1 to 100 characters.")])
        }
    }
}

private struct OrganizationChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name
        case requiresSecondFactor = "requires_second_factor"
    }

    static let lengths = ["name": 100]

    let name: String?
    let requiresSecondFactor: Bool?
}

private struct Deletion: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable { case name }

    let name: String
}
