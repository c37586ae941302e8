import API
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The operations on API keys.
func keyRoutes(_ keys: APIKeyStore) -> [Route] {
    [
        Route(APIKeys.list, reach: .tenants) { request in
            try await keys.list(
                of: request.principal.organization, user: ownOnly(request.principal), page: request.page()
            ).map(APIKeys.Answer.init)
        },
        Route(APIKeys.create, reach: .tenants) { request in
            let (body, principal) = (try await request.body(), request.principal)
            let (holder, role, scopes) = try body.checked(for: principal)
            let (key, text) = try await refusing(body) {
                try await keys.make(
                    body.name, for: holder, role: role, scopes: scopes, expiresAt: body.expiresAt,
                    with: principal.key, by: request.actor)
            }
            var answer = APIKeys.Answer(key)
            answer.key = SecretText(text.description)
            return answer
        },
        Route(APIKeys.show, of: "API key", reach: .tenants) { request in
            let key = try await keys.find(
                request.place, of: request.principal.organization, user: ownOnly(request.principal))
            guard let key else { throw Problem.notFound("API key") }
            return APIKeys.Answer(key)
        },
        Route(APIKeys.delete, of: "API key", reach: .tenants) { request in
            let isDeleted = try await keys.delete(
                request.place, of: request.principal.organization, user: ownOnly(request.principal), by: request.actor)
            guard isDeleted else { throw Problem.notFound("API key") }
        },
    ]
}

private func refusing<Value>(_ body: APIKeys.New, _ make: () async throws -> Value) async throws -> Value {
    do {
        return try await make()
    } catch let refusal as APIKeyStore.Refusal {
        switch refusal {
        case .outlives(let latest):
            throw Problem.invalid([
                .init(
                    field: "expires_at", code: "too_late",
                    message: "must not be after the key in use expires, \(APIJSON.text(latest)).")
            ])
        case .tooMany:
            throw Problem.conflict(
                code: "too_many_keys",
                "A user can have at most \(APIKeyStore.maxPerUser) API keys, expired ones included. Delete one first."
            )
        case .noUser:
            throw Problem.invalid([
                .init(
                    field: body.user == nil ? "user_email" : "user_id", code: "unknown",
                    message: "must be an active user of your organization.")
            ])
        case .notBelow(let role):
            throw Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail:
                    "You can create API keys only for users with a smaller role than yours; this user is \(role.rawValue)."
            )
        case .above(let role):
            throw Problem.invalid([
                .init(
                    field: "role", code: "role_too_high",
                    message: "must not be above the user's own, \(role.rawValue).")
            ])
        }
    }
}

/// Users below admin only see their own keys.
private func ownOnly(_ principal: Principal) -> User.ID? {
    principal.role >= .admin ? nil : principal.user
}

extension APIKeys.New {
    fileprivate func checked(for principal: Principal) throws(Problem) -> (APIKeyStore.Holder, Role?, KeyScopes?) {
        let holder = try holder(for: principal)
        var errors: [Problem.FieldError] = []
        if !(1...100).contains(name.unicodeScalars.count) {
            errors.append(.init(field: "name", code: "length", message: "must have 1 to 100 characters."))
        }
        // The default role is the caller's own, or that of the user the key is for.
        var wanted = role
        if case .caller = holder { wanted = role ?? principal.role }
        if let wanted, wanted > principal.role {
            errors.append(
                .init(
                    field: "role", code: "role_too_high",
                    message: "must not be above your own, \(principal.role.rawValue)."))
        }
        var limited = principal.scopes
        switch (scopes, limited != nil) {
        case (nil, _): break
        case (let names?, true):
            // A key with scopes can only create keys with exactly the same scopes, even ones that are no longer
            // offered.
            let grants = names.compactMap(Grant.init(rawValue:))
            if grants.count != names.count || KeyScopes(grants) != limited {
                errors.append(
                    .init(
                        field: "scopes", code: "scope_too_wide",
                        message: "must be those of the key in use: \(limited?.description ?? "")."))
            }
        case (let names?, false):
            let offered = Grant.offered.map(\.rawValue)
            let unknown = names.filter { !offered.contains($0) }
            if names.isEmpty {
                errors.append(
                    .init(
                        field: "scopes", code: "length",
                        message: "must name at least one scope; leave it out for everything that the role allows."))
            } else if names.count > Self.mostScopes {
                errors.append(
                    .init(field: "scopes", code: "length", message: "must have at most \(Self.mostScopes) elements."))
            } else if !unknown.isEmpty {
                errors.append(
                    .init(
                        field: "scopes", code: "wrong_value",
                        message: "must be among: \(offered.joined(separator: ", "))."))
            }
            limited = KeyScopes(names.compactMap(Grant.init(rawValue:)))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return (holder, wanted, limited)
    }

    private func holder(for principal: Principal) throws(Problem) -> APIKeyStore.Holder {
        if user != nil, userEmail != nil {
            throw .invalid([
                .init(field: "user_email", code: "wrong_value", message: "cannot be combined with user_id.")
            ])
        }
        if user == principal.user { return .caller(principal.user) }
        if let userEmail, userEmail.lowercased() == principal.email.lowercased() { return .caller(principal.user) }
        guard user != nil || userEmail != nil else { return .caller(principal.user) }
        guard principal.role >= .admin else {
            throw Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail:
                    "Creating API keys for other users needs the role admin or more; yours is \(principal.role.rawValue)."
            )
        }
        if let userEmail { return .email(userEmail, of: principal.organization, below: principal.role) }
        return user.map { .user($0, of: principal.organization, below: principal.role) } ?? .caller(principal.user)
    }
}

extension APIKeys.Answer {
    init(_ key: APIKey) {
        self.init(
            id: key.id, name: key.name, user: key.user, userEmail: key.userEmail, role: key.role,
            scopes: key.scopes?.grants, expiresAt: key.expiresAt, lastUsedAt: key.lastUsedAt, createdAt: key.createdAt)
    }
}
