import Foundation
import TestSupport

/// A separate process, such as the real `patchbay`, that tests can watch and kill.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum End: Sendable, Equatable {
        /// Exited with this code.
        case exited(Int32)
        /// By a signal.
        case killed(Int32)
    }

    private let identifier: pid_t
    private let end = MutexBox<End?>(nil)
    private let output = MutexBox<String>("")
    /// Whether all of its output was read.
    private let isRead = MutexBox(false)
    private let input: MutexBox<FileHandle?>

    /// The binary under test: `PATCHBAY_BIN`, or else the one built together with the tests.
    package static let binary: URL = {
        if let path = ProcessInfo.processInfo.environment["PATCHBAY_BIN"] { return URL(filePath: path) }
        let bundle = Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments.first ?? "")
        let beside = bundle.deletingLastPathComponent().appending(path: "patchbay")
        guard FileManager.default.isExecutableFile(atPath: beside.path()) else {
            // When a tool of the toolchain runs the tests, the build is found relative to the package.
            return URL(filePath: ".build/debug/patchbay")
        }
        return beside
    }()

    /// Starts a command of `patchbay`.
    ///
    /// `shell` is a command line in which `"$@"` stands for the command, to set limits with shell built-ins.
    package static func patchbay(
        _ arguments: [String], environment: [String: String], shell: String? = nil
    ) throws -> ChildProcess {
        guard let shell else { return try ChildProcess(binary, arguments, environment: environment) }
        return try ChildProcess(
            URL(filePath: "/bin/bash"), ["-c", shell, "bash", binary.path()] + arguments, environment: environment)
    }

    /// Starts a program. Its standard input stays open until ``closeInput()``.
    package init(_ program: URL, _ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let input = Pipe()
        process.standardInput = input
        self.input = MutexBox(input.fileHandleForWriting)
        process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = pipe
        let (end, output, isRead) = (end, output, isRead)
        process.terminationHandler = { process in
            let status = process.terminationStatus
            end.change { $0 = process.terminationReason == .exit ? .exited(status) : .killed(status) }
        }
        try process.run()
        identifier = process.processIdentifier
        // A thread, because Foundation's readability handler misses the end of about one pipe in several hundred.
        let reading = pipe.fileHandleForReading
        Thread.detachNewThread {
            while case let data = reading.availableData, !data.isEmpty {
                output.change { $0 += String(decoding: data, as: UTF8.self) }
            }
            isRead.change { $0 = true }
        }
    }

    /// Its output until now, standard output and error combined.
    package var text: String { output.value }

    /// The start and end of its output, for failure messages: a crash prints its cause first, then much else.
    package var excerpt: String {
        let text = text
        return text.count > 6_000 ? "\(text.prefix(3_000))\n[…]\n\(text.suffix(3_000))" : text
    }

    package var id: Int32 { identifier }

    package var isRunning: Bool { end.value == nil }

    /// Writes a line to its standard input.
    package func write(line: String) throws {
        try input.value?.write(contentsOf: Data("\(line)\n".utf8))
    }

    /// Closes its standard input.
    package func closeInput() {
        try? input.value?.close()
        input.change { $0 = nil }
    }

    /// Sends a signal to it.
    package func send(signal: Int32) {
        if isRunning { kill(identifier, signal) }
    }

    /// Waits until it ends.
    package func ended(within limit: Duration = .seconds(60)) async throws -> End {
        try await eventually(within: limit, "patchbay to end; it said: \(text.suffix(2_000))") {
            end.value != nil && isRead.value
        }
        return end.value ?? .exited(-1)
    }

    /// Kills it as a power failure would, and waits until it is gone.
    package func endAbruptly() async throws {
        send(signal: SIGKILL)
        _ = try await ended()
    }
}
