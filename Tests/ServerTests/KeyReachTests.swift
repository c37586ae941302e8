import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

/// API keys cannot be used to gain more rights than they have.
@Suite("Limits of API keys", .timeLimit(.minutes(20)))
struct KeyReachTests {
    @Test("A key created with an expiring key expires no later than that one", arguments: TestDatabase.oneEngine)
    func endings(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let made = try await patchbay.api(
                API.APIKeys.create, ["name": "ending", "role": "admin", "expires_at": "2099-01-01T00:00:00Z"])
            let ending = patchbay.api.with(key: made.json["key"].string)
            let child = try await ending(API.APIKeys.create, ["name": "child"])
            #expect(child.status == 201)
            #expect(child.json["expires_at"] == made.json["expires_at"])
            let later: JSON = ["name": "child", "expires_at": "2099-01-01T00:00:01Z"]
            let refused = try await ending(API.APIKeys.create, later)
            #expect(refused.status == 422)
            #expect(refused.faultyFields == ["expires_at"])
            let sooner: JSON = ["name": "child", "expires_at": "2098-01-01T00:00:00Z"]
            #expect(try await ending(API.APIKeys.create, sooner).status == 201)
        }
    }

    @Test("A key limited to users creates no administrators and sets no passwords", arguments: TestDatabase.oneEngine)
    func users(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let made = try await patchbay.api(
                API.APIKeys.create, ["name": "users", "role": "admin", "scopes": ["users"]])
            let limited = patchbay.api.with(key: made.json["key"].string)
            var body: [String: JSON] = [
                "email": "x@rivermark.example", "name": "X", "role": "admin", "password": "corvid lantern oatmeal 7",
            ]
            #expect(try await limited(API.Users.create, .object(body)).status == 403)
            body["role"] = "viewer"
            let password = try await limited(API.Users.create, .object(body))
            #expect(password.status == 403)
            #expect(password.json["code"] == "out_of_scope")
            body["password"] = nil
            let user = try await limited(API.Users.create, .object(body))
            #expect(user.status == 201)
            let path = "/users/\(user.json["id"].int ?? 0)"
            #expect(try await limited(.PATCH, path, ["role": "admin"]).status == 403)
            #expect(try await limited(.PATCH, path, ["role": "engineer"]).status == 200)
            let reset = try await limited(.POST, path + "/password", ["password": "corvid lantern oatmeal 7"])
            #expect(reset.status == 403)
        }
    }

    @Test("A key limited to identity providers cannot save one", arguments: TestDatabase.oneEngine)
    func providers(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let made = try await patchbay.api(
                API.APIKeys.create, ["name": "providers", "scopes": ["identity-providers"]])
            #expect(made.status == 201, "\(made.text)")
            let body: JSON = [
                "name": "Mine", "issuer": "https://login.microsoftonline.com/mine/v2.0", "client_id": "c",
                "client_secret": "s", "trusted_domains": ["rivermark.example"],
            ]
            let limited = patchbay.api.with(key: made.json["key"].string)
            let refused = try await limited(API.IdentityProviders.create, body)
            #expect(refused.status == 403, "\(refused.text)")
            #expect(refused.json["code"] == "out_of_scope")
        }
    }

    @Test("No user has more than a hundred keys, and the refusal says what to do", arguments: TestDatabase.oneEngine)
    func number(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            var last = try await patchbay.api(API.APIKeys.create, ["name": "one"])
            let id = last.json["id"].int ?? 0
            for number in 0..<120 where last.status == 201 {
                last = try await patchbay.api(API.APIKeys.create, ["name": .text("key \(number)")])
            }
            #expect(last.status == 409)
            #expect(last.json["code"] == "too_many_keys")
            #expect(last.json["detail"].string?.contains("Delete one first") == true)
            #expect(try await patchbay.api(API.APIKeys.delete, at: id).status == 204)
            #expect(try await patchbay.api(API.APIKeys.create, ["name": "again"]).status == 201)
        }
    }
}
