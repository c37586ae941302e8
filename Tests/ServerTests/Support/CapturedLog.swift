import Logging
import TestSupport

/// Keeps every log line.
package struct CapturedLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.debug
    private let lines: MutexBox<[String]>

    package init(_ lines: MutexBox<[String]>) {
        self.lines = lines
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let line = "\(event.level) \(event.message) \(metadata) \(event.metadata ?? [:])"
        lines.change { $0.append(line) }
    }
}
