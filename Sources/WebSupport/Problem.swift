import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird

/// An error as a caller of the API sees it: RFC 9457, `application/problem+json`. `detail` says what to do.
public struct Problem: Error, Sendable, Equatable {
    /// What is wrong with one member of the request.
    public struct FieldError: Sendable, Equatable, Codable {
        /// The member's name as in the request.
        public let field: String
        /// Stable, machine readable.
        public let code: String
        /// For people.
        public let message: String

        /// Describes a fault.
        public init(field: String, code: String, message: String) {
            self.field = field
            self.code = code
            self.message = message
        }

        /// A number that is out of its range; nil when it is not.
        public init?(_ value: Int, in range: ClosedRange<Int>, field: String) {
            guard !range.contains(value) else { return nil }
            self.init(
                field: field, code: "out_of_range",
                message: "must be from \(range.lowerBound) to \(range.upperBound).")
        }
    }

    /// The most faults that one answer names, the first ones: a request that is all mistakes gets no answer larger than
    /// itself.
    public static let mostErrors = 20
    // In Unicode scalars.
    private static let longestName = 200
    private static let longestDetail = 2_000

    /// The HTTP status.
    public var status: HTTPResponse.Status
    /// Stable, machine readable.
    public var code: String
    /// One sentence, the same for each occurrence.
    public var title: String
    /// What happened here and what to do about it.
    public var detail: String
    /// Field by field, for validation.
    public var errors: [FieldError]
    /// Tells the caller when to try again.
    public var retryAfter: Duration?
    /// For 405: the methods that there are.
    public var allowed: [HTTPRequest.Method]
    /// Where the thing is that the problem is about, such as a post that was refused.
    public var instance: String?
    /// Further fields of the answer's header.
    public var headers = HTTPFields()
    /// Why exactly, for our log alone.
    public var reason: String?

    /// Describes a problem.
    public init(
        _ status: HTTPResponse.Status, code: String, title: String, detail: String, errors: [FieldError] = [],
        retryAfter: Duration? = nil, allowed: [HTTPRequest.Method] = []
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail.shortened(to: Self.longestDetail)
        self.errors = errors.prefix(Self.mostErrors).map { error in
            FieldError(
                field: error.field.shortened(to: Self.longestName), code: error.code,
                message: error.message.shortened(to: Self.longestDetail))
        }
        self.retryAfter = retryAfter
        self.allowed = allowed
    }
}

extension Problem {
    /// There is no such thing, or it belongs to somebody else: the caller cannot tell.
    public static func notFound(_ what: String) -> Problem {
        Problem(.notFound, code: "not_found", title: "Not found", detail: "There is no such \(what).")
    }

    /// The request cannot be understood.
    public static func badRequest(code: String = "bad_request", _ detail: String, errors: [FieldError] = []) -> Problem
    {
        Problem(.badRequest, code: code, title: "The request is not valid", detail: detail, errors: errors)
    }

    /// The body says to be something else, or does not say what it is.
    public static let notJSON = Problem(
        .unsupportedMediaType, code: "unsupported_media_type", title: "Send JSON",
        detail: "Send the body as JSON, with the header «Content-Type: application/json».")

    /// The request is understood, but its values are refused.
    public static func invalid(_ errors: [FieldError]) -> Problem {
        Problem(
            .unprocessableContent, code: "validation_failed", title: "Some values are not valid",
            detail: errors.map { "\($0.field): \($0.message)" }.joined(separator: " "), errors: errors)
    }

    /// The request contradicts what is there.
    public static func conflict(code: String, _ detail: String) -> Problem {
        Problem(.conflict, code: code, title: "Conflict", detail: detail)
    }

    /// We cannot do it for the moment.
    public static func unavailable(_ detail: String, retryAfter: Duration = .seconds(5)) -> Problem {
        Problem(
            .serviceUnavailable, code: "unavailable", title: "Temporarily unavailable", detail: detail,
            retryAfter: retryAfter)
    }

    /// Our defect. What exactly stays in the log.
    public static let internalError = Problem(
        .internalServerError, code: "internal_error", title: "Something went wrong on our side",
        detail: "The request could not be completed. The server's log has the details under this request id.")

    /// As it is sent.
    private struct Body: Codable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let code: String
        let instance: String?
        let errors: [FieldError]?
        let request_id: String
    }

    /// Reads the body of an answer that ``response(requestID:)`` made.
    /// - Throws: `DecodingError` when it is another.
    public init(body: Data) throws {
        let body = try JSONDecoder().decode(Body.self, from: body)
        self.init(
            .init(code: body.status), code: body.code, title: body.title, detail: body.detail,
            errors: body.errors ?? [])
        instance = body.instance
    }

    /// The answer to send.
    public func response(requestID: String) -> Response {
        let body = Body(
            type: "about:blank", title: title, status: status.code, detail: detail, code: code,
            instance: instance, errors: errors.isEmpty ? nil : errors, request_id: requestID)
        var response = Response.json(body, status: status)
        response.headers[.contentType] = "application/problem+json"
        if let retryAfter {
            let (seconds, rest) = retryAfter.components
            // Rounded up: who comes back a moment too early is refused again.
            response.headers[.retryAfter] = String(max(1, seconds + (rest > 0 ? 1 : 0)))
        }
        response.headers.append(contentsOf: headers)
        if !allowed.isEmpty {
            response.headers[.allow] = allowed.map(\.rawValue).sorted().joined(separator: ", ")
        }
        return response
    }
}

extension String {
    /// With a full stop at its end, so that another sentence can follow.
    public var asSentence: String {
        unicodeScalars.last.map { ".!?…".unicodeScalars.contains($0) } ?? true ? self : self + "."
    }
}
