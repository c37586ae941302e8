import API
import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The operations on users.
func userRoutes(_ users: UserStore) -> [Route] {
    [
        Route(
            .get, "/users", .admin, "Lists users; search in name and e-mail",
            query: [QueryParameter("search", .text, "a part of name or e-mail")], gives: .page(UserAnswer.self)
        ) { request in
            let page = try await users.list(
                of: request.principal.organization, search: request.query("search"), page: request.page())
            return .json(page.map(UserAnswer.init))
        },
        Route(
            .post, "/users", .admin, "Makes a user; a password given here has to be changed at the first sign-in",
            takes: NewUser.self, gives: .made(UserAnswer.self)
        ) { request in
            let body = try await request.body(NewUser.self)
            try body.check()
            let user = try await refusing {
                try await users.create(
                    email: body.email.trimmingCharacters(in: .whitespaces), name: body.name, role: body.role,
                    password: body.password, in: request.principal.organization, by: request.principal, request.actor)
            }
            return .made(UserAnswer(user), at: "/api/v1/users/\(user.id)")
        },
        Route(.get, "/users/{id}", .admin, "Shows a user", gives: .one(UserAnswer.self)) { request in
            let id: User.ID = try request.id(of: "user")
            guard let user = try await users.find(id, of: request.principal.organization) else {
                throw Problem.notFound("user")
            }
            return .json(UserAnswer(user))
        },
        Route(
            .patch, "/users/{id}", .admin,
            "Changes name, role or active; a pending user is approved with active. With identity_subject the subject of identity_offer is confirmed, or with empty text the binding ends. With version, only if nobody changed the user since",
            takes: UserChange.self, gives: .one(UserAnswer.self)
        ) { request in
            let id: User.ID = try request.id(of: "user")
            let body = try await request.body(UserChange.self)
            try NewUser.check(name: body.name)
            let change = UserStore.Change(
                name: body.name, role: body.role, isActive: body.active, subject: body.identitySubject,
                version: body.version)
            let user = try await refusing {
                try await users.update(
                    id, to: change, of: request.principal.organization, by: request.principal, request.actor)
            }
            return .json(UserAnswer(user))
        },
        Route(.delete, "/users/{id}", .admin, "Removes a user with keys and sessions", gives: .nothing) { request in
            let id: User.ID = try request.id(of: "user")
            try await refusing {
                try await users.delete(
                    id, of: request.principal.organization, by: request.principal, request.actor)
            }
            return Response(status: .noContent)
        },
        Route(
            .post, "/users/{id}/password", .admin,
            "Gives a user a password that has to be changed at the next sign-in; all of the user's sessions end",
            takes: NewPassword.self, gives: .nothing
        ) { request in
            let id: User.ID = try request.id(of: "user")
            let organization = request.principal.organization
            guard let user = try await users.find(id, of: organization) else { throw Problem.notFound("user") }
            let body = try await request.body(NewPassword.self)
            if let objection = Password.objection(to: body.password, of: user.email) {
                throw Problem.invalid([.init(field: "password", code: "too_weak", message: "\(objection).")])
            }
            try await refusing {
                try await users.resetPassword(
                    of: id, to: body.password, of: organization, by: request.principal, request.actor)
            }
            return Response(status: .noContent)
        },
        Route(
            .delete, "/users/{id}/second-factor", .admin,
            "Takes a user's second factor away; all of the user's sessions end", gives: .nothing
        ) { request in
            let id: User.ID = try request.id(of: "user")
            try await refusing {
                try await users.resetSecondFactor(
                    of: id, of: request.principal.organization, by: request.principal, request.actor)
            }
            return Response(status: .noContent)
        },
    ]
}

private func refusing<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let refusal as UserStore.Refusal {
        throw refusal.problem
    } catch SignIn.Refusal.busy {
        throw Problem.unavailable("Too many passwords are being checked at this moment.")
    }
}

private struct NewUser: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case email, name, role, password
    }

    static let lengths = ["email": EmailAddress.mostBytes, "name": 100, "password": Password.mostBytes]

    let email: String
    let name: String
    let role: Role
    let password: String?

    func check() throws(Problem) {
        var errors: [Problem.FieldError] = []
        if !EmailAddress.isFit(email.trimmingCharacters(in: .whitespaces)) {
            errors.append(.init(field: "email", code: "wrong_value", message: "must be an e-mail address."))
        }
        if !(1...100).contains(name.unicodeScalars.count) { errors.append(Self.nameFault) }
        if let password, let objection = Password.objection(to: password, of: email) {
            errors.append(.init(field: "password", code: "too_weak", message: "\(objection)."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    private static let nameFault = Problem.FieldError(
        field: "name", code: "length", message: "must have 1 to 100 characters.")

    static func check(name: String?) throws(Problem) {
        if let name, !(1...100).contains(name.unicodeScalars.count) { throw .invalid([nameFault]) }
    }
}

private struct UserChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, role, active, version
        case identitySubject = "identity_subject"
    }

    static let lengths = ["name": 100]

    let name: String?
    let role: Role?
    let active: Bool?
    let identitySubject: String?
    let version: Int?
}

private struct NewPassword: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case password
    }

    static let lengths = ["password": Password.mostBytes]

    let password: String
}
