import BoundaryText
import Foundation

/// The shape of a JSON value, as a Swift type reads it: the subset of JSON Schema 2020-12 that our types need.
public indirect enum Schema: Sendable, Equatable, Encodable {
    /// Any value.
    case any
    /// Text, optionally with a format such as `date-time` and a maximum number of Unicode scalars.
    case string(format: String? = nil, longest: Int? = nil)
    /// One of some texts.
    case oneOf([String])
    /// A 64-bit integer.
    case integer
    /// An integer within a range.
    case range(ClosedRange<Int>)
    /// Any number.
    case number
    /// true or false.
    case boolean
    /// A list.
    case array(Schema)
    /// Members by name; a closed object allows no others.
    case object([Member], isClosed: Bool = false)
    /// The schema, or null.
    case orNull(Schema)
    /// One of several; responses use the first one.
    case either([Schema])
    /// A reference to a named schema.
    case reference(String)

    /// A member of an object.
    public struct Member: Sendable, Equatable {
        /// The name in the JSON.
        public var name: String
        /// The schema of its value.
        public var schema: Schema
        /// Whether it is required.
        public var isRequired: Bool

        /// Creates a member.
        public init(_ name: String, _ schema: Schema, required: Bool = true) {
            self.name = name
            self.schema = schema
            isRequired = required
        }
    }

    /// Derives the schema that a type reads by decoding it from a recording decoder.
    /// - Parameter isClosed: Whether members that the type does not know are refused, at any depth.
    /// - Throws: ``Unlearnable``; never returns an incomplete schema.
    public static func of(_ type: any Decodable.Type, isClosed: Bool = false) throws(Unlearnable) -> Schema {
        let schema = try read(type)
        return isClosed ? schema.closed : schema
    }

    /// A type that rejects the recording decoder's values, so that its schema would be incomplete.
    public struct Unlearnable: Error, CustomStringConvertible {
        /// The members that lead to the type, outermost first, each with the type it belongs to.
        private(set) var path: [String] = []
        fileprivate let type: any Any.Type

        /// The message, with type and member.
        public var description: String {
            "\(path.isEmpty ? "" : path.joined(separator: ", ") + ": ")cannot determine what \(type) reads; make it CaseIterable or SchemaDescribing"
        }

        fileprivate func under(_ name: String, of owner: any Any.Type) -> Unlearnable {
            var longer = self
            longer.path.insert("\(owner).\(name)", at: 0)
            return longer
        }
    }

    /// The same object schema with ranges for numbers, by member.
    public func limited(to ranges: [String: ClosedRange<Int>]) -> Schema {
        guard case .object(let members, let isClosed) = self else { return self }
        return .object(
            members.map { member in
                guard let range = ranges[member.name] else { return member }
                let schema: Schema = if case .orNull = member.schema { .orNull(.range(range)) } else { .range(range) }
                return Member(member.name, schema, required: member.isRequired)
            }, isClosed: isClosed)
    }

    private var closed: Schema {
        switch self {
        case .object(let members, _):
            .object(
                members.map { Member($0.name, $0.schema.closed, required: $0.isRequired) }, isClosed: true)
        case .array(let item): .array(item.closed)
        case .orNull(let schema): .orNull(schema.closed)
        case .either(let schemas): .either(schemas.map(\.closed))
        case .any, .string, .oneOf, .integer, .range, .number, .boolean, .reference: self
        }
    }

    /// Whether a value is required: true unless it is an object without required members.
    public var hasRequiredMembers: Bool {
        guard case .object(let members, _) = self else { return true }
        return members.contains(where: \.isRequired)
    }

    /// A member of an object that is missing from its schema.
    struct UnknownMember {
        /// The full path of the member: `mappings.0.user`.
        let name: String
        /// The known members, one of which may have been meant.
        let known: [String]
    }

    /// The unknown members nested in an object's known members.
    func unknownMembers(inside object: [String: Any], at path: String = "") -> [UnknownMember] {
        guard case .object(let members, _) = self else { return [] }
        return members.flatMap { member -> [UnknownMember] in
            object[member.name].map { member.schema.unknownMembers(of: $0, at: path + member.name) } ?? []
        }
    }

    private func unknownMembers(of value: Any, at path: String) -> [UnknownMember] {
        switch self {
        case .object(let members, _):
            guard let object = value as? [String: Any] else { return [] }
            let known = members.map(\.name).sorted()
            return object.keys.filter { !known.contains($0) }.map { .init(name: "\(path).\($0)", known: known) }
                + unknownMembers(inside: object, at: path + ".")
        case .array(let item):
            guard let elements = value as? [Any] else { return [] }
            return elements.enumerated().flatMap { item.unknownMembers(of: $1, at: "\(path).\($0)") }
        case .orNull(let schema):
            return schema.unknownMembers(of: value, at: path)
        case .either(let schemas):
            return schemas.map { $0.unknownMembers(of: value, at: path) }.min { $0.count < $1.count } ?? []
        case .any, .string, .oneOf, .integer, .range, .number, .boolean, .reference:
            return []
        }
    }

    fileprivate static func read<Value: Decodable>(_ type: Value.Type) throws(Unlearnable) -> Schema {
        try note(type).schema
    }

    /// - Returns: The schema, and a value that the type accepted.
    fileprivate static func note<Value: Decodable>(
        _ type: Value.Type
    ) throws(Unlearnable) -> (schema: Schema, value: Value) {
        if let described = type as? any SchemaDescribing.Type, let example = described.example as? Value {
            return (described.schema, example)
        }
        if let date = Date() as? Value { return (.string(format: "date-time"), date) }
        if let cases = type as? any CaseIterable.Type {
            let all = cases.every
            let names = all.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
            if !names.isEmpty, let first = all.first as? Value { return (.oneOf(names), first) }
        }
        let notes = Notes(type)
        do {
            let value = try Value(from: NoteTaker(notes: notes))
            return (notes.isNullable ? .orNull(notes.schema) : notes.schema, value)
        } catch let error as Unlearnable {
            throw error
        } catch {
            throw Unlearnable(type: type)
        }
    }

    /// The schema of a response, which has one form where a request may have several.
    public var answered: Schema {
        switch self {
        case .either(let schemas): schemas.first?.answered ?? .any
        case .array(let item): .array(item.answered)
        case .orNull(let schema): .orNull(schema.answered)
        case .object(let members, let isClosed):
            .object(
                members.map { Member($0.name, $0.schema.answered, required: $0.isRequired) }, isClosed: isClosed)
        case .any, .string, .oneOf, .integer, .range, .number, .boolean, .reference: self
        }
    }

    /// Encodes the schema as JSON Schema.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        switch self {
        case .any: break
        case .string(let format, let longest):
            try container.encode("string", forKey: "type")
            try container.encodeIfPresent(format, forKey: "format")
            try container.encodeIfPresent(longest, forKey: "maxLength")
        case .oneOf(let values):
            try container.encode("string", forKey: "type")
            try container.encode(values, forKey: "enum")
        case .integer:
            try container.encode("integer", forKey: "type")
            try container.encode(Int64.min, forKey: "minimum")
            try container.encode(Int64.max, forKey: "maximum")
        case .range(let range):
            try container.encode("integer", forKey: "type")
            try container.encode(range.lowerBound, forKey: "minimum")
            try container.encode(range.upperBound, forKey: "maximum")
        case .number: try container.encode("number", forKey: "type")
        case .boolean: try container.encode("boolean", forKey: "type")
        case .array(let item):
            try container.encode("array", forKey: "type")
            try container.encode(item, forKey: "items")
        case .object(let members, let isClosed):
            try container.encode("object", forKey: "type")
            let named = Dictionary(members.map { ($0.name, $0.schema) }, uniquingKeysWith: { first, _ in first })
            try container.encode(named, forKey: "properties")
            let required = members.filter(\.isRequired).map(\.name)
            if !required.isEmpty { try container.encode(required, forKey: "required") }
            if isClosed { try container.encode(false, forKey: "additionalProperties") }
        case .either(let schemas):
            try container.encode(schemas, forKey: "anyOf")
        case .orNull(let schema):
            try container.encode([schema, .null], forKey: "anyOf")
        case .reference(let name):
            try container.encode("#/components/schemas/\(name)", forKey: "$ref")
        }
    }

    /// A schema that only matches null, used to encode ``orNull(_:)``.
    private static let null = Schema.reference("Null")

    private struct Name: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
        init(stringLiteral value: String) { stringValue = value }
    }
}

/// A type that describes its own schema, because it reads more than one form.
public protocol SchemaDescribing {
    /// The schema, with all forms.
    static var schema: Schema { get }
    /// An arbitrary value.
    static var example: Self { get }
}

extension CaseIterable {
    fileprivate static var every: [Any] { Array(allCases) }
}

private final class Notes {
    var schema = Schema.any
    /// Whether the type checked for null, so it accepts null.
    var isNullable = false
    /// The type being decoded.
    let type: any Any.Type

    init(_ type: any Any.Type) {
        self.type = type
    }
}

/// Records what a type decodes, and returns a minimal value for each request.
private struct NoteTaker: Decoder {
    let notes: Notes
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        if case .object = notes.schema {} else { notes.schema = .object([]) }
        return KeyedDecodingContainer(KeyedNotes<Key>(notes: notes))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { ListNotes(notes: notes) }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { ValueNotes(notes: notes) }
}

private struct NothingToRead: Error {}

private struct KeyedNotes<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let notes: Notes
    private let optional = OptionalNames()
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    private final class OptionalNames {
        var names: Set<String> = []
    }

    init(notes: Notes) {
        self.notes = notes
    }

    func contains(_ key: Key) -> Bool {
        optional.names.insert(key.stringValue)
        return true
    }

    // Called before decoding a member that may be null or missing.
    func decodeNil(forKey key: Key) throws -> Bool {
        optional.names.insert(key.stringValue)
        return false
    }

    private func add(_ key: Key, _ schema: Schema) {
        guard case .object(var members, let isClosed) = notes.schema,
            !members.contains(where: { $0.name == key.stringValue })
        else { return }
        let isOptional = optional.names.contains(key.stringValue)
        members.append(
            Schema.Member(key.stringValue, isOptional ? .orNull(schema) : schema, required: !isOptional))
        notes.schema = .object(members, isClosed: isClosed)
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        do throws(Schema.Unlearnable) {
            let (schema, value) = try Schema.note(type)
            add(key, schema)
            return value
        } catch {
            throw error.under(key.stringValue, of: notes.type)
        }
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        add(key, .boolean)
        return false
    }

    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        add(key, .string())
        return "1"
    }

    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        add(key, .number)
        return 1
    }

    private func whole<Value: FixedWidthInteger>(_ key: Key) -> Value {
        add(key, .integer)
        return 1
    }

    func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
        add(key, .number)
        return 1
    }

    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { whole(key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { whole(key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { whole(key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { whole(key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { whole(key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { whole(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { whole(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { whole(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { whole(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { whole(key) }

    func nestedContainer<Other: CodingKey>(
        keyedBy type: Other.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Other> { throw NothingToRead() }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw NothingToRead() }
    func superDecoder() throws -> any Decoder { throw NothingToRead() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw NothingToRead() }
}

/// Contains one element.
private struct ListNotes: UnkeyedDecodingContainer {
    let notes: Notes
    var codingPath: [any CodingKey] { [] }
    var count: Int? { nil }
    var isAtEnd: Bool { currentIndex > 0 }
    var currentIndex = 0

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, value) = try Schema.note(type)
        notes.schema = .array(schema)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw NothingToRead()
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw NothingToRead() }
    mutating func superDecoder() throws -> any Decoder { throw NothingToRead() }
}

private struct ValueNotes: SingleValueDecodingContainer {
    let notes: Notes
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool {
        notes.isNullable = true
        return false
    }

    func decode(_ type: Bool.Type) throws -> Bool {
        notes.schema = .boolean
        return false
    }

    func decode(_ type: String.Type) throws -> String {
        notes.schema = .string()
        return "1"
    }

    func decode(_ type: Double.Type) throws -> Double {
        notes.schema = .number
        return 1
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let type = type as? any FixedWidthInteger.Type {
            notes.schema = .integer
            if let one = type.init(1) as? Value { return one }
        }
        let (schema, value) = try Schema.note(type)
        notes.schema = schema
        return value
    }
}
