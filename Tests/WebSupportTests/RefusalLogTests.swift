import Foundation
import HTTPTypes
import Logging
import TestSupport
import Testing

@testable import WebSupport

@Suite("Log of refused requests")
struct RefusalLogTests {
    private struct Lines: LogHandler {
        let lines: MutexBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
            lines.change { $0.append("\(event.level) \(event.message) \(metadata.joined(separator: " "))") }
        }
    }

    private static let wrongKey = Problem(.unauthorized, code: "unauthorized", title: "Sign in first", detail: "No.")

    @Test("A flood is some lines a minute and a number, and hides nothing else")
    func flood() {
        let (lines, clock) = (MutexBox<[String]>([]), TestClock())
        let log = RefusalLog(Logger(label: "test") { _ in Lines(lines: lines) }) { clock.now }
        for _ in 0..<5_000 { log.note(Self.wrongKey, ["address": "192.0.2.1"]) }
        #expect(lines.value.count == RefusalLog.loggedEachMinute)
        #expect(lines.value.first == "notice request refused address=192.0.2.1 code=unauthorized status=401")
        log.note(.notFound("rule"), [:])
        #expect(lines.value.last == "info request refused code=not_found status=404")
        clock.advance(by: .seconds(59))
        log.flush()
        #expect(lines.value.count == RefusalLog.loggedEachMinute + 1)
        clock.advance(by: .seconds(1))
        log.flush()
        #expect(lines.value.last == "notice more requests were refused code=unauthorized count=4990")
        log.note(Self.wrongKey, [:])
        #expect(lines.value.last?.contains("request refused") == true)
        // Nothing is told of a minute in which all was logged.
        clock.advance(by: .seconds(61))
        log.flush()
        #expect(lines.value.count == RefusalLog.loggedEachMinute + 3)
    }

    @Test("A reason goes into the log and not into the answer")
    func reason() throws {
        let lines = MutexBox<[String]>([])
        let log = RefusalLog(Logger(label: "test") { _ in Lines(lines: lines) }) { Date() }
        var problem = Self.wrongKey
        problem.reason = "its company is unknown"
        log.note(problem, [:])
        #expect(
            lines.value == ["warning request refused code=unauthorized reason=its company is unknown status=401"])
        #expect(!"\(problem.response(requestID: "1"))".contains("its company"))
    }
}
