import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Determines the client address behind a reverse proxy, and logs a warning if the proxy does not report it.
///
/// Only configured proxies and this machine's own are trusted. Anything that clients can forge is to the left of the
/// entry written by the first trusted proxy. If an entry is not an address, the peer's address is used.
struct Proxies: Sendable {
    /// A misconfiguration that is reported to the operator once.
    enum Finding: String, Sendable, CaseIterable {
        /// A request for our public name came from a proxy's address without the header.
        case noHeader
        /// A proxy's header has no address where one is required.
        case noAddress
        /// An untrusted peer sent the header.
        case notTrusted
    }

    private let trusted: Set<String>
    private let logger: Logger?
    private let told = Told()

    private final class Told: Sendable {
        let findings = Mutex<Set<Finding>>([])
    }

    /// - Parameters:
    ///   - addresses: The addresses of proxies on other machines.
    ///   - logger: Receives each finding once.
    init(_ addresses: [String], logger: Logger?) {
        trusted = Set((addresses + ["127.0.0.1", "::1"]).map { VisitorAddress.canonical($0) ?? $0 })
        self.logger = logger
    }

    /// The client address, and what is wrong with the header, if anything.
    /// - Parameters:
    ///   - peer: The address of the connection's other end.
    ///   - forwarded: The `X-Forwarded-For` header.
    ///   - host: The host that the request is for.
    func visitor(peer: String?, forwarded: String?, host: String?) -> (address: String?, finding: Finding?) {
        // Most peers are the proxy, whose address is already canonical.
        guard let peer = peer.map({ trusted.contains($0) ? $0 : VisitorAddress.canonical($0) ?? $0 }) else {
            return (nil, nil)
        }
        guard trusted.contains(peer) else { return (peer, forwarded == nil ? nil : .notTrusted) }
        guard let forwarded else { return (peer, Self.isLocal(host) ? nil : .noHeader) }
        let hops = forwarded.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(Substring($0)).trimmingCharacters(in: .whitespaces)
        }
        for hop in hops.reversed() {
            guard let address = VisitorAddress.canonical(hop) else { return (peer, .noAddress) }
            if !trusted.contains(address) { return (address, nil) }
        }
        return (peer, nil)
    }

    /// The client address of a request. Logs each finding once.
    func visitor(of request: Request, peer: String?) -> String? {
        let (address, finding) = visitor(
            peer: peer, forwarded: request.headers[.forwardedFor], host: request.head.authority)
        if let finding, let logger, told.findings.withLock({ $0.insert(finding).inserted }) {
            logger.warning(
                "\(finding.words)", metadata: ["peer": "\(peer ?? "unknown")", "finding": "\(finding.rawValue)"])
        }
        return address
    }

    /// Whether the request uses a local name or an IP address, as from this machine without a proxy.
    private static func isLocal(_ host: String?) -> Bool {
        guard let host else { return true }
        // Parsed by hand because it runs for each request. A name or an IPv4 address has no colon except before the
        // port.
        let end = host.utf8.firstIndex(of: UInt8(ascii: host.utf8.hasPrefix("[") ? "]" : ":")) ?? host.endIndex
        let bare = host[..<end]
        if let address = bare.dropping(prefix: "[") { return VisitorAddress.canonical(String(address)) != nil }
        guard let first = bare.utf8.first, first.isDigit else { return bare.lowercased() == "localhost" }
        return VisitorAddress.canonical(String(bare)) != nil
    }
}

extension Proxies.Finding {
    fileprivate var words: String {
        switch self {
        case .noHeader:
            "a reverse proxy does not report client addresses: set X-Forwarded-For in it, see docs/configuration.md; until then all visitors share one address and its rate limits, and any visitor can forge one"
        case .noAddress:
            "a reverse proxy sends X-Forwarded-For without an address; the proxy's own address is used instead"
        case .notTrusted:
            "X-Forwarded-For of a peer that is not in PATCHBAY_TRUSTED_PROXIES is ignored; if it is your reverse proxy, add it there"
        }
    }
}
