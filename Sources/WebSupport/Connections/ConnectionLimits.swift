import BoundaryText
import NIOCore

/// Limits the number of connections, and how long each may take to send data.
public struct ConnectionLimits: Sendable, Equatable {
    /// The maximum in total.
    public var connections: Int
    /// The maximum from one address, or for IPv6 from one /64, which is what a provider gives one customer. Trusted
    /// proxies act for many clients and are subject only to the total.
    public var perAddress: Int
    /// The time until the header of the first request has arrived. Enough to type one by hand.
    public var headerTime: TimeAmount = .seconds(20)
    /// The time from a request's header to the end of its body. Enough for a slow phone to send 1 MiB.
    public var bodyTime: TimeAmount = .seconds(30)
    /// The time without a request, or without the client reading a response larger than the buffers. Proxies and
    /// browsers keep connections about as long.
    public var idleTime: TimeAmount = .seconds(60)
    /// The time that a partially received request gets when the server stops.
    public var lastBodyTime: TimeAmount = .seconds(1)
    /// The time that a request being processed gets when the server stops, as `patchbay serve --help` promises.
    public var lastAnswerTime: TimeAmount = .seconds(10)

    /// Creates limits.
    public init(connections: Int, perAddress: Int) {
        self.connections = connections
        self.perAddress = perAddress
    }

    /// Creates limits that leave enough files for databases, outgoing calls and event loops.
    /// - Parameter files: The number of files that the process may have open.
    public init(files: Int) {
        // With the usual 1,024 files: 768 connections. More than ten thousand would need more memory than such a server
        // has.
        let reserve = max(96, files / 4)
        connections = min(max(files - reserve, 16), 10_000)
        perAddress = max(connections / 8, 32)
    }
}
