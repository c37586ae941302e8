import ArgumentParser
import Foundation
import Synchronization
import Testing

@testable import Commands

/// What running a command line came to.
struct CommandRun: Equatable, Sendable {
    var output: [String]
    var errors: [String]
    var exitCode: Int32

    /// Parses and runs a command line in surroundings of the test.
    static func of(
        _ arguments: [String], server: String? = nil, environment: [String: String] = [:], input: [String] = [],
        width: Int? = nil
    ) async throws -> CommandRun {
        let output = Lines()
        let errors = Lines()
        var surroundings = Surroundings.inTest(environment: environment, input: input)
        surroundings.environment["PATCHBAY_URL"] = environment["PATCHBAY_URL"] ?? server
        surroundings.width = width
        surroundings.write = { output.append($0) }
        surroundings.report = { errors.append($0) }
        var exitCode: Int32 = 0
        do {
            let command = try #require(try Patchbay.parseAsRoot(arguments) as? any ClientCommand)
            try await command.run(in: surroundings)
        } catch {
            exitCode = Patchbay.exitCode(for: error).rawValue
            let message = Patchbay.message(for: error)
            if !message.isEmpty { errors.append(message) }
        }
        return CommandRun(output: output.all, errors: errors.all, exitCode: exitCode)
    }
}

extension Surroundings {
    /// 2026-11-21, 08:00 UTC.
    static let testTime = Date(timeIntervalSince1970: 1_795_248_000)

    /// No terminal, the time stands still, standard input has these lines.
    static func inTest(environment: [String: String] = [:], input: [String] = []) -> Surroundings {
        let lines = Lines(input)
        return Surroundings(
            environment: environment, now: { testTime }, width: nil, write: { _ in }, report: { _ in },
            readSecret: { _ in lines.takeFirst() })
    }
}

/// Lines that several tasks may touch.
final class Lines: Sendable {
    private let lines: Mutex<[String]>
    init(_ lines: [String] = []) { self.lines = Mutex(lines) }
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
    func takeFirst() -> String? { lines.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}

/// JSON from a literal; records an issue when it is none.
func json(_ text: String) -> JSON {
    do {
        return try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    } catch {
        Issue.record("not JSON: \(text)")
        return .null
    }
}

/// Parses a command line as this command.
func parse<Command: ParsableCommand>(_ type: Command.Type, _ arguments: String...) throws -> Command {
    try #require(try Patchbay.parseAsRoot(arguments) as? Command)
}
