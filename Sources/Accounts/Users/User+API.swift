import API
import BoundaryText
import Foundation
import WebSupport

/// The operations on users.
func userRoutes(_ users: UserStore) -> [Route] {
    [
        Route(Users.list) { request in
            try await users.list(
                of: request.principal.organization, search: request.query(.search), page: request.page()
            ).map(Users.Answer.init)
        },
        Route(Users.create) { request in
            let body = try await request.body()
            try body.check()
            let user = try await refusing {
                try await users.create(
                    email: body.email.trimmingCharacters(in: .whitespaces), name: body.name, role: body.role,
                    password: body.password, in: request.principal.organization, by: request.principal, request.actor)
            }
            return Users.Answer(user)
        },
        Route(Users.show, of: "user") { request in
            guard let user = try await users.find(request.place, of: request.principal.organization) else {
                throw Problem.notFound("user")
            }
            return Users.Answer(user)
        },
        Route(Users.update, of: "user") { request in
            let body = try await request.body()
            try check(name: body.name)
            let change = UserStore.Change(
                name: body.name, role: body.role, isActive: body.active, subject: body.identitySubject,
                version: body.version)
            let user = try await refusing {
                try await users.update(
                    request.place, to: change, of: request.principal.organization, by: request.principal, request.actor)
            }
            return Users.Answer(user)
        },
        Route(Users.delete, of: "user") { request in
            try await refusing {
                try await users.delete(
                    request.place, of: request.principal.organization, by: request.principal, request.actor)
            }
        },
        Route(Users.resetPassword, of: "user") { request in
            let organization = request.principal.organization
            guard let user = try await users.find(request.place, of: organization) else {
                throw Problem.notFound("user")
            }
            let body = try await request.body()
            if let objection = Password.objection(to: body.password, of: user.email) {
                throw Problem.invalid([.init(field: "password", code: "too_weak", message: "\(objection).")])
            }
            try await refusing {
                try await users.resetPassword(
                    of: request.place, to: body.password, of: organization, by: request.principal, request.actor)
            }
        },
        Route(Users.resetSecondFactor, of: "user") { request in
            try await refusing {
                try await users.resetSecondFactor(
                    of: request.place, of: request.principal.organization, by: request.principal, request.actor)
            }
        },
    ]
}

private func refusing<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let refusal as UserStore.Refusal {
        throw refusal.problem
    } catch PasswordSignIn.Refusal.busy {
        throw Problem.unavailable("Too many passwords are being checked. Try again in a moment.")
    }
}

private let nameLength = 1...100
private let nameFault = Problem.FieldError(field: "name", code: "length", message: "must have 1 to 100 characters.")

private func check(name: String?) throws(Problem) {
    if let name, !nameLength.contains(name.unicodeScalars.count) { throw .invalid([nameFault]) }
}

extension Users.New {
    fileprivate func check() throws(Problem) {
        var errors: [Problem.FieldError] = []
        if !EmailAddress.isFit(email.trimmingCharacters(in: .whitespaces)) {
            errors.append(.init(field: "email", code: "wrong_value", message: "must be an e-mail address."))
        }
        if !nameLength.contains(name.unicodeScalars.count) { errors.append(nameFault) }
        if let password, let objection = Password.objection(to: password, of: email) {
            errors.append(.init(field: "password", code: "too_weak", message: "\(objection)."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}

extension Users.Answer {
    init(_ user: User) {
        self.init(
            id: user.id, email: user.email, name: user.name, role: user.role, active: user.isActive,
            pending: user.isPending, version: user.version, identity: user.identity,
            pendingIdentity: user.pendingIdentity,
            hasPassword: user.hasPassword, hasSecondFactor: user.hasSecondFactor, lastSignInAt: user.lastSignInAt,
            createdAt: user.createdAt)
    }
}
