import BoundaryText
import Foundation
import NIOCore

/// The hosts that may be called, as an operator writes them down.
///
/// An entry is `host`, `host:port`, `host:*` (any port, for peers on ports chosen at run time), `*.domain` or
/// `*.domain:port`. A wildcard stands for any name below the domain, never for the domain itself or for an address.
/// A host that an entry names exactly may have a non-public address; one that only a wildcard covers may not.
public struct HostAllowlist: Sendable, Equatable {
    private enum Port: Sendable, Equatable {
        case standard
        case exactly(Int)
        case any

        func admits(_ port: Int) -> Bool {
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

        func covers(_ name: String) -> Bool {
            guard isWildcard else { return name == host }
            return name.utf8.hasSuffix("." + host) && name.utf8.count > host.utf8.count + 1
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

    /// Decides whether a URL may be called.
    ///
    /// - Throws: ``HostRefusal`` with the reason.
    public func destination(of url: URL) throws(HostRefusal) -> Destination {
        guard let scheme = url.scheme?.lowercased(), let rawHost = url.host, !rawHost.isEmpty else {
            throw .malformed
        }
        guard scheme == "https" || scheme == "http" else { throw .scheme(scheme) }
        guard url.user == nil, url.password == nil else { throw .userInformation }
        guard let host = HostName.normalized(rawHost) else { throw .malformed }

        let usesTLS = scheme == "https"
        let port = url.port ?? (usesTLS ? 443 : 80)
        let named = entries.filter { !$0.isWildcard && $0.covers(host) }
        if !usesTLS {
            guard HostName.isLoopback(host) else { throw .scheme(scheme) }
            guard !named.isEmpty else { throw .unlisted(host: host) }
            guard named.contains(where: { $0.port.isNamed && $0.port.admits(port) }) else { throw .port(port) }
            return Destination(host: host, port: port, usesTLS: false, mayBePrivate: true)
        }
        if named.contains(where: { $0.port.admits(port) }) {
            return Destination(host: host, port: port, usesTLS: true, mayBePrivate: true)
        }
        let covering = HostName.isAddress(host) ? [] : entries.filter { $0.isWildcard && $0.covers(host) }
        if covering.contains(where: { $0.port.admits(port) }) {
            return Destination(host: host, port: port, usesTLS: true, mayBePrivate: false)
        }
        guard named.isEmpty && covering.isEmpty else { throw .port(port) }
        throw .unlisted(host: host)
    }

    private static func read(_ text: String) -> Entry? {
        var rest = Substring(text.trimmingCharacters(in: .whitespaces).lowercased())
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
                port = .exactly(Int(number))
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
        return Entry(host: host, isWildcard: isWildcard, port: port)
    }

    /// An entry that cannot be understood.
    public struct InvalidEntry: Error, Equatable, CustomStringConvertible {
        /// The entry as written.
        public let text: String

        /// What is wrong, for the operator who wrote it.
        public var description: String {
            "\"\(text)\" is not an allowed-hosts entry; write host, host:port, *.domain or *.domain:port"
        }
    }
}

/// Where a permitted call goes.
public struct Destination: Sendable, Equatable {
    /// Lower-case host name or address, without brackets.
    public let host: String
    /// TCP port.
    public let port: Int
    /// False only for a loopback host that the allowlist names.
    public let usesTLS: Bool
    /// The allowlist names exactly this host, so its address may be private.
    public let mayBePrivate: Bool
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
    /// The host is listed, but not with this port.
    case port(Int)

    /// A sentence for the person who entered the URL.
    public var description: String {
        switch self {
        case .malformed: "The URL is not valid."
        case .scheme(let scheme): "Only https is allowed, not \(scheme)."
        case .userInformation: "The URL must not contain a user name or password."
        case .unlisted(let host): "The host \(host) is not on the list of allowed hosts."
        case .port(let port): "Port \(port) is not allowed for this host."
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
