import BoundaryText
import Foundation
import HummingbirdCore
import NIOCore
import Synchronization

/// The open connections. At the limit, a new connection is accepted and the one that has rested longest is closed:
/// reopening a connection without a request costs its owner nothing, and nobody can keep others out with resting
/// connections.
final class Connections: Sendable {
    /// Asks a connection to close if it still rests.
    struct MakeRoom {}

    /// The origin by which connections are counted.
    struct Origin: Hashable {
        private let bytes: [UInt8]

        init?(_ address: String) {
            var all = [UInt8](repeating: 0, count: 16)
            if inet_pton(AF_INET, address, &all) == 1 {
                bytes = Array(all.prefix(4))
                return
            }
            guard inet_pton(AF_INET6, address, &all) == 1 else { return nil }
            // ::ffff:a.b.c.d is an IPv4 address.
            let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
            bytes = Array(isMapped ? all.dropFirst(12) : all.prefix(8))
        }
    }

    private struct Resting {
        let since: NIODeadline
        let origin: Origin?
        let channel: any Channel
    }

    private struct State {
        var open = 0
        var counts: [Origin: Int] = [:]
        var resting: [ObjectIdentifier: Resting] = [:]

        /// Removes the connection that has rested longest.
        mutating func longestResting(of origin: Origin? = nil) -> (any Channel)? {
            let candidates = resting.lazy.filter { origin == nil || $0.value.origin == origin }
            guard let oldest = candidates.min(by: { $0.value.since < $1.value.since }) else { return nil }
            return resting.removeValue(forKey: oldest.key)?.channel
        }
    }

    let limits: ConnectionLimits
    private let proxies: Set<String>
    private let state = Mutex(State())

    init(limits: ConnectionLimits, proxies: Set<String>) {
        self.limits = limits
        self.proxies = proxies
    }

    // MARK: The listening socket

    var hasRoom: Bool { state.withLock { $0.open < limits.connections } }

    func accepted() {
        let leaving = state.withLock { state -> (any Channel)? in
            state.open += 1
            return state.open >= limits.connections ? state.longestResting() : nil
        }
        leaving?.pipeline.fireUserInboundEventTriggered(MakeRoom())
    }

    func ended() {
        state.withLock { $0.open -= 1 }
    }

    // MARK: Each connection

    /// The origin of a connection; nil if it is not counted.
    func origin(of channel: any Channel) -> Origin? {
        guard let peer = channel.remoteAddress?.ipAddress, !proxies.contains(peer) else { return nil }
        // A dual-stack socket reports IPv4 addresses as IPv4-mapped IPv6.
        guard let address = VisitorAddress.canonical(peer), !proxies.contains(address) else { return nil }
        return Origin(address)
    }

    /// - Returns: False if the origin has reached its limit and none of its connections rest.
    func enter(_ origin: Origin?) -> Bool {
        guard let origin else { return true }
        let (admitted, leaving) = state.withLock { state -> (Bool, (any Channel)?) in
            let isFull = state.counts[origin, default: 0] >= limits.perAddress
            let leaving = isFull ? state.longestResting(of: origin) : nil
            guard !isFull || leaving != nil else { return (false, nil) }
            state.counts[origin, default: 0] += 1
            return (true, leaving)
        }
        leaving?.pipeline.fireUserInboundEventTriggered(MakeRoom())
        return admitted
    }

    func leave(_ origin: Origin?) {
        guard let origin else { return }
        state.withLock { state in
            let left = state.counts[origin, default: 1] - 1
            state.counts[origin] = left > 0 ? left : nil
        }
    }

    /// Records a new connection that has not sent a request yet.
    func begins(_ channel: any Channel, _ origin: Origin?) {
        state.withLock {
            $0.resting[ObjectIdentifier(channel)] = Resting(since: .now(), origin: origin, channel: channel)
        }
    }

    /// Records that all responses of a connection are sent.
    func rests(_ channel: any Channel, _ origin: Origin?) {
        let leaving = state.withLock { state -> (any Channel)? in
            state.resting[ObjectIdentifier(channel)] = Resting(since: .now(), origin: origin, channel: channel)
            // A new connection may be waiting because none rested when it arrived.
            return state.open >= limits.connections ? state.longestResting() : nil
        }
        leaving?.pipeline.fireUserInboundEventTriggered(MakeRoom())
    }

    func stopsResting(_ channel: any Channel) {
        state.withLock { _ = $0.resting.removeValue(forKey: ObjectIdentifier(channel)) }
    }
}

/// Tells Hummingbird whether to accept another connection.
struct Room: AvailableConnectionsDelegate {
    let connections: Connections

    func connectionOpened() { connections.accepted() }
    func connectionClosed() { connections.ended() }
    func isAcceptingNewConnections() -> Bool { connections.hasRoom }
}
