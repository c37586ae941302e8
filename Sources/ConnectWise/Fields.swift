import BoundaryText
import Foundation

/// The members of one JSON object, read leniently.
struct Fields {
    struct Key: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init(stringLiteral: String) { stringValue = stringLiteral }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Key>

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: Key.self)
    }

    /// The id, without which a record is of no use.
    func id() throws -> Int { try container.decode(Int.self, forKey: "id") }

    /// The member, nil when it is missing, null or of another type.
    subscript<Value: Decodable>(key: Key) -> Value? {
        do {
            return try container.decodeIfPresent(Value.self, forKey: key)
        } catch {
            return nil
        }
    }

    func date(_ key: Key) -> Date? {
        let text: String? = self[key]
        return text.flatMap(ConnectWiseDate.parse)
    }
}
