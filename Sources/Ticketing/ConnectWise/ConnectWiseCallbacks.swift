import BoundaryText
import ConnectWise
import Foundation
import Synchronization

/// Checks callbacks that claim to come from a ConnectWise company.
public final class ConnectWiseCallbacks: CallbackVerifier {
    /// Gets the key at an address; whether it is one that verified something before, so that calls that strangers cause
    /// are carried apart from those that ConnectWise causes.
    public typealias Fetch = @Sendable (CallbackKeyAddress, Bool) async throws(ConnectWiseError) -> String

    private let site: Site
    private let company: String
    private let fetch: Fetch
    private let remember: @Sendable (CallbackKeyAddress) async -> Void
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>
    private static let mostRead = 32

    private enum Turn: Sendable {
        case fetch(isProven: Bool)
        case fetched(Result<KeyRing.Key, ConnectWiseError>)
        case wait
    }

    private struct State: Sendable {
        var ring: KeyRing
        /// Who waits for a key that another callback is fetching.
        var fetching: [CallbackKeyAddress: [CheckedContinuation<Turn, Never>]] = [:]
        /// Addresses as genuine callbacks spelled them, so that they are read once.
        var read: [String: CallbackKeyAddress] = [:]
    }

    /// - Parameters:
    ///   - site: the only host, with its `api-` twin, that keys are fetched from.
    ///   - company: the only company whose keys count; others on the same cloud host can sign too.
    ///   - remembered: the address of the key that last verified something, from before we started.
    ///   - now: a clock that only goes forward.
    ///   - remember: keeps the address of a key that verified something for the first time.
    ///   - fetch: gets the signing key at an address.
    public init(
        site: Site, company: String, remembered: String? = nil,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        remember: @escaping @Sendable (CallbackKeyAddress) async -> Void = { _ in }, fetch: @escaping Fetch
    ) {
        self.site = site
        self.company = company
        self.now = now
        self.remember = remember
        self.fetch = fetch
        state = Mutex(State(ring: KeyRing(remembered: remembered)))
    }

    /// See ``CallbackVerifier``.
    public func verify(
        body: Data, signature: String, keyURL: String, isAddressed: Bool
    ) async -> CallbackVerdict {
        let read = state.withLock { $0.read[keyURL] }
        guard let address = read ?? CallbackKeyAddress(keyURL, site: site, company: company) else {
            return .forged("the key's address is not that of the company's keys")
        }
        let arrival = now()
        func isSigned(by key: KeyRing.Key) -> Bool {
            CallbackSignature.verify(body: body, header: signature, signingKey: key.text)
        }
        if let known = state.withLock({ $0.ring.key(at: address) }), isSigned(by: known) {
            return await genuine(address, keyURL)
        }
        do throws(ConnectWiseError) {
            guard let key = try await freshKey(address, isAddressed) else {
                return .unknown("the key was asked for a moment ago, or too many were")
            }
            if isSigned(by: key) { return await genuine(address, keyURL) }
            // A key that was asked for before the callback came may have been replaced in between.
            return key.asked >= arrival
                ? .forged("the signature does not match") : .unknown("the key may have been replaced a moment ago")
        } catch {
            // What has verified something is ConnectWise's own; that its address answers something else will pass.
            if state.withLock({ $0.ring.isProven(address) }) {
                return .unknown("the signing key cannot be fetched: \(error.message)")
            }
            switch error {
            case .authentication, .permission, .notFound, .rejected:
                return .forged("the signing key cannot be fetched: \(error.message)")
            // Nothing that ConnectWise said of the key: a proxy or a portal in between, which will pass.
            case .refused, .certificate, .undecodable, .rateLimited, .unavailable, .server, .timeOut, .connection,
                .cancelled:
                return .unknown("the signing key cannot be fetched: \(error.message)")
            }
        }
    }

    private func genuine(_ address: CallbackKeyAddress, _ keyURL: String) async -> CallbackVerdict {
        let isNew = state.withLock { state in
            // Only the company's own callbacks come here, so strangers cannot fill it.
            if state.read.count < Self.mostRead { state.read[keyURL] = address }
            return state.ring.prove(address)
        }
        if isNew { await remember(address) }
        return .genuine
    }

    /// The key at an address, fetched once however many callbacks wait for it; nil when it may not be asked for now.
    private func freshKey(
        _ address: CallbackKeyAddress, _ isAddressed: Bool
    ) async throws(ConnectWiseError) -> KeyRing.Key? {
        let turn: Turn = await withCheckedContinuation { continuation in
            let own = state.withLock { state -> Turn? in
                if state.fetching[address] != nil {
                    state.fetching[address]?.append(continuation)
                    return nil
                }
                switch state.ring.permit(address, isAddressed: isAddressed, at: now()) {
                case .wait: return .wait
                case .ask(let isProven):
                    state.fetching[address] = []
                    return .fetch(isProven: isProven)
                }
            }
            if let own { continuation.resume(returning: own) }
        }
        switch turn {
        case .wait: return nil
        case .fetched(let result): return try result.get()
        case .fetch(let isProven): return try await lead(address, isProven: isProven).get()
        }
    }

    private func lead(
        _ address: CallbackKeyAddress, isProven: Bool
    ) async -> Result<KeyRing.Key, ConnectWiseError> {
        let asked = now()
        let result: Result<KeyRing.Key, ConnectWiseError>
        do throws(ConnectWiseError) {
            result = .success(KeyRing.Key(text: try await fetch(address, isProven), asked: asked))
        } catch {
            result = .failure(error)
        }
        let waiting = state.withLock { state in
            if case .success(let key) = result { state.ring.keep(key, of: address) }
            return state.fetching.removeValue(forKey: address) ?? []
        }
        for waiter in waiting { waiter.resume(returning: .fetched(result)) }
        return result
    }
}
