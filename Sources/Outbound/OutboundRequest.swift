import BoundaryText
import Foundation
import NIOHTTP1

/// One call to an outside system.
public struct OutboundRequest: Sendable {
    /// What the call does.
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// A header line.
    public struct Header: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var method: Method
    /// Absolute URL with its query, percent-encoded.
    public var url: String
    public var headers: [Header]
    public var body: Data?
    /// From handing over to the last byte of the answer; nil takes the remote's.
    public var timeOut: Duration?
    /// Bytes of the answer's body; nil takes the remote's.
    public var maximumAnswerBytes: Int?
    /// Sending it twice does no harm, so it is sent once more when the peer closed the connection before any answer.
    public var mayBeRepeated: Bool
    /// The path is a secret by itself, as that of many webhooks, so it stays out of the log.
    public var hasSecretPath: Bool

    /// Without `mayBeRepeated`, a GET may be repeated and nothing else.
    public init(
        _ method: Method = .get, _ url: String, headers: [Header] = [], body: Data? = nil, timeOut: Duration? = nil,
        maximumAnswerBytes: Int? = nil, mayBeRepeated: Bool? = nil, hasSecretPath: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeOut = timeOut
        self.maximumAnswerBytes = maximumAnswerBytes
        self.mayBeRepeated = mayBeRepeated ?? (method == .get)
        self.hasSecretPath = hasSecretPath
    }
}

/// The whole answer to a call.
public struct OutboundResponse: Sendable {
    /// HTTP status, never a redirect.
    public let status: Int
    public let body: Data
    private let headers: HTTPHeaders

    init(status: Int, headers: HTTPHeaders, body: Data) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header; names compare without case.
    public func header(_ name: String) -> String? {
        headers.first(name: name)
    }

    /// All values of a header that may occur several times or be absent, such as `Link`.
    public func headers(_ name: String) -> [String] {
        headers[name]
    }

    /// `Retry-After` in seconds, at most a day; nil when absent or given as a date (no system we call does that).
    public var retryAfter: Duration? {
        guard let text = header("retry-after"), let seconds = Int(text.trimmingCharacters(in: .whitespaces)),
            seconds >= 0
        else { return nil }
        return .seconds(min(seconds, 86_400))
    }

    /// True for 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(status) }
}
