import API
import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The operations on API keys.
func keyRoutes(_ keys: APIKeys, areas: @escaping @Sendable () -> Set<String>) -> [Route] {
    [
        Route(
            .get, "/users/keys", .engineer, "Lists API keys: an administrator's list has the whole organization's",
            gives: .page(APIKeyAnswer.self), reach: .tenants
        ) { request in
            let page = try await keys.list(
                of: request.principal.organization, user: ownOnly(request.principal), page: request.page())
            return .json(page.map(APIKeyAnswer.init))
        },
        Route(
            .post, "/users/keys", .engineer, "Makes an API key that speaks in the caller's name",
            takes: NewAPIKey.self, gives: .made(APIKeyAnswer.self), reach: .tenants
        ) { request in
            let body = try await request.body(NewAPIKey.self)
            let (role, scope) = try body.checked(for: request.principal, areas: areas())
            let (key, text) = try await refusing {
                try await keys.make(
                    body.name, for: request.principal.user, role: role, scope: scope, expiresAt: body.expiresAt,
                    with: request.principal.key, by: request.actor)
            }
            var answer = APIKeyAnswer(key)
            answer.key = SecretText(text.description)
            return .made(answer, at: "/api/v1/users/keys/\(key.id)")
        },
        Route(.delete, "/users/keys/{id}", .engineer, "Ends an API key at once", gives: .nothing, reach: .tenants) {
            request in
            let id: APIKey.ID = try request.id(of: "API key")
            let isRevoked = try await keys.revoke(
                id, of: request.principal.organization, user: ownOnly(request.principal), by: request.actor)
            guard isRevoked else { throw Problem.notFound("API key") }
            return Response(status: .noContent)
        },
    ]
}

private func refusing<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch APIKeys.Refusal.outlives(let latest) {
        throw Problem.invalid([
            .init(
                field: "expires_at", code: "too_late",
                message: "must not be after the end of the key in use, \(APIJSON.text(latest)).")
        ])
    } catch APIKeys.Refusal.tooMany {
        throw Problem.conflict(
            code: "too_many_keys",
            "You have \(APIKeys.mostOfOnePerson) API keys, ended ones included, and nobody has more. Revoke one first.")
    }
}

/// Who does not administrate sees only his own keys.
private func ownOnly(_ principal: Principal) -> User.ID? {
    principal.role >= .admin ? nil : principal.user
}

private struct NewAPIKey: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, role, scope
        case expiresAt = "expires_at"
    }

    static let lengths = ["name": 100]

    let name: String
    let role: Role?
    let scope: String?
    let expiresAt: Date?

    func checked(for principal: Principal, areas: Set<String>) throws(Problem) -> (Role, KeyScope?) {
        var errors: [Problem.FieldError] = []
        if !(1...100).contains(name.unicodeScalars.count) {
            errors.append(.init(field: "name", code: "length", message: "must have 1 to 100 characters."))
        }
        let wanted = role ?? principal.role
        if wanted > principal.role {
            errors.append(
                .init(
                    field: "role", code: "too_large",
                    message: "must not be above your own, \(principal.role.rawValue)."))
        }
        var limited: KeyScope?
        if let scope, !scope.isEmpty {
            limited = KeyScope(scope)
            let unknown = limited?.areas.filter { !areas.contains($0) } ?? [scope]
            if !unknown.isEmpty {
                errors.append(
                    .init(
                        field: "scope", code: "wrong_value",
                        message: "must name areas of the API, each with or without :read, or read alone; areas are "
                            + areas.sorted().joined(separator: ", ") + "."))
            }
        } else if case .key(_, let own) = principal.means {
            // A limited key does not make one without limits.
            limited = own
        }
        if case .key(_, let own?) = principal.means, limited != own {
            errors.append(
                .init(field: "scope", code: "too_large", message: "must be the scope of the key in use: \(own)."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return (wanted, limited)
    }
}

struct APIKeyAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, name, role, scope, key
        case userEmail = "user_email"
        case expiresAt = "expires_at"
        case lastUsedAt = "last_used_at"
        case createdAt = "created_at"
    }

    let id: APIKey.ID
    let name: String
    let userEmail: String
    let role: Role
    let scope: String?
    let expiresAt: Date?
    let lastUsedAt: Date?
    let createdAt: Date
    var key: SecretText?

    init(_ key: APIKey) {
        id = key.id
        name = key.name
        userEmail = key.userEmail
        role = key.role
        scope = key.scope?.description
        expiresAt = key.expiresAt
        lastUsedAt = key.lastUsedAt
        createdAt = key.createdAt
    }
}
