import ConnectWise
import Crypto
import Foundation
import Outbound
import Synchronization
import TestSupport
import Testing

@testable import Ticketing

/// Gives out signing keys that a test sets.
private final class KeyServer: Sendable {
    private struct State {
        var answer: Result<String, ConnectWiseError>
        var asked: [String] = []
    }

    private let state: Mutex<State>

    init(_ answer: Result<String, ConnectWiseError>) {
        state = Mutex(State(answer: answer))
    }

    var asked: Int { state.withLock { $0.asked.count } }

    func answer(_ answer: Result<String, ConnectWiseError>) {
        state.withLock { $0.answer = answer }
    }

    func fetch(_ url: String) throws(ConnectWiseError) -> String {
        let answer = state.withLock { state in
            state.asked.append(url)
            return state.answer
        }
        return try answer.get()
    }
}

private func sign(_ body: Data, with key: String) -> String {
    let code = HMAC<SHA256>.authenticationCode(
        for: body, using: SymmetricKey(data: SHA256.hash(data: Data(key.utf8))))
    return Data(code).base64EncodedString()
}

@Suite("Callbacks from ConnectWise")
struct ConnectWiseCallbacksTests {
    private static let path = "/v4_6_release/login/companyinfo/key"
    private let body = Data(#"{"ID": 7}"#.utf8)

    private func objection(_ url: String, site: String = "na.myconnectwise.net") throws -> String? {
        ConnectWiseCallbacks.objection(to: url, site: try #require(Site(site)), company: "Acme")
    }

    @Test(
        "Keys may lie at the site and at its twin, in any case",
        arguments: [
            "https://na.myconnectwise.net\(path)?companyName=Acme",
            "https://api-na.myconnectwise.net\(path)?companyName=acme",
            "https://NA.MyConnectWise.net\(path)?COMPANYNAME=ACME",
            "https://na.myconnectwise.net\(path)?x=1&companyName=acme",
            "https://na.myconnectwise.net\(path)?companyName=%41cme",
        ])
    func allowed(url: String) throws {
        #expect(try objection(url) == nil)
    }

    @Test(
        "Keys may lie nowhere else",
        arguments: [
            "", "companyName=acme", "/key?companyName=acme", "https://", "https://evil.example.com/?companyName=acme",
            "https://eu.myconnectwise.net/?companyName=acme",
            "https://na.myconnectwise.net.evil.example.com/?companyName=acme",
            "https://evil-na.myconnectwise.net/?companyName=acme",
            "https://api-api-na.myconnectwise.net/?companyName=acme",
            "http://na.myconnectwise.net/?companyName=acme", "ftp://na.myconnectwise.net/?companyName=acme",
            "https://na.myconnectwise.net:8443/?companyName=acme", "https://u@na.myconnectwise.net/?companyName=acme",
            "https://u:p@na.myconnectwise.net/?companyName=acme",
            "https://na.myconnectwise.net@evil.example.com/?companyName=acme",
            "https://na.myconnectwise.net/?companyName=acme2", "https://na.myconnectwise.net/?companyName=",
            "https://na.myconnectwise.net/?companyName", "https://na.myconnectwise.net/",
            "https://na.myconnectwise.net/#companyName=acme",
            "https://na.myconnectwise.net/?name=acme", "https://na.myconnectwise.net/?companyName=acme,evil",
            "https://na.myconnectwise.net/?companyName=acme&companyName=evil",
            "https://na.myconnectwise.net/?companyName=acme&companyname=evil",
            "https://na.myconnectwise.net/?companyName=acme&x=" + String(repeating: "x", count: 2_000),
        ])
    func refused(url: String) throws {
        #expect(try objection(url) != nil)
    }

    @Test("Plain http is for a simulator on this machine only, at its own port")
    func loopback() throws {
        #expect(try objection("http://127.0.0.1:9000/?companyName=acme", site: "127.0.0.1:9000") == nil)
        #expect(try objection("http://127.0.0.1:9001/?companyName=acme", site: "127.0.0.1:9000") != nil)
        #expect(try objection("http://127.0.0.1/?companyName=acme", site: "127.0.0.1:9000") != nil)
        #expect(try objection("https://psa.example.com:8443/?companyName=acme", site: "psa.example.com:8443") == nil)
        #expect(try objection("http://psa.example.com:8443/?companyName=acme", site: "psa.example.com:8443") != nil)
    }

    private let url = "https://na.myconnectwise.net\(Self.path)?companyName=acme"

    private func callbacks(
        _ server: KeyServer, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) throws -> ConnectWiseCallbacks {
        ConnectWiseCallbacks(site: try #require(Site("na.myconnectwise.net")), company: "Acme", now: now) {
            (url) throws(ConnectWiseError) in try server.fetch(url)
        }
    }

    @Test("A genuine one is told from a forged one, and the key is fetched once")
    func cached() async throws {
        let server = KeyServer(.success("key"))
        let callbacks = try callbacks(server)
        for _ in 1...3 {
            #expect(await callbacks.verify(body: body, signature: sign(body, with: "key"), keyURL: url) == .genuine)
        }
        #expect(server.asked == 1)
        for wrong in [sign(body, with: "other"), sign(Data(), with: "key"), "", "no base64", "AAAA"] {
            let verdict = await callbacks.verify(body: body, signature: wrong, keyURL: url)
            #expect(verdict == .forged("the signature does not match"))
        }
    }

    @Test("An address that must not be called is not called")
    func notCalled() async throws {
        let server = KeyServer(.success("key"))
        let verdict = try await callbacks(server).verify(
            body: body, signature: sign(body, with: "key"), keyURL: "https://evil.example.com/?companyName=acme")
        #expect(verdict == .forged("the key's address is on another host: evil.example.com"))
        #expect(server.asked == 0)
    }

    @Test("A burst fetches the key once")
    func burst() async throws {
        let server = KeyServer(.success("key"))
        let callbacks = try callbacks(server)
        let verdicts = await withTaskGroup(of: CallbackVerdict.self) { group in
            for _ in 1...100 {
                group.addTask {
                    await callbacks.verify(body: body, signature: sign(body, with: "key"), keyURL: url)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(verdicts.count == 100 && verdicts.allSatisfy { $0 == .genuine })
        #expect(server.asked <= 10)
    }

    @Test("Forged callbacks with ever new addresses do not make us call ever more")
    func manyAddresses() async throws {
        let server = KeyServer(.success("key"))
        let clock = MutexBox(ContinuousClock.now)
        let callbacks = try callbacks(server, now: { clock.value })
        for number in 1...40 {
            _ = await callbacks.verify(body: body, signature: "AAAA", keyURL: "\(url)&x=\(number)")
        }
        #expect(server.asked == 10)
        let verdict = await callbacks.verify(body: body, signature: sign(body, with: "key"), keyURL: url)
        #expect(verdict == .unknown("too many keys were asked for in a short time"))
        clock.change { $0 += .seconds(11) }
        let later = await callbacks.verify(body: body, signature: sign(body, with: "key"), keyURL: url)
        #expect(later == .genuine)
    }

    @Test("After a mismatch a key is fetched again once, and not again for 30 s")
    func rotation() async throws {
        let server = KeyServer(.success("old"))
        let start = ContinuousClock.now
        let passed = MutexBox(Duration.zero)
        let callbacks = try callbacks(server, now: { start + passed.value })
        #expect(await callbacks.verify(body: body, signature: sign(body, with: "old"), keyURL: url) == .genuine)
        server.answer(.success("new"))
        passed.change { $0 = .seconds(30) }
        let early = await callbacks.verify(body: body, signature: sign(body, with: "new"), keyURL: url)
        #expect(early == .forged("the signature does not match"))
        #expect(server.asked == 1)
        passed.change { $0 = .seconds(31) }
        #expect(await callbacks.verify(body: body, signature: sign(body, with: "new"), keyURL: url) == .genuine)
        #expect(server.asked == 2)
        for _ in 1...10 {
            #expect(await callbacks.verify(body: body, signature: sign(body, with: "x"), keyURL: url) != .genuine)
        }
        #expect(server.asked == 2)
        #expect(await callbacks.verify(body: body, signature: sign(body, with: "new"), keyURL: url) == .genuine)
    }

    @Test(
        "Without a key it depends on why: what may pass is unknown, what will not is forged",
        arguments: [
            (ConnectWiseError.timeOut(maybeSent: true), true), (.server(status: 503, message: ""), true),
            (.rateLimited(retryAfter: .seconds(1)), true), (.unavailable(retryAfter: .seconds(1)), true),
            (.connection(reason: "", maybeSent: false), true), (.cancelled(maybeSent: false), true),
            (.refused(.redirected(status: 302, host: nil)), false), (.authentication(message: ""), false),
            (.permission(message: ""), false), (.notFound(message: "", isRecord: false), false),
            (.rejected(message: "", fields: []), false), (.undecodable(reason: ""), false),
            (.certificate(reason: ""), false),
        ])
    func noKey(error: ConnectWiseError, isUnknown: Bool) async throws {
        let server = KeyServer(.failure(error))
        let callbacks = try callbacks(server)
        let verdict = await callbacks.verify(body: body, signature: sign(body, with: "key"), keyURL: url)
        switch verdict {
        case .genuine: Issue.record("genuine without a key")
        case .unknown: #expect(isUnknown)
        case .forged: #expect(!isUnknown)
        }
        server.answer(.success("key"))
        #expect(await callbacks.verify(body: body, signature: sign(body, with: "key"), keyURL: url) == .genuine)
    }
}
