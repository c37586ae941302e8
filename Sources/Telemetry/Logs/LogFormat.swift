import BoundaryText

/// How log lines are written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// Aligned lines for people at a terminal, in local time.
    case text
    /// One JSON object a line for programs, in UTC.
    case json
}
