import BoundaryText
import Foundation
import Logging

/// Writes log events as lines, as text for people or as JSON for programs, and masks what must not be printed.
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let colored: Bool
    private let output: LogOutput
    private let now: @Sendable () -> Date

    /// Makes the handler of the logger with this label.
    public init(
        label: String, format: LogFormat, level: Logger.Level = .info, colored: Bool = false,
        output: LogOutput = .standardError, metadataProvider: Logger.MetadataProvider? = nil,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.label = label
        self.format = format
        self.colored = colored
        self.output = output
        self.now = now
        self.metadataProvider = metadataProvider
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        // The nearer source wins: the event over the logger, the logger over the task.
        var merged = metadataProvider?.get() ?? [:]
        merged.merge(metadata) { _, nearer in nearer }
        if let own = event.metadata { merged.merge(own) { _, nearer in nearer } }
        let line = LogLine(
            time: now(), level: event.level, label: label, message: event.message.description,
            error: event.error.map { String(describing: $0) }, metadata: merged)
        output.write(line.rendered(as: format, colored: colored))
    }
}

/// How the whole program logs. The composition root hands ``handler(label:)`` to `LoggingSystem.bootstrap`.
public struct LogSettings: Sendable {
    /// Events below this level are not written.
    public var level: Logger.Level
    /// How lines look.
    public var format: LogFormat
    /// Whether text is colored.
    public var colored: Bool

    /// Settings for standard error as it is: text with colors on a terminal, else JSON.
    public init(level: Logger.Level = .info, format: LogFormat? = nil) {
        self.level = level
        self.format = format ?? (LogOutput.isTerminal ? .text : .json)
        colored = LogOutput.terminalWantsColors
    }

    /// The handler of one logger, writing to standard error.
    public func handler(label: String) -> LineLogHandler {
        LineLogHandler(label: label, format: format, level: level, colored: colored)
    }

    /// A logger with these settings, for programs that hand loggers on instead of bootstrapping.
    public func logger(label: String) -> Logger {
        Logger(label: label) { handler(label: $0) }
    }
}
