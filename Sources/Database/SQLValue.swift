import BoundaryText
import Foundation

/// A value as it travels to and from either engine.
public enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case bytes([UInt8])
}

/// A Swift value that can be bound to a statement.
public protocol SQLConvertible: Sendable {
    /// The value as the database keeps it.
    var sqlValue: SQLValue { get }
}

/// A Swift value that can be read from a column.
public protocol SQLDecodable: Sendable {
    /// Nil when the column holds something else.
    init?(sqlValue: SQLValue)
}

extension SQLValue: SQLConvertible, SQLDecodable {
    /// Itself.
    public var sqlValue: SQLValue { self }

    /// Itself.
    public init?(sqlValue: SQLValue) {
        self = sqlValue
    }
}

extension Int: SQLConvertible, SQLDecodable {
    /// 64 bits.
    public var sqlValue: SQLValue { .integer(Int64(self)) }

    /// From an integer column.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self.init(exactly: value)
    }
}

extension Int64: SQLConvertible, SQLDecodable {
    /// 64 bits.
    public var sqlValue: SQLValue { .integer(self) }

    /// From an integer column.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self = value
    }
}

extension Bool: SQLConvertible, SQLDecodable {
    /// 0 or 1, in both engines.
    public var sqlValue: SQLValue { .integer(self ? 1 : 0) }

    /// From an integer column.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self = value != 0
    }
}

extension Double: SQLConvertible, SQLDecodable {
    /// 64 bits.
    public var sqlValue: SQLValue { .real(self) }

    /// From a number column.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .real(let value): self = value
        case .integer(let value): self = Double(value)
        case .null, .text, .bytes: return nil
        }
    }
}

extension String: SQLConvertible, SQLDecodable {
    /// Text. PostgreSQL cannot store U+0000, so it is left out in both engines.
    public var sqlValue: SQLValue {
        // memchr: this runs for every text that is bound.
        let isClean = utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, 0, bytes.count) == nil } ?? true
        }
        return isClean ?? !utf8.contains(0) ? .text(self) : .text(String(unicodeScalars.filter { $0.value != 0 }))
    }

    /// From a text column.
    public init?(sqlValue: SQLValue) {
        guard case .text(let value) = sqlValue else { return nil }
        self = value
    }
}

extension [UInt8]: SQLConvertible, SQLDecodable {
    /// Bytes.
    public var sqlValue: SQLValue { .bytes(self) }

    /// From a bytes column.
    public init?(sqlValue: SQLValue) {
        guard case .bytes(let value) = sqlValue else { return nil }
        self = value
    }
}

extension Date: SQLConvertible, SQLDecodable {
    /// Milliseconds since 1970, UTC.
    public var sqlValue: SQLValue { .integer(Int64(saturating: (timeIntervalSince1970 * 1000).rounded())) }

    /// As it comes back from the database. What is compared with a stored instant is compared as such: a job that is to run now
    /// would otherwise be due up to half a millisecond later.
    public var asStored: Date { Date(sqlValue: sqlValue) ?? self }

    /// From milliseconds since 1970.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self.init(timeIntervalSince1970: Double(value) / 1000)
    }
}

extension Optional: SQLConvertible where Wrapped: SQLConvertible {
    /// NULL for nil.
    public var sqlValue: SQLValue { self?.sqlValue ?? .null }
}

extension Optional: SQLDecodable where Wrapped: SQLDecodable {
    /// Nil for NULL.
    public init?(sqlValue: SQLValue) {
        if case .null = sqlValue {
            self = .none
            return
        }
        guard let value = Wrapped(sqlValue: sqlValue) else { return nil }
        self = value
    }
}

extension SQLConvertible where Self: RawRepresentable, RawValue: SQLConvertible {
    /// The raw value.
    public var sqlValue: SQLValue { rawValue.sqlValue }
}

extension SQLDecodable where Self: RawRepresentable, RawValue: SQLDecodable {
    /// From the raw value.
    public init?(sqlValue: SQLValue) {
        guard let raw = RawValue(sqlValue: sqlValue) else { return nil }
        self.init(rawValue: raw)
    }
}
