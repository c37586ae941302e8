import BoundaryText

/// A member of a change: left out, it stays; null takes the value away.
public enum Changed<Value: Decodable & Sendable>: Sendable {
    case unchanged
    case changed(Value?)

    /// Reads a member.
    init<Key>(_ members: KeyedDecodingContainer<Key>, _ key: Key) throws {
        self = members.contains(key) ? .changed(try members.decodeIfPresent(Value.self, forKey: key)) : .unchanged
    }

    /// What becomes of an old value.
    public func applied(to old: Value?) -> Value? {
        switch self {
        case .unchanged: old
        case .changed(let new): new
        }
    }
}
