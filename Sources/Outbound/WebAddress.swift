import BoundaryText
import Foundation

/// An absolute `http` or `https` address, read in one place: what is no port, no name, or leads past what a reader sees
/// is no address. Whoever keeps or calls an address reads it here.
public struct WebAddress: Sendable, Equatable {
    /// `https`, or `http` for a peer on this machine.
    public let isSecure: Bool
    /// Lower-case name or address, without brackets.
    public let host: String
    /// As written; nil for the scheme's own.
    public let port: UInt16?
    /// Percent-encoded; empty or from the first slash on.
    public let path: String
    /// Percent-encoded, without the question mark; nil when there is none.
    public let query: String?
    /// Whether it has a part behind a number sign.
    public let hasFragment: Bool
    let url: URL

    /// Reads an address.
    /// - Throws: ``HostRefusal`` for what is none, another scheme, a user in front of the host, or a port that is none.
    public init(reading text: String) throws(HostRefusal) {
        // What is not visible ASCII would be encoded by one reader and cut off by another.
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), let url = URL(string: text),
            let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased()
        else { throw .malformed }
        guard scheme == "https" || scheme == "http" else { throw .scheme(scheme) }
        guard parts.user == nil, parts.password == nil, !Self.authority(of: text).utf8.contains(UInt8(ascii: "@"))
        else { throw .userInformation }
        guard let rawHost = parts.percentEncodedHost, let host = HostName.normalized(rawHost) else { throw .malformed }
        let port = try Self.port(in: Self.authority(of: text))
        guard port.map(Int.init) == parts.port, port.map(Int.init) == url.port else { throw .malformed }
        isSecure = scheme == "https"
        self.host = host
        self.port = port
        path = parts.percentEncodedPath
        query = parts.percentEncodedQuery
        hasFragment = parts.fragment != nil
        self.url = url
    }

    /// Reads an address; nil for what is none.
    public init?(_ text: String) {
        do { try self.init(reading: text) } catch { return nil }
    }

    /// The port that is called.
    public var calledPort: UInt16 { port ?? (isSecure ? 443 : 80) }

    /// Host, and port if one is written: IPv6 addresses in brackets.
    public var authority: String { Self.bracketed(host) + (port.map { ":\($0)" } ?? "") }

    /// Scheme, host and port.
    public var origin: String { "\(isSecure ? "https" : "http")://\(authority)" }

    /// A host as written in URLs: IPv6 addresses in brackets.
    public static func bracketed(_ host: String) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    }

    /// The part between `//` and the path, query or fragment.
    private static func authority(of text: String) -> Substring {
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return "" }
        let rest = bytes[bytes.index(after: colon)...].drop { $0 == UInt8(ascii: "/") }
        let end = rest.firstIndex { "/?#\\".utf8.contains($0) } ?? rest.endIndex
        return text[rest.startIndex..<end]
    }

    /// Foundation takes any number for a port, and none for one that is too long; the sockets below end the program.
    private static func port(in authority: Substring) throws(HostRefusal) -> UInt16? {
        let bytes = authority.utf8
        let from = bytes.lastIndex(of: UInt8(ascii: "]")) ?? bytes.startIndex
        guard let colon = bytes[from...].lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let written = authority[bytes.index(after: colon)...]
        guard written.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(written), port > 0
        else { throw .port(String(written)) }
        return port
    }
}

extension WebAddress {
    /// The origin of a text that is an `http` or `https` URL without a path; nil for anything else.
    public static func origin(of text: String) -> String? {
        guard let address = WebAddress(text), address.path.utf8.elementsEqual("/".utf8) || address.path.isEmpty,
            address.query == nil, !address.hasFragment
        else { return nil }
        return address.origin
    }
}
