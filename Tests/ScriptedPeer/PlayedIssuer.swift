import Crypto
import Foundation
import Synchronization

/// An OpenID Connect issuer that signs whatever a test wants said, however unkind: claims of any shape, none at all,
/// another issuer's name, no subject. Claims are raw JSON, so that they can be what no Swift value is.
public final class PlayedIssuer: Sendable {
    private struct State {
        var codes: [String: String] = [:]
        var discovery: [String: String] = [:]
        var keys: String?
        var answer: String?
    }

    /// As it stands in its tokens.
    public let issuer: String
    /// Host and port, for the allowlist.
    public let host: String
    private let key: P256.Signing.PrivateKey
    private let state: Mutex<State>

    private init(port: Int, key: P256.Signing.PrivateKey) {
        host = "127.0.0.1:\(port)"
        issuer = "http://127.0.0.1:\(port)"
        self.key = key
        state = Mutex(State())
    }

    /// Runs an issuer for the time of `body`.
    public static func run<Result>(_ body: (PlayedIssuer) async throws -> Result) async throws -> Result {
        let present = Present()
        return try await ScriptedPeer.run { request in
            present.issuer?.answer(request) ?? .silence
        } _: { peer in
            let issuer = PlayedIssuer(port: peer.port, key: P256.Signing.PrivateKey())
            present.set(issuer)
            return try await body(issuer)
        }
    }

    private final class Present: Sendable {
        private let box = Mutex<PlayedIssuer?>(nil)
        var issuer: PlayedIssuer? { box.withLock { $0 } }
        func set(_ issuer: PlayedIssuer) { box.withLock { $0 = issuer } }
    }

    /// Sets members of its configuration, as raw JSON; they last.
    public func describe(_ members: [String: String]) {
        state.withLock { $0.discovery.merge(members) { $1 } }
    }

    /// Shows these keys instead of its own, as raw JSON; nil for its own.
    public func show(keys: String?) { state.withLock { $0.keys = keys } }

    /// Gives this answer at the token endpoint, as raw JSON, whatever the code; nil for the usual one.
    public func answer(with text: String?) { state.withLock { $0.answer = text } }

    /// A code for a token with these claims, as raw JSON; null takes one of the usual ones away.
    /// - Parameter usual: for these the issuer says what it should, unless they are given.
    public func code(_ claims: [String: String?], nonce: String, client: String = "patchbay") -> String {
        var all: [String: String?] = [
            "iss": "\"\(issuer)\"", "aud": "\"\(client)\"", "nonce": "\"\(nonce)\"",
            "exp": "\(Int(Date().timeIntervalSince1970) + 600)", "sub": "\"sub-nobody\"",
        ]
        for (name, value) in claims { all[name] = value }
        let members = all.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }
        let token = sign("{" + members.joined(separator: ",") + "}")
        let code = UUID().uuidString
        state.withLock { $0.codes[code] = token }
        return code
    }

    /// A token with any payload.
    public func sign(_ payload: String, header: String? = nil) -> String {
        let header = header ?? #"{"alg":"ES256","kid":"one","typ":"JWT"}"#
        let text = Self.base64(Data(header.utf8)) + "." + Self.base64(Data(payload.utf8))
        let signature = (try? key.signature(for: Data(text.utf8)))?.rawRepresentation ?? Data()
        return text + "." + Self.base64(signature)
    }

    private func answer(_ request: ScriptedPeer.Request) -> ScriptedPeer.Answer {
        let json = ["content-type": "application/json"]
        switch request.path {
        case "/.well-known/openid-configuration":
            var members = [
                "issuer": "\"\(issuer)\"", "authorization_endpoint": "\"\(issuer)/authorize\"",
                "token_endpoint": "\"\(issuer)/token\"", "jwks_uri": "\"\(issuer)/keys\"",
            ]
            members.merge(state.withLock { $0.discovery }) { $1 }
            let text = members.map { "\"\($0)\":\($1)" }.joined(separator: ",")
            return .reply(200, headers: json, body: "{\(text)}")
        case "/keys":
            return .reply(200, headers: json, body: state.withLock { $0.keys } ?? ownKeys)
        case "/token":
            let form = request.body.split(separator: "&").first { $0.hasPrefix("code=") }
            let code = form.map { String($0.dropFirst(5)) } ?? ""
            if let answer = state.withLock({ $0.answer }) { return .reply(200, headers: json, body: answer) }
            guard let token = state.withLock({ $0.codes.removeValue(forKey: code) }) else {
                return .reply(400, headers: json, body: #"{"error":"invalid_grant"}"#)
            }
            return .reply(200, headers: json, body: "{\"id_token\":\"\(token)\",\"access_token\":\"x\"}")
        default:
            return .reply(404)
        }
    }

    /// Its key, as it shows it.
    public var ownKeys: String {
        let raw = key.publicKey.rawRepresentation
        let (x, y) = (Self.base64(raw.prefix(32)), Self.base64(raw.suffix(32)))
        return
            "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"use\":\"sig\",\"kid\":\"one\",\"x\":\"\(x)\",\"y\":\"\(y)\"}]}"
    }

    private static func base64(_ data: Data) -> String {
        data.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
