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
    private let translate: @Sendable (any Error) -> Problem?

    /// - Parameter translate: makes problems of errors that this module does not know.
    public init(logger: Logger, translate: @escaping @Sendable (any Error) -> Problem?) {
        self.logger = logger
        self.translate = translate
    }

    /// What a caller is told; what only we should know goes into the log.
    public func problem(for error: any Error, _ request: Request, _ context: WebContext) -> Problem {
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
        logger.error(
            "request failed: \(error)",
            metadata: [
                "request_id": "\(context.requestID)", "method": "\(request.method)", "path": "\(request.uri.path)",
            ])
        return .internalError
    }

    /// Whether the caller's connection broke, or what came over it is no HTTP. Outside systems' errors are of other types,
    /// and so are the database's.
    private static func isCallersEnd(_ error: any Error) -> Bool {
        error is HTTPParserError || error is ChannelError || error is IOError
    }
}
