import Foundation
import Logging
import Outbound
import ScriptedPeer
import Testing

@testable import OpenIDConnect

/// The client against an issuer that says anything.
@Suite("Issuers", .timeLimit(.minutes(5)))
struct IssuerTests {
    private func with(_ body: (PlayedIssuer, () -> OpenIDClient) async throws -> Void) async throws {
        try await PlayedIssuer.run { issuer in
            let outbound = OutboundClient(
                allowlist: try HostAllowlist([issuer.host]),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await body(issuer) {
                        OpenIDClient(
                            issuer: issuer.issuer, clientID: "patchbay", clientSecret: "s", outbound: outbound,
                            remote: Remote("issuer-\(UUID().uuidString)"), cache: IssuerCache())
                    })
            } catch {
                result = .failure(error)
            }
            try await outbound.shutdown()
            try result.get()
        }
    }

    private func claims(_ client: OpenIDClient, _ code: String) async throws -> IdentityClaims {
        try await client.claims(code: code, verifier: "v", redirect: "http://localhost/r", nonce: "n", now: Date())
    }

    @Test("A claim of another shape is named, and not called a wrong signature")
    func named() async throws {
        try await with { issuer, client in
            await #expect(throws: OpenIDError.unreadableClaim("groups", "it is an object")) {
                _ = try await claims(client(), issuer.code(["groups": "{}"], nonce: "n"))
            }
            let found = try await claims(client(), issuer.code(["groups": "\"service-desk\""], nonce: "n"))
            #expect(found.groups == ["service-desk"])
        }
    }

    @Test("An answer that names another issuer is refused, and one without a name where a name is promised")
    func issuerOfAnswers() async throws {
        try await with { issuer, client in
            try await client().checkIssuer(issuer.issuer)
            try await client().checkIssuer(nil)
            await #expect(throws: OpenIDError.self) { try await client().checkIssuer("https://evil.example") }
            issuer.describe(["authorization_response_iss_parameter_supported": "true"])
            try await client().checkIssuer(issuer.issuer)
            await #expect(throws: OpenIDError.self) { try await client().checkIssuer(nil) }
        }
    }

    @Test("No configuration, key or token of any shape stops the server")
    func extremes() async throws {
        try await with { issuer, client in
            let ways = ["\"\(issuer.issuer)/x\"", "\"http://127.0.0.1:0/\"", "\"http://[::1\""] + Extremes.values
            for member in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
                for value in ways {
                    issuer.describe([member: value])
                    _ = try? await client().test()
                    _ = try? await client().authorizationURL(redirect: "r", state: "s", nonce: "n", challenge: "c")
                    _ = try? await claims(client(), issuer.code([:], nonce: "n"))
                }
                let usual = ["issuer": "", "authorization_endpoint": "/authorize", "token_endpoint": "/token"]
                issuer.describe([member: "\"\(issuer.issuer)\(usual[member] ?? "/keys")\""])
            }
            for member in ["kty", "crv", "alg", "use", "kid", "x", "y", "n", "e", "x5c", "key_ops"] {
                for kind in ["EC", "RSA", "OKP", "oct"] {
                    for value in Extremes.values where value.utf8.count < 1_000 {
                        issuer.show(keys: "{\"keys\":[{\"kty\":\"\(kind)\",\"\(member)\":\(value)}]}")
                        _ = try? await client().test()
                    }
                }
            }
            issuer.show(keys: nil)
            for value in Extremes.values {
                for text in [value, "{\"id_token\":\(value)}"] {
                    issuer.answer(with: text)
                    _ = try? await claims(client(), "code")
                }
                issuer.answer(with: "{\"id_token\":\"\(issuer.sign(value))\"}")
                _ = try? await claims(client(), "code")
                issuer.answer(
                    with: "{\"id_token\":\"\(issuer.sign("{}", header: "{\"alg\":\(value),\"kid\":\(value)}"))\"}")
                _ = try? await claims(client(), "code")
            }
            issuer.answer(with: nil)
            let found = try await claims(client(), issuer.code([:], nonce: "n"))
            #expect(found.subject == "sub-nobody")
        }
    }
}
