import BoundaryText
import Foundation

/// What a command needs of the process it runs in, so that tests can be the process.
struct Surroundings: Sendable {
    var environment: [String: String]
    var now: @Sendable () -> Date
    /// The terminal's width in columns; nil when the output goes elsewhere.
    var width: Int?
    /// Writes a line of results.
    var write: @Sendable (String) throws -> Void
    /// Writes a line that is no result: errors, hints.
    var report: @Sendable (String) -> Void
    /// Reads one line from standard input, unseen when somebody types it. Nil at the end of the input.
    var readSecret: @Sendable (_ prompt: String) -> String?
}

extension Surroundings {
    /// The process itself.
    static var process: Surroundings {
        Surroundings(
            environment: ProcessInfo.processInfo.environment,
            now: { Date() },
            width: terminalWidth(),
            write: { line in try writeResult(line) },
            report: { line in try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8)) },
            readSecret: { prompt in readUnseen(prompt) })
    }

    private static func terminalWidth() -> Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    static func readUnseen(_ prompt: String) -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine(strippingNewline: true) }
        try? FileHandle.standardError.write(contentsOf: Data(prompt.utf8))
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return readLine(strippingNewline: true) }
        var unseen = before
        unseen.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            try? FileHandle.standardError.write(contentsOf: Data("\n".utf8))
        }
        return readLine(strippingNewline: true)
    }
}

/// Outside the type, because its own `write` hides the system's.
private func writeResult(_ line: String) throws(Failure) {
    var bytes = Array("\(line)\n".utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if count >= 0 {
            bytes = bytes.dropFirst(count)
        } else if errno == EPIPE {
            // The reader has seen enough, as in `patchbay list deliveries --all | head`.
            return
        } else if errno != EINTR {
            throw Failure.unwritten(String(cString: strerror(errno)).lowercased())
        }
    }
}
