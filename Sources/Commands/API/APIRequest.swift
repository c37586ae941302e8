import API
import BoundaryText
import HTTPTypes
import WebSupport

/// One request to the server, before anything is sent: what a command wants, as a value.
struct APIRequest: Equatable, Sendable {
    struct Parameter: Equatable, Sendable {
        var name: String
        var value: String
    }

    var method: HTTPRequest.Method
    /// From the server's root; segments joined with `/`, already percent-encoded.
    var path: String
    var query: [Parameter] = []
    var body: JSON?
    /// By which the server recognizes a repeated request.
    var idempotencyKey: String?

    /// Path and query as they go on the wire.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
    }

    /// Text as one path segment or value: an id of another system may hold anything.
    static func encoded(_ text: String) -> String { text.percentEncoded(keeping: "-._~") }
}

extension APIRequest {
    /// The request of an operation's call.
    init<Answer>(_ call: API.Call<Answer>) {
        self.init(
            method: call.method, path: Endpoint.base + call.path,
            query: call.query.sorted { $0.key < $1.key }.map { Parameter(name: $0.key, value: $0.value) },
            body: call.body)
    }
}

/// Where an operation is, without its types: what verbs need that are the same for every noun.
struct Endpoint: Equatable, Sendable {
    /// In front of every operation's path.
    static let base = "/api/v1"

    let method: HTTPRequest.Method
    /// Below ``base``, with `{…}` for each segment that names something.
    let path: String
    /// The smallest role that may use it; nil where it is not known here.
    let role: Role?

    init(_ method: HTTPRequest.Method, _ path: String) {
        self.method = method
        self.path = path
        role = nil
    }

    /// The endpoint of an operation.
    init<Place, Query, Body, Answer>(_ operation: API.Operation<Place, Query, Body, Answer>) {
        method = operation.method
        path = operation.path
        role = operation.role
    }

    /// A request to it.
    /// - Parameter places: the values for the path's `{…}`, in order.
    func callAsFunction(
        _ places: [String] = [], query: [APIRequest.Parameter] = [], body: JSON? = nil
    ) -> APIRequest {
        var places = places[...]
        let segments = path.splitBytes(on: "/", omittingEmpty: false).map { segment in
            guard segment.utf8.hasPrefix("{") else { return String(segment) }
            return places.popFirst().map(APIRequest.encoded) ?? ""
        }
        return APIRequest(
            method: method, path: Self.base + segments.joined(separator: "/"), query: query, body: body)
    }

    /// The same with the first `{…}` of the path filled.
    func filled(with place: String) -> Endpoint {
        var isFilled = false
        let segments = path.splitBytes(on: "/", omittingEmpty: false).map { segment in
            guard !isFilled, segment.utf8.hasPrefix("{") else { return String(segment) }
            isFilled = true
            return APIRequest.encoded(place)
        }
        return Endpoint(method, segments.joined(separator: "/"))
    }

    /// What a help text says about who may use it.
    var needs: String? {
        guard let role, role > .viewer else { return nil }
        return "Needs the role \(role.rawValue.replacing(bytes: "_", with: " ")) or a larger one."
    }
}
