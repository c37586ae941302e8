import BoundaryText
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The destination of finished log lines.
public struct LogOutput: Sendable {
    let write: @Sendable (String) -> Void

    /// Passes each finished line, including its line ending, to a closure that may be called from any thread.
    public init(_ write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    /// Standard error. Lines are written one at a time, so they never interleave.
    public static let standardError: LogOutput = {
        let turn = Mutex(())
        return LogOutput { line in
            turn.withLock { _ in
                var line = line
                line.withUTF8 { writeAll($0, to: STDERR_FILENO) }
            }
        }
    }()

    /// Whether standard error is a terminal that supports colors (`NO_COLOR` is not set, `TERM` is not `dumb`).
    public static var terminalWantsColors: Bool {
        let environment = ProcessInfo.processInfo.environment
        return isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// Whether standard error is a terminal, which makes ``LogFormat/text`` the better format.
    public static var isTerminal: Bool {
        isatty(STDERR_FILENO) == 1
    }
}

private func writeAll(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        // Without standard error there is nowhere to report this, and the server must keep running.
        guard count > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
}
