import AsyncHTTPClient
import CoreMetrics
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import Telemetry

@Suite struct MetricsTests {
    @Test func counterGetsItsEndingAndKeepsItsSeries() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        let dimensions = [("outcome", "ok"), ("kind", "webex")]
        Counter(label: "patchbay_outbound_calls", dimensions: dimensions, factory: metrics).increment(by: 2)
        Counter(label: "patchbay_outbound_calls_total", dimensions: dimensions.reversed(), factory: metrics).increment()
        let text = metrics.render()
        #expect(text.contains("# TYPE patchbay_outbound_calls_total counter\n"))
        #expect(text.contains("\npatchbay_outbound_calls_total{kind=\"webex\",outcome=\"ok\"} 3\n"))
    }

    @Test func fractionsAddUp() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        let counter = FloatingPointCounter(label: "waited_seconds", factory: metrics)
        counter.increment(by: 0.25)
        counter.increment(by: 0.5)
        #expect(metrics.render().contains("\nwaited_seconds_total 0.75\n"))
        counter.reset()
        #expect(metrics.render().contains("\nwaited_seconds_total 0\n"))
    }

    @Test func gaugesShowTheLastValue() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        Gauge(label: "jobs.waiting", factory: metrics).record(7)
        let meter = Meter(label: "connections", factory: metrics)
        meter.set(3)
        meter.increment(by: 2)
        meter.decrement(by: 1)
        let text = metrics.render()
        #expect(text.contains("# TYPE jobs_waiting gauge\njobs_waiting 7\n"))
        #expect(text.contains("\nconnections 4\n"))
    }

    @Test func timerIsAHistogramInSeconds() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        let timer = CoreMetrics.Timer(label: "call.duration", dimensions: [("to", "x")], factory: metrics)
        timer.recordNanoseconds(1_000_000)
        timer.recordNanoseconds(3_000_000_000)
        timer.recordNanoseconds(90_000_000_000)
        let text = metrics.render()
        #expect(text.contains("# TYPE call_duration_seconds histogram\n"))
        // A bound is inclusive: exactly one millisecond is in the first bucket.
        #expect(text.contains("call_duration_seconds_bucket{to=\"x\",le=\"0.001\"} 1\n"))
        #expect(text.contains("call_duration_seconds_bucket{to=\"x\",le=\"2.5\"} 1\n"))
        #expect(text.contains("call_duration_seconds_bucket{to=\"x\",le=\"5\"} 2\n"))
        #expect(text.contains("call_duration_seconds_bucket{to=\"x\",le=\"60\"} 2\n"))
        #expect(text.contains("call_duration_seconds_bucket{to=\"x\",le=\"+Inf\"} 3\n"))
        #expect(text.contains("call_duration_seconds_sum{to=\"x\"} 93.001\n"))
        #expect(text.contains("call_duration_seconds_count{to=\"x\"} 3\n"))
    }

    @Test func recorderCountsWhatIsANumber() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        let recorder = Recorder(label: "batch_jobs", factory: metrics)
        recorder.record(4)
        recorder.record(Double.nan)
        let text = metrics.render()
        #expect(text.contains("batch_jobs_bucket{le=\"5\"} 1\n"))
        #expect(text.contains("batch_jobs_count 1\n"))
    }

    @Test(
        arguments: [
            ([("path", "a\\b\"c\nd")], #"path="a\\b\"c\nd""#),
            ([("http.method", "GET"), ("a", "é")], #"a="é",http_method="GET""#),
            ([("le", "1"), ("__name__", "x"), ("1st", "y")], #"_1st="y",exported___name__="x",exported_le="1""#),
            ([("twice", "1"), ("twice", "2")], #"twice="2""#),
            ([], ""),
        ])
    func labelsAreSortedAndEscaped(dimensions: [(String, String)], text: String) {
        #expect(MetricName.labels(dimensions) == text)
    }

    @Test func typesMustNotMixUnderOneName() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        Counter(label: "things_total", factory: metrics).increment()
        Gauge(label: "things_total", dimensions: [("a", "b")], factory: metrics).record(9)
        FloatingPointCounter(label: "things", factory: metrics).increment(by: 0.5)
        let text = metrics.render()
        #expect(text.contains("\nthings_total 1\n"))
        #expect(!text.contains("things_total{"))
        #expect(text.contains("\ntelemetry_refused_series_total 2\n"))
    }

    @Test func familyStopsGrowing() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        for number in 0..<(PrometheusMetrics.largestFamily + 5) {
            Counter(label: "visits", dimensions: [("path", "/\(number)")], factory: metrics).increment()
        }
        let text = metrics.render()
        #expect(text.components(separatedBy: "visits_total{").count - 1 == PrometheusMetrics.largestFamily)
        #expect(text.contains("\ntelemetry_refused_series_total 5\n"))
    }

    @Test func destroyedSeriesDisappears() {
        let metrics = PrometheusMetrics(processFacts: { nil })
        let counter = Counter(label: "visits", dimensions: [("path", "/a")], factory: metrics)
        Counter(label: "visits", dimensions: [("path", "/b")], factory: metrics).increment()
        counter.destroy()
        let text = metrics.render()
        #expect(!text.contains("/a"))
        #expect(text.contains("/b"))
    }

    @Test func nothingIsLostBetweenThreads() async {
        let metrics = PrometheusMetrics(processFacts: { nil })
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = Counter(label: "hits", factory: metrics)
                    let timer = CoreMetrics.Timer(label: "took", factory: metrics)
                    for _ in 0..<1_000 {
                        counter.increment()
                        timer.recordNanoseconds(1)
                    }
                }
            }
        }
        let text = metrics.render()
        #expect(text.contains("\nhits_total 8000\n"))
        #expect(text.contains("\ntook_seconds_count 8000\n"))
    }
}

@Suite struct ProcessFactsTests {
    @Test func namesWithParenthesesDoNotShiftTheFields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 4 0 1000 8192 3 18446744073709551615 1 1"
        let facts = ProcessFacts.parse(
            stat: stat, systemStat: "cpu 1 2\nbtime 1700000000\nprocesses 5\n", ticksPerSecond: 100, pageSize: 4096,
            openFiles: 5, openFilesLimit: 1024)
        #expect(
            facts
                == ProcessFacts(
                    residentBytes: 12_288, virtualBytes: 8192, cpuSeconds: 3, startTimeSeconds: 1_700_000_010,
                    openFiles: 5, openFilesLimit: 1024))
    }

    @Test func nonsenseGivesNothing() {
        #expect(
            ProcessFacts.parse(
                stat: "7 (a", systemStat: "", ticksPerSecond: 100, pageSize: 4096, openFiles: 0, openFilesLimit: 0)
                == nil)
    }

    #if os(Linux)
        @Test func factsOfThisProcessAreBelievable() throws {
            let facts = try #require(ProcessFacts.current())
            #expect(facts.residentBytes > 1_000_000)
            #expect(facts.openFiles >= 3)
            #expect(facts.openFilesLimit > facts.openFiles)
            #expect(facts.startTimeSeconds > 1_700_000_000)
            #expect(facts.startTimeSeconds <= Date().timeIntervalSince1970 + 1)
        }
    #endif
}

/// Checks the output with Prometheus' own tool, which `scripts/test` fetches.
@Suite struct PromtoolTests {
    private static let promtool = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
        .map { "\($0)/promtool" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(.enabled(if: promtool != nil, "promtool is not installed"))
    func promtoolAcceptsTheOutput() throws {
        let metrics = PrometheusMetrics(help: ["jobs_waiting": "Jobs that wait,\nwith \\ in it."])
        Counter(label: "patchbay_calls", dimensions: [("outcome", "a\\b\"c\nd")], factory: metrics).increment()
        Gauge(label: "jobs.waiting", factory: metrics).record(7)
        Recorder(label: "batch_jobs", dimensions: [("lane", "x")], factory: metrics).record(12)
        CoreMetrics.Timer(label: "call.duration", dimensions: [("to", "x")], factory: metrics).recordNanoseconds(5)

        let input = Pipe()
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.promtool))
        process.arguments = ["check", "metrics"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(metrics.render().utf8))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
    }
}

@Suite struct MetricsServerTests {
    @Test(.timeLimit(.minutes(20)))
    func metricsAreServedUntilShutdown() async throws {
        let metrics = PrometheusMetrics()
        Counter(label: "visits", factory: metrics).increment()
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = MetricsServer(metrics: metrics, host: "127.0.0.1", port: 0, logger: logger) { found.yield($0) }
        let services = ServiceGroup(services: [server], logger: logger)
        try await withThrowingTaskGroup { group in
            group.addTask { try await services.run() }
            let port = try #require(await ports.first { _ in true })

            let client = HTTPClient.shared
            let answer = try await client.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/metrics"), timeout: .seconds(30))
            #expect(answer.status == .ok)
            #expect(answer.headers.first(name: "content-type") == MetricsServer.contentType)
            let body = String(buffer: try await answer.body.collect(upTo: 1 << 20))
            #expect(body.contains("\nvisits_total 1\n"))

            let elsewhere = try await client.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/"), timeout: .seconds(30))
            #expect(elsewhere.status == .notFound)

            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }
}
