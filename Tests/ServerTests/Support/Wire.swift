import Foundation
import NIOCore
import NIOPosix
import TestSupport

/// A raw connection on which a test can write what no HTTP client would.
package final class Wire: Sendable {
    private let channel: any Channel
    private let received: MutexBox<String>
    private let ended: MutexBox<Bool>

    private init(_ channel: any Channel, _ received: MutexBox<String>, _ ended: MutexBox<Bool>) {
        (self.channel, self.received, self.ended) = (channel, received, ended)
    }

    /// Connects to a port of this machine.
    /// - Parameter source: the source address, such as `127.0.0.2`, which no server treats as its proxy.
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

    /// The text received until now.
    package var text: String { received.value }

    /// Whether the other side has closed.
    package var isEnded: Bool { ended.value }

    /// Writes the text unchanged.
    package func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    /// Waits until the other side closes, and returns all received text.
    package func end(within limit: Duration = .seconds(20)) async throws -> String {
        try await eventually(within: limit, "the connection to be ended") { isEnded }
        return text
    }

    /// Waits until the received text contains these words.
    package func hears(_ words: String, within limit: Duration = .seconds(20)) async throws {
        try await eventually(within: limit, "'\(words)' to arrive") { text.contains(words) }
    }

    /// Closes this side.
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
