import ArgumentParser
import Foundation
import Synchronization
import Testing
import WebSupport

@testable import Commands

/// What running a command line came to.
struct CommandRun: Equatable, Sendable {
    var output: [String]
    var errors: [String]
    var exitCode: Int32

    /// Parses and runs a command line in surroundings of the test.
    static func of(
        _ arguments: [String], server: String? = nil, environment: [String: String] = [:], input: [String] = [],
        answers: [String]? = nil, style: Style = .plain
    ) async throws -> CommandRun {
        let output = Lines()
        let errors = Lines()
        var surroundings = Surroundings.inTest(environment: environment, input: input)
        surroundings.environment["PATCHBAY_URL"] = environment["PATCHBAY_URL"] ?? server
        surroundings.style = style
        if let answers {
            let left = Lines(answers)
            surroundings.isInteractive = true
            surroundings.ask = { question in
                errors.append(question)
                return left.takeFirst()
            }
        }
        surroundings.write = { output.append($0) }
        surroundings.report = { errors.append($0) }
        var exitCode: Int32 = 0
        do {
            let command = try #require(
                try Patchbay.command(for: arguments) { errors.append($0) } as? any ClientCommand)
            try await command.run(in: surroundings)
        } catch let failure as Failure {
            exitCode = failure.exitCode.rawValue
            failure.lines.forEach { errors.append($0) }
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
            environment: environment, now: { testTime }, style: .plain, isInteractive: false, write: { _ in },
            report: { _ in }, readSecret: { _ in lines.takeFirst() }, readLine: { lines.takeFirst() },
            ask: { _ in nil })
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

extension NameBook {
    /// Knows no names: only ids are understood.
    static let idsOnly = NameBook { name, _ in
        Issue.record("\(name) is looked up")
        return []
    }
}

/// Parses a command line as this command.
func parse<Command: ParsableCommand>(_ type: Command.Type, _ arguments: String...) throws -> Command {
    try #require(try Patchbay.command(for: arguments) { _ in } as? Command)
}
