import Synchronization

/// A value that tests share between tasks.
public final class MutexBox<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    /// Starts with a value.
    public init(_ value: Value) {
        mutex = Mutex(value)
    }

    /// The present value.
    public var value: Value { mutex.withLock { $0 } }

    /// Changes the value.
    public func change(_ body: (inout Value) -> Void) {
        mutex.withLock { value in body(&value) }
    }
}
