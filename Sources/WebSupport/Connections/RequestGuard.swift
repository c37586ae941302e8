import BoundaryText
import NIOCore
import NIOHTTP1

/// Guards each connection: refuses requests that two programs could read differently, closes connections that are too
/// slow, and does not let a partial request delay a server that stops.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let connections: Connections
    private var origin: Connections.Origin?
    private var hasEntered = false
    /// Requests without a complete response, in order.
    private var pending: [HTTPMethod] = []
    /// Complete responses that are not yet sent.
    private var unsent = 0
    private var isReadingBody = false
    private var isAnswering = false
    /// Why no more input is read.
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
            connections.stopsResting(context.channel)
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
            connections.stopsResting(context.channel)
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
        // Most requests have arrived completely by now and need no timer.
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
        // It would corrupt a response that is in progress or due before this one.
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
            // Error responses to HEAD have a body, which the client would read as its next response.
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

    /// Only after everything is sent, because a resting connection may be closed.
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

    // MARK: Closing

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

    /// Responses to earlier requests come first.
    private func refuseInTurn(_ context: ChannelHandlerContext) {
        if isIdle { refuse(context) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        guard let refusal, !isRefused else { return }
        isRefused = true
        for part in refusal.answer { context.write(wrapOutboundOut(part), promise: nil) }
        context.flush()
        // Close only the output for now: closing completely while data is still arriving would make the system discard
        // the response.
        context.close(mode: .output, promise: nil)
        end = end ?? close(context, in: connections.limits.lastBodyTime)
    }
}
