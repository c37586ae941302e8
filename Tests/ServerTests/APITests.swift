import API
import Database
import Foundation
import NIOHTTP1
import ScriptedPeer
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import TestSupport
import Testing
import WebSupport

/// API conventions.
@Suite("API", .timeLimit(.minutes(20)))
struct APITests {
    @Test("Errors name unknown members, wrong types, and wrong values in a body", arguments: TestDatabase.oneEngine)
    func bodies(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let (board, room) = (try patchbay.board(), try patchbay.room())
            let wrong: [(JSON, Int, String, [String])] = [
                (["board_id": board, "recipient_id": room, "sound": "loud"], 400, "unknown_member", ["sound"]),
                (["board_id": board], 400, "wrong_type", ["recipient_id"]),
                (["board_id": board, "recipient_id": room, "enabled": "yes"], 400, "wrong_type", ["enabled"]),
                (["board_id": nil, "recipient_id": room], 400, "wrong_type", ["board_id"]),
                (["board_id": [], "recipient_id": room], 400, "wrong_type", ["board_id"]),
                (["board_id": "4711", "recipient_id": 4711], 422, "validation_failed", ["board_id", "recipient_id"]),
                (["board_id": board, "recipient_id": room, "updates": "some"], 422, "validation_failed", ["updates"]),
                ([], 400, "invalid_json", []), ("text", 400, "invalid_json", []), (nil, 400, "invalid_json", []),
            ]
            for (body, status, code, fields) in wrong {
                let reply = try await patchbay.api(API.Rules.create, body)
                #expect(reply.status == status, "\(body)")
                #expect(reply.json["code"].string == code, "\(body)")
                #expect(reply.faultyFields == fields, "\(body)")
                #expect(reply.json["request_id"].string == reply.headers["x-request-id"])
            }
            #expect(try await patchbay.api(API.Rules.list).json["items"].elements.isEmpty)
            let first = try await patchbay.api(API.Rules.create, ["board_id": board, "recipient_id": room])
            #expect(first.status == 201)
            #expect(first.headers["location"] == "/api/v1/rules/\(first.json["id"].int ?? 0)")
            // To ConnectWise users, board IDs are numbers.
            let number: JSON = .integer(Int64(board.string ?? "") ?? 0)
            let second = try await patchbay.api(API.Rules.create, ["board_id": number, "recipient_id": room])
            #expect(second.status == 409)
            #expect(second.json["code"] == "rule_exists")
            let settings = try await patchbay.api(
                API.Config.update, ["max_message_length": 1, "member_cache_seconds": -1])
            #expect(settings.status == 422)
            #expect(Set(settings.faultyFields) == ["max_message_length", "member_cache_seconds"])
            let misspelt = try await patchbay.api(API.Rules.list, query: "board=1&limit=5")
            #expect(misspelt.status == 400)
            #expect(misspelt.json["code"] == "unknown_parameter")
            #expect(misspelt.faultyFields == ["board"])
            // Short lists have no pages, but accept the paging parameters.
            #expect(try await patchbay.api(API.FeatureFlags.list, query: "limit=200").status == 200)
            let large = try await patchbay.api(API.Config.update, ["x": .text(String(repeating: "x", count: 2 << 20))])
            #expect(large.status == 413)
        }
    }

    @Test("A body that is not declared as JSON is refused, also without a content type")
    func contentTypes() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let (api, url) = (patchbay.api, "\(patchbay.api.base)/api/v1/config")
            let change = Data(#"{"max_message_length": 400}"#.utf8)
            for type in ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", "application/xml", ""]
            {
                let reply = try await api.send(.PATCH, url, change, ["Content-Type": type])
                #expect(reply.status == 415, "\(type)")
                #expect(reply.json["code"] == "unsupported_media_type", "\(type)")
            }
            #expect(try await api(API.Config.show).json["max_message_length"] == 300)
            for type in ["application/json; charset=utf-8", "Application/JSON"] {
                #expect(try await api.send(.PATCH, url, change, ["Content-Type": type]).status == 200, "\(type)")
            }
            // A request without a body may have any content type.
            #expect(try await api.send(.GET, url, nil, ["Content-Type": "text/plain"]).status == 200)
        }
    }

    @Test("Paging through 120 rules returns each rule once", arguments: TestDatabase.engines)
    func paging(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            var recipients = try World.rooms.map { try patchbay.room($0) }
            for number in recipients.count..<24 {
                let person = try await patchbay.api(
                    API.Recipients.create, ["email": .text("p\(number)@rivermark.example")])
                recipients.append(person.json["id"])
            }
            var made: [Int] = []
            for board in World.boards {
                for recipient in recipients {
                    let body: JSON = ["board_id": try patchbay.board(board), "recipient_id": recipient]
                    made.append(try await patchbay.api(API.Rules.create, body).json["id"].int ?? 0)
                }
            }
            for limit in [1, 7, 50, 119, 120, 200] {
                var (seen, sizes): ([Int], [Int]) = ([], [])
                var cursor: String?
                repeat {
                    let query = cursor.map { "&cursor=\($0)" } ?? ""
                    let page = try await patchbay.api(API.Rules.list, query: "limit=\(limit)\(query)").json
                    seen += page["items"].elements.compactMap { $0["id"].int }
                    sizes.append(page["items"].elements.count)
                    cursor = page["next_cursor"].string
                } while cursor != nil && sizes.count <= 120
                #expect(seen == made)
                #expect(sizes.allSatisfy { $0 > 0 && $0 <= limit })
            }
            let filtered = try await patchbay.api(
                API.Rules.list, query: "limit=200&board_id=\(patchbay.board("Voice").string ?? "")"
            ).json
            #expect(filtered["items"].elements.count == 24)
            for query in ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=1e2", "cursor=x", "cursor=%00"] {
                let reply = try await patchbay.api(API.Rules.list, query: "\(query)")
                #expect(reply.status == 400, "\(query)")
                #expect(reply.faultyFields.first.map(query.hasPrefix) == true)
            }
        }
    }

    @Test("Unknown paths, wrong methods, and request IDs are handled", arguments: TestDatabase.oneEngine)
    func addresses(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let wrongMethod = try await patchbay.api(.PUT, "/notifiers/rules")
            #expect(wrongMethod.status == 405)
            #expect(wrongMethod.headers["allow"] == "GET, POST")
            #expect(try await patchbay.api(.POST, "/notifiers/rules/1").headers["allow"] == "DELETE, GET, PATCH")
            for path in ["/nothing", "/notifiers/rules/abc", "/notifiers/rules/4711", "/notifiers/rules/-1"] {
                let reply = try await patchbay.api(.GET, path)
                #expect(reply.status == 404, "\(path)")
                #expect(reply.json["code"] == "not_found")
            }
            let named = try await patchbay.api(Me.show(), headers: ["X-Request-Id": "my-request_42"])
            #expect(named.headers["x-request-id"] == "my-request_42")
            for unfit in ["a b", "\"", String(repeating: "x", count: 65), "ä"] {
                let reply = try await patchbay.api(Me.show(), headers: ["X-Request-Id": unfit])
                #expect(reply.headers["x-request-id"]?.isEmpty == false)
                #expect(reply.headers["x-request-id"] != unfit)
            }
        }
    }

    @Test(
        "A connection that fails its test is not saved, and a host that is not allowed is not called",
        arguments: TestDatabase.engines)
    func connections(engine: Engine) async throws {
        try await ScriptedPeer.run(script: { _ in .reply(200, body: "{}") }) { peer in
            try await RunningPatchbay.run(engine) { patchbay in
                let site = try await patchbay.connectWise.url().replacing("http://", with: "")
                // The MSP already has an enabled connection; a customer has none.
                let tenant = try await patchbay.api(API.Tenants.create, ["name": "New"]).json["id"].int ?? 0
                func attempt(_ site: String, privateKey: String = "wrong") async throws -> Reply {
                    try await patchbay.api(
                        API.PSA.Tenant.createConnection, at: tenant,
                        [
                            "name": "New", "site": .text(site), "company": "rivermark",
                            "public_key": "SimulatedPublicX", "private_key": .text(privateKey), "client_id": "client",
                        ])
                }
                let refused = try await attempt(site)
                #expect(refused.status == 422)
                #expect(!refused.faultyFields.isEmpty)
                for host in [
                    "169.254.169.254", "127.0.0.1", "127.0.0.1:\(peer.port)", "localhost:\(peer.port)",
                    "[::1]:\(peer.port)",
                    "user@127.0.0.1:\(peer.port)", "na.myconnectwise.net@127.0.0.1:\(peer.port)", "10.0.0.1",
                    "2130706433",
                    "127.1", "0x7f000001", "na.myconnectwise.net.evil.example", "evil.example#.myconnectwise.net",
                    "127.0.0.1:\(peer.port)/x", "file:///etc/passwd", "",
                ] {
                    let reply = try await attempt(host)
                    #expect(reply.status == 422, "\(host)")
                    #expect(reply.faultyFields.contains("site"), "\(host): \(reply.text)")
                }
                for url in [
                    "http://169.254.169.254", "http://127.0.0.1:\(peer.port)", "https://webexapis.com.evil.example",
                    "x",
                ] {
                    let reply = try await patchbay.api(
                        API.ChatConnections.create,
                        ["name": "New", "url": .text(url), "token": "t0ken-of-mine"])
                    #expect(reply.status == 422, "\(url)")
                    #expect(reply.faultyFields == ["url"])
                }
                let token = try await patchbay.api(
                    API.ChatConnections.create,
                    ["name": "New", "url": .text(try await patchbay.webex.url()), "token": "wrong-token"])
                #expect(token.status == 422)
                #expect(token.faultyFields == ["token"])
                #expect(peer.requests.isEmpty)
                #expect(try await patchbay.api(API.PSA.Connections.list).json["items"].elements.count == 1)
                #expect(
                    try await patchbay.api(API.ChatConnections.list).json["items"].elements.count == 1)

                // A stored key is only sent to the host it was entered for.
                let id = try await patchbay.connection()["id"].int ?? 0
                let moved = try await patchbay.api(
                    API.PSA.Connections.update, at: id, ["site": .text("127.0.0.1:\(peer.port)")])
                #expect(moved.status == 422)
                #expect(peer.requests.isEmpty)
                #expect(try await patchbay.connection()["site"].string == site)
                let shown = try await patchbay.connection()
                #expect(shown["private_key_hint"] == "••••••vate")
                #expect(shown["private_key"] == nil)
                #expect(shown["public_key"] == nil)
            }
        }
    }

    @Test("The server is ready only while the database is readable", arguments: TestDatabase.engines)
    func readiness(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let anybody = patchbay.api.with(key: nil)
            #expect(try await anybody(.GET, "/healthcheck").status == 200)
            let ready = try await anybody(.GET, "/readiness")
            #expect(ready.status == 200)
            #expect(ready.json["checks"].elements.allSatisfy { $0["ok"] == true })
            try await patchbay.without(table: "schema_migrations") {
                let reply = try await anybody(.GET, "/readiness")
                #expect(reply.status == 503)
                #expect(reply.json["checks"].elements.contains { $0["name"] == "database" && $0["ok"] == false })
                #expect(try await anybody(.GET, "/healthcheck").status == 200)
            }
            #expect(try await anybody(.GET, "/readiness").status == 200)
        }
    }
}
