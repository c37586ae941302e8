import BoundaryText
import Foundation
import WebSupport

/// What a command needs of the process it runs in, so that tests can be the process.
struct Surroundings: Sendable {
    var environment: [String: String]
    var now: @Sendable () -> Date
    /// How results look.
    var style: Style
    /// Whether questions can be asked: a terminal on standard input.
    var isInteractive: Bool
    /// Writes a line of results.
    var write: @Sendable (String) throws -> Void
    /// Writes a line that is no result: errors, hints.
    var report: @Sendable (String) -> Void
    /// Reads one line from standard input, without echo on a terminal. Nil at the end of the input.
    var readSecret: @Sendable (_ prompt: String) -> String?
    /// Reads one line from standard input. Nil at the end of the input.
    var readLine: @Sendable () -> String?
    /// Asks a question and reads the answer. Nil at the end of the input.
    var ask: @Sendable (_ question: String) -> String?
}

extension Surroundings {
    /// The process itself.
    static var process: Surroundings {
        Surroundings(
            environment: ProcessInfo.processInfo.environment,
            now: { Date() },
            style: terminalStyle(),
            isInteractive: isatty(STDIN_FILENO) == 1,
            write: { line in try writeResult(line) },
            report: { line in try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8)) },
            readSecret: { prompt in readUnseen(prompt) },
            readLine: { Swift.readLine(strippingNewline: true) },
            ask: { question in
                try? FileHandle.standardError.write(contentsOf: Data(question.utf8))
                return Swift.readLine(strippingNewline: true)
            })
    }

    private static func terminalStyle() -> Style {
        guard let width = terminalWidth() else { return .plain }
        let environment = ProcessInfo.processInfo.environment
        // https://no-color.org: set and not empty.
        let isColored = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        return Style(width: width, isColored: isColored, times: .local(now: Date(), .current))
    }

    private static func terminalWidth() -> Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    static func readUnseen(_ prompt: String) -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return Swift.readLine(strippingNewline: true) }
        try? FileHandle.standardError.write(contentsOf: Data(prompt.utf8))
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return Swift.readLine(strippingNewline: true) }
        var unseen = before
        unseen.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            try? FileHandle.standardError.write(contentsOf: Data("\n".utf8))
        }
        return Swift.readLine(strippingNewline: true)
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
