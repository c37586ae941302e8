import BoundaryText
import ConnectWise
import Foundation
import Synchronization

/// Checks callbacks that claim to come from a ConnectWise company.
public final class ConnectWiseCallbacks: CallbackVerifier {
    // A forged callback makes us fetch the key again; not more often than this.
    private static let refetchInterval: Duration = .seconds(30)
    private static let mostKeys = 20
    // Forged callbacks can name ever new addresses on an allowed host; beyond this ConnectWise is asked to come back.
    private static let mostFetches = 10
    private static let fetchWindow: Duration = .seconds(10)

    private struct Key: Sendable {
        let text: String
        let fetched: ContinuousClock.Instant
    }

    private let site: Site
    private let company: String
    private let fetch: @Sendable (String) async throws(ConnectWiseError) -> String
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    private enum Turn: Sendable {
        case fetch
        case fetched(Result<Key, ConnectWiseError>)
        case refused
    }

    private struct State: Sendable {
        var keys: [String: Key] = [:]
        var fetches: [ContinuousClock.Instant] = []
        /// Who waits for a key that somebody else is fetching.
        var fetching: [String: [CheckedContinuation<Turn, Never>]] = [:]

        mutating func mayFetch(at now: ContinuousClock.Instant) -> Bool {
            fetches.removeAll { now - $0 > ConnectWiseCallbacks.fetchWindow }
            guard fetches.count < ConnectWiseCallbacks.mostFetches else { return false }
            fetches.append(now)
            return true
        }
    }

    /// - Parameters:
    ///   - site: the only host, with its `api-` twin, that keys are fetched from.
    ///   - company: the only company whose keys count; others on the same cloud host can sign too.
    ///   - now: a clock that only goes forward.
    ///   - fetch: gets the signing key at an address.
    public init(
        site: Site, company: String, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        fetch: @escaping @Sendable (String) async throws(ConnectWiseError) -> String
    ) {
        self.site = site
        self.company = company
        self.now = now
        self.fetch = fetch
    }

    /// See ``CallbackVerifier``.
    public func verify(body: Data, signature: String, keyURL: String) async -> CallbackVerdict {
        do throws(ConnectWiseError) {
            let known = state.withLock { $0.keys[keyURL] }
            // An address whose key is known was found good before.
            if known == nil, let objection = Self.objection(to: keyURL, site: site, company: company) {
                return .forged(objection)
            }
            if let known {
                if CallbackSignature.verify(body: body, header: signature, signingKey: known.text) { return .genuine }
                guard now() - known.fetched > Self.refetchInterval else {
                    return .forged("the signature does not match")
                }
            }
            guard let key = try await freshKey(keyURL) else {
                return .unknown("too many keys were asked for in a short time")
            }
            return CallbackSignature.verify(body: body, header: signature, signingKey: key.text)
                ? .genuine : .forged("the signature does not match")
        } catch {
            switch error {
            case .refused, .authentication, .permission, .notFound, .rejected, .undecodable, .certificate:
                return .forged("the signing key cannot be had: \(error.message)")
            case .rateLimited, .unavailable, .server, .timeOut, .connection, .cancelled:
                return .unknown("the signing key cannot be had: \(error.message)")
            }
        }
    }

    /// The key at an address, fetched once however many callbacks wait for it; nil when too many keys were fetched lately.
    private func freshKey(_ keyURL: String) async throws(ConnectWiseError) -> Key? {
        let turn: Turn = await withCheckedContinuation { continuation in
            let own = state.withLock { state -> Turn? in
                if state.fetching[keyURL] != nil {
                    state.fetching[keyURL]?.append(continuation)
                    return nil
                }
                guard state.mayFetch(at: now()) else { return .refused }
                state.fetching[keyURL] = []
                return .fetch
            }
            if let own { continuation.resume(returning: own) }
        }
        switch turn {
        case .refused: return nil
        case .fetched(let result): return try result.get()
        case .fetch: break
        }
        let result: Result<Key, ConnectWiseError>
        do throws(ConnectWiseError) {
            result = .success(Key(text: try await fetch(keyURL), fetched: now()))
        } catch {
            result = .failure(error)
        }
        let waiting = state.withLock { state in
            if case .success(let key) = result {
                if state.keys.count >= Self.mostKeys { state.keys = [:] }
                state.keys[keyURL] = key
            }
            return state.fetching.removeValue(forKey: keyURL) ?? []
        }
        for waiter in waiting { waiter.resume(returning: .fetched(result)) }
        return try result.get()
    }

    /// Why a key address must not be called; nil when it may. Pure.
    static func objection(to keyURL: String, site: Site, company: String) -> String? {
        guard keyURL.utf8.count <= 2_000, let parts = URLComponents(string: keyURL), let host = parts.host,
            parts.user == nil, parts.password == nil
        else { return "the key's address is no plain URL" }
        guard site.owns(host: host), parts.port == site.port else {
            return "the key's address is on another host: \(host)"
        }
        guard parts.scheme == "https" || parts.scheme == "http" && site.isPlainLoopback else {
            return "the key's address is not https"
        }
        // Exactly one: of two, ConnectWise might look at the other.
        let named = (parts.queryItems ?? []).filter { $0.name.lowercased() == "companyname" }.map(\.value)
        guard named.count == 1, named[0]?.lowercased() == company.lowercased() else {
            return "the key belongs to another company"
        }
        return nil
    }
}
