import BoundaryText
import Database
import Foundation

extension SignIns {
    /// The current state of those sign-ins that have not ended. Does not count as using them.
    public func watch(_ tokens: [SignInToken]) async throws -> [SignInToken: LiveSignIn] {
        let instant = now()
        return try await database.read { db in
            var found: [SignInToken: LiveSignIn] = [:]
            for token in tokens {
                guard var live = try db.first(Self.lookUp(token, now: instant), as: LiveSignIn.self) else { continue }
                if live.isLimited { live.tenants = try Tenant.limits(of: live.user, in: db) }
                found[token] = live
            }
            return found
        }
    }
}
