import BoundaryText
import Foundation

/// The part of a list that a caller requests.
public struct PageRequest: Sendable, Equatable {
    /// The maximum number of items per response.
    public static let largest = 200
    /// The number of items, from 1 to 200.
    public let limit: Int
    /// Where the previous page ended; nil for the first page.
    public let after: Cursor?

    /// Requests a page.
    public init(limit: Int = 50, after: Cursor? = nil) {
        self.limit = limit
        self.after = after
    }

    /// Parses `limit` and `cursor`.
    /// - Parameter isKey: Whether a text can be a sort key of the list.
    /// - Throws: A 400 ``Problem`` that names the invalid parameter.
    public init(
        limit: String?, cursor: String?, isKey: (String) -> Bool = { Int64($0) != nil }
    ) throws(Problem) {
        let number = limit.map { Int($0) ?? 0 } ?? 50
        guard (1...Self.largest).contains(number) else {
            throw .badRequest(
                "limit must be a number from 1 to \(Self.largest).",
                errors: [
                    .init(field: "limit", code: "out_of_range", message: "must be a number from 1 to \(Self.largest)")
                ])
        }
        var after: Cursor?
        if let cursor {
            guard let read = Cursor(cursor), isKey(read.key) else {
                throw .badRequest(
                    "cursor is not one of this list. Start again without it.",
                    errors: [.init(field: "cursor", code: "wrong_value", message: "is not known")])
            }
            after = read
        }
        self.init(limit: number, after: after)
    }
}

/// The position in a list where a page ended: the sort key of its last row, opaque to callers.
public struct Cursor: Sendable, Equatable, LosslessStringConvertible {
    /// The sort key.
    public let key: String

    /// Creates the position after a row with this sort key.
    public init(key: String) {
        self.key = key
    }

    /// Parses a ``description``.
    public init?(_ description: String) {
        guard
            let data = Data(
                base64Encoded: description.replacing(bytes: "-", with: "+").replacing(bytes: "_", with: "/")),
            // Compare bytes, because the key may start with a character that Swift combines with the colon.
            data.starts(with: Data("c:".utf8)), let key = String(data: data.dropFirst(2), encoding: .utf8)
        else { return nil }
        self.key = key
    }

    /// The value of `next_cursor`.
    public var description: String {
        Data("c:\(key)".utf8).base64EncodedString().replacing(bytes: "+", with: "-").replacing(bytes: "/", with: "_")
    }

    /// The key as a number, for lists sorted by ID; nil if it is not a number.
    public var number: Int64? { Int64(key) }
}

/// One page of a list.
public struct Page<Item: Sendable>: Sendable {
    /// The items, at most as many as requested.
    public let items: [Item]
    /// The start of the next page; nil at the end.
    public let next: Cursor?

    /// Creates a page from up to one row more than requested; the extra row shows that there is another page.
    public init(_ rows: [Item], limit: Int, key: (Item) -> String) {
        items = Array(rows.prefix(limit))
        next = rows.count > limit ? items.last.map { Cursor(key: key($0)) } : nil
    }

    /// Creates a page from another system's response.
    package init(items: [Item], next: Cursor?) {
        self.items = items
        self.next = next
    }

    /// The same page with transformed items.
    public func map<Other: Sendable>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), next: next)
    }
}

/// A ``Page`` of any item type.
public protocol AnyPage {
    /// The type of the items.
    static var item: any Sendable.Type { get }
}

extension Page: AnyPage {
    /// The type of the items.
    public static var item: any Sendable.Type { Item.self }

    private enum CodingKeys: String, CodingKey {
        case items
        case next = "next_cursor"
    }
}

extension Page: Decodable where Item: Decodable {
    /// Decodes a page from a response.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        items = try container.decode([Item].self, forKey: .items)
        next = try container.decodeIfPresent(String.self, forKey: .next).flatMap(Cursor.init)
    }
}

extension Page: Encodable where Item: Encodable {
    /// Encodes `{"items": […], "next_cursor": … | null}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(next?.description, forKey: .next)
    }
}
