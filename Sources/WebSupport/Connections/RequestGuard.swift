import BoundaryText
import NIOCore
import NIOHTTP1

/// Stands before each connection's requests: refuses what two programs could read differently, ends who takes too long,
/// and lets nobody wait for half a request when the server stops.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let connections: Connections
    private var origin: Connections.Origin?
    private var hasEntered = false
    /// Requests without a whole answer, first to last.
    private var pending: [HTTPMethod] = []
    /// Whole answers that have not gone out.
    private var unsent = 0
    private var isReadingBody = false
    private var isAnswering = false
    /// Why nothing more is read.
    private var refusal: Refusal?
    private var isRefused = false
    private var headerDeadline: Scheduled<Void>?
    private var bodyDeadline: Scheduled<Void>?
    private var readDeadline: Scheduled<Void>?
    private var end: Scheduled<Void>?

    init(_ connections: Connections) {
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !hasEntered else { return }
        origin = connections.origin(of: context.channel)
        guard connections.enter(origin) else { return context.close(promise: nil) }
        hasEntered = true
        connections.begins(context.channel, origin)
        headerDeadline = close(context, in: connections.limits.headerTime)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if hasEntered {
            connections.restsNoLonger(context.channel)
            connections.leave(origin)
            hasEntered = false
        }
        for task in [headerDeadline, bodyDeadline, readDeadline, end] { task?.cancel() }
        context.fireChannelInactive()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard refusal == nil else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            headerDeadline?.cancel()
            connections.restsNoLonger(context.channel)
            refusal = Refusal(head)
            guard refusal == nil else { return refuseInTurn(context) }
            pending.append(head.method)
            isReadingBody = true
        case .body: break
        case .end:
            isReadingBody = false
            bodyDeadline?.cancel()
            bodyDeadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests have arrived whole by now and need no clock.
        if isReadingBody, bodyDeadline == nil {
            bodyDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: connections.limits.bodyTime) {
                self.giveUpBody(context)
            }
        }
        context.fireChannelReadComplete()
    }

    private func giveUpBody(_ context: ChannelHandlerContext) {
        guard isReadingBody else { return }
        isReadingBody = false
        // An answer that has begun, or is due before this one, would be spoilt.
        guard pending.count == 1, !isAnswering else { return context.close(promise: nil) }
        refusal = .tooSlow
        refuse(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isRefused else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head: isAnswering = true
        case .body:
            // What routes make of errors has one; the client would take it for its next answer.
            if pending.first == .HEAD {
                promise?.succeed()
                return
            }
        case .end:
            isAnswering = false
            if !pending.isEmpty { pending.removeFirst() }
            unsent += 1
            let written = promise ?? context.eventLoop.makePromise()
            written.futureResult.assumeIsolated().whenComplete { _ in self.answered(context) }
            context.write(data, promise: written)
            return
        }
        context.write(data, promise: promise)
    }

    private var isIdle: Bool { pending.isEmpty && unsent == 0 }

    /// Not before all has gone out: who rests may be closed.
    private func answered(_ context: ChannelHandlerContext) {
        unsent -= 1
        if isIdle, hasEntered { connections.rests(context.channel, origin) }
        if refusal != nil { refuseInTurn(context) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readDeadline?.cancel()
        readDeadline = context.channel.isWritable ? nil : close(context, in: connections.limits.idleTime)
        context.fireChannelWritabilityChanged()
    }

    // MARK: Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is Connections.MakeRoom:
            if isIdle { context.close(promise: nil) }
            return
        case is ChannelShouldQuiesceEvent:
            let limits = connections.limits
            end = close(context, in: isReadingBody ? limits.lastBodyTime : limits.lastAnswerTime)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }

    /// Answers of requests before this one come first.
    private func refuseInTurn(_ context: ChannelHandlerContext) {
        if isIdle { refuse(context) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        guard let refusal, !isRefused else { return }
        isRefused = true
        for part in refusal.answer { context.write(wrapOutboundOut(part), promise: nil) }
        context.flush()
        // Closed at once, what is still on its way to us would make the system take the answer back.
        context.close(mode: .output, promise: nil)
        end = end ?? close(context, in: connections.limits.lastBodyTime)
    }
}
