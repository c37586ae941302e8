import BoundaryText
import Foundation
import JWTKit
import Outbound

/// An OpenID Connect client for one issuer: discovery, authorization code flow with PKCE, and ID tokens.
/// Specification: openid.net/specs/openid-connect-core-1_0.html, RFC 7636.
public struct OpenIDClient: Sendable {
    /// The issuer's URL, exactly as it appears in its tokens.
    public let issuer: String
    /// Our client ID at the issuer.
    public let clientID: String
    private let clientSecret: String
    private let outbound: OutboundClient
    private let remote: Remote
    private let cache: IssuerCache

    /// Creates a client without making any calls.
    /// - Parameter cache: Shared by all clients of a server.
    public init(
        issuer: String, clientID: String, clientSecret: String, outbound: OutboundClient, remote: Remote,
        cache: IssuerCache
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.outbound = outbound
        self.remote = remote
        self.cache = cache
    }

    /// The URL to redirect the browser to.
    /// - Parameter challenge: The base64url-encoded SHA-256 of the verifier.
    public func authorizationURL(
        redirect: String, state: String, nonce: String, challenge: String
    ) async throws(OpenIDError) -> String {
        let endpoint = try await discovery().authorizationEndpoint
        guard var url = URLComponents(string: endpoint) else { throw .protocolViolation("its address cannot be read") }
        url.queryItems =
            (url.queryItems ?? []) + [
                .init(name: "response_type", value: "code"), .init(name: "client_id", value: clientID),
                .init(name: "redirect_uri", value: redirect), .init(name: "scope", value: "openid email profile"),
                .init(name: "state", value: state), .init(name: "nonce", value: nonce),
                .init(name: "code_challenge", value: challenge), .init(name: "code_challenge_method", value: "S256"),
            ]
        // URLComponents does not encode a plus sign, which other parsers read as a space.
        url.percentEncodedQuery = url.percentEncodedQuery?.replacing(bytes: "+", with: "%2B")
        guard let text = url.string else { throw .protocolViolation("its address cannot be read") }
        return text
    }

    /// Exchanges a code for the user's claims, after verifying the ID token's signature, issuer, audience, expiry and
    /// nonce.
    public func claims(
        code: String, verifier: String, redirect: String, nonce: String, now: Date
    ) async throws(OpenIDError) -> IdentityClaims {
        struct Tokens: Decodable { let id_token: String? }
        let discovery = try await discovery()
        let form = Self.form([
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect),
            ("code_verifier", verifier), ("client_id", clientID), ("client_secret", clientSecret),
        ])
        let request = OutboundRequest(
            .post, discovery.tokenEndpoint,
            headers: [
                .init("Content-Type", "application/x-www-form-urlencoded"), .init("Accept", "application/json"),
            ], body: Data(form.utf8))
        let answer = try await send(request)
        guard answer.status == 200 else {
            struct Refusal: Decodable { let error: String? }
            let reason = (try? JSONDecoder().decode(Refusal.self, from: answer.body))?.error
            throw .refused(reason ?? "status \(answer.status)")
        }
        guard let text = (try? JSONDecoder().decode(Tokens.self, from: answer.body))?.id_token else {
            throw .protocolViolation("it sent no ID token")
        }
        let token = try await verified(text, discovery)
        return try token.identity(expecting: .init(issuer: issuer, clientID: clientID, nonce: nonce, now: now))
    }

    /// Checks that a response received through the browser comes from this issuer (RFC 9207). This prevents mix-up
    /// attacks, in which one provider's code is passed off as another's.
    /// - Parameter given: The response's `iss` parameter.
    public func checkIssuer(_ given: String?) async throws(OpenIDError) {
        if let given {
            guard IDToken.same(given, issuer) else { throw .mixedUp("it names another issuer (iss)") }
        } else if try await discovery().namesIssuer {
            throw .mixedUp("it does not name its issuer (iss), as the provider's configuration promises")
        }
    }

    private func verified(_ token: String, _ discovery: Discovery) async throws(OpenIDError) -> IDToken {
        for attempt in 1...2 {
            // Issuers rotate their keys, so the second attempt fetches them again.
            let keys = try await keys(discovery, fresh: attempt == 2)
            do {
                return try await keys.verify(token, as: IDToken.self)
            } catch  where attempt == 1 {
                continue
            } catch is DecodingError {
                throw .invalidToken("it is not a JSON object")
            } catch {
                throw .invalidToken("its signature is wrong")
            }
        }
        throw .invalidToken("its signature is wrong")
    }

    /// Fetches the issuer's configuration and keys, bypassing the cache, to check that the URL is correct and
    /// reachable.
    public func test() async throws(OpenIDError) {
        let discovery = try await fetchDiscovery()
        _ = try await keys(discovery, fresh: true)
    }

    private func discovery() async throws(OpenIDError) -> Discovery {
        if let known = await cache.discovery(issuer) { return known }
        return try await fetchDiscovery()
    }

    private func fetchDiscovery() async throws(OpenIDError) -> Discovery {
        let base = issuer.dropping(suffix: "/").map(String.init) ?? issuer
        let answer = try await send(OutboundRequest(.get, base + "/.well-known/openid-configuration"))
        guard answer.status == 200, let found = try? JSONDecoder().decode(Discovery.self, from: answer.body) else {
            throw .protocolViolation("there is no OpenID configuration at this address")
        }
        guard IDToken.same(found.issuer, issuer) else {
            throw .protocolViolation(
                "it calls itself \(found.issuer.cut(toBytes: 200)); use exactly this as the issuer")
        }
        for endpoint in [found.authorizationEndpoint, found.tokenEndpoint, found.jwksURI]
        where WebAddress(endpoint) == nil {
            throw .protocolViolation("its configuration contains an invalid URL")
        }
        await cache.keep(found, of: issuer)
        return found
    }

    private func keys(_ discovery: Discovery, fresh: Bool) async throws(OpenIDError) -> JWTKeyCollection {
        if !fresh, let known = await cache.keys(issuer) { return known }
        let answer = try await send(OutboundRequest(.get, discovery.jwksURI))
        let collection = JWTKeyCollection()
        guard answer.status == 200 else { throw .protocolViolation("it did not return its keys") }
        do {
            // A key with an unknown use or algorithm must not make the others unusable.
            let all = try JSONDecoder().decode(LooseKeys.self, from: answer.body)
            for key in all.keys { _ = try? await collection.add(jwk: key) }
        } catch {
            throw .protocolViolation("its keys cannot be read")
        }
        await cache.keep(collection, of: issuer)
        return collection
    }

    private func send(_ request: OutboundRequest) async throws(OpenIDError) -> OutboundResponse {
        do {
            return try await outbound.send(request, to: remote)
        } catch {
            throw .unreachable("\(error)")
        }
    }

    private static func form(_ fields: [(String, String)]) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }.joined(separator: "&")
    }
}

/// Why single sign-on failed.
public enum OpenIDError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The issuer could not be reached.
    case unreachable(String)
    /// The issuer does not follow the specification.
    case protocolViolation(String)
    /// The issuer rejected the code or our client credentials.
    case refused(String)
    /// The token cannot be trusted.
    case invalidToken(String)
    /// A claim has an unexpected type: the claim's name, and what is wrong with it.
    case unreadableClaim(String, String)
    /// The response comes, or may come, from another provider.
    case mixedUp(String)

    /// A message for people.
    public var description: String {
        switch self {
        case .unreachable(let reason): "The identity provider cannot be reached: \(reason)."
        case .protocolViolation(let reason): "The identity provider does not answer as expected: \(reason)."
        case .refused(let reason): "The identity provider refused: \(reason)."
        case .invalidToken(let reason): "The identity provider's token is not valid: \(reason)."
        case .unreadableClaim(let name, let reason):
            "The identity provider's claim \(name) cannot be read: \(reason). Change what the provider sends for it."
        case .mixedUp(let reason): "The answer may be from another identity provider: \(reason)."
        }
    }
}

/// A user's identity, as the issuer states it.
public struct IdentityClaims: Sendable, Equatable {
    /// The issuer's stable identifier for the user; never empty.
    public let subject: String
    /// The e-mail address. It proves nothing about the user's identity unless the issuer vouches for it.
    public let email: String?
    /// Whether the issuer has verified the address; nil if it does not say.
    public let isEmailVerified: Bool?
    /// The user's display name.
    public let name: String?
    /// The user's groups, if the issuer sends them.
    public let groups: [String]
    /// Whether the user has more groups than fit into a token, so that the issuer sends none.
    public let lacksGroups: Bool

    /// Creates claims from the issuer's values.
    public init(
        subject: String, email: String? = nil, isEmailVerified: Bool? = nil, name: String? = nil,
        groups: [String] = [], lacksGroups: Bool = false
    ) {
        self.subject = subject
        self.email = email
        self.isEmailVerified = isEmailVerified
        self.name = name
        self.groups = groups
        self.lacksGroups = lacksGroups
    }
}

/// Caches each issuer's configuration and keys for an hour.
public actor IssuerCache {
    private static let lifetime: Duration = .seconds(3_600)
    private static let most = 50

    private var discoveries: [String: (Discovery, ContinuousClock.Instant)] = [:]
    private var collections: [String: (JWTKeyCollection, ContinuousClock.Instant)] = [:]

    /// Creates an empty cache.
    public init() {}

    func discovery(_ issuer: String) -> Discovery? {
        discoveries[issuer].flatMap { $0.1.duration(to: .now) < Self.lifetime ? $0.0 : nil }
    }

    func keys(_ issuer: String) -> JWTKeyCollection? {
        collections[issuer].flatMap { $0.1.duration(to: .now) < Self.lifetime ? $0.0 : nil }
    }

    func keep(_ discovery: Discovery, of issuer: String) {
        if discoveries.count >= Self.most { discoveries = [:] }
        discoveries[issuer] = (discovery, .now)
    }

    func keep(_ keys: JWTKeyCollection, of issuer: String) {
        if collections.count >= Self.most { collections = [:] }
        collections[issuer] = (keys, .now)
    }
}

struct Discovery: Decodable, Sendable {
    enum CodingKeys: String, CodingKey {
        case issuer
        case authorizationEndpoint = "authorization_endpoint"
        case tokenEndpoint = "token_endpoint"
        case jwksURI = "jwks_uri"
        case namesIssuer = "authorization_response_iss_parameter_supported"
    }

    let issuer: String
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let jwksURI: String
    /// Whether every response names its issuer (RFC 9207).
    let namesIssuer: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        issuer = try container.decode(String.self, forKey: .issuer)
        authorizationEndpoint = try container.decode(String.self, forKey: .authorizationEndpoint)
        tokenEndpoint = try container.decode(String.self, forKey: .tokenEndpoint)
        jwksURI = try container.decode(String.self, forKey: .jwksURI)
        namesIssuer = (try? container.decodeIfPresent(Bool.self, forKey: .namesIssuer)) ?? false
    }
}

private struct LooseKeys: Decodable {
    struct Maybe: Decodable {
        let key: JWK?

        init(from decoder: any Decoder) {
            key = try? JWK(from: decoder)
        }
    }

    let keys: [JWK]

    enum CodingKeys: CodingKey { case keys }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        keys = try container.decode([Maybe].self, forKey: .keys).compactMap(\.key)
    }
}
