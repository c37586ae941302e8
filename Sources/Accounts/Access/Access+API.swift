import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations on one's own access and on API keys.
public func accountRoutes(keys: APIKeys, database: Database) -> [Route] {
    [
        Route(.get, "/authtest", .viewer, "Tells who the caller is") { request in
            let organization = request.principal.organization
            let name = try await database.read { try Organization.name(of: organization, in: $0) }
            return .json(
                WhoAmI(user: request.principal.email, role: request.principal.role, organization: name))
        },
        Route(.get, "/users/keys", .admin, "Lists the organization's API keys") { request in
            .json(try await keys.list(of: request.principal.organization, page: request.page()).map(APIKeyAnswer.init))
        },
        Route(.post, "/users/keys", .engineer, "Makes an API key that speaks in the caller's name") { request in
            let body = try await request.body(NewAPIKey.self)
            let role = try body.role(atMost: request.principal.role)
            let (key, text) = try await keys.make(
                body.name, for: request.principal.user, role: role, expiresAt: body.expiresAt)
            var answer = APIKeyAnswer(key)
            answer.key = text.description
            var response = Response.json(answer, status: .created)
            response.headers[.location] = "/api/v1/users/keys/\(key.id)"
            return response
        },
        Route(.delete, "/users/keys/{id}", .admin, "Ends an API key at once") { request in
            let id: APIKey.ID = try request.id(of: "API key")
            guard try await keys.revoke(id, of: request.principal.organization) else {
                throw Problem.notFound("API key")
            }
            return Response(status: .noContent)
        },
    ]
}

private struct WhoAmI: Encodable {
    let user: String
    let role: Role
    let organization: String?
}

private struct NewAPIKey: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, role
        case expiresAt = "expires_at"
    }

    let name: String
    let role: String?
    let expiresAt: Date?

    func role(atMost most: Role) throws(Problem) -> Role {
        var errors: [Problem.FieldError] = []
        if !(1...100).contains(name.count) {
            errors.append(.init(field: "name", code: "length", message: "must have 1 to 100 characters."))
        }
        let wanted = role.map { Role(rawValue: $0) } ?? most
        if let wanted, wanted > most {
            errors.append(
                .init(field: "role", code: "too_large", message: "must not be above your own, \(most.rawValue)."))
        } else if wanted == nil {
            let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
            errors.append(.init(field: "role", code: "wrong_value", message: "must be one of \(names)."))
        }
        guard errors.isEmpty, let wanted else { throw .invalid(errors) }
        return wanted
    }
}

private struct APIKeyAnswer: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, name, role, key
        case userEmail = "user_email"
        case expiresAt = "expires_at"
        case lastUsedAt = "last_used_at"
        case createdAt = "created_at"
    }

    let id: APIKey.ID
    let name: String
    let userEmail: String
    let role: Role
    let expiresAt: Date?
    let lastUsedAt: Date?
    let createdAt: Date
    var key: String?

    init(_ key: APIKey) {
        id = key.id
        name = key.name
        userEmail = key.userEmail
        role = key.role
        expiresAt = key.expiresAt
        lastUsedAt = key.lastUsedAt
        createdAt = key.createdAt
    }
}
