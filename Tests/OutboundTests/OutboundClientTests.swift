import Foundation
import Logging
import NIOCore
import NIOSSL
import ScriptedPeer
import Testing

@testable import Outbound

@Suite("Outbound client")
struct OutboundClientTests {
    private let remote = Remote("test:1", limits: .init(timeOut: .seconds(120), maximumAnswerBytes: 1_000))

    /// A client for everything at loopback, and whatever else the test names.
    private func withClient(
        allowing more: [String] = [], _ adjust: (inout OutboundClient.Configuration) -> Void = { _ in },
        _ body: (OutboundClient) async throws -> Void
    ) async throws {
        var configuration = OutboundClient.Configuration()
        adjust(&configuration)
        let client = OutboundClient(
            allowlist: try HostAllowlist(["127.0.0.1:*", "localhost:*"] + more), configuration: configuration,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        do {
            try await body(client)
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    private func failure(
        _ client: OutboundClient, _ request: OutboundRequest, _ remote: Remote? = nil
    ) async -> OutboundError? {
        do throws(OutboundError) {
            _ = try await client.send(request, to: remote ?? self.remote)
            return nil
        } catch {
            return error
        }
    }

    @Test("sends and receives")
    func answers() async throws {
        try await ScriptedPeer.run { _ in
            .reply(201, headers: ["X-Thing": "a", "Retry-After": "7"], body: "hello")
        } _: { peer in
            try await withClient { client in
                let answer = try await client.send(
                    OutboundRequest(
                        .post, "http://127.0.0.1:\(peer.port)/path?q=a%20b", headers: [.init("X-Mine", "1")],
                        body: Data("body".utf8)), to: remote)
                #expect(answer.status == 201)
                #expect(answer.isSuccess)
                #expect(answer.body == Data("hello".utf8))
                #expect(answer.header("x-thing") == "a")
                #expect(answer.retryAfter == .seconds(7))
            }
            let request = try #require(peer.requests.first)
            #expect(request.method == "POST")
            #expect(request.uri == "/path?q=a%20b")
            #expect(request.body == "body")
            #expect(request.header("x-mine") == "1")
            #expect(peer.requests.count == 1)
        }
    }

    @Test(
        "refuses what the allowlist does not permit",
        arguments: [
            ("http://127.0.0.2/", HostRefusal.unlisted(host: "127.0.0.2")),
            ("http://user:pass@127.0.0.1:1/", .userInformation),
            ("https://example.com/", .unlisted(host: "example.com")),
            ("http://example.com/", .scheme("http")), ("nonsense", .malformed),
        ])
    func notAllowed(url: String, refusal: HostRefusal) async throws {
        try await withClient { client in
            #expect(await failure(client, OutboundRequest(.get, url)) == .notAllowed(refusal))
        }
    }

    @Test("a host that resolves to a private address is not connected to")
    func resolvesToPrivate() async throws {
        let addresses = try [
            SocketAddress(ipAddress: "8.8.8.8", port: 0), SocketAddress(ipAddress: "10.0.0.8", port: 0),
        ]
        let lookups = Noted(0)
        try await withClient(allowing: ["*.example.com"]) { configuration in
            configuration.resolve = { _ in
                lookups.withLock { $0 += 1 }
                return addresses
            }
        } _: { client in
            for _ in 0..<3 {
                #expect(
                    await failure(client, OutboundRequest(.get, "https://psa.example.com/"))
                        == .refusedAddress(host: "psa.example.com", reason: "private"))
            }
            await #expect(throws: OutboundError.refusedAddress(host: "psa.example.com", reason: "private")) {
                try await client.check("https://psa.example.com/")
            }
        }
        #expect(lookups.withLock { $0 } == 1)
    }

    @Test("an unknown name")
    func unknownName() async throws {
        try await withClient(allowing: ["*.example.com"]) {
            $0.resolve = { _ in [] }
        } _: { client in
            let expected = OutboundError.connection(reason: "no such host", maybeSent: false)
            #expect(await failure(client, OutboundRequest(.get, "https://psa.example.com/")) == expected)
        }
    }

    @Test("an address that changed between look-up and connect is refused before any request")
    func rebinding() async throws {
        let identity = try TestIdentity(host: "psa.example.com")
        let publicAddress = try SocketAddress(ipAddress: "8.8.8.8", port: 0)
        try await ScriptedPeer.run(tls: try identity.server()) { _ in
            .reply(200)
        } _: { peer in
            // The same peer, once covered by a wildcard and once by its own name.
            for (entry, expected) in [
                ("*.example.com", OutboundError.refusedAddress(host: "psa.example.com", reason: "loopback")),
                ("psa.example.com", nil),
            ] {
                try await withClient(allowing: ["\(entry):\(peer.port)"]) { configuration in
                    configuration.tls = identity.client()
                    configuration.resolve = { _ in [publicAddress] }
                    configuration.connectInstead = ["psa.example.com": "127.0.0.1"]
                } _: { client in
                    let request = OutboundRequest(.get, "https://psa.example.com:\(peer.port)/secret")
                    #expect(await failure(client, request) == expected)
                }
                #expect(peer.requests.count == (expected == nil ? 1 : 0))
            }
        }
    }

    @Test("a certificate that is not trusted")
    func untrusted() async throws {
        let identity = try TestIdentity(host: "localhost")
        try await ScriptedPeer.run(tls: try identity.server()) { _ in
            .reply(200)
        } _: { peer in
            try await withClient { client in
                let error = await failure(client, OutboundRequest(.get, "https://localhost:\(peer.port)/"))
                #expect(error == .tls(reason: "the certificate is not trusted"))
            }
            #expect(peer.requests.isEmpty)
        }
    }

    @Test("connection refused: certainly not sent")
    func refused() async throws {
        let port = try await ScriptedPeer.run { _ in
            .cut
        } _: {
            $0.port
        }
        try await withClient { client in
            for host in ["127.0.0.1", "localhost"] {
                let error = await failure(client, OutboundRequest(.post, "http://\(host):\(port)/"))
                #expect(error == .connection(reason: "refused by the peer", maybeSent: false))
            }
        }
    }

    @Test("no answer in time: maybe sent")
    func timeOut() async throws {
        try await ScriptedPeer.run { _ in
            .silence
        } _: { peer in
            try await withClient { client in
                // Time enough for a busy machine to connect.
                let request = OutboundRequest(.post, "http://127.0.0.1:\(peer.port)/", timeOut: .seconds(2))
                #expect(await failure(client, request) == .timeOut(maybeSent: true))
            }
        }
    }

    @Test("delayed past its deadline before it began: not sent")
    func heldUp() async throws {
        final class Standstill: CallBudget {
            let time: MovableClock
            let length: Duration
            init(time: MovableClock, length: Duration) { (self.time, self.length) = (time, length) }
            func acquire(_ priority: CallPriority, patience: Duration) async throws(OutboundError) {
                time.move(by: length)
            }
        }
        let time = MovableClock()
        try await ScriptedPeer.run { _ in
            .reply(200)
        } _: { peer in
            try await withClient { client in
                let request = OutboundRequest(.post, "http://127.0.0.1:\(peer.port)/")
                for (length, expected) in [
                    (Duration.seconds(9), nil), (.seconds(10), OutboundError.timeOut(maybeSent: false)),
                ] {
                    let remote = Remote(
                        "test:held", limits: .init(interactivePatience: .seconds(5)),
                        budget: Standstill(time: time, length: length), clock: time.clock)
                    #expect(await failure(client, request, remote) == expected)
                }
            }
            #expect(peer.requests.count == 1)
        }
    }

    @Test("cut after the request was read: maybe sent, and a write is not repeated")
    func cut() async throws {
        try await ScriptedPeer.run { _ in
            .cut
        } _: { peer in
            try await withClient { client in
                let error = await failure(client, OutboundRequest(.post, "http://127.0.0.1:\(peer.port)/"))
                #expect(error?.maybeSent == true)
            }
            #expect(peer.requests.count == 1)
        }
    }

    @Test("half an answer: maybe sent, and not repeated")
    func half() async throws {
        try await ScriptedPeer.run { _ in
            .half("{\"id\":")
        } _: { peer in
            try await withClient { client in
                let error = await failure(client, OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/"))
                guard case .connection(_, maybeSent: true) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            #expect(peer.requests.count == 1)
        }
    }

    @Test("a request that may be repeated is sent again once when the connection was closed before an answer")
    func repeatedOnce() async throws {
        let answers = Noted<[ScriptedPeer.Answer]>([.cut, .reply(200, body: "ok"), .cut, .cut])
        try await ScriptedPeer.run { _ in
            answers.withLock { $0.removeFirst() }
        } _: { peer in
            try await withClient { client in
                let request = OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/")
                let answer = try await client.send(request, to: remote)
                #expect(answer.status == 200)
                #expect(await failure(client, request)?.maybeSent == true)
            }
            #expect(peer.requests.count == 4)
        }
    }

    @Test("redirects are reported, not followed")
    func redirect() async throws {
        try await ScriptedPeer.run { _ in
            .reply(302, headers: ["Location": "https://evil.example.org/x?token=1"])
        } _: { peer in
            try await withClient { client in
                let error = await failure(client, OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/"))
                #expect(error == .redirected(status: 302, host: "evil.example.org"))
            }
            #expect(peer.requests.count == 1)
        }
    }

    @Test("an answer over the limit is dropped", arguments: [1_000, 1_001, 200_000])
    func tooLarge(size: Int) async throws {
        try await ScriptedPeer.run { _ in
            .reply(200, body: String(repeating: "x", count: size))
        } _: { peer in
            try await withClient { client in
                let error = await failure(client, OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/"))
                #expect(error == (size <= 1_000 ? nil : .tooLarge(limit: 1_000)))
            }
        }
    }

    @Test("a cancelled caller does not wait for the answer")
    func cancelled() async throws {
        try await ScriptedPeer.run { _ in
            .silence
        } _: { peer in
            try await withClient { client in
                await withTaskGroup(of: OutboundError?.self) { group in
                    group.addTask { await failure(client, OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/")) }
                    while peer.requests.isEmpty { await Task.yield() }
                    group.cancelAll()
                    #expect(await group.next() == .cancelled(maybeSent: true))
                }
            }
        }
    }

    @Test("the circuit opens after ten failures and closes after a good probe")
    func circuit() async throws {
        let time = MovableClock()
        let remote = Remote("test:2", clock: time.clock)
        let status = Noted(503)
        try await ScriptedPeer.run { _ in
            .reply(status.withLock { $0 })
        } _: { peer in
            try await withClient { client in
                let request = OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/")
                for _ in 0..<10 { _ = try await client.send(request, to: remote) }
                #expect(await failure(client, request, remote) == .circuitOpen(retryAfter: .seconds(15)))
                #expect(peer.requests.count == 10)
                time.move(by: .seconds(15))
                status.withLock { $0 = 200 }
                _ = try await client.send(request, to: remote)
                #expect(remote.status.circuit == .closed(failures: 0))
            }
        }
    }

    @Test("a pause holds all calls back until it is over or ended")
    func pause() async throws {
        let time = MovableClock()
        let remote = Remote("test:3", clock: time.clock)
        try await ScriptedPeer.run { _ in
            .reply(200)
        } _: { peer in
            try await withClient { client in
                let request = OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/")
                remote.pause(for: .seconds(30))
                remote.pause(for: .seconds(10))
                #expect(await failure(client, request, remote) == .budget(retryAfter: .seconds(30)))
                #expect(remote.status.pausedFor == .seconds(30))
                time.move(by: .seconds(30))
                _ = try await client.send(request, to: remote)
                remote.pause(for: .seconds(30))
                remote.resume()
                _ = try await client.send(request, to: remote)
            }
            #expect(peer.requests.count == 2)
        }
    }

    @Test("a used-up budget refuses the impatient")
    func budget() async throws {
        let time = MovableClock()
        let budget = SlidingCallBudget(limit: 2, clock: time.clock)
        let remote = Remote("test:4", limits: .init(patience: .seconds(1)), budget: budget, clock: time.clock)
        try await ScriptedPeer.run { _ in
            .reply(200)
        } _: { peer in
            try await withClient { client in
                let request = OutboundRequest(.get, "http://127.0.0.1:\(peer.port)/")
                for _ in 0..<2 { _ = try await client.send(request, to: remote) }
                #expect(await failure(client, request, remote) == .budget(retryAfter: .seconds(60)))
            }
        }
    }
}
