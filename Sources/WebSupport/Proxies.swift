import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Tells from where a request comes when a reverse proxy stands between, and says so in the log when the proxy does not.
///
/// Only proxies that are named, and this machine's own, are believed. All that visitors choose themselves is to the left
/// of what the first proxy that is believed has written; what is no address is not believed at all.
struct Proxies: Sendable {
    /// What an operator has to be told once.
    enum Finding: String, Sendable, CaseIterable {
        /// A request for our public name came from a proxy's address without the header.
        case noHeader
        /// The header of a proxy holds no address where one has to be.
        case noAddress
        /// Somebody who is not believed sent the header.
        case notTrusted
    }

    private let trusted: Set<String>
    private let logger: Logger?
    private let told = Told()

    private final class Told: Sendable {
        let findings = Mutex<Set<Finding>>([])
    }

    /// - Parameters:
    ///   - addresses: of proxies on other machines.
    ///   - logger: hears of each finding once.
    init(_ addresses: [String], logger: Logger?) {
        trusted = Set((addresses + ["127.0.0.1", "::1"]).map { VisitorAddress.canonical($0) ?? $0 })
        self.logger = logger
    }

    /// The visitor's address, and what is wrong with how it was told.
    /// - Parameters:
    ///   - peer: the address at the other end of the connection.
    ///   - forwarded: `X-Forwarded-For`.
    ///   - host: for which the request is.
    func visitor(peer: String?, forwarded: String?, host: String?) -> (address: String?, finding: Finding?) {
        // Most peers are the proxy, whose address is in its usual form already.
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

    /// The visitor's address of a request; tells the log what is wrong, once.
    func visitor(of request: Request, peer: String?) -> String? {
        let (address, finding) = visitor(
            peer: peer, forwarded: request.headers[.forwardedFor], host: request.head.authority)
        if let finding, let logger, told.findings.withLock({ $0.insert(finding).inserted }) {
            logger.warning(
                "\(finding.words)", metadata: ["peer": "\(peer ?? "unknown")", "finding": "\(finding.rawValue)"])
        }
        return address
    }

    /// Whoever works on this machine asks it by its own name; no proxy is between.
    private static func isLocal(_ host: String?) -> Bool {
        guard let host else { return true }
        // By hand, since it is for each request: a name or an IPv4 address has no colon but that of the port.
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
            "a reverse proxy does not say from where requests come: set X-Forwarded-For in it, see docs/configuration.md; until then all visitors share one address and its waits, and each can make one up"
        case .noAddress:
            "a reverse proxy sends X-Forwarded-For without an address; its own address is taken instead"
        case .notTrusted:
            "X-Forwarded-For of a peer that is not in PATCHBAY_TRUSTED_PROXIES is not believed; if it is your reverse proxy, name it there"
        }
    }
}
