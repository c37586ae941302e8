import Foundation
import NIOHTTP1
import WebSupport

/// An operation as described by the OpenAPI document, and request bodies generated from that.
package struct DescribedOperation: Sendable {
    package let method: String
    /// Below `/api/v1`, with `{name}` for parameters.
    package let path: String
    /// Names of the query parameters.
    package let query: [String]
    private let body: JSON?

    package static func all(_ api: APIClient) async throws -> [DescribedOperation] {
        let document = try await api(.GET, "/openapi.json").json
        guard case .object(let paths) = document["paths"] else { throw Unexpected("the API is not described") }
        return paths.flatMap { path, node -> [DescribedOperation] in
            guard case .object(let methods) = node else { return [] }
            return methods.map { method, operation in
                DescribedOperation(
                    method: method.uppercased(), path: path.replacing("/api/v1", with: ""),
                    query: operation["parameters"].elements.filter { $0["in"] == "query" }
                        .compactMap { $0["name"].string },
                    body: operation["requestBody"] == .null
                        ? nil : operation["requestBody"]["content"]["application/json"]["schema"])
            }
        }.sorted { ($0.path, $0.method) < ($1.path, $1.method) }
    }

    /// A valid body with only the required fields.
    package var plainBody: String? { body.map { RawJSON($0).text } }

    /// The body once for each of its values, with that value replaced by the text.
    package func bodies(with token: String) -> [String] {
        guard let body else { return [] }
        return RawJSON.variants(body, token).map(\.text)
    }
}

/// JSON as text, including numbers that our own JSON type cannot hold.
private indirect enum RawJSON {
    case token(String)
    case object([String: RawJSON])
    case list([RawJSON])

    var text: String {
        switch self {
        case .token(let text): text
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value.text)" }.joined(separator: ",")
                + "}"
        case .list(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        }
    }

    /// The least that a schema requires.
    init(_ schema: JSON) {
        switch schema["type"].string {
        case "object":
            let required = schema["required"].elements.compactMap(\.string)
            self = .object(Self.properties(schema).filter { required.contains($0.key) }.mapValues(RawJSON.init))
        case "array": self = .list([])
        case "string":
            let example = schema["enum"].elements.first?.string
            self = .token("\"\(example ?? (schema["format"] == "date-time" ? "2026-11-01T08:00:00Z" : "1"))\"")
        case "integer": self = .token("\(max(1, schema["minimum"].int ?? 1))")
        case "number": self = .token("1")
        case "boolean": self = .token("true")
        default:
            let first = schema["anyOf"].elements.first { $0["type"] != .null }
            self = first.map(RawJSON.init) ?? .token("null")
        }
    }

    private static func properties(_ schema: JSON) -> [String: JSON] {
        if case .object(let properties) = schema["properties"] { properties } else { [:] }
    }

    static func variants(_ schema: JSON, _ token: String) -> [RawJSON] {
        switch schema["type"].string {
        case "object":
            guard case .object(let base) = RawJSON(schema) else { return [] }
            return properties(schema).sorted { $0.key < $1.key }.flatMap { name, schema in
                variants(schema, token).map { .object(base.merging([name: $0]) { $1 }) }
            }
        case "array": return variants(schema["items"], token).map { .list([$0]) } + [.token(token)]
        case "string", "integer", "number", "boolean": return [.token(token)]
        default:
            let found = schema["anyOf"].elements.filter { $0["type"] != .null }.flatMap { variants($0, token) }
            return found.isEmpty ? [.token(token)] : found
        }
    }
}
