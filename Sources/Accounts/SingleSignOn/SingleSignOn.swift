import API
import BoundaryText
import Crypto
import Database
import Foundation
import OpenIDConnect
import Sealing
import WebSupport

/// Sign-in through an identity provider: authorization code flow with PKCE, state and nonce.
public struct SingleSignOn: Sendable {
    /// Creates a client for a provider.
    public typealias Factory = @Sendable (_ provider: IdentityProvider, _ secret: String) -> OpenIDClient

    /// What the browser receives to start an attempt.
    public struct Departure: Sendable {
        /// The provider's URL to redirect to.
        public let url: String
        /// The value of a cookie that ties the response to this browser. It holds the only copy of the attempt.
        public let browser: String
    }

    /// A provider's response, as received through the browser.
    public struct Answer: Sendable {
        /// The provider whose redirect URL was called; nil for the shared one.
        public let returnedTo: IdentityProvider.ID?
        /// The `state` parameter that we sent.
        public let state: String
        /// The authorization code.
        public let code: String
        /// The issuer that the response names (RFC 9207).
        public let issuer: String?
        /// The provider's error code, if any.
        public let refusal: String?

        /// Creates a response.
        public init(
            returnedTo: IdentityProvider.ID?, state: String, code: String, issuer: String?, refusal: String?
        ) {
            self.returnedTo = returnedTo
            self.state = state
            self.code = code
            self.issuer = issuer
            self.refusal = refusal
        }
    }

    /// A completed sign-in.
    public struct Arrival: Sendable {
        /// The token of the sign-in.
        public let token: SignInToken
        /// The page to redirect to.
        public let destination: String
        /// The organization that the provider belongs to.
        public let organization: Organization.ID
    }

    private let database: Database
    private let sealer: Sealer
    private let factory: Factory
    private let publicURL: String
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - publicURL: The URL at which browsers reach the console.
    ///   - now: The wall clock.
    public init(
        database: Database, sealer: Sealer, publicURL: String, factory: @escaping Factory,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.sealer = sealer
        self.factory = factory
        self.publicURL = publicURL
        self.now = now
    }

    /// The single sign-on options of the sign-in page.
    public struct SignInOptions: Sendable {
        /// The providers of one organization.
        public let providers: [IdentityProvider]
        /// The organization they belong to; nil if the installation has only one.
        public let organization: Organization?
        /// Whether the page must ask for an organization first.
        public let isHidden: Bool
    }

    /// The providers to show on the sign-in page. With one organization, all its providers. With several, only those of
    /// the requested organization, with its name: a provider's name must not be visible to users of other
    /// organizations.
    public func signInOptions(of organization: Organization.ID?) async throws -> SignInOptions {
        try await database.read { db in
            func enabled(of id: Organization.ID) throws -> [IdentityProvider] {
                try db.all(
                    """
                    SELECT * FROM identity_providers WHERE enabled = 1 AND organization_id = \(id)
                    ORDER BY name, id LIMIT 20
                    """, as: IdentityProvider.self)
            }
            let some = try db.all("SELECT * FROM organizations ORDER BY id LIMIT 2", as: Organization.self)
            if some.count == 1 {
                return SignInOptions(providers: try enabled(of: some[0].id), organization: nil, isHidden: false)
            }
            if let organization,
                let chosen = try db.first(
                    "SELECT * FROM organizations WHERE id = \(organization)", as: Organization.self),
                case let providers = try enabled(of: organization), !providers.isEmpty
            {
                return SignInOptions(providers: providers, organization: chosen, isHidden: false)
            }
            let any = try db.first("SELECT id FROM identity_providers WHERE enabled = 1 LIMIT 1")
            return SignInOptions(providers: [], organization: nil, isHidden: any != nil)
        }
    }

    /// The provider's own redirect URL, to be registered with it. Each provider has a different one, so that its
    /// response cannot be mistaken for another's.
    func redirectURL(of id: IdentityProvider.ID) -> String { "\(publicURL)/sign-in/return/\(id)" }

    /// The redirect URL in use: with older registrations, the one that all providers shared.
    private func redirect(of provider: IdentityProvider) -> String {
        provider.usesSharedRedirect ? "\(publicURL)/sign-in/return" : redirectURL(of: provider.id)
    }

    static func identity(_ id: IdentityProvider.ID) -> String { "identity_provider/\(id)/client_secret" }

    func client(_ provider: IdentityProvider) throws -> OpenIDClient {
        factory(provider, try sealer.open(provider.sealedSecret, for: Self.identity(provider.id)))
    }

    /// Starts an attempt.
    /// - Parameter destination: The page to return to.
    public func depart(to id: IdentityProvider.ID, destination: String) async throws -> Departure {
        let provider = try await database.read { db in
            try db.first("SELECT * FROM identity_providers WHERE id = \(id) AND enabled = 1", as: IdentityProvider.self)
        }
        guard let provider else { throw Refusal.unknownProvider }
        let request = AuthenticationRequest(to: id, destination: destination, now: now())
        let challenge = Base64URL.text(Array(SHA256.hash(data: Data(request.verifier.utf8))))
        let url: String
        do throws(OpenIDError) {
            url = try await (try openClient(provider)).authorizationURL(
                redirect: redirect(of: provider), state: request.state, nonce: request.nonce, challenge: challenge)
        } catch {
            throw Refusal.provider(error)
        }
        guard let browser = request.sealed(by: sealer) else {
            throw Refusal.provider(.refused("the sign-in cannot be sealed"))
        }
        return Departure(url: url, browser: browser)
    }

    private func openClient(_ provider: IdentityProvider) throws(OpenIDError) -> OpenIDClient {
        do {
            return try client(provider)
        } catch {
            throw .refused("the stored client secret cannot be opened; enter it again")
        }
    }

    /// Completes an attempt with the provider's response.
    /// - Parameters:
    ///   - browser: The cookie value from ``Departure``.
    ///   - previous: The browser's current sign-in, which ends.
    public func arrive(
        _ answer: Answer, browser: String, from visitor: Visitor, replacing previous: SignInToken?
    ) async throws -> Arrival {
        let instant = now()
        guard let request = AuthenticationRequest.open(browser, state: answer.state, by: sealer, now: instant) else {
            throw Refusal.unknownState
        }
        let id = request.provider
        let provider = try await database.read { db in
            try db.first("SELECT * FROM identity_providers WHERE id = \(id) AND enabled = 1", as: IdentityProvider.self)
        }
        guard let provider else { throw Refusal.unknownProvider }
        try await check(answer, provider)
        if let refusal = answer.refusal { throw Refusal.refused(refusal.cut(toScalars: 100)) }
        // Each attempt makes a call with our client secret, so limit how many strangers can trigger.
        let attempt = try await attempt(from: visitor, at: instant)
        let claims: IdentityClaims
        do throws(OpenIDError) {
            claims = try await openClient(provider).claims(
                code: answer.code, verifier: request.verifier, redirect: redirect(of: provider), nonce: request.nonce,
                now: instant)
        } catch {
            try await record(error, of: provider, visitor, at: instant)
            throw Refusal.provider(error)
        }
        let admission = Admission(
            claims: claims, provider: provider, visitor: visitor, previous: previous, now: instant)
        let outcome: Result<SignInToken, Refusal> = try await database.write { db in
            guard try request.use(now: instant, in: db) else { return .failure(.unknownState) }
            try Throttle.giveBack(attempt, in: db)
            return try admission.decide(in: db)
        }
        return Arrival(
            token: try outcome.get(), destination: request.destination, organization: provider.organization)
    }

    private func attempt(from visitor: Visitor, at instant: Date) async throws -> Throttle.Attempt {
        do {
            return try await database.write {
                try Throttle.take([.address(visitor.network)], now: instant, in: $0)
            }
        } catch PasswordSignIn.Refusal.wait(let time) {
            throw Refusal.wait(time)
        }
    }

    /// Checks that the redirect URL and the issuer, if named, match the provider.
    private func check(_ answer: Answer, _ provider: IdentityProvider) async throws {
        guard answer.returnedTo == (provider.usesSharedRedirect ? nil : provider.id) else { throw Refusal.unknownState }
        do throws(OpenIDError) {
            try await openClient(provider).checkIssuer(answer.issuer)
        } catch {
            throw Refusal.provider(error)
        }
        guard provider.usesSharedRedirect, answer.issuer == nil else { return }
        // Without an issuer in the response, it can only be attributed if no other provider uses the same URL.
        let other = try await database.read { db in
            try db.first("SELECT id FROM identity_providers WHERE shared_return = 1 AND id <> \(provider.id) LIMIT 1")
        }
        guard other == nil else { throw Refusal.ambiguousRedirect }
    }

    /// Adds an audit entry for an unreadable claim or an invalid token, which an administrator should see. Errors that
    /// anyone can cause without the provider are not logged.
    private func record(_ error: OpenIDError, of provider: IdentityProvider, _ visitor: Visitor, at instant: Date)
        async throws
    {
        switch error {
        case .unreachable, .refused, .protocolViolation, .mixedUp: return
        case .invalidToken, .unreadableClaim:
            let actor = Actor(user: nil, name: provider.name, authMethod: "sign_in", address: visitor.address)
            try await database.write { db in
                try AuditLog.record(
                    "sign_in.create", on: "identity provider \(provider.id)", by: actor, of: provider.organization,
                    after: ["reason": "\(error)"], result: .refused, now: instant, in: db)
            }
        }
    }
}
