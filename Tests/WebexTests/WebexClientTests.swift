import Foundation
import Logging
import Outbound
import ScriptedPeer
import Testing

@testable import Webex

@Suite("Webex client")
struct WebexClientTests {
    private func withClient(
        _ script: @escaping @Sendable (ScriptedPeer.Request) -> ScriptedPeer.Answer,
        _ body: (WebexClient, ScriptedPeer) async throws -> Void
    ) async throws {
        try await ScriptedPeer.run(script: script) { peer in
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let outbound = OutboundClient(allowlist: try HostAllowlist(["127.0.0.1:*"]), logger: logger)
            let remote = Remote("webex:1", limits: .init(timeOut: .seconds(30)))
            let client = WebexClient(
                token: "secret", outbound: outbound, remote: remote, base: "http://127.0.0.1:\(peer.port)/v1")
            do {
                try await body(client, peer)
            } catch {
                try await outbound.shutdown()
                throw error
            }
            try await outbound.shutdown()
        }
    }

    private func failure(_ call: () async throws(WebexError) -> Void) async -> WebexError? {
        do throws(WebexError) {
            try await call()
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "posts to rooms and people",
        arguments: [
            (Target.room(id: "r"), #""roomId":"r""#), (.personEmail("a@b.c"), #""toPersonEmail":"a@b.c""#),
            (.person(id: "p"), #""toPersonId":"p""#),
        ])
    func sends(target: Target, expected: String) async throws {
        try await withClient { _ in
            .reply(200, body: #"{"id":"m1","roomId":"r"}"#)
        } _: { client, peer in
            let id = try await client.sendMessage("**x**", to: target, parentID: "t")
            #expect(id == "m1")
            let request = try #require(peer.requests.first)
            #expect(request.method == "POST")
            #expect(request.path == "/v1/messages")
            #expect(request.header("authorization") == "Bearer secret")
            #expect(request.body.contains(expected))
            #expect(request.body.contains(#""parentId":"t""#))
            #expect(request.body.contains(#""markdown":"**x**""#))
        }
    }

    @Test(
        "error answers",
        arguments: [
            (401, #"{"message":"m","trackingId":"T"}"#, WebexError.authentication(message: "m", trackingID: "T")),
            (
                404, #"{"message":"m","errors":[{"description":"d"}],"trackingId":"T"}"#,
                .notFound(message: "m", trackingID: "T")
            ),
            (400, #"{"errors":[{"description":"d"}]}"#, .rejected(message: "d", trackingID: "H")),
            (502, "<html>", .server(status: 502, message: "status 502", trackingID: "H")),
            (200, "{}", .undecodable(reason: "unexpected content of 2 bytes")),
        ] as [(Int, String, WebexError)])
    func errors(status: Int, body: String, expected: WebexError) async throws {
        try await withClient { _ in
            .reply(status, headers: ["trackingId": "H"], body: body)
        } _: { client, _ in
            let error = await failure { () async throws(WebexError) in
                _ = try await client.sendMessage("x", to: .room(id: "r"))
            }
            #expect(error == expected)
        }
    }

    @Test("429 pauses the bot")
    func rateLimited() async throws {
        try await withClient { _ in
            .reply(429, headers: ["Retry-After": "7"])
        } _: { client, peer in
            for _ in 0..<2 {
                let error = await failure { () async throws(WebexError) in _ = try await client.me() }
                guard case .rateLimited = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
            #expect(peer.requests.count == 1)
            #expect(client.remote.status.pausedFor != nil)
        }
    }

    @Test("a post that was cut may have arrived, and is not repeated")
    func cutPost() async throws {
        try await withClient { _ in
            .cut
        } _: { client, peer in
            let error = await failure { () async throws(WebexError) in
                _ = try await client.sendMessage("x", to: .room(id: "r"))
            }
            #expect(error?.maybeSent == true)
            #expect(peer.requests.count == 1)
        }
    }

    @Test("rooms, page by page, on the same host only")
    func rooms() async throws {
        let port = Noted(0)
        try await withClient { request in
            switch request.query {
            case "max=2":
                let next = "<http://127.0.0.1:\(port.withLock { $0 })/v1/rooms?max=2&cursor=b>; rel=\"next\""
                return .reply(200, headers: ["Link": next], body: #"{"items":[{"id":"1"},{"id":"2","title":"t"}]}"#)
            case "max=2&cursor=b":
                return .reply(
                    200, headers: ["Link": "<https://evil.example.org/v1/rooms>; rel=\"next\""],
                    body: #"{"items":[{"id":"3"}]}"#)
            default:
                return .reply(200, body: #"{"items":[]}"#)
            }
        } _: { client, peer in
            port.withLock { $0 = peer.port }
            let first = try await client.rooms(max: 2)
            #expect(first.rooms.map(\.id) == ["1", "2"])
            let error = await failure { () async throws(WebexError) in _ = try await client.rooms(after: first.next) }
            #expect(error == .undecodable(reason: "the link to the next page leads to another host"))
            let last = try await client.rooms()
            #expect(last.next == nil)
        }
    }

    @Test(
        "a link to what is no port of the host is not followed", arguments: ["99999", "0", "x", "18446744073709551616"])
    func linkWithoutPort(port: String) async throws {
        try await withClient { _ in
            .reply(
                200, headers: ["Link": "<http://127.0.0.1:\(port)/v1/rooms?cursor=b>; rel=\"next\""],
                body: #"{"items":[]}"#)
        } _: { client, peer in
            let error = await failure { () async throws(WebexError) in _ = try await client.rooms() }
            #expect(error == .undecodable(reason: "the link to the next page leads to another host"))
            #expect(peer.requests.count == 1)
        }
    }

    @Test("reads people and direct messages")
    func reads() async throws {
        try await withClient { request in
            switch request.uri {
            case "/v1/messages/direct?personEmail=a%2Bb%40c%2Ed&max=5": .reply(200, body: #"{"items":[{"id":"m"}]}"#)
            case "/v1/people?email=a%2Bb%40c%2Ed": .reply(200, body: #"{"items":[{"id":"p","emails":["a"]}]}"#)
            case "/v1/rooms/Y%2FZ": .reply(200, body: #"{"id":"Y/Z","type":"group"}"#)
            default: .reply(404)
            }
        } _: { client, _ in
            let messages = try await client.directMessages(with: .personEmail("a+b@c.d"), max: 5)
            #expect(messages.map(\.id) == ["m"])
            let people = try await client.people(email: "a+b@c.d")
            #expect(people.first?.emails == ["a"])
            let room = try await client.room("Y/Z")
            #expect(room.type == "group")
        }
    }
}

@Suite("Cutting a message")
struct MessageCutTests {
    @Test("text within the limit stays")
    func fits() {
        #expect(cut("äöü", toBytes: 6) == "äöü")
    }

    @Test(
        "between characters, in bytes",
        arguments: [
            ("abcdef", 5, "ab…"), ("ääää", 7, "ää…"), ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 30, "👩‍👩‍👧‍👦…"), ("e\u{301}e\u{301}e\u{301}", 8, "e\u{301}…"),
        ])
    func cuts(text: String, limit: Int, expected: String) {
        #expect(cut(text, toBytes: limit) == expected)
    }

    @Test("never too long, never in the middle of a character, and a code fence is closed")
    func property() {
        let text = String(repeating: "a👍🏽é\n```\ncode\n", count: 60)
        for limit in 20..<text.utf8.count {
            let result = cut(text, toBytes: limit, ending: "… [#1](https://x)")
            #expect(result.utf8.count <= limit)
            let fences = result.split(separator: "\n", omittingEmptySubsequences: false).count { $0.hasPrefix("```") }
            #expect(fences.isMultiple(of: 2))
        }
    }
}
