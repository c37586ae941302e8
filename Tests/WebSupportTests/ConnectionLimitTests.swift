import Foundation
import Hummingbird
import Logging
import NIOCore
import Testing

@testable import WebSupport

@Suite("Limits of connections")
struct ConnectionLimitTests {
    @Test(
        "Files are left for databases and calls, and there are always a few connections",
        arguments: [(64, 16), (256, 160), (1_024, 768), (65_536, 10_000), (Int.max, 10_000), (0, 16)])
    func files(files: Int, connections: Int) {
        let limits = ConnectionLimits(files: files)
        #expect(limits.connections == connections)
        #expect(limits.perAddress >= 32)
    }

    @Test("Addresses of IPv6 count together by what one customer has; mapped ones are those of IPv4")
    func origins() {
        typealias Origin = Connections.Origin
        #expect(Origin("10.0.0.1") != Origin("10.0.0.2"))
        #expect(Origin("::ffff:10.0.0.1") == Origin("10.0.0.1"))
        #expect(Origin("2001:db8:1:2::1") == Origin("2001:db8:1:2:ffff::1"))
        #expect(Origin("2001:db8:1:2::1") != Origin("2001:db8:1:3::1"))
        #expect(Origin("no address") == nil)
    }
}
