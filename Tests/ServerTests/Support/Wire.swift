import Foundation
import NIOCore
import NIOPosix
import TestSupport

/// A connection on which a test writes what no HTTP client would.
package final class Wire: Sendable {
    private let channel: any Channel
    private let received: MutexBox<String>
    private let ended: MutexBox<Bool>

    private init(_ channel: any Channel, _ received: MutexBox<String>, _ ended: MutexBox<Bool>) {
        (self.channel, self.received, self.ended) = (channel, received, ended)
    }

    /// Connects to a port of this machine.
    /// - Parameter source: the address to come from, such as `127.0.0.2`, which no server takes for its proxy.
    package static func open(port: Int, from source: String = "127.0.0.1") async throws -> Wire {
        let (received, ended) = (MutexBox(""), MutexBox(false))
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listening(received, ended))
                }
            }
            .bind(to: SocketAddress(ipAddress: source, port: 0))
            .connect(host: "127.0.0.1", port: port).get()
        return Wire(channel, received, ended)
    }

    /// What arrived so far.
    package var text: String { received.value }

    /// Whether the other side has ended.
    package var isEnded: Bool { ended.value }

    /// Writes text as it is.
    package func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    /// Waits until the other side ends, and returns all that it said.
    package func end(within limit: Duration = .seconds(20)) async throws -> String {
        try await eventually(within: limit, "the connection to be ended") { isEnded }
        return text
    }

    /// Waits until something arrived.
    package func hears(_ words: String, within limit: Duration = .seconds(20)) async throws {
        try await eventually(within: limit, "'\(words)' to arrive") { text.contains(words) }
    }

    /// Ends this side.
    package func close() async {
        try? await channel.close().get()
    }
}

private final class Listening: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let received: MutexBox<String>
    private let ended: MutexBox<Bool>

    init(_ received: MutexBox<String>, _ ended: MutexBox<Bool>) {
        (self.received, self.ended) = (received, ended)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(buffer: unwrapInboundIn(data))
        received.change { $0 += text }
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended.change { $0 = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
