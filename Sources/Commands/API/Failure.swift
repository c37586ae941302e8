import ArgumentParser
import BoundaryText

/// Why a client command ends without success: lines for standard error and the exit code that scripts see.
enum Failure: Error, Equatable {
    /// The command line asks for something that makes no sense. Exit code 64, like ArgumentParser's own errors.
    case usage(String)
    /// No answer came. Exit code 2, so that a script can wait and try again.
    case unreachable(String, advice: String)
    /// The server refused. Exit code 1.
    case refused(Problem, advice: String?)
    /// The answer is not one of Patchbay's. Exit code 1.
    case notPatchbay(String)
    /// The person who was asked said no. Exit code 1.
    case declined
    /// The results could not be written. Exit code 1.
    case unwritten(String)
    /// The answer came and is shown already, and it is not good (not ready, connection test failed). Exit code 1.
    case bad

    var exitCode: ExitCode {
        switch self {
        case .usage: .validationFailure
        case .unreachable: ExitCode(2)
        case .refused, .notPatchbay, .unwritten, .declined, .bad: .failure
        }
    }

    /// What to print on standard error, most important line first.
    var lines: [String] {
        switch self {
        case .usage(let message): ["Error: \(message)"]
        case .unreachable(let message, let advice): ["Error: \(message)", advice]
        case .refused(let problem, let advice): problem.lines + (advice.map { [$0] } ?? [])
        case .notPatchbay(let message): ["Error: \(message)", "Check that PATCHBAY_URL names a Patchbay server."]
        case .unwritten(let reason): ["Error: the results could not be written: \(reason)"]
        case .declined: ["Nothing was done."]
        case .bad: []
        }
    }
}
