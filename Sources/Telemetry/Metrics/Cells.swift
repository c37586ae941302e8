import BoundaryText
import CoreMetrics
import Synchronization

/// One time series: accepts values on any thread and renders its current state as text.
protocol Cell: AnyObject, Sendable {
    func render(name: String, labels: String, into text: inout String)
}

/// An integer counter.
final class CounterCell: Cell, CounterHandler {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }

    func render(name: String, labels: String, into text: inout String) {
        text.appendSample(name, labels, String(count.load(ordering: .relaxed)))
    }
}

/// A floating-point counter, for example of seconds.
final class FractionCounterCell: Cell, FloatingPointCounterHandler {
    private let sum = Mutex(0.0)

    func increment(by amount: Double) {
        sum.withLock { $0 += amount }
    }

    func reset() {
        sum.withLock { $0 = 0 }
    }

    func render(name: String, labels: String, into text: inout String) {
        text.appendSample(name, labels, MetricName.number(sum.withLock { $0 }))
    }
}

/// A value that can go up and down.
final class GaugeCell: Cell, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLock { $0 = new } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ new: Int64) { set(Double(new)) }
    func record(_ new: Double) { set(new) }

    func render(name: String, labels: String, into text: inout String) {
        text.appendSample(name, labels, MetricName.number(value.withLock { $0 }))
    }
}

/// A distribution over fixed buckets; as a timer, it measures seconds.
final class HistogramCell: Cell, RecorderHandler, TimerHandler {
    private struct State {
        /// One more element than `bounds`: the last one counts values above all of them.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        // NaN would corrupt the sum permanently.
        guard !value.isNaN else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    // Prometheus expects seconds, whatever unit a caller prefers.
    func preferDisplayUnit(_: TimeUnit) {}

    func render(name: String, labels: String, into text: inout String) {
        let state = self.state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], state.counts) {
            total += count
            text.appendSample(name + "_bucket", prefix + "le=\"\(MetricName.number(bound))\"", String(total))
        }
        text.appendSample(name + "_sum", labels, MetricName.number(state.sum))
        text.appendSample(name + "_count", labels, String(total))
    }
}

extension String {
    mutating func appendSample(_ name: String, _ labels: String, _ value: String) {
        append(name)
        if !labels.isEmpty {
            append("{")
            append(labels)
            append("}")
        }
        append(" ")
        append(value)
        append("\n")
    }
}
