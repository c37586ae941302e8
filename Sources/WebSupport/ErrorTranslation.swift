import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Makes problems of errors, the same for the API, which sends them as JSON, and for the console, which shows pages.
public struct ErrorTranslation: Sendable {
    private let logger: Logger
    private let refusals: RefusalLog
    private let translate: @Sendable (any Error) -> Problem?

    /// - Parameters:
    ///   - now: the wall clock.
    ///   - translate: makes problems of errors that this module does not know.
    public init(
        logger: Logger, now: @escaping @Sendable () -> Date = { Date() },
        translate: @escaping @Sendable (any Error) -> Problem?
    ) {
        self.logger = logger
        refusals = RefusalLog(logger, now: now)
        self.translate = translate
    }

    /// What a caller is told; what only we should know goes into the log, and that something was refused, too.
    public func problem(for error: any Error, _ request: Request, _ context: WebContext) -> Problem {
        let problem = translated(error, request, context)
        if problem.status.kind == .clientError { refusals.note(problem, Self.metadata(request, context)) }
        return problem
    }

    private static func metadata(_ request: Request, _ context: WebContext) -> Logger.Metadata {
        [
            "request_id": "\(context.requestID)", "address": "\(context.address ?? "-")",
            "method": "\(request.method.rawValue.shortened(to: 20))", "path": "\(request.uri.path.shortened(to: 200))",
        ]
    }

    /// Logs, minute by minute, how much was refused that was not logged one by one; runs until cancelled.
    public func run() async {
        while (try? await Task.sleep(for: .seconds(60))) != nil { refusals.flush() }
        refusals.flush(all: true)
    }

    private func translated(_ error: any Error, _ request: Request, _ context: WebContext) -> Problem {
        if let problem = error as? Problem { return problem }
        if let problem = translate(error) { return problem }
        // Not only Hummingbird's own errors say so: a body that grows too large while it is read is an error of NIO.
        if (error as? any HTTPResponseError)?.status == .contentTooLarge {
            return Problem(
                .contentTooLarge, code: "too_large", title: "The body is too large",
                detail: "Send at most \(context.maxUploadSize) bytes.")
        }
        if Self.isCallersEnd(error) {
            return .badRequest(
                code: "incomplete_body", "The request's body ended early or is not sent as HTTP says. Send it again.")
        }
        if let error = error as? HTTPError {
            switch error.status {
            case .notFound: return .notFound("address: \(request.uri.path)")
            default:
                return Problem(
                    error.status, code: "http_\(error.status.code)", title: error.status.reasonPhrase,
                    detail: error.body ?? error.status.reasonPhrase)
            }
        }
        logger.error("request failed: \(error)", metadata: Self.metadata(request, context))
        return .internalError
    }

    /// Whether the caller's connection broke, or what came over it is no HTTP. Outside systems' errors are of other types,
    /// and so are the database's.
    private static func isCallersEnd(_ error: any Error) -> Bool {
        error is HTTPParserError || error is ChannelError || error is IOError
    }
}
