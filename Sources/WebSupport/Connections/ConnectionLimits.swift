import BoundaryText
import NIOCore

/// How many connections there may be at once, and how long each may take for what it sends.
public struct ConnectionLimits: Sendable, Equatable {
    /// All together.
    public var connections: Int
    /// From one address; of IPv6 from one /64, which is what one customer of a provider has. Trusted proxies speak for many
    /// and have only the limit for all.
    public var perAddress: Int
    /// Until the first request's header has arrived. Somebody who types one by hand does it in this time.
    public var headerTime: TimeAmount = .seconds(20)
    /// From a request's header to the end of its body. 1 MiB in this time is what a slow telephone sends.
    public var bodyTime: TimeAmount = .seconds(30)
    /// Without a request, and without reading any of an answer that is larger than the buffers: proxies and browsers keep
    /// connections about as long.
    public var idleTime: TimeAmount = .seconds(60)
    /// What a request that is half sent gets when the server stops.
    public var lastBodyTime: TimeAmount = .seconds(1)
    /// What a request that is being answered gets when the server stops, as `patchbay serve --help` promises.
    public var lastAnswerTime: TimeAmount = .seconds(10)

    /// Names the numbers.
    public init(connections: Int, perAddress: Int) {
        self.connections = connections
        self.perAddress = perAddress
    }

    /// What leaves enough files for databases, outgoing calls and event loops.
    /// - Parameter files: how many the process may have open.
    public init(files: Int) {
        // With the usual 1,024: 768. More than ten thousand would need more memory than such a server has.
        let reserve = max(96, files / 4)
        connections = min(max(files - reserve, 16), 10_000)
        perAddress = max(connections / 8, 32)
    }
}
