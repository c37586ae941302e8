import BoundaryText
import NIOCore

/// Client addresses, in the form for logs and in the form for counting.
public enum VisitorAddress {
    /// The address in canonical form; nil if the text is not an address. An IPv4-mapped IPv6 address becomes IPv4.
    public static func canonical(_ text: String) -> String? {
        // The longest form of an IPv6 address has 45 bytes.
        guard text.utf8.count <= 45, let address = try? SocketAddress(ipAddress: text, port: 0),
            let plain = address.ipAddress
        else { return nil }
        let mapped = "::ffff:"
        guard plain.utf8.starts(with: mapped.utf8), plain.utf8.contains(UInt8(ascii: ".")) else { return plain }
        return String(plain.utf8.dropFirst(mapped.utf8.count))
    }

    /// The network that counts as one visitor: an IPv4 address, or a /64 of IPv6. Providers give each customer at least
    /// that much, and addresses within it are free.
    public static func network(of address: String?) -> String {
        guard let address, let plain = canonical(address) else { return "unknown" }
        guard let socket = try? SocketAddress(ipAddress: plain, port: 0), case .v6 = socket else { return plain }
        // The offset of the address in sockaddr_in6, which is the same on every system.
        let prefix = socket.withSockAddr { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: size)[8..<16])
        }
        let groups = stride(from: 0, to: prefix.count, by: 2).map { index in
            String(UInt16(prefix[index]) << 8 | UInt16(prefix[index + 1]), radix: 16)
        }
        return groups.joined(separator: ":") + "::/64"
    }
}
