import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Converts errors to problems, both for the API, which sends them as JSON, and for the console, which shows pages.
public struct ErrorTranslation: Sendable {
    private let logger: Logger
    private let refusals: RefusalLog
    private let translate: @Sendable (any Error) -> Problem?

    /// - Parameters:
    ///   - now: The wall clock.
    ///   - translate: Converts errors that this module does not know.
    public init(
        logger: Logger, now: @escaping @Sendable () -> Date = { Date() },
        translate: @escaping @Sendable (any Error) -> Problem?
    ) {
        self.logger = logger
        refusals = RefusalLog(logger, now: now)
        self.translate = translate
    }

    /// The problem that the caller receives. Logs internal details, and that the request was refused.
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

    /// Logs every minute how many refused requests were not logged individually. Runs until cancelled.
    public func run() async {
        while (try? await Task.sleep(for: .seconds(60))) != nil { refusals.flush() }
        refusals.flush(all: true)
    }

    private func translated(_ error: any Error, _ request: Request, _ context: WebContext) -> Problem {
        if let problem = error as? Problem { return problem }
        if let problem = translate(error) { return problem }
        // Not only Hummingbird's own errors have this status: a body that exceeds the limit while being read fails with
        // an error from NIO.
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

    /// Whether the caller's connection broke or its data was not valid HTTP. Errors of outside systems and the database
    /// have other types.
    private static func isCallersEnd(_ error: any Error) -> Bool {
        error is HTTPParserError || error is ChannelError || error is IOError
    }
}
