import BoundaryText
import Synchronization

/// A name for "something changed, look again". Signals carry no data and may be merged; receivers also poll from time to
/// time.
public struct Signal: RawRepresentable, Hashable, Sendable {
    /// Letters, digits and underscores.
    public let rawValue: String

    /// Names a signal.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// Hands signals to those who wait for them in this process.
final class SignalHub: Sendable {
    private struct State {
        var next = 0
        var listeners: [Signal: [Int: AsyncStream<Void>.Continuation]] = [:]
        var attendances: [Signal: Attendance] = [:]
    }

    private let state = Mutex(State())

    func stream(_ signal: Signal) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.listeners[signal, default: [:]][state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners[signal]?.removeValue(forKey: id) }
        }
        return stream
    }

    func attendance(to hint: Signal) -> Attendance? {
        state.withLock { $0.attendances[hint] }
    }

    func attend(to hint: Signal, with attendance: Attendance?) {
        state.withLock { $0.attendances[hint] = attendance }
    }

    func raise(_ signals: Set<Signal>) {
        guard !signals.isEmpty else { return }
        let continuations = state.withLock { state in
            signals.flatMap { signal in state.listeners[signal].map { Array($0.values) } ?? [] }
        }
        for continuation in continuations { continuation.yield() }
    }

    func raiseAll() {
        let all = state.withLock { Set($0.listeners.keys) }
        raise(all)
    }

    func finish() {
        let continuations = state.withLock { state in
            defer { state.listeners = [:] }
            return state.listeners.values.flatMap(\.values)
        }
        for continuation in continuations { continuation.finish() }
    }
}
