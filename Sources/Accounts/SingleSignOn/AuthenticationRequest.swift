import API
import BoundaryText
import Database
import Foundation
import Sealing

/// A sign-in attempt through an identity provider. The browser stores it in a sealed cookie, so abandoned attempts
/// leave no data on the server.
struct AuthenticationRequest: Sendable, Codable {
    /// The maximum duration, in seconds.
    static let longest = 600.0
    private static let identity = "way to an identity provider"
    /// Longer page addresses would exceed the cookie's size, so such attempts return to the dashboard.
    private static let longestDestination = 1_500

    let provider: IdentityProvider.ID
    let state: String
    let nonce: String
    let verifier: String
    let destination: String
    let began: Date

    /// Starts an attempt with fresh secrets.
    init(to provider: IdentityProvider.ID, destination: String, now: Date) {
        self.provider = provider
        (state, nonce, verifier) = (
            SignInToken.random().text, SignInToken.random().text, SignInToken.random().text
        )
        self.destination = destination.utf8.count <= Self.longestDestination ? destination : "/"
        began = now
    }

    /// The cookie value; nil if it cannot be sealed.
    func sealed(by sealer: Sealer) -> String? { SealedCookie.text(of: self, for: Self.identity, by: sealer) }

    /// The attempt in a cookie, if it is valid and matches the response's state.
    static func open(_ cookie: String, state: String, by sealer: Sealer, now: Date) -> AuthenticationRequest? {
        guard let request = SealedCookie.value(of: cookie, as: AuthenticationRequest.self, for: identity, by: sealer),
            ConstantTime.equal(Array(request.state.utf8), Array(state.utf8)),
            request.began > now - longest
        else { return nil }
        return request
    }

    /// Marks the attempt as used, in the transaction that creates the sign-in. Only users vouched for by a provider get
    /// here, so strangers cannot create rows.
    /// - Returns: False if the attempt was already used.
    func use(now: Date, in db: Connection) throws -> Bool {
        try db.execute(
            """
            INSERT INTO used_ways (state_hash, used_at) VALUES (\(SignInToken(text: state).hash), \(now))
            ON CONFLICT (state_hash) DO NOTHING
            """) == 1
    }

    /// Deletes records of attempts that can no longer be completed.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM used_ways WHERE used_at < \(now - 2 * longest)")
    }
}
