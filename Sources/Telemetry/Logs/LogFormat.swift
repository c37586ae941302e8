import BoundaryText

/// The format of log lines.
public enum LogFormat: String, Sendable, CaseIterable {
    /// Aligned lines for people at a terminal, in local time.
    case text
    /// One JSON object per line for programs, in UTC.
    case json
}
