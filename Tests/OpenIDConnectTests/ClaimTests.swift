import Foundation
import Testing

@testable import OpenIDConnect

/// What a token's claims say, without any call.
@Suite("Claims")
struct ClaimTests {
    static let now = Date(timeIntervalSince1970: 1_700_000_000)

    /// The claims of a token as raw JSON; null takes one of the usual ones away.
    private func read(_ changes: [String: String?] = [:]) throws -> IdentityClaims {
        var claims: [String: String?] = [
            "iss": "\"https://id.example\"", "aud": "\"patchbay\"", "nonce": "\"n\"", "exp": "1700000060",
            "sub": "\"sub-nora\"",
        ]
        for (name, value) in changes { claims[name] = value }
        let text =
            "{" + claims.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.joined(separator: ",") + "}"
        let token = try JSONDecoder().decode(IDToken.self, from: Data(text.utf8))
        return try token.identity(
            expecting: .init(issuer: "https://id.example", clientID: "patchbay", nonce: "n", now: Self.now))
    }

    private func error(_ changes: [String: String?]) -> OpenIDError? {
        do {
            _ = try read(changes)
            return nil
        } catch {
            return error as? OpenIDError
        }
    }

    @Test("A token that is in order gives the claims")
    func plain() throws {
        let claims = try read([
            "email": "\"nora@rivermark.example\"", "email_verified": "true", "name": "\"Nora\"",
            "groups": #"["service-desk","x"]"#,
        ])
        #expect(
            claims
                == IdentityClaims(
                    subject: "sub-nora", email: "nora@rivermark.example", isEmailVerified: true, name: "Nora",
                    groups: ["service-desk", "x"]))
    }

    @Test("A name that is not an address counts as none, and a missing claim is no verification")
    func addresses() throws {
        let claims = try read(["preferred_username": "\"nora@rivermark.example\""])
        #expect(claims.email == nil)
        #expect(try read(["email": "\"nora@rivermark.example\""]).isEmailVerified == nil)
        #expect(try read(["email_verified": "false"]).isEmailVerified == false)
    }

    @Test(
        "Groups and flags are read leniently",
        arguments: [
            ("groups", #""service-desk""#), ("groups", #"["x", 7]"#), ("email_verified", "1"),
            ("email_verified", #""True""#), ("name", "7"),
        ])
    func lenient(name: String, value: String) throws {
        let claims = try read([name: value])
        switch (name, value) {
        case ("groups", #""service-desk""#): #expect(claims.groups == ["service-desk"])
        case ("groups", _): #expect(claims.groups == ["x", "7"])
        case ("name", _): #expect(claims.name == "7")
        default: #expect(claims.isEmailVerified == true)
        }
    }

    @Test(
        "A claim of another shape is named",
        arguments: [
            ("groups", "{}"), ("groups", "[{}]"), ("groups", "true"), ("name", "{}"), ("email", #"["a@b.example"]"#),
            ("email_verified", "{}"), ("email_verified", "2"), ("sub", "7"), ("sub", "null"), ("exp", #""soon""#),
            ("aud", "{}"), ("azp", "1"), ("nonce", "[]"), ("iss", "{}"),
        ])
    func named(name: String, value: String) throws {
        guard case .unreadableClaim(let found, _) = error([name: value]) else {
            Issue.record("\(name) = \(value): \(String(describing: error([name: value])))")
            return
        }
        #expect(found == name)
        #expect("\(OpenIDError.unreadableClaim(found, "x"))".contains("claim \(name)"))
    }

    @Test("No identity has an empty subject", arguments: [#""""#, #"" ""#, #""\u0000""#, #""\u00a0""#])
    func emptySubject(value: String) {
        #expect(error(["sub": value]) == .invalidToken("its subject (sub) is empty"))
    }

    @Test("A subject is at most 255 bytes without controls")
    func subjects() throws {
        #expect(error(["sub": #""a\u0000b""#]) == .invalidToken("its subject (sub) has control characters"))
        let longest = String(repeating: "x", count: 255)
        #expect(try read(["sub": "\"\(longest)\""]).subject == longest)
        #expect(error(["sub": "\"\(longest)x\""]) == .invalidToken("its subject (sub) is too long"))
        #expect(error(["sub": "\"\(longest)\u{301}\""]) == .invalidToken("its subject (sub) is too long"))
    }

    @Test("A token for several clients says for which of them it was made")
    func authorizedParty() {
        let two = #"["patchbay","other"]"#
        let refusal = OpenIDError.invalidToken("it was issued for another client (azp)")
        #expect(error(["aud": two]) == refusal)
        #expect(error(["aud": two, "azp": "\"other\""]) == refusal)
        #expect(error(["azp": "\"other\""]) == refusal)
        #expect(error(["aud": two, "azp": "\"patchbay\""]) == nil)
        #expect(error(["aud": #"["patchbay"]"#]) == nil)
        #expect(error(["aud": #"["other"]"#]) == .invalidToken("it is for another client"))
    }

    @Test("Texts that look the same to Swift are not the same issuer, client or nonce")
    func bytes() {
        // U+212A, the sign for kelvin, is canonically the letter K.
        #expect(error(["iss": "\"https://id.example\u{200D}\""]) == .invalidToken("it is from another issuer"))
        #expect("\u{212A}" == "K")
        #expect(!IDToken.same("\u{212A}", "K"))
    }

    @Test("More groups than fit into a token are noticed")
    func overage() throws {
        #expect(try read(["_claim_names": #"{"groups":"src1"}"#]).lacksGroups)
        #expect(try read(["hasgroups": "true"]).lacksGroups)
        #expect(try !read(["_claim_names": #"{"other":"src1"}"#]).lacksGroups)
        #expect(try !read(["_claim_names": "7", "hasgroups": "{}"]).lacksGroups)
    }

    @Test("No claim of any shape or size stops the server")
    func extremes() throws {
        let names = [
            "iss", "sub", "aud", "azp", "exp", "nonce", "email", "email_verified", "name", "groups", "hasgroups",
            "_claim_names", "iat", "nbf", "preferred_username",
        ]
        for name in names {
            for value in Extremes.values {
                // Whatever comes of it: an answer or an error, and never the end of the process.
                for text in [value, "[\(value)]", "{\"groups\":\(value)}"] { _ = error([name: text]) }
            }
        }
        #expect(error(["exp": "-9223372036854775808"]) == .invalidToken("it has expired"))
        #expect(error(["exp": "1e300"]) == nil)
    }
}

/// JSON that breaks what was not written for it.
enum Extremes {
    static let values: [String] = [
        "null", "true", "0", "-1", "1e300", "-1e300", "1e400", "-9223372036854775808", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "0.1e-400", "[]", "{}", "[[]]", #"{"a":{"b":[1e300]}}"#, #""""#,
        #""\u0000""#, #""\ud800""#, #""؀<b>́""#, "\"" + String(repeating: "x", count: 10_000) + "\"",
        "[" + Array(repeating: "1", count: 500).joined(separator: ",") + "]",
        String(repeating: "[", count: 400) + String(repeating: "]", count: 400),
        String(repeating: "[", count: 10_000),
    ]
}
