import API
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import WebSupport

/// The OpenAPI 3.1 description of the API, generated from the routes so that it always matches them.
public struct OpenAPI: Sendable {
    /// An operation in the description.
    public struct Operation: Sendable {
        /// The method in upper case, such as `GET`.
        public let method: String
        /// The path, including `/api/v1`.
        public let path: String
        /// The route.
        public let route: Route
        /// Which of the route's aliases it is, counting from 1; 0 for the main path.
        let alias: Int
        /// The schema of the request body.
        public let request: Schema?
        /// The schema of the response; nil if it has no body or is a file.
        public let response: Schema?
    }

    /// All operations, sorted by path and method.
    public let operations: [Operation]

    /// Derives the description from the routes.
    /// - Throws: If no schema can be derived for a type, with its route.
    public init(_ routes: [Route]) throws {
        operations = try routes.flatMap { route in
            let (request, response) = (try route.takes.map { try $0.schema() }, try route.gives.schema()?.answered)
            return route.places.enumerated().map { alias, place in
                Operation(
                    method: place.method.rawValue, path: "/api/v1" + place.path, route: route, alias: alias,
                    request: request, response: response)
            }
        }.sorted { ($0.path, $0.method) < ($1.path, $1.method) }
    }

    /// The document as JSON.
    public func document() throws -> Data {
        var paths: [String: [String: Node]] = [:]
        for operation in operations {
            paths[operation.path, default: [:]][operation.method.lowercased()] = Self.node(operation)
        }
        let document: Node = .object([
            "openapi": "3.1.0",
            "info": .object([
                "title": "Patchbay", "version": "1",
                "description": """
                Ticket notifications and ticket updates for managed service providers. Lists are paged: pass \
                next_cursor as cursor. Errors are problem documents (RFC 9457).
                """,
            ]),
            "servers": .array([.object(["url": "/"])]),
            "security": .array([.object(["key": .array([])])]),
            "paths": .object(paths.mapValues { .object($0) }),
            "components": .object([
                "securitySchemes": .object([
                    "key": .object([
                        "type": "http", "scheme": "bearer", "description": "An API key: pb_<id>_<secret>",
                    ])
                ]),
                "schemas": .object([
                    "Null": .object(["type": "null"]), "Problem": .schema(Self.problem),
                ]),
                "parameters": .object(Self.headers),
            ]),
        ])
        return try APIJSON.encode(document, sortedKeys: true)
    }

    private static let problem: Schema = .object([
        .init("type", .string()), .init("title", .string()), .init("status", .integer), .init("detail", .string()),
        .init("code", .string()), .init("request_id", .string()), .init("instance", .string(), required: false),
        .init(
            "errors",
            .array(.object([.init("field", .string()), .init("code", .string()), .init("message", .string())])),
            required: false),
    ])

    /// The header fields that every operation supports, or every operation with idempotency keys.
    private static let headers: [String: Node] = [
        "Organization": parameter(
            "X-Patchbay-Organization", in: "header", .object(["type": "integer", "minimum": 1]),
            "the organization to use; only for super administrators"),
        "IdempotencyKey": parameter(
            "Idempotency-Key", in: "header", .object(["type": "string", "minLength": 1, "maxLength": 200]),
            "identifies the request: repeated with the same key it is done once and answered as before"),
    ]

    private static func node(_ operation: Operation) -> Node {
        let route = operation.route
        var node: [String: Node] = [
            "operationId": .string(identifier(of: operation)), "tags": .array([.string(route.scope.rawValue)]),
            "summary": .string(route.summary),
            "description": .string(
                "Requires the role \(route.role.rawValue) or higher."
                    + (route.flag.map { " Requires the feature \($0.rawValue)." } ?? "")),
        ]
        if operation.alias > 0 { node["deprecated"] = true }
        var parameters = route.path.splitBytes(on: "/").compactMap(\.placeholder).map { name in
            parameter(name, in: "path", .string(longest: Route.longestParameter), required: true, "")
        }
        if case .page = route.gives {
            parameters.append(
                parameter(
                    "limit", in: "query", .object(["type": "integer", "minimum": 1, "maximum": 200]),
                    "the most items to return; 50 by default"))
            parameters.append(
                parameter(
                    "cursor", in: "query", .string(longest: Route.longestCursor), required: false,
                    "next_cursor of the previous page"))
        }
        for item in route.query {
            parameters.append(
                parameter(item.name, in: "query", item.schema, required: false, item.summary))
        }
        for name in route.isDoneOnce ? ["IdempotencyKey", "Organization"] : ["Organization"] {
            parameters.append(.object(["$ref": .string("#/components/parameters/\(name)")]))
        }
        node["parameters"] = .array(parameters)
        if let request = operation.request {
            node["requestBody"] = .object([
                "required": .bool(request.hasRequiredMembers), "content": content("application/json", .schema(request)),
            ])
        }
        node["responses"] = .object(responses(operation))
        return .object(node)
    }

    private static func parameter(
        _ name: String, in place: String, _ schema: Schema, required: Bool, _ summary: String
    ) -> Node {
        .object([
            "name": .string(name), "in": .string(place), "required": .bool(required), "schema": .schema(schema),
            "description": .string(summary),
        ])
    }

    private static func parameter(_ name: String, in place: String, _ schema: Node, _ summary: String) -> Node {
        .object([
            "name": .string(name), "in": .string(place), "required": false, "schema": schema,
            "description": .string(summary),
        ])
    }

    private static func content(_ type: String, _ schema: Node) -> Node {
        .object([type: .object(["schema": schema])])
    }

    private static func responses(_ operation: Operation) -> [String: Node] {
        let route = operation.route
        var success: [String: Node] = ["description": "Success."]
        if let response = operation.response {
            success["content"] = content("application/json", .schema(response))
        } else if case .file(let types) = route.gives {
            success["content"] = .object(
                Dictionary(uniqueKeysWithValues: types.map { ($0, .object(["schema": .object(["type": "string"])])) }))
        }
        if case .made = route.gives {
            success["headers"] = .object([
                "Location": .object([
                    "required": true, "schema": .object(["type": "string"]),
                    "description": "The URL of the new resource.",
                ])
            ])
        }
        if route.limit != nil { success["headers"] = .object(rateLimitHeaders) }
        var responses: [String: Node] = ["\(route.gives.status.code)": .object(success)]
        if case .doneOrAccepted = route.gives {
            success["description"] = "Accepted and stored; it continues in the background."
            responses["202"] = .object(success)
        }
        var refusals = [
            (400, "The request is malformed."), (401, "The API key or sign-in is missing or invalid."),
            (403, "The role, the key's scopes or a customer limit does not allow it."),
            (404, "It does not exist, or the organization does not."),
            (500, "A defect in the server."), (503, "The database is unavailable at the moment."),
        ]
        if route.method != .get {
            refusals += [
                (412, "It was changed since it was read."), (413, "The body is too large."),
                (415, "The body is not JSON."),
            ]
        }
        if route.method != .get || route.flag != nil || route.asksOutside {
            refusals.append((409, "It conflicts with the current state, or the feature is disabled."))
        }
        if route.method != .get || route.asksOutside {
            refusals += [
                (422, "Values are invalid, or an outside system rejected them."),
                (502, "An outside system gave an unexpected response."),
                (504, "An outside system did not respond in time."),
            ]
        }
        if route.limit != nil { refusals.append((429, "Too many calls; Retry-After says when to try again.")) }
        for (status, description) in refusals {
            responses["\(status)"] = .object([
                "description": .string(description),
                "content": content("application/problem+json", .schema(.reference("Problem"))),
            ])
        }
        return responses
    }

    private static var rateLimitHeaders: [String: Node] {
        [
            "RateLimit-Policy": .object([
                "schema": .object(["type": "string"]), "description": "How many calls, in how long.",
            ]),
            "RateLimit": .object([
                "schema": .object(["type": "string"]),
                "description": "How many are left (r), and in how many seconds there is one more (t).",
            ]),
        ]
    }

    private static func identifier(of operation: Operation) -> String {
        let alias = operation.alias == 0 ? "" : operation.alias == 1 ? "Alias" : "Alias\(operation.alias)"
        return operation.route.id + alias
    }

    /// Serves the document without sign-in, because it is not secret.
    public func install(in router: Router<WebContext>) {
        let document = Document(of: self)
        router.get("/api/v1/openapi.json") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
                body: .init(byteBuffer: try document.bytes()))
        }
    }

    /// The document, generated on first request so that it does not delay the start.
    private final class Document: Sendable {
        private let description: OpenAPI
        private let written = Mutex<ByteBuffer?>(nil)

        init(of description: OpenAPI) { self.description = description }

        func bytes() throws -> ByteBuffer {
            try written.withLock { written in
                let bytes = try written ?? ByteBuffer(bytes: description.document())
                written = bytes
                return bytes
            }
        }
    }

    /// A JSON node of the document.
    private indirect enum Node: Sendable, Encodable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
        ExpressibleByIntegerLiteral
    {
        case string(String)
        case bool(Bool)
        case integer(Int)
        case array([Node])
        case object([String: Node])
        case schema(Schema)

        init(stringLiteral value: String) { self = .string(value) }
        init(booleanLiteral value: Bool) { self = .bool(value) }
        init(integerLiteral value: Int) { self = .integer(value) }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .string(let value): try container.encode(value)
            case .bool(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            case .array(let value): try container.encode(value)
            case .object(let value): try container.encode(value)
            case .schema(let value): try container.encode(value)
            }
        }
    }
}

extension Route {
    /// Whether the route supports an `Idempotency-Key`.
    fileprivate var isDoneOnce: Bool { method == .post || handlesIdempotency != nil }
    /// Whether even a read may call an outside system.
    fileprivate var asksOutside: Bool { path.utf8.hasPrefix("/integrations/") || path.utf8.contains("/connectwise/") }
}

extension RouteAnswer {
    fileprivate func schema() throws -> Schema? {
        switch self {
        case .one(let type), .made(let type), .accepted(let type), .doneOrAccepted(let type): try .of(type)
        case .page(let type):
            .object([
                .init("items", .array(try .of(type))), .init("next_cursor", .orNull(.string())),
            ])
        case .list(let type): .object([.init("items", .array(try .of(type)))])
        case .nothing, .file: nil
        }
    }
}

extension QueryParameter {
    fileprivate var schema: Schema {
        switch kind {
        case .text: .string(longest: longest)
        case .integer: .integer
        case .flag: .boolean
        case .instant: .string(format: "date-time")
        case .oneOf(let values): .oneOf(values)
        }
    }
}
