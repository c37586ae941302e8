import BoundaryText
import Foundation
import NIOCore

/// The hosts that may be called, as an operator writes them down.
///
/// An entry is `host`, `host:port`, `host:*` (any port, for peers on ports chosen at run time), `*.domain` or
/// `*.domain:port`. A wildcard stands for any name below the domain, never for the domain itself or for an address.
/// A host that an entry names exactly may have a non-public address; one that only a wildcard covers may not.
///
/// `purpose=` in front of an entry says for what alone it is. One without is for ticketing systems and identity providers,
/// never for chat systems and webhooks: any organization's administrator may choose their path, and must not reach
/// another organization's ticketing system with it.
public struct HostAllowlist: Sendable, Equatable {
    /// For what a host is called.
    public enum Purpose: String, Sendable, CaseIterable {
        /// A ticketing system.
        case psa
        /// A chat system.
        case chat
        /// An identity provider.
        case identity
        /// A receiver of signed webhooks.
        case webhook
    }

    private enum Port: Sendable, Equatable {
        case standard
        case exactly(UInt16)
        case any

        func admits(_ port: UInt16) -> Bool {
            switch self {
            case .standard: port == 443
            case .exactly(let named): port == named
            case .any: true
            }
        }

        /// A plain-text peer never sits at the standard port of https, so its port has to be named.
        var isNamed: Bool { self != .standard }
    }

    private struct Entry: Sendable, Equatable {
        var host: String
        var isWildcard: Bool
        var port: Port
        /// Nil for ticketing systems and identity providers.
        var purpose: Purpose?

        func covers(_ name: String) -> Bool {
            guard isWildcard else { return name == host }
            return name.utf8.hasSuffix("." + host) && name.utf8.count > host.utf8.count + 1
        }

        func serves(_ wanted: Purpose?) -> Bool {
            guard let purpose else { return wanted != .webhook && wanted != .chat }
            return purpose == wanted
        }
    }

    private let entries: [Entry]

    /// Reads the entries.
    ///
    /// - Throws: ``InvalidEntry`` for the first that is not understood.
    public init(_ entries: [String]) throws(InvalidEntry) {
        var read: [Entry] = []
        for entry in entries {
            guard let understood = Self.read(entry) else { throw InvalidEntry(text: entry) }
            read.append(understood)
        }
        self.entries = read
    }

    /// Decides whether an address may be called.
    ///
    /// - Parameter purpose: for what; nil for what only operators connect.
    /// - Throws: ``HostRefusal`` with the reason.
    public func destination(of address: WebAddress, for purpose: Purpose? = nil) throws(HostRefusal) -> Destination {
        let (host, port, usesTLS) = (address.host, address.calledPort, address.isSecure)
        let entries = entries.filter { $0.serves(purpose) }
        let named = entries.filter { !$0.isWildcard && $0.covers(host) }
        if !usesTLS {
            guard HostName.isLoopback(host) else { throw .scheme("http") }
            guard !named.isEmpty else { throw .unlisted(host: host) }
            guard named.contains(where: { $0.port.isNamed && $0.port.admits(port) }) else { throw .port("\(port)") }
            return Destination(address, mayBePrivate: true)
        }
        if named.contains(where: { $0.port.admits(port) }) { return Destination(address, mayBePrivate: true) }
        let covering = HostName.isAddress(host) ? [] : entries.filter { $0.isWildcard && $0.covers(host) }
        if covering.contains(where: { $0.port.admits(port) }) { return Destination(address, mayBePrivate: false) }
        guard named.isEmpty && covering.isEmpty else { throw .port("\(port)") }
        throw .unlisted(host: host)
    }

    private static func read(_ text: String) -> Entry? {
        var rest = Substring(text.trimmingCharacters(in: .whitespaces).lowercased())
        var purpose: Purpose?
        // No name of a host holds this sign.
        if let sign = rest.utf8.firstIndex(of: UInt8(ascii: "=")) {
            guard let known = Purpose(rawValue: String(rest[..<sign])) else { return nil }
            purpose = known
            rest = rest[rest.utf8.index(after: sign)...]
        }
        let domain = rest.dropping(prefix: "*.")
        let isWildcard = domain != nil
        rest = domain ?? rest

        var port = Port.standard
        let hostEnd = rest.utf8.lastIndex(of: UInt8(ascii: "]")) ?? rest.startIndex
        let colons = rest[hostEnd...].utf8.count { $0 == UInt8(ascii: ":") }
        // A bare IPv6 address has several colons and no port; with a port it wears brackets.
        if colons == 1, let colon = rest[hostEnd...].utf8.lastIndex(of: UInt8(ascii: ":")) {
            let written = rest[rest.utf8.index(after: colon)...]
            if written == "*" {
                port = .any
            } else if let number = UInt16(written), number > 0 {
                port = .exactly(number)
            } else {
                return nil
            }
            rest = rest[..<colon]
        }
        guard let host = HostName.normalized(String(rest)) else { return nil }
        if isWildcard {
            // `*.com` would open half the world.
            guard host.utf8.contains("."), !HostName.isAddress(host), port != .any else { return nil }
        }
        return Entry(host: host, isWildcard: isWildcard, port: port, purpose: purpose)
    }

    /// An entry that cannot be understood.
    public struct InvalidEntry: Error, Equatable, CustomStringConvertible {
        /// The entry as written.
        public let text: String

        /// What is wrong, for the operator who wrote it.
        public var description: String {
            "\"\(text)\" is not an allowed-hosts entry; write host, host:port, *.domain or *.domain:port, "
                + "perhaps with what it is for in front: webhook=host, psa=host, chat=host or identity=host"
        }
    }
}

/// Where a permitted call goes. Only the allowlist makes one, so that nothing else reaches the client.
public struct Destination: Sendable, Equatable {
    /// The address, as it was checked.
    public let address: WebAddress
    /// The allowlist names exactly this host, so its address may be private.
    public let mayBePrivate: Bool

    fileprivate init(_ address: WebAddress, mayBePrivate: Bool) {
        self.address = address
        self.mayBePrivate = mayBePrivate
    }
}

/// Why a URL may not be called.
public enum HostRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not an absolute URL with a usable host name.
    case malformed
    /// Not https (plain http only to loopback hosts that are listed with their port).
    case scheme(String)
    /// User name or password in the URL.
    case userInformation
    /// No entry of the allowlist covers the host.
    case unlisted(host: String)
    /// The host is listed, but not with this port, or it is no port at all.
    case port(String)

    /// A sentence for the person who entered the URL.
    public var description: String {
        switch self {
        case .malformed: "The URL is not valid."
        case .scheme(let scheme): "Only https is allowed, not \(scheme)."
        case .userInformation: "The URL must not contain a user name or password."
        case .unlisted(let host): "The host \(host) is not on the list of allowed hosts."
        case .port(let port): "Port \(port.utf8.count > 20 ? "…" : port) is not allowed for this host."
        }
    }
}

enum HostName {
    /// The name in lower case without IPv6 brackets; nil for what is neither a plain name nor a canonical address.
    static func normalized(_ raw: String) -> String? {
        var name = raw.lowercased()
        if let inner = name.dropping(prefix: "[")?.dropping(suffix: "]") { name = String(inner) }
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        if name.utf8.contains(":") {
            return (try? SocketAddress(ipAddress: name, port: 0)) == nil ? nil : name
        }
        let labels = name.splitBytes(on: ".", omittingEmpty: false)
        let isPlain = labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy { byte in
                    byte.isLetter || byte.isDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
        }
        guard isPlain, let last = labels.last, let first = last.utf8.first else { return nil }
        // The C library reads 127.1, 0x7f000001 and 2130706433 as addresses; only four decimal numbers are taken here.
        if first.isDigit {
            guard labels.count == 4, labels.allSatisfy({ UInt8($0).map(String.init) == String($0) }) else { return nil }
        }
        return name
    }

    static func isAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host.utf8.hasSuffix(".localhost") { return true }
        guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
        return NetworkAddress(address)?.isLoopback ?? false
    }
}
