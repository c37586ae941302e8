import BoundaryText
import Foundation
import JWTKit

/// The claims of a token whose signature has been verified. They are read and checked here without network calls.
struct IDToken: JWTPayload {
    private let claims: [String: ClaimValue]

    /// The values that a token must match.
    struct Expectation: Sendable {
        let issuer: String
        let clientID: String
        let nonce: String
        let now: Date
    }

    // Seconds of clock skew to allow.
    private static let tolerance = 60.0
    // The maximum length of `sub` in the specification.
    private static let longestSubject = 255

    init(claims: [String: ClaimValue]) {
        self.claims = claims
    }

    init(from decoder: any Decoder) throws {
        claims = try decoder.singleValueContainer().decode([String: ClaimValue].self)
    }

    // Tokens are only decoded.
    func encode(to encoder: any Encoder) throws {}

    // The client checks the claims itself, with the request's clock and nonce.
    func verify(using algorithm: some JWTAlgorithm) async throws {}

    /// The identity, if the token is meant for us and has not expired.
    func identity(expecting expected: Expectation) throws(OpenIDError) -> IdentityClaims {
        guard Self.same(try text("iss"), expected.issuer) else { throw .invalidToken("it is from another issuer") }
        try checkAudience(expected.clientID)
        guard try instant("exp") > expected.now.timeIntervalSince1970 - Self.tolerance else {
            throw .invalidToken("it has expired")
        }
        guard Self.same(try text("nonce"), expected.nonce) else { throw .invalidToken("its nonce is not ours") }
        return IdentityClaims(
            subject: try subject(), email: try text("email"), isEmailVerified: try flag("email_verified"),
            name: try looseText("name"), groups: try groups(), lacksGroups: lacksGroups)
    }

    /// A token with several audiences names the client it was issued to in `azp` (OpenID Connect Core, 3.1.3.7).
    private func checkAudience(_ clientID: String) throws(OpenIDError) {
        let audiences: [String]
        switch claims["aud"] {
        case .text(let one): audiences = [one]
        case .list(let all): audiences = all.compactMap(\.looseText)
        case let other: throw Self.unreadable("aud", other)
        }
        guard audiences.contains(where: { Self.same($0, clientID) }) else {
            throw .invalidToken("it is for another client")
        }
        let party = try text("azp")
        guard party != nil || audiences.count == 1, party.map({ Self.same($0, clientID) }) ?? true else {
            throw .invalidToken("it was issued for another client (azp)")
        }
    }

    private func subject() throws(OpenIDError) -> String {
        guard case .text(let text) = claims["sub"] else { throw Self.unreadable("sub", claims["sub"]) }
        // A blank or invisible subject identifies nobody.
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace && $0.value >= 32 }) else {
            throw .invalidToken("its subject (sub) is empty")
        }
        guard !text.unicodeScalars.contains(where: \.isControl) else {
            throw .invalidToken("its subject (sub) has control characters")
        }
        guard text.utf8.count <= Self.longestSubject else { throw .invalidToken("its subject (sub) is too long") }
        return text
    }

    private func groups() throws(OpenIDError) -> [String] {
        switch claims["groups"] {
        case nil, .null: return []
        case .text, .integer, .number: return [try looseText("groups") ?? ""]
        case .list(let all):
            var groups: [String] = []
            for group in all {
                guard let text = group.looseText else { throw Self.unreadable("groups", group, within: true) }
                groups.append(text)
            }
            return groups
        case let other: throw Self.unreadable("groups", other)
        }
    }

    /// Whether the user has more groups than the provider puts into a token. Entra ID then sends a link to fetch them
    /// from instead (learn.microsoft.com, "groups overage claim").
    private var lacksGroups: Bool {
        if case .object(let names) = claims["_claim_names"], names["groups"] != nil { return true }
        return (try? flag("hasgroups")) ?? false
    }

    // MARK: Reading

    private func text(_ name: String) throws(OpenIDError) -> String? {
        switch claims[name] {
        case nil, .null: return nil
        case .text(let text): return text
        case let other: throw Self.unreadable(name, other)
        }
    }

    private func looseText(_ name: String) throws(OpenIDError) -> String? {
        guard let claim = claims[name], claim != .null else { return nil }
        guard let text = claim.looseText else { throw Self.unreadable(name, claim) }
        return text
    }

    /// Reads a boolean. Some providers send it as text, or as 1 and 0.
    private func flag(_ name: String) throws(OpenIDError) -> Bool? {
        switch claims[name] {
        case nil, .null: return nil
        case .flag(let value): return value
        case .integer(1): return true
        case .integer(0): return false
        case .text(let text):
            switch text.lowercased() {
            case "true", "1": return true
            case "false", "0", "": return false
            default: throw Self.unreadable(name, .text(text))
            }
        case let other: throw Self.unreadable(name, other)
        }
    }

    /// Reads a number of seconds since 1970.
    private func instant(_ name: String) throws(OpenIDError) -> Double {
        switch claims[name] {
        case .integer(let seconds): return Double(seconds)
        case .number(let seconds): return seconds
        case let other: throw Self.unreadable(name, other)
        }
    }

    private static func unreadable(_ name: String, _ value: ClaimValue?, within: Bool = false) -> OpenIDError {
        let shape = value?.shape ?? "missing"
        return .unreadableClaim(name, within ? "it holds \(shape)" : "it is \(shape)")
    }

    /// Compares by byte, because Swift considers some strings with different bytes equal.
    static func same(_ left: String?, _ right: String) -> Bool {
        left.map { $0.utf8.elementsEqual(right.utf8) } ?? false
    }
}
