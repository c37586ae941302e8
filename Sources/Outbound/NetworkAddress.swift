import BoundaryText
import NIOCore

/// An IPv4 or IPv6 address, as bytes in network order.
public struct NetworkAddress: Sendable, Hashable {
    let bytes: [UInt8]

    init?(_ address: SocketAddress) {
        // Where the address begins in sockaddr_in and sockaddr_in6, the same on every system.
        let place: Range<Int>
        switch address {
        case .v4: place = 4..<8
        case .v6: place = 8..<24
        case .unixDomainSocket: return nil
        }
        bytes = address.withSockAddr { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: size)[place])
        }
    }

    /// Reads an address in its usual notation; nil when it is none.
    public init?(_ text: String) {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        self.init(address)
    }

    /// Why the address is not a public one, in a few words; nil when it is public.
    public var refusal: String? {
        if bytes.count == 4 { return Self.specialV4.first { $0.contains(bytes) }?.name }
        if let special = Self.specialV6.first(where: { $0.contains(bytes) }) { return special.name }
        // Only 2000::/3 is handed out as global unicast; everything else is special today or may become so.
        return bytes[0] & 0xe0 == 0x20 ? nil : "not global unicast"
    }

    var isLoopback: Bool { refusal == Block.loopback }

    private struct Block {
        static let loopback = "loopback"
        let prefix: [UInt8]
        let bits: Int
        let name: String

        init(_ prefix: [UInt8], _ bits: Int, _ name: String) {
            self.prefix = prefix
            self.bits = bits
            self.name = name
        }

        func contains(_ address: [UInt8]) -> Bool {
            for index in 0..<((bits + 7) / 8) {
                let mask = UInt8(truncatingIfNeeded: 0xff00 >> min(8, bits - index * 8))
                let wanted = index < prefix.count ? prefix[index] : 0
                if (address[index] ^ wanted) & mask != 0 { return false }
            }
            return true
        }
    }

    // The IANA special-purpose registries, with two more.
    private static let specialV4: [Block] = [
        Block([0], 8, "unspecified"),
        Block([10], 8, "private"),
        Block([100, 64], 10, "carrier-grade NAT"),
        Block([127], 8, Block.loopback),
        Block([169, 254], 16, "link-local or metadata"),
        Block([172, 16], 12, "private"),
        Block([192, 0, 0], 24, "protocol assignment"),
        Block([192, 0, 2], 24, "documentation"),
        Block([192, 88, 99], 24, "6to4 relay"),
        Block([192, 168], 16, "private"),
        Block([198, 18], 15, "benchmarking"),
        Block([198, 51, 100], 24, "documentation"),
        Block([203, 0, 113], 24, "documentation"),
        // Azure's host agent answers here, from the public range.
        Block([168, 63, 129, 16], 32, "metadata"),
        Block([224], 4, "multicast"),
        Block([240], 4, "reserved or broadcast"),
    ]

    private static let specialV6: [Block] = [
        Block([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified"),
        Block([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, Block.loopback),
        Block([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96, "IPv4-mapped"),
        Block([0, 0x64, 0xff, 0x9b], 96, "NAT64"),
        Block([0, 0x64, 0xff, 0x9b, 0, 1], 48, "NAT64"),
        Block([0x20, 0x01, 0x0d, 0xb8], 32, "documentation"),
        // Teredo (2001::/32) carries an IPv4 address, like 6to4.
        Block([0x20, 0x01, 0], 23, "protocol assignment"),
        Block([0x20, 0x02], 16, "6to4"),
        Block([0x3f, 0xff, 0], 20, "documentation"),
        Block([0xfc], 7, "unique local"),
        Block([0xfe, 0x80], 10, "link-local"),
        Block([0xff], 8, "multicast"),
    ]
}
