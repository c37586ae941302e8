import BoundaryText
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where finished log lines go.
public struct LogOutput: Sendable {
    let write: @Sendable (String) -> Void

    /// Hands each finished line, with its line end, to a closure. The closure may be called from any thread.
    public init(_ write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    /// Standard error, one line at a time and never two lines mixed.
    public static let standardError: LogOutput = {
        let turn = Mutex(())
        return LogOutput { line in
            turn.withLock { _ in
                var line = line
                line.withUTF8 { writeAll($0, to: STDERR_FILENO) }
            }
        }
    }()

    /// Whether standard error is a terminal that wants colors (`NO_COLOR` is not set, `TERM` is not `dumb`).
    public static var terminalWantsColors: Bool {
        let environment = ProcessInfo.processInfo.environment
        return isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// Whether standard error is a terminal, where ``LogFormat/text`` is the better format.
    public static var isTerminal: Bool {
        isatty(STDERR_FILENO) == 1
    }
}

private func writeAll(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        // Nobody is left to tell when standard error is gone, and the server must go on without it.
        guard count > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
}
