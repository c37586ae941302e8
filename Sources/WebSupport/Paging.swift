import BoundaryText
import Foundation

/// Which part of a list is asked for.
public struct PageRequest: Sendable, Equatable {
    /// The most that one answer holds.
    public static let largest = 200
    /// 1 to 200.
    public let limit: Int
    /// Where the page before this one ended; nil for the first page.
    public let after: Cursor?

    /// Asks for a page.
    public init(limit: Int = 50, after: Cursor? = nil) {
        self.limit = limit
        self.after = after
    }

    /// Reads `limit` and `cursor`.
    /// - Parameter isKey: what a sort key of the list looks like.
    /// - Throws: a 400 ``Problem`` that names the parameter.
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

/// The place in a list where a page ended: the sort key of its last row, opaque to callers.
public struct Cursor: Sendable, Equatable, LosslessStringConvertible {
    /// The sort key.
    public let key: String

    /// The place behind a row with this sort key.
    public init(key: String) {
        self.key = key
    }

    /// Reads what ``description`` gave.
    public init?(_ description: String) {
        guard
            let data = Data(
                base64Encoded: description.replacing(bytes: "-", with: "+").replacing(bytes: "_", with: "/")),
            // Bytes, because a key may begin with what Swift joins to the colon.
            data.starts(with: Data("c:".utf8)), let key = String(data: data.dropFirst(2), encoding: .utf8)
        else { return nil }
        self.key = key
    }

    /// For `next_cursor`.
    public var description: String {
        Data("c:\(key)".utf8).base64EncodedString().replacing(bytes: "+", with: "-").replacing(bytes: "/", with: "_")
    }

    /// The key as a number, for lists sorted by id; nil when it is none.
    public var number: Int64? { Int64(key) }
}

/// One page of a list.
public struct Page<Item: Sendable>: Sendable {
    /// At most as many as were asked for.
    public let items: [Item]
    /// Where the next page starts; nil at the end.
    public let next: Cursor?

    /// A page made of one row more than was asked for, which tells whether there is a further page.
    public init(_ rows: [Item], limit: Int, key: (Item) -> String) {
        items = Array(rows.prefix(limit))
        next = rows.count > limit ? items.last.map { Cursor(key: key($0)) } : nil
    }

    /// A page as another system gave it.
    package init(items: [Item], next: Cursor?) {
        self.items = items
        self.next = next
    }

    /// The same page of something made from the items.
    public func map<Other: Sendable>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), next: next)
    }
}

/// A ``Page`` of whatever items.
public protocol AnyPage {
    /// What it has many of.
    static var item: any Sendable.Type { get }
}

extension Page: AnyPage {
    /// See ``AnyPage``.
    public static var item: any Sendable.Type { Item.self }

    private enum CodingKeys: String, CodingKey {
        case items
        case next = "next_cursor"
    }
}

extension Page: Decodable where Item: Decodable {
    /// As a client reads it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        items = try container.decode([Item].self, forKey: .items)
        next = try container.decodeIfPresent(String.self, forKey: .next).flatMap(Cursor.init)
    }
}

extension Page: Encodable where Item: Encodable {
    /// `{"items": […], "next_cursor": … | null}`
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(next?.description, forKey: .next)
    }
}
