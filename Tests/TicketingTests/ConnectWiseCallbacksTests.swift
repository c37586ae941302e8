import API
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

    func fetch(_ address: CallbackKeyAddress) throws(ConnectWiseError) -> String {
        let answer = state.withLock { state in
            state.asked.append(address.url)
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
    private static let path = "/v2026_1//system/callbackkey/index.rails"
    private static let record = "e17e6674-42f6-4105-9cff-4cd6cb4e62e8"
    private let body = Data(#"{"ID": 7}"#.utf8)
    private let url = "https://na.myconnectwise.net\(path)?companyName=acme&id=\(record)"

    /// Another record's address, as a stranger makes one up.
    private func strange(_ number: Int) -> String {
        let digits = String(number)
        let record = "00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.utf8.count) + digits
        return "https://na.myconnectwise.net\(Self.path)?companyName=acme&id=\(record)"
    }

    /// Callbacks with a clock that a test moves.
    private struct Watched: Sendable {
        let callbacks: ConnectWiseCallbacks
        let passed = MutexBox(Duration.zero)
        let remembered = MutexBox<[String]>([])
        let causes = MutexBox<[Bool]>([])

        init(_ server: KeyServer, remembered address: String? = nil) throws {
            let start = ContinuousClock.now
            callbacks = ConnectWiseCallbacks(
                site: try #require(Site("na.myconnectwise.net")), company: "Acme", remembered: address,
                now: { [passed] in start + passed.value },
                remember: { [remembered] address in remembered.change { $0.append(address.url) } }
            ) { [causes] address, isProven throws(ConnectWiseError) in
                causes.change { $0.append(isProven) }
                return try server.fetch(address)
            }
        }

        func verdict(
            _ body: Data, _ key: String, at url: String, isAddressed: Bool = true
        ) async -> CallbackVerdict {
            await callbacks.verify(
                body: body, signature: sign(body, with: key), keyURL: url, isAddressed: isAddressed)
        }
    }

    private func isUnknown(_ verdict: CallbackVerdict) -> Bool {
        if case .unknown = verdict { true } else { false }
    }

    @Test("A genuine callback is distinguished from a forged one, and the key is fetched once")
    func cached() async throws {
        let server = KeyServer(.success("key"))
        let watched = try Watched(server)
        for _ in 1...3 { #expect(await watched.verdict(body, "key", at: url) == .genuine) }
        #expect(server.asked == 1)
        for wrong in [sign(body, with: "other"), sign(Data(), with: "key"), "", "no base64", "AAAA"] {
            watched.passed.change { $0 += .seconds(2) }
            let verdict = await watched.callbacks.verify(
                body: body, signature: wrong, keyURL: url, isAddressed: true)
            #expect(verdict == .forged("the signature does not match"))
        }
    }

    @Test(
        "An address that is not that of the company's keys is not called",
        arguments: [
            "https://evil.example.com/v2026_1/system/callbackkey/index.rails?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net/v4_6_release/apis/3.0/service/tickets/count?companyName=acme&id=\(record)",
            "https://na.myconnectwise.net\(path)?companyName=acme&id=\(record)&x=1",
        ])
    func notCalled(address: String) async throws {
        let server = KeyServer(.success("key"))
        let verdict = try await Watched(server).verdict(body, "key", at: address)
        #expect(verdict == .forged("the key's address is not that of the company's keys"))
        #expect(server.asked == 0)
    }

    @Test("A burst fetches the key once")
    func burst() async throws {
        let server = KeyServer(.success("key"))
        let watched = try Watched(server)
        let verdicts = await withTaskGroup(of: CallbackVerdict.self) { group in
            for _ in 1...100 { group.addTask { await watched.verdict(body, "key", at: url) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(verdicts.count == 100)
        #expect(verdicts.allSatisfy { $0 == .genuine })
        #expect(server.asked == 1)
    }

    @Test("Four forged callbacks a second, for ten minutes, cost a genuine one nothing", arguments: [true, false])
    func flood(namesOurKey: Bool) async throws {
        let server = KeyServer(.success("key"))
        let watched = try Watched(server)
        #expect(await watched.verdict(body, "key", at: url) == .genuine)
        for number in 1...2_400 {
            watched.passed.change { $0 += .milliseconds(250) }
            let forged = namesOurKey ? url : strange(number)
            #expect(await watched.verdict(body, "forged", at: forged) != .genuine)
            if number.isMultiple(of: 15) { #expect(await watched.verdict(body, "key", at: url) == .genuine) }
        }
        // 10 minutes: once in 1.5 s for our key, ten times in 20 s for others.
        #expect(server.asked <= (namesOurKey ? 401 : 311))
    }

    @Test("A new key is taken by the first repetition, even right behind a forged callback", arguments: [true, false])
    func rotation(isFlooded: Bool) async throws {
        let server = KeyServer(.success("old"))
        let watched = try Watched(server)
        #expect(await watched.verdict(body, "old", at: url) == .genuine)
        watched.passed.change { $0 += .seconds(60) }
        #expect(await watched.verdict(body, "forged", at: url) == .forged("the signature does not match"))
        server.answer(.success("new"))
        watched.passed.change { $0 += .milliseconds(100) }
        // In doubt, so ConnectWise is asked to send it again; it does so after 2 s.
        #expect(isUnknown(await watched.verdict(body, "new", at: url)))
        for number in 1...8 {
            watched.passed.change { $0 += .milliseconds(250) }
            if isFlooded {
                _ = await watched.verdict(body, "forged", at: url)
                _ = await watched.verdict(body, "forged", at: strange(number))
            }
        }
        #expect(await watched.verdict(body, "new", at: url) == .genuine)
        #expect(await watched.verdict(body, "old", at: url) != .genuine)
    }

    @Test("Ever new addresses of strangers are called a few times, and push out no key that verified something")
    func manyAddresses() async throws {
        let server = KeyServer(.success("key"))
        let watched = try Watched(server)
        #expect(await watched.verdict(body, "key", at: url) == .genuine)
        for number in 1...200 { _ = await watched.verdict(body, "forged", at: strange(number)) }
        #expect(server.asked == 10)
        for number in 1...200 { _ = await watched.verdict(body, "forged", at: strange(number), isAddressed: false) }
        #expect(server.asked == 15)
        #expect(await watched.verdict(body, "key", at: url) == .genuine)
        #expect(server.asked == 15)
        #expect(watched.causes.value.allSatisfy { !$0 })
    }

    @Test("Callbacks that name only the company use up no calls of the connection's own address")
    func unaddressed() async throws {
        let server = KeyServer(.success("key"))
        let watched = try Watched(server)
        for number in 1...50 {
            _ = await watched.verdict(body, "forged", at: strange(number), isAddressed: false)
        }
        #expect(isUnknown(await watched.verdict(body, "key", at: url, isAddressed: false)))
        #expect(await watched.verdict(body, "key", at: url) == .genuine)
    }

    @Test("The key that last verified something is known after a restart, and strangers do not keep us from it")
    func restarted() async throws {
        let server = KeyServer(.success("key"))
        let first = try Watched(server)
        #expect(await first.verdict(body, "key", at: url) == .genuine)
        #expect(await first.verdict(body, "key", at: url) == .genuine)
        #expect(first.remembered.value == [url.replacing("acme", with: "Acme")])
        let second = try Watched(server, remembered: first.remembered.value.first)
        for number in 1...50 { _ = await second.verdict(body, "forged", at: strange(number)) }
        #expect(await second.verdict(body, "key", at: url) == .genuine)
        #expect(second.causes.value.last == true)
    }

    @Test(
        "Without a key it depends on why: what may pass is unknown, what will not is forged",
        arguments: [
            (ConnectWiseError.timeOut(maybeSent: true), true), (.server(status: 503, message: ""), true),
            (.rateLimited(retryAfter: .seconds(1)), true), (.unavailable(retryAfter: .seconds(1)), true),
            (.connection(reason: "", maybeSent: false), true), (.cancelled(maybeSent: false), true),
            (.refused(.redirected(status: 302, host: nil)), true), (.undecodable(reason: ""), true),
            (.certificate(reason: ""), true), (.authentication(message: ""), false),
            (.permission(message: ""), false), (.notFound(message: "", isRecord: false), false),
            (.rejected(message: "", fields: []), false),
        ])
    func noKey(error: ConnectWiseError, isUnknown: Bool) async throws {
        let server = KeyServer(.failure(error))
        let watched = try Watched(server)
        let verdict = await watched.verdict(body, "key", at: url)
        switch verdict {
        case .genuine: Issue.record("genuine without a key")
        case .unknown: #expect(isUnknown)
        case .forged: #expect(!isUnknown)
        }
        server.answer(.success("key"))
        #expect(await watched.verdict(body, "key", at: url) == .genuine)
    }
}
