import API
import BoundaryText
import Crypto
import Database
import Foundation
import OpenIDConnect
import Sealing
import WebSupport

/// The way in through an identity provider: authorization code with PKCE, state and nonce.
public struct SingleSignOn: Sendable {
    /// Speaks with a provider.
    public typealias Factory = @Sendable (_ provider: IdentityProvider, _ secret: String) -> OpenIDClient

    /// What the browser gets when it sets out.
    public struct Departure: Sendable {
        /// Where to go.
        public let url: String
        /// For a cookie that binds the way back to this browser, and is all that is kept of it.
        public let browser: String
    }

    /// What comes back through the browser.
    public struct Answer: Sendable {
        /// Which provider's address was called; nil for the shared one.
        public let returnedTo: IdentityProvider.ID?
        /// As we sent it.
        public let state: String
        /// For the token endpoint.
        public let code: String
        /// The issuer that the answer names (RFC 9207).
        public let issuer: String?
        /// The provider's own error code, if it sent one.
        public let refusal: String?

        /// Describes an answer.
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

    /// Somebody who came in.
    public struct Arrival: Sendable {
        /// The sign-in's token.
        public let token: SignInToken
        /// The page to go to.
        public let destination: String
        /// Whose provider it was.
        public let organization: Organization.ID
    }

    private let database: Database
    private let sealer: Sealer
    private let factory: Factory
    private let publicURL: String
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
        self.publicURL = publicURL
        self.now = now
    }

    /// What the sign-in page offers beside the password.
    public struct Doors: Sendable {
        /// The providers of one organization.
        public let providers: [IdentityProvider]
        /// Whose they are, where there are several organizations.
        public let organization: Organization?
        /// Whether the page has to ask for an organization first.
        public let isHidden: Bool
    }

    /// The providers that the sign-in page shows. An installation of one organization shows all; of several, only those of
    /// the organization that somebody came for, with its name: what an owner calls a provider must not stand on the page of
    /// everybody else.
    public func doors(of organization: Organization.ID?) async throws -> Doors {
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
                return Doors(providers: try enabled(of: some[0].id), organization: nil, isHidden: false)
            }
            if let organization,
                let chosen = try db.first(
                    "SELECT * FROM organizations WHERE id = \(organization)", as: Organization.self),
                case let providers = try enabled(of: organization), !providers.isEmpty
            {
                return Doors(providers: providers, organization: chosen, isHidden: false)
            }
            let any = try db.first("SELECT id FROM identity_providers WHERE enabled = 1 LIMIT 1")
            return Doors(providers: [], organization: nil, isHidden: any != nil)
        }
    }

    /// The address to which a provider sends people back, to be registered with it. Each has its own, so that an answer
    /// cannot be taken for another provider's.
    func ownReturn(of id: IdentityProvider.ID) -> String { "\(publicURL)/sign-in/return/\(id)" }

    /// The address in use: registrations of older versions know only the one that providers shared.
    private func redirect(of provider: IdentityProvider) -> String {
        provider.usesSharedRedirect ? "\(publicURL)/sign-in/return" : ownReturn(of: provider.id)
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

    /// Comes back from a provider.
    /// - Parameters:
    ///   - browser: what ``Departure`` gave.
    ///   - previous: the browser's sign-in so far, which ends.
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
        // Each try is a call with our client's secret, which strangers must not use up.
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

    /// Compares what came back through the browser with what was asked for: the address, and the issuer where it is named.
    private func check(_ answer: Answer, _ provider: IdentityProvider) async throws {
        guard answer.returnedTo == (provider.usesSharedRedirect ? nil : provider.id) else { throw Refusal.unknownState }
        do throws(OpenIDError) {
            try await openClient(provider).checkIssuer(answer.issuer)
        } catch {
            throw Refusal.provider(error)
        }
        guard provider.usesSharedRedirect, answer.issuer == nil else { return }
        // Without a name on the answer it is this provider's only if no other one returns to the same address.
        let other = try await database.read { db in
            try db.first("SELECT id FROM identity_providers WHERE shared_return = 1 AND id <> \(provider.id) LIMIT 1")
        }
        guard other == nil else { throw Refusal.sharedReturn }
    }

    /// A claim that cannot be read and a token that is not for us are for an administrator to see. What anybody can send
    /// us without the provider is not put on record.
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
