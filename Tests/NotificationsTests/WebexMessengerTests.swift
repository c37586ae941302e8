import API
import Foundation
import Outbound
import ScriptedPeer
import StandardWebhooks
import TestSupport
import Testing
import Webex

@testable import Notifications

@Suite("Webex as a messenger")
struct WebexMessengerTests {
    private func withMessenger(
        _ script: @escaping @Sendable (ScriptedPeer.Request) -> ScriptedPeer.Answer,
        maximumAnswerBytes: Int = 1 << 20, _ body: (WebexMessenger) async throws -> Void
    ) async throws {
        try await ScriptedPeer.run(script: script) { peer in
            let outbound = OutboundClient(
                allowlist: try HostAllowlist(["chat=127.0.0.1:*"]), logger: TestDatabase.logger)
            let remote = Remote("webex:1", for: .chat, limits: .init(maximumAnswerBytes: maximumAnswerBytes))
            let client = WebexClient(
                token: "secret", outbound: outbound, remote: remote, base: "http://127.0.0.1:\(peer.port)/v1")
            let result: Result<Void, any Error>
            do { result = .success(try await body(WebexMessenger(client: client))) } catch { result = .failure(error) }
            try await outbound.shutdown()
            try result.get()
        }
    }

    @Test("One address that Webex refuses stops no look-up of others")
    func refusedAddress() async throws {
        try await withMessenger { request in
            request.uri.contains("refused")
                ? .reply(400, body: #"{"message":"Invalid email"}"#)
                : .reply(200, body: #"{"items":[{"id":"p1","displayName":"Kim"}]}"#)
        } _: { messenger in
            let refused = try await messenger.accounts(email: "refused@x.example")
            let found = try await messenger.accounts(email: "kim@x.example")
            #expect(refused == nil)
            #expect(found?.map(\.id) == ["p1"])
        }
    }

    @Test("A conversation of long messages is looked through as far as an answer holds")
    func longMessages() async throws {
        let long = String(repeating: "x", count: 7_000)
        try await withMessenger { request in
            let wanted = request.uri.firstMatch(of: /max=(\d+)/).flatMap { Int($0.output.1) } ?? 0
            let messages = (0..<wanted).map { #"{"id":"m\#($0)","markdown":"\#($0 == 3 ? "ours" : long)"}"# }
            return .reply(200, body: #"{"items":[\#(messages.joined(separator: ","))]}"#)
        } _: { messenger in
            let found = try await messenger.find("ours", sentTo: "kim@x.example", since: .distantPast)
            #expect(found == ["m3"])
        }
    }

    @Test("A redirect is tried again and fails some day, as a failing server does; the connection is not paused for it")
    func redirected() async throws {
        try await withMessenger { _ in
            .reply(302, headers: ["location": "https://portal.example.com/"])
        } _: { messenger in
            await #expect {
                _ = try await messenger.send(
                    ChatMessage(id: "1", markdown: "x", content: .notice(.test)), to: .room("r"), under: nil)
            } throws: { isPassing($0, maybeSent: false) }
        }
    }

    @Test("So is a redirecting webhook, which is switched off after days")
    func redirectedWebhook() async throws {
        try await ScriptedPeer.run(script: { _ in
            .reply(301, headers: ["location": "https://portal.example.com/"])
        }) { peer in
            let outbound = OutboundClient(
                allowlist: try HostAllowlist(["webhook=127.0.0.1:*"]), logger: TestDatabase.logger)
            let url = "http://127.0.0.1:\(peer.port)/"
            let messenger = WebhookMessenger(
                client: WebhookClient(url: url, outbound: outbound, remote: Remote("webhook:1", for: .webhook)),
                target: ChatTarget(
                    connection: nil, provider: .webhook, url: url, token: WebhookSecret.generate().text, previous: nil))
            await #expect {
                _ = try await messenger.send(
                    ChatMessage(id: "1", markdown: "x", content: .notice(.test)), to: .room("r"), under: nil)
            } throws: { isPassing($0, maybeSent: false) }
            try await outbound.shutdown()
        }
    }

    private func isPassing(_ error: any Error, maybeSent: Bool) -> Bool {
        if case .failed(_, _, maybeSent)? = error as? MessengerError { true } else { false }
    }
}
