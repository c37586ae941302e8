import NIOCore
import NIOPosix
import Synchronization

/// Ports without a listener, each given out once per process.
package enum Ports {
    private static let taken = Mutex<Set<Int>>([])

    /// No port was free.
    package struct NoneFree: Error {}

    /// A free port of 127.0.0.1.
    package static func free() async throws -> Int {
        for _ in 0..<100 {
            // Below the range that the system uses for outgoing connections.
            let port = Int.random(in: 12_000..<20_000)
            guard taken.withLock({ $0.insert(port).inserted }),
                let channel = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .bind(host: "127.0.0.1", port: port).get()
            else { continue }
            try await channel.close()
            return port
        }
        throw NoneFree()
    }
}
