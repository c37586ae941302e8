import API
import BoundaryText
import Database
import Foundation
import Sealing

/// The way to an identity provider and back, as the browser keeps it for us in a sealed cookie: strangers who set out and
/// never come back leave nothing here.
struct AuthenticationRequest: Sendable, Codable {
    /// How long it may take.
    static let longest = 600.0
    private static let identity = "way to an identity provider"
    /// Longer addresses of pages do not fit into a cookie with the rest; such ways end at the dashboard.
    private static let longestDestination = 1_500

    let provider: IdentityProvider.ID
    let state: String
    let nonce: String
    let verifier: String
    let destination: String
    let began: Date

    /// Begins one with fresh secrets.
    init(to provider: IdentityProvider.ID, destination: String, now: Date) {
        self.provider = provider
        (state, nonce, verifier) = (
            SignInToken.random().text, SignInToken.random().text, SignInToken.random().text
        )
        self.destination = destination.utf8.count <= Self.longestDestination ? destination : "/"
        began = now
    }

    /// For the cookie; nil when it cannot be sealed.
    func sealed(by sealer: Sealer) -> String? { SealedCookie.text(of: self, for: Self.identity, by: sealer) }

    /// The way that a cookie holds and that a provider's answer with this state is the end of; nil if there is none.
    static func open(_ cookie: String, state: String, by sealer: Sealer, now: Date) -> AuthenticationRequest? {
        guard let request = SealedCookie.value(of: cookie, as: AuthenticationRequest.self, for: identity, by: sealer),
            ConstantTime.equal(Array(request.state.utf8), Array(state.utf8)),
            request.began > now - longest
        else { return nil }
        return request
    }

    /// Notes that the way has led to a sign-in, in the transaction that begins it. Only who has been vouched for comes so
    /// far, so strangers cannot have rows written.
    /// - Returns: false when it has done so before.
    func use(now: Date, in db: Connection) throws -> Bool {
        try db.execute(
            """
            INSERT INTO used_ways (state_hash, used_at) VALUES (\(SignInToken(text: state).hash), \(now))
            ON CONFLICT (state_hash) DO NOTHING
            """) == 1
    }

    /// Forgets those that are too old to come back.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM used_ways WHERE used_at < \(now - 2 * longest)")
    }
}
