import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The API's JSON format, with RFC 3339 timestamps in UTC.
public enum APIJSON {
    /// Encodes a response.
    /// - Parameter sortedKeys: Whether equal values must produce equal bytes.
    public static func encode(_ value: some Encodable, sortedKeys: Bool = false) throws -> Data {
        try encode(value, sortedKeys: sortedKeys, showing: nil)
    }

    /// - Parameter showing: Allows secrets to be written; without it they are written as null.
    fileprivate static func encode(
        _ value: some Encodable, sortedKeys: Bool = false, showing: SecretText.Showing?
    ) throws -> Data {
        let encoder = JSONEncoder()
        if let key = SecretText.Showing.key, let showing { encoder.userInfo[key] = showing }
        encoder.outputFormatting = sortedKeys ? [.withoutEscapingSlashes, .sortedKeys] : [.withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(text(date))
        }
        return try encoder.encode(value)
    }

    /// Decodes a response.
    public static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from data: Data) throws -> Value {
        try decoder().decode(type, from: data)
    }

    /// A decoder for the API's timestamp format.
    fileprivate static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = date(text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "is not an RFC 3339 timestamp"))
            }
            return date
        }
        return decoder
    }

    /// A timestamp in the API's format.
    public static func text(_ date: Date) -> String { date.formatted(timestamp) }

    /// Whether a content type is JSON.
    public static func isNamed(by contentType: String?) -> Bool {
        let name = contentType?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
        return name?.lowercased() == "application/json"
    }

    static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// Parses a timestamp with or without fractional seconds, in any time zone.
    public static func date(_ text: String) -> Date? {
        let text = text.uppercased()
        // Foundation reads February 30 as March 2.
        let local = text.cut(toBytes: 19)
        guard let read = try? Date("\(local)Z", strategy: .iso8601), read.formatted(.iso8601) == local + "Z" else {
            return nil
        }
        return (try? Date(text, strategy: timestamp)) ?? (try? Date(text, strategy: .iso8601))
    }
}

extension Response {
    /// A JSON response. If it contains a ``SecretText``, it is marked as not storable.
    public static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        let showing = SecretText.Showing()
        guard let data = try? APIJSON.encode(value, showing: showing) else {
            // Only a non-finite number can cause this, and none of our values has one.
            return Response(status: .internalServerError)
        }
        var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
        if showing.isUsed { headers[.cacheControl] = "no-store" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }

    /// Whether the response must not be stored because it contains a secret.
    public var holdsSecret: Bool { headers[.cacheControl] == "no-store" }
}

/// A request body with known members, so that misspelled ones are refused instead of ignored, including nested ones.
public protocol JSONBody: Decodable, Sendable {
    /// The names of the members in the request.
    associatedtype CodingKeys: CodingKey & CaseIterable
    /// The ranges of numeric members, for the OpenAPI description; the handler enforces them.
    static var ranges: [String: ClosedRange<Int>] { get }
    /// The maximum lengths of texts in Unicode scalars, by member name at any depth. All others are limited to
    /// ``BodyLimits/usualText``.
    static var lengths: [String: Int] { get }
}

extension JSONBody {
    /// No ranges by default.
    public static var ranges: [String: ClosedRange<Int>] { [:] }
    /// No special lengths by default.
    public static var lengths: [String: Int] { [:] }

    /// Decodes a body. A missing body counts as an empty object if the type accepts that.
    /// - Throws: A 400 ``Problem`` with the invalid fields, or a 422 one for values that are too long.
    public static func decode(_ data: Data) throws(Problem) -> Self {
        if data.isEmpty, let nothingSaid = try? JSONDecoder().decode(Self.self, from: Data("{}".utf8)) {
            return nothingSaid
        }
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw .badRequest(code: "invalid_json", "Send a JSON object as the request's body.")
        }
        // The response must not be larger than a body full of mistakes.
        let unknown = unknownMembers(of: object).prefix(Problem.mostErrors)
        guard unknown.isEmpty else {
            throw .badRequest(
                code: "unknown_member",
                "Remove the unknown members: \(unknown.map(\.name).joined(separator: ", ")).",
                errors: unknown.map { unknown in
                    Problem.FieldError(
                        field: unknown.name, code: "unknown_member",
                        message: "is not known here; known are \(unknown.known.joined(separator: ", "))")
                })
        }
        // If a member is repeated, the decoder uses the first one, but this object contains the last.
        let first = try? JSONDecoder().decode(JSONTree.self, from: data).plain as? [String: Any]
        var tooLong = BodyLimits.faults(in: object, lengths)
        if tooLong.isEmpty { tooLong = BodyLimits.faults(in: first ?? [:], lengths) }
        guard tooLong.isEmpty else { throw .invalid(tooLong) }
        do {
            return try APIJSON.decoder().decode(Self.self, from: data)
        } catch {
            let fault = unfitNumber(in: object, error) ?? fieldError(error)
            let subject = fault.field.isEmpty ? "The body" : fault.field
            throw .badRequest(code: "wrong_type", "\(subject) \(fault.message).", errors: [fault])
        }
    }

    private static func unknownMembers(of object: [String: Any]) -> [Schema.UnknownMember] {
        let known = CodingKeys.allCases.map(\.stringValue).sorted()
        let outer = object.keys.filter { !known.contains($0) }.map { Schema.UnknownMember(name: $0, known: known) }
        // Nested members are checked against the type's schema; most bodies have none. Servers refuse to start if a
        // body's schema cannot be derived.
        let inner =
            object.values.contains { $0 is [String: Any] || $0 is [Any] }
            ? (try? Schema.of(Self.self))?.unknownMembers(inside: object) ?? [] : []
        return (outer + inner).sorted { $0.name < $1.name }
    }

    /// Foundation does not report which member contains a number that is not a 64-bit integer.
    private static func unfitNumber(in object: [String: Any], _ error: any Error) -> Problem.FieldError? {
        guard case DecodingError.dataCorrupted = error else { return nil }
        return (try? Schema.of(Self.self))?.unfitNumbers(in: object).min { $0.field < $1.field }
    }

    private static func fieldError(_ error: any Error) -> Problem.FieldError {
        func name(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String {
            (path + (last.map { [$0] } ?? [])).map { key in key.intValue.map(String.init) ?? key.stringValue }
                .joined(separator: ".")
        }
        return switch error {
        case DecodingError.keyNotFound(let key, let context):
            .init(field: name(context.codingPath, key), code: "required", message: "is required")
        case DecodingError.valueNotFound(_, let context):
            .init(field: name(context.codingPath), code: "required", message: "must not be null")
        case DecodingError.typeMismatch(let type, let context):
            .init(field: name(context.codingPath), code: "wrong_type", message: "must be \(form(of: type))")
        case DecodingError.dataCorrupted(let context):
            .init(
                field: name(context.codingPath), code: "wrong_value",
                message: (try? Schema.of(Self.self))?.at(context.codingPath)?.refusal
                    ?? "is not a valid value")
        default:
            .init(field: "", code: "wrong_value", message: "cannot be read")
        }
    }

    /// The name of a type for people who know JSON but not Swift.
    private static func form(of type: any Any.Type) -> String {
        switch type {
        case is Bool.Type: "true or false"
        case is String.Type, is Date.Type: "text"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [Any].Type: "a list"
        default: "an object"
        }
    }
}

extension Schema {
    /// Why a value of the right type is invalid.
    fileprivate var refusal: String? {
        switch self {
        case .oneOf(let values): "must be one of \(values.joined(separator: ", "))"
        case .string(format: "date-time", longest: _): "is not an RFC 3339 timestamp"
        case .orNull(let schema): schema.refusal
        case .integer, .range: "must be a whole number"
        case .any, .string, .number, .boolean, .array, .object, .either, .reference: nil
        }
    }

    /// The schema at a path.
    fileprivate func at(_ path: some Collection<any CodingKey>) -> Schema? {
        guard let key = path.first else { return self }
        return switch self {
        case .orNull(let schema): schema.at(path)
        case .array(let item): item.at(path.dropFirst())
        case .object(let members, _):
            members.first { $0.name == key.stringValue }?.schema.at(path.dropFirst())
        case .either(let schemas): schemas.lazy.compactMap { $0.at(path) }.first
        case .any, .string, .oneOf, .integer, .range, .number, .boolean, .reference: nil
        }
    }

    /// Numbers that are not 64-bit integers where an integer is required.
    fileprivate func unfitNumbers(in value: Any, at path: String = "") -> [Problem.FieldError] {
        switch self {
        case .integer, .range:
            guard let number = (value as? NSNumber)?.doubleValue, Int64(exactly: number) == nil else { return [] }
            return [
                number.rounded() == number
                    ? .init(field: path, code: "out_of_range", message: "is a number out of range")
                    : .init(field: path, code: "wrong_type", message: "must be a whole number")
            ]
        case .object(let members, _):
            guard let object = value as? [String: Any] else { return [] }
            return members.flatMap { member in
                object[member.name].map {
                    member.schema.unfitNumbers(in: $0, at: path.isEmpty ? member.name : "\(path).\(member.name)")
                } ?? []
            }
        case .array(let item):
            guard let elements = value as? [Any] else { return [] }
            return elements.enumerated().flatMap { item.unfitNumbers(in: $1, at: "\(path).\($0)") }
        case .orNull(let schema): return schema.unfitNumbers(in: value, at: path)
        case .either(let schemas): return schemas.flatMap { $0.unfitNumbers(in: value, at: path) }
        case .any, .string, .oneOf, .number, .boolean, .reference: return []
        }
    }
}
