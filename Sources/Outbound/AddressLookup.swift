import BoundaryText
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Looks a host's addresses up before it is called, so that a refused address sees no packet at all.
///
/// This is courtesy, not the guard: the guard is on the connection (see ``OutboundClient``). A verdict therefore may
/// be kept for a while, and calls do not pay for a look-up each.
final class AddressLookup: Sendable {
    private struct Verdict {
        var refusal: OutboundError?
        var at: ContinuousClock.Instant
    }

    /// As long as common records of cloud hosts live.
    private static let life = Duration.seconds(60)
    /// The look-up blocks a thread inside the C library, which retries for longer than a caller should wait.
    private static let timeOut = TimeAmount.seconds(5)

    private let verdicts = Mutex<[String: Verdict]>([:])
    private let resolve: @Sendable (String) -> [SocketAddress]

    init(resolve: @escaping @Sendable (String) -> [SocketAddress] = AddressLookup.system) {
        self.resolve = resolve
    }

    /// Checks that every address of the host is public.
    func check(_ host: String) async throws(OutboundError) {
        let now = ContinuousClock.now
        if let verdict = verdicts.withLock({ $0[host] }), now - verdict.at < Self.life {
            if let refusal = verdict.refusal { throw refusal }
            return
        }
        let addresses = try await addresses(of: host)
        // An unknown name is asked again at once next time.
        guard !addresses.isEmpty else { throw .connection(reason: "no such host", maybeSent: false) }
        let reason = addresses.lazy.compactMap { NetworkAddress($0).map { $0.refusal } ?? "not an IP address" }.first
        let refusal = reason.map { OutboundError.refusedAddress(host: host, reason: $0) }
        verdicts.withLock { verdicts in
            // The hosts are those of the allowlist's wildcards; invented names must not fill the memory.
            if verdicts.count >= 1_000 { verdicts.removeAll() }
            verdicts[host] = Verdict(refusal: refusal, at: now)
        }
        if let refusal { throw refusal }
    }

    private func addresses(of host: String) async throws(OutboundError) -> [SocketAddress] {
        let (answers, continuation) = AsyncStream<Result<[SocketAddress], OutboundError>>.makeStream()
        NIOThreadPool.singleton.submit { [resolve] _ in
            continuation.yield(.success(resolve(host)))
            continuation.finish()
        }
        let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: Self.timeOut) {
            continuation.yield(.failure(.timeOut(maybeSent: false)))
            continuation.finish()
        }
        defer { timer.cancel() }
        for await answer in answers { return try answer.get() }
        throw .cancelled(maybeSent: false)
    }

    /// What `getaddrinfo` says; empty when the name is not known.
    static func system(_ host: String) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_protocol = Int32(IPPROTO_TCP)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }

        var addresses: [SocketAddress] = []
        var next = first
        while let info = next {
            next = info.pointee.ai_next
            guard let address = info.pointee.ai_addr else { continue }
            if info.pointee.ai_family == AF_INET {
                let v4 = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
                addresses.append(SocketAddress(v4, host: host))
            } else if info.pointee.ai_family == AF_INET6 {
                let v6 = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
                addresses.append(SocketAddress(v6, host: host))
            }
        }
        return addresses
    }
}
