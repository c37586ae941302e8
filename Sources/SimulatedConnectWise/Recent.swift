import Synchronization

/// Values that were costly to make, by text; forgotten all at once when there are too many.
final class Recent<Value: Sendable>: Sendable {
    private let values = Mutex<[String: Value]>([:])
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    subscript(_ key: String) -> Value? {
        get { values.withLock { $0[key] } }
        set {
            values.withLock { values in
                if values.count >= capacity { values.removeAll(keepingCapacity: true) }
                values[key] = newValue
            }
        }
    }
}
