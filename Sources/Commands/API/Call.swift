import BoundaryText
import Foundation

/// One request to the API, before anything is sent: what a command wants, as a value.
struct Call: Equatable, Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    struct Parameter: Equatable, Sendable {
        var name: String
        var value: String
    }

    var method: Method
    /// Segments joined with `/`, already percent-encoded; see ``segment(_:)``.
    var path: String
    var query: [Parameter] = []
    var body: JSON?
    /// By which the server knows a repetition.
    var idempotencyKey: String?

    /// Text as one path segment: an id of another system may hold anything.
    static func segment(_ text: String) -> String { encode(text) }

    /// Path and query as they go on the wire.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }.joined(separator: "&")
    }

    private static func encode(_ text: String) -> String {
        let unreserved = CharacterSet(
            charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
