import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ScriptedPeer
import ServerTestSupport
import Testing
import WebSupport

/// Users who sign in through a simulated issuer.
struct Visitors: Sendable {
    let patchbay: RunningPatchbay
    let issuer: PlayedIssuer
    let provider: Int

    /// A browser on its way to the issuer.
    struct Way: Sendable {
        let browser: Browser
        let state: String
        let nonce: String
        /// The redirect path.
        let path: String
    }

    /// Creates an identity provider for the issuer.
    static func provider(
        _ patchbay: RunningPatchbay, _ issuer: PlayedIssuer, _ members: [String: JSON] = [:]
    ) async throws -> Int {
        var body: [String: JSON] = [
            "name": "Rivermark ID", "issuer": .text(issuer.issuer), "client_id": "patchbay", "client_secret": "known",
        ]
        body.merge(members) { $1 }
        let made = try await patchbay.api(.POST, "/identity-providers", .object(body))
        #expect(made.status == 201, "\(made.text)")
        return made.json["id"].int ?? 0
    }

    func depart() async throws -> Way {
        let browser = Browser(base: patchbay.api.base)
        let sent = try await browser.get("/sign-in/with/\(provider)?to=/account")
        #expect(sent.status == 303)
        let items = URLComponents(string: sent.headers["location"] ?? "")?.queryItems ?? []
        func item(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
        return Way(
            browser: browser, state: item("state"), nonce: item("nonce"),
            path: URLComponents(string: item("redirect_uri"))?.path ?? "")
    }

    /// Returns to Patchbay with a token that has these claims, as raw JSON.
    func enter(_ claims: [String: String]) async throws -> (browser: Browser, reply: Reply) {
        let way = try await depart()
        let code = issuer.code(claims, nonce: way.nonce)
        return (way.browser, try await way.browser.get("\(way.path)?state=\(way.state)&code=\(code)"))
    }

    func isSignedIn(_ browser: Browser) async throws -> Bool { try await browser.get("/account").status == 200 }

    /// A user of the first organization with a password and no linked identity.
    func local(_ role: Role, _ email: String? = nil) async throws -> (user: Int, email: String) {
        let made = try await patchbay.person(role)
        let (address, old) = (email ?? made, made)
        try await patchbay.database.write { db in
            try db.execute("UPDATE users SET email = \(address), email_key = \(address) WHERE email = \(old)")
        }
        return (try await user(address), address)
    }

    func user(_ email: String) async throws -> Int { try await api(email)["id"].int ?? 0 }

    /// A user as shown by the API.
    func api(_ email: String) async throws -> JSON {
        try await patchbay.api(.GET, "/users?search=\(email)").json["items"].elements.first ?? .null
    }

    /// An API key of a user.
    func key(of user: Int, _ role: Role) async throws -> String {
        try await APIKeyStore(database: patchbay.database).make("test", for: .init(Int64(user)), role: role).text
            .description
    }

    func record(_ action: String, _ target: String?) async throws -> [JSON] {
        let suffix = target.map { "&target=\($0.replacing(" ", with: "+"))" } ?? ""
        return try await patchbay.api(.GET, "/audit?action=\(action)\(suffix)&limit=200").json["items"].elements
    }
}
