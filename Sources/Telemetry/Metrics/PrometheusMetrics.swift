import BoundaryText
import CoreMetrics
import Synchronization

/// Holds all metrics of the process and renders them as Prometheus text.
///
/// Counters get the suffix `_total` and timers `_seconds` unless they already have it. The same name and dimensions
/// always return the same series, so creating a handle again is safe; on a hot path keep it, and an update costs one
/// atomic addition or one short lock.
public final class PrometheusMetrics: MetricsFactory {
    /// Bucket bounds of timers, in seconds. 5 s is when ConnectWise gives up on a callback, 60 s is the longest
    /// timeout.
    public static let timerBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]
    /// Bucket bounds of aggregating recorders, which mostly count rows, bytes or jobs.
    public static let recorderBounds: [Double] = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000, 100_000, 1_000_000,
    ]
    /// The maximum number of series per name, so that a dimension with values from outside cannot exhaust memory.
    public static let largestFamily = 1_000

    private enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    private struct Family {
        let kind: Kind
        var cells: [String: any Cell] = [:]
    }

    private let families = Mutex<[String: Family]>([:])
    private let refused = CounterCell()
    private let helpTexts: [String: String]
    private let processFacts: @Sendable () -> ProcessFacts?

    /// Creates an empty set of metrics. `help` maps names as they appear in the output to their explanations.
    public init(help: [String: String] = [:]) {
        helpTexts = help
        processFacts = { ProcessFacts.current() }
    }

    init(help: [String: String] = [:], processFacts: @escaping @Sendable () -> ProcessFacts?) {
        helpTexts = help
        self.processFacts = processFacts
    }

    /// All metrics in the Prometheus text format 0.0.4, sorted so that scrapes can be compared.
    public func render() -> String {
        let families = self.families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.cells.isEmpty {
            head(name, family.kind, into: &text)
            for (labels, cell) in family.cells.sorted(by: { $0.key < $1.key }) {
                cell.render(name: name, labels: labels, into: &text)
            }
        }
        let lost = "telemetry_refused_series_total"
        head(lost, .counter, help: "Series not shown: name used for two types, or too many label values.", into: &text)
        refused.render(name: lost, labels: "", into: &text)
        for sample in processFacts()?.samples ?? [] {
            head(sample.name, sample.isCounter ? .counter : .gauge, help: sample.help, into: &text)
            text.appendSample(sample.name, "", MetricName.number(sample.value))
        }
        return text
    }

    private func head(_ name: String, _ kind: Kind, help: String? = nil, into text: inout String) {
        text += "# HELP \(name) \(MetricName.help(for: name, written: help ?? helpTexts[name]))\n"
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    /// The series with this name and these dimensions. A refused series works but is not shown: metrics must never
    /// interrupt work.
    private func cell<C: Cell>(
        _ kind: Kind, _ name: String, _ dimensions: [(String, String)], make: () -> C
    ) -> C {
        let labels = MetricName.labels(dimensions)
        return families.withLock { families in
            if let known = families[name]?.cells[labels] as? C { return known }
            let new = make()
            let family = families[name] ?? Family(kind: kind)
            guard family.kind == kind, family.cells[labels] == nil, family.cells.count < Self.largestFamily else {
                refused.increment(by: 1)
                return new
            }
            families[name, default: family].cells[labels] = new
            return new
        }
    }

    private func remove(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                for (labels, cell) in family.cells where cell === handler {
                    families[name]?.cells[labels] = nil
                }
            }
        }
    }
}

// MARK: MetricsFactory

extension PrometheusMetrics {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(.counter, MetricName.metric(label, suffix: "_total"), dimensions) { CounterCell() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        cell(.counter, MetricName.metric(label, suffix: "_total"), dimensions) { FractionCounterCell() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(.gauge, MetricName.metric(label, suffix: ""), dimensions) { GaugeCell() }
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let name = MetricName.metric(label, suffix: "")
        return aggregate
            ? cell(.histogram, name, dimensions) { HistogramCell(bounds: Self.recorderBounds) }
            : cell(.gauge, name, dimensions) { GaugeCell() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        cell(.histogram, MetricName.metric(label, suffix: "_seconds"), dimensions) {
            HistogramCell(bounds: Self.timerBounds)
        }
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
