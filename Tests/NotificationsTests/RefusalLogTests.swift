import Foundation
import Logging
import TestSupport
import Testing

@testable import Notifications

@Suite("Log of refused hooks")
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
            lines.change { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }

    @Test("A flood is some lines a minute and a number")
    func flood() {
        let (lines, clock) = (MutexBox<[String]>([]), TestClock())
        let log = RefusalLog(Logger(label: "test") { _ in Lines(lines: lines) }) { clock.now }
        for _ in 0..<5_000 { log.note("the signature is wrong") }
        #expect(lines.value.count == RefusalLog.loggedEachMinute)
        clock.advance(by: .seconds(59))
        log.flush()
        #expect(lines.value.count == RefusalLog.loggedEachMinute)
        clock.advance(by: .seconds(1))
        log.flush()
        #expect(lines.value.last == "more hooks were refused [\"count\": 4990]")
        log.note("the signature is wrong")
        #expect(lines.value.last?.contains("hook refused") == true)
        // Nothing is told of a minute in which all was logged.
        clock.advance(by: .seconds(61))
        log.flush()
        #expect(lines.value.count == RefusalLog.loggedEachMinute + 2)
    }
}
