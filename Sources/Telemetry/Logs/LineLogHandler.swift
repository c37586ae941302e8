import BoundaryText
import Foundation
import Logging

/// Writes log events as lines, as text for people or JSON for programs, and masks sensitive values.
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let colored: Bool
    private let output: LogOutput
    private let now: @Sendable () -> Date

    /// Creates the handler for the logger with this label.
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
        // The more specific source wins: event over logger, logger over task.
        var merged = metadataProvider?.get() ?? [:]
        merged.merge(metadata) { _, nearer in nearer }
        if let own = event.metadata { merged.merge(own) { _, nearer in nearer } }
        let line = LogLine(
            time: now(), level: event.level, label: label, message: event.message.description,
            error: event.error.map { String(describing: $0) }, metadata: merged)
        output.write(line.rendered(as: format, colored: colored))
    }
}

/// The logging configuration of the whole program. The composition root passes ``handler(label:)`` to
/// `LoggingSystem.bootstrap`.
public struct LogSettings: Sendable {
    /// Events below this level are not written.
    public var level: Logger.Level
    /// The format of lines.
    public var format: LogFormat
    /// Whether text is colored.
    public var colored: Bool

    /// Creates settings for standard error: text on a terminal, in color if supported; otherwise JSON.
    public init(level: Logger.Level = .info, format: LogFormat? = nil) {
        self.level = level
        self.format = format ?? (LogOutput.isTerminal ? .text : .json)
        colored = LogOutput.terminalWantsColors
    }

    /// Creates a handler for one logger that writes to standard error.
    public func handler(label: String) -> LineLogHandler {
        LineLogHandler(label: label, format: format, level: level, colored: colored)
    }

    /// Creates a logger with these settings, for programs that pass loggers around instead of bootstrapping.
    public func logger(label: String) -> Logger {
        Logger(label: label) { handler(label: $0) }
    }
}
