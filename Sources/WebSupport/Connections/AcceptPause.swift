import BoundaryText
import Foundation
import Logging
import NIOCore

/// Stops accepting for a moment when the system has no files left. NIO's own back-off delays its next `read`, but the one
/// that failed stays pending, so that the event loop asks again at once and for ever (swift-nio 2.101).
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
            // Closed meanwhile: then nothing has to go on.
            try? options.setOption(.autoRead, value: true)
        }
    }

    private func say() {
        let now = NIODeadline.now()
        if let lastSaid, now < lastSaid + Self.quiet { return }
        lastSaid = now
        logger.warning("no files are left, so new connections wait; allow the process more (LimitNOFILE)")
    }
}
