import BoundaryText
import Crypto
import Database
import Foundation
import OpenIDConnect
import Sealing

/// The way in through an identity provider: authorization code with PKCE, state and nonce.
public struct SingleSignOn: Sendable {
    /// Speaks with a provider.
    public typealias Factory = @Sendable (_ provider: IdentityProvider, _ secret: String) -> OpenIDClient

    /// Why somebody is not let in.
    public enum Refusal: Error, Sendable, Equatable {
        /// There is no such provider, or it is switched off.
        case unknownProvider
        /// The way back does not belong to a way that began in this browser within the last ten minutes.
        case unknownState
        /// The provider did not vouch for an address.
        case noEmail
        /// An administrator has to say yes first.
        case pending
        /// The account may not sign in.
        case inactive
        /// The address belongs to somebody of another organization.
        case foreignAddress
        /// The provider said no: its own code, such as `access_denied`.
        case refused(String)
        /// The provider cannot be used.
        case provider(OpenIDError)
    }

    /// What the browser gets when it sets out.
    public struct Departure: Sendable {
        /// Where to go.
        public let url: String
        /// For a cookie that binds the way back to this browser.
        public let browser: String
    }

    private static let longestWay = 600.0

    private let database: Database
    private let sealer: Sealer
    private let factory: Factory
    private let redirect: String
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - publicURL: where browsers reach us.
    ///   - now: the wall clock.
    public init(
        database: Database, sealer: Sealer, publicURL: String, factory: @escaping Factory,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.sealer = sealer
        self.factory = factory
        redirect = publicURL + "/sign-in/return"
        self.now = now
    }

    /// The providers that people can come from, for the buttons of the sign-in page.
    public func enabled() async throws -> [IdentityProvider] {
        try await database.read { db in
            try db.all(
                "SELECT * FROM identity_providers WHERE enabled = 1 ORDER BY name, id LIMIT 20",
                as: IdentityProvider.self)
        }
    }

    static func identity(_ id: IdentityProvider.ID) -> String { "identity_provider/\(id)/client_secret" }

    func client(_ provider: IdentityProvider) throws -> OpenIDClient {
        factory(provider, try sealer.open(provider.sealedSecret, for: Self.identity(provider.id)))
    }

    /// Sets out to a provider.
    /// - Parameter destination: the page to come back to.
    public func depart(to id: IdentityProvider.ID, destination: String) async throws -> Departure {
        let provider = try await database.read { db in
            try db.first("SELECT * FROM identity_providers WHERE id = \(id) AND enabled = 1", as: IdentityProvider.self)
        }
        guard let provider else { throw Refusal.unknownProvider }
        let (state, browser) = (SessionToken.random(), SessionToken.random())
        let (nonce, verifier) = (SessionToken.random().text, SessionToken.random().text)
        let challenge = Base64URL.text(Array(SHA256.hash(data: Data(verifier.utf8))))
        let url: String
        do throws(OpenIDError) {
            url = try await (try openClient(provider)).authorizationURL(
                redirect: redirect, state: state.text, nonce: nonce, challenge: challenge)
        } catch {
            throw Refusal.provider(error)
        }
        let instant = now()
        try await database.write { db in
            try db.execute(
                """
                INSERT INTO single_sign_ons (
                    state_hash, provider_id, browser_hash, nonce, verifier, destination, created_at)
                VALUES (
                    \(state.hash), \(id), \(browser.hash), \(nonce), \(verifier), \(destination.cut(toBytes: 2_000)),
                    \(instant))
                """)
        }
        return Departure(url: url, browser: browser.text)
    }

    private func openClient(_ provider: IdentityProvider) throws(OpenIDError) -> OpenIDClient {
        do {
            return try client(provider)
        } catch {
            throw .refused("the stored client secret cannot be opened; enter it again")
        }
    }

    /// Comes back from a provider.
    /// - Parameters:
    ///   - browser: what ``Departure`` gave.
    ///   - refusal: the provider's own error code, if it sent one.
    ///   - previous: the browser's session so far, which ends.
    /// - Returns: a session's token and the page to go to.
    public func arrive(
        state: String, code: String, browser: String, refusal: String?, from visitor: Visitor,
        replacing previous: SessionToken?
    ) async throws -> (token: SessionToken, destination: String) {
        let (instant, state, browser) = (now(), SessionToken(text: state), SessionToken(text: browser))
        // Taken out: a state counts once.
        let row = try await database.write { db in
            try db.first(
                """
                DELETE FROM single_sign_ons WHERE state_hash = \(state.hash) AND browser_hash = \(browser.hash)
                    AND created_at > \(instant - Self.longestWay)
                RETURNING provider_id, nonce, verifier, destination
                """)
        }
        guard let row else { throw Refusal.unknownState }
        if let refusal { throw Refusal.refused(refusal.cut(toScalars: 100)) }
        let id: IdentityProvider.ID = try row["provider_id"]
        let (nonce, verifier, destination): (String, String, String) = (
            try row["nonce"], try row["verifier"], try row["destination"]
        )
        let provider = try await database.read { db in
            try db.first("SELECT * FROM identity_providers WHERE id = \(id) AND enabled = 1", as: IdentityProvider.self)
        }
        guard let provider else { throw Refusal.unknownProvider }
        let claims: IdentityClaims
        do throws(OpenIDError) {
            claims = try await openClient(provider).claims(
                code: code, verifier: verifier, redirect: redirect, nonce: nonce, now: instant)
        } catch {
            throw Refusal.provider(error)
        }
        return (try await admit(claims, provider, visitor, replacing: previous, at: instant), destination)
    }

    private func admit(
        _ claims: IdentityClaims, _ provider: IdentityProvider, _ visitor: Visitor, replacing previous: SessionToken?,
        at instant: Date
    ) async throws -> SessionToken {
        guard let email = claims.email?.trimmingCharacters(in: .whitespaces), claims.isEmailVerified,
            email.utf8.contains("@"), email.utf8.count <= 254
        else { throw Refusal.noEmail }
        let organization = provider.organization
        let outcome: Result<SessionToken, Refusal> = try await database.write { db in
            var user = try db.first(
                """
                SELECT * FROM users WHERE organization_id = \(organization) AND issuer = \(provider.issuer)
                    AND subject = \(claims.subject)
                """, as: User.self)
            if user == nil {
                // The first time somebody comes this way he is known by his address, within the same organization.
                if let known = try db.first(
                    "SELECT * FROM users WHERE email_key = \(email.lowercased())", as: User.self)
                {
                    guard known.organization == organization else { return .failure(.foreignAddress) }
                    try db.execute(
                        """
                        UPDATE users SET issuer = \(provider.issuer), subject = \(claims.subject)
                        WHERE id = \(known.id) AND subject IS NULL
                        """)
                    user = known
                }
            }
            let actor = Actor(user: user?.id, name: email, means: "sign-in", address: visitor.address)
            guard let user else {
                try createPending(email, claims, provider, actor, at: instant, in: db)
                return .failure(.pending)
            }
            guard user.isActive else {
                try AuditLog.record(
                    "session.sign_in", on: "user \(user.id)", by: actor, of: organization, result: .refused,
                    now: instant, in: db)
                return .failure(user.isPending ? .pending : .inactive)
            }
            if let previous { try db.execute("DELETE FROM sessions WHERE token_hash = \(previous.hash)") }
            try SignIn.noteSignIn(user.id, actor, organization, now: instant, in: db)
            return .success(
                try Sessions.begin(
                    for: user.id, means: .singleSignOn, awaitsCode: false, from: visitor, now: instant, in: db))
        }
        return try outcome.get()
    }

    private func createPending(
        _ email: String, _ claims: IdentityClaims, _ provider: IdentityProvider, _ actor: Actor, at instant: Date,
        in db: Connection
    ) throws {
        let role = IdentityProvider.role(
            email: email, groups: claims.groups, rules: provider.roleRules, otherwise: provider.defaultRole)
        let name = claims.name.flatMap { $0.isEmpty ? nil : $0.cut(toScalars: 100) } ?? email
        let made = try db.first(
            """
            INSERT INTO users (
                organization_id, email, email_key, name, role, active, pending, issuer, subject, created_at)
            VALUES (
                \(provider.organization), \(email), \(email.lowercased()), \(name), \(role), 0, 1, \(provider.issuer),
                \(claims.subject), \(instant))
            RETURNING *
            """, as: User.self)
        guard let made else { return }
        try AuditLog.record(
            "user.create", on: "user \(made.id)", by: actor, of: provider.organization, after: UserAnswer(made),
            now: instant, in: db)
    }
}
