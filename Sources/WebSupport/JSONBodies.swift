import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// JSON as the API writes and reads it: RFC 3339 timestamps in UTC.
public enum APIJSON {
    /// Encodes an answer.
    /// - Parameter sortedKeys: whether equal values give equal bytes.
    public static func encode(_ value: some Encodable, sortedKeys: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = sortedKeys ? [.withoutEscapingSlashes, .sortedKeys] : [.withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(text(date))
        }
        return try encoder.encode(value)
    }

    /// A timestamp as the API writes it.
    public static func text(_ date: Date) -> String { date.formatted(timestamp) }

    static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// Reads a timestamp with or without fractions of a second, in any zone.
    public static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: timestamp)) ?? (try? Date(text, strategy: .iso8601))
    }
}

extension Response {
    /// A JSON answer.
    public static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        guard let data = try? APIJSON.encode(value) else {
            // Only a value with an infinite number can get here; none of ours has one.
            return Response(status: .internalServerError)
        }
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }
}

/// A request body whose members are known, so that a misspelt one is refused instead of ignored, also inside of others.
public protocol JSONBody: Decodable, Sendable {
    /// The members' names as in the request.
    associatedtype CodingKeys: CodingKey & CaseIterable
    /// Within which numbers those of some members have to be, as the description tells it; the handler refuses others.
    static var ranges: [String: ClosedRange<Int>] { get }
}

extension JSONBody {
    /// None.
    public static var ranges: [String: ClosedRange<Int>] { [:] }

    /// Reads a body.
    /// - Throws: a 400 ``Problem`` that names the fields at fault.
    public static func decode(_ data: Data) throws(Problem) -> Self {
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw .badRequest(code: "not_json", "Send a JSON object as the request's body.")
        }
        let unknown = unknownMembers(of: object)
        guard unknown.isEmpty else {
            throw .badRequest(
                code: "unknown_member",
                "Remove what this request does not know: \(unknown.map(\.name).joined(separator: ", ")).",
                errors: unknown.map { unknown in
                    Problem.FieldError(
                        field: unknown.name, code: "unknown_member",
                        message: "is not known here; known are \(unknown.known.joined(separator: ", "))")
                })
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = APIJSON.date(text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "is not an RFC 3339 timestamp"))
            }
            return date
        }
        do {
            return try decoder.decode(Self.self, from: data)
        } catch {
            let fault = unfitNumber(in: object, error) ?? fieldError(error)
            throw .badRequest(code: "wrong_type", "\(fault.field) \(fault.message).", errors: [fault])
        }
    }

    private static func unknownMembers(of object: [String: Any]) -> [Schema.UnknownMember] {
        let known = CodingKeys.allCases.map(\.stringValue).sorted()
        let outer = object.keys.filter { !known.contains($0) }.map { Schema.UnknownMember(name: $0, known: known) }
        // What is inside of others is known by what the type reads; most bodies have nothing inside. No server starts with a
        // body of which it cannot be learnt.
        let inner =
            object.values.contains { $0 is [String: Any] || $0 is [Any] }
            ? (try? Schema.of(Self.self))?.unknownMembers(inside: object) ?? [] : []
        return (outer + inner).sorted { $0.name < $1.name }
    }

    /// Foundation does not tell which member holds a number that is no integer of 64 bits.
    private static func unfitNumber(in object: [String: Any], _ error: any Error) -> Problem.FieldError? {
        guard case DecodingError.dataCorrupted(let context) = error, context.codingPath.isEmpty else { return nil }
        let field = object.keys.sorted().first { name in
            (object[name] as? NSNumber).map { Int64(exactly: $0.doubleValue) == nil } ?? false
        }
        return field.map { .init(field: $0, code: "wrong_type", message: "must be of type integer") }
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
            .init(field: name(context.codingPath), code: "wrong_type", message: "must be of type \(jsonName(type))")
        case DecodingError.dataCorrupted(let context):
            .init(field: name(context.codingPath), code: "wrong_value", message: context.debugDescription)
        default:
            .init(field: "", code: "wrong_value", message: "cannot be read")
        }
    }

    private static func jsonName(_ type: any Any.Type) -> String {
        switch type {
        case is Bool.Type: "boolean"
        case is String.Type, is Date.Type: "string"
        case is any BinaryInteger.Type: "integer"
        case is any BinaryFloatingPoint.Type: "number"
        default: "\(type)"
        }
    }
}
