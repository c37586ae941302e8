import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird

/// An error in the form that API callers receive: RFC 9457, `application/problem+json`. `detail` says what to do.
public struct Problem: Error, Sendable, Equatable {
    /// An error in one member of the request.
    public struct FieldError: Sendable, Equatable, Codable {
        /// The name of the member in the request.
        public let field: String
        /// A stable code for programs.
        public let code: String
        /// The message for people.
        public let message: String

        /// Creates an error.
        public init(field: String, code: String, message: String) {
            self.field = field
            self.code = code
            self.message = message
        }

        /// Creates an error for a number outside its range; returns nil if it is within.
        public init?(_ value: Int, in range: ClosedRange<Int>, field: String) {
            guard !range.contains(value) else { return nil }
            self.init(
                field: field, code: "out_of_range",
                message: "must be from \(range.lowerBound) to \(range.upperBound).")
        }
    }

    /// The maximum number of field errors in one response; further ones are dropped, so that a response is never larger
    /// than its request.
    public static let mostErrors = 20
    // Limits in Unicode scalars.
    private static let longestName = 200
    private static let longestDetail = 2_000

    /// The HTTP status.
    public var status: HTTPResponse.Status
    /// A stable code for programs.
    public var code: String
    /// A sentence that is the same for each occurrence.
    public var title: String
    /// What happened in this case, and what to do about it.
    public var detail: String
    /// Errors in individual fields, for validation.
    public var errors: [FieldError]
    /// When the caller should try again.
    public var retryAfter: Duration?
    /// For 405: the allowed methods.
    public var allowed: [HTTPRequest.Method]
    /// The location of the resource that the problem is about, such as a refused post.
    public var instance: String?
    /// Additional header fields of the response.
    public var headers = HTTPFields()
    /// The exact reason, for our log only.
    public var reason: String?

    /// Creates a problem.
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
    /// The resource does not exist or belongs to someone else; the caller cannot tell which.
    public static func notFound(_ what: String) -> Problem {
        Problem(.notFound, code: "not_found", title: "Not found", detail: "There is no such \(what).")
    }

    /// The request is malformed.
    public static func badRequest(code: String = "bad_request", _ detail: String, errors: [FieldError] = []) -> Problem
    {
        Problem(.badRequest, code: code, title: "The request is not valid", detail: detail, errors: errors)
    }

    /// The body has another content type, or none.
    public static let notJSON = Problem(
        .unsupportedMediaType, code: "unsupported_media_type", title: "Send JSON",
        detail: "Send the body as JSON, with the header Content-Type: application/json.")

    /// The request is well-formed, but some values are invalid.
    public static func invalid(_ errors: [FieldError]) -> Problem {
        Problem(
            .unprocessableContent, code: "validation_failed", title: "Some values are not valid",
            detail: errors.map { "\($0.field): \($0.message)" }.joined(separator: " "), errors: errors)
    }

    /// The request conflicts with the current state.
    public static func conflict(code: String, _ detail: String) -> Problem {
        Problem(.conflict, code: code, title: "Conflict", detail: detail)
    }

    /// The service is temporarily unavailable.
    public static func unavailable(_ detail: String, retryAfter: Duration = .seconds(5)) -> Problem {
        Problem(
            .serviceUnavailable, code: "unavailable", title: "Temporarily unavailable", detail: detail,
            retryAfter: retryAfter)
    }

    /// A defect on our side. The details are only in the log.
    public static let internalError = Problem(
        .internalServerError, code: "internal_error", title: "Something went wrong on our side",
        detail: "The request could not be completed. The server's log has the details under this request id.")

    /// The encoded form.
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

    /// Reads a body that ``response(requestID:)`` created.
    /// - Throws: `DecodingError` for any other body.
    public init(body: Data) throws {
        let body = try JSONDecoder().decode(Body.self, from: body)
        self.init(
            .init(code: body.status), code: body.code, title: body.title, detail: body.detail,
            errors: body.errors ?? [])
        instance = body.instance
    }

    /// The response to send.
    public func response(requestID: String) -> Response {
        let body = Body(
            type: "about:blank", title: title, status: status.code, detail: detail, code: code,
            instance: instance, errors: errors.isEmpty ? nil : errors, request_id: requestID)
        var response = Response.json(body, status: status)
        response.headers[.contentType] = "application/problem+json"
        if let retryAfter {
            let (seconds, rest) = retryAfter.components
            // Rounded up, because a caller that returns a moment too early is refused again.
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
    /// The text with a full stop at the end, so that another sentence can follow.
    public var asSentence: String {
        unicodeScalars.last.map { ".!?…".unicodeScalars.contains($0) } ?? true ? self : self + "."
    }
}
