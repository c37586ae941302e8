import BoundaryText
import Foundation
import Logging
import NIOCore

/// Pauses accepting connections when the system has run out of files. NIO's own back-off delays its next `read`, but
/// the failed one stays pending, so the event loop retries it immediately and endlessly (swift-nio 2.101).
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause: TimeAmount = .milliseconds(500)
    private static let quiet: TimeAmount = .seconds(60)

    private let logger: Logger
    private var isPaused = false
    private var lastSaid: NIODeadline?

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) {
            pause(context)
        }
        context.fireErrorCaught(error)
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard !isPaused, let options = context.channel.syncOptions else { return }
        isPaused = true
        say()
        try? options.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isPaused = false
            // If the channel was closed in the meantime, there is nothing to resume.
            try? options.setOption(.autoRead, value: true)
        }
    }

    private func say() {
        let now = NIODeadline.now()
        if let lastSaid, now < lastSaid + Self.quiet { return }
        lastSaid = now
        logger.warning("out of file descriptors, so new connections wait; raise the limit (LimitNOFILE)")
    }
}
