import ArgumentParser
import BoundaryText

/// The question before something that cannot be undone.
struct Confirmation: ParsableArguments {
    @Flag(help: "Do not ask.")
    var yes = false

    // Ticketbot's forms run in scripts, where no one can be asked.
    @Flag(help: .hidden)
    var yesWithoutTerminal = false

    var isNeeded: Bool { !yes }

    /// Throws ``Failure/usage(_:)`` when a question is needed and there is no terminal to ask it on; to be called before
    /// anything is sent.
    func check(in surroundings: Surroundings) throws(Failure) {
        guard !yes, !yesWithoutTerminal, !surroundings.isInteractive else { return }
        throw .usage("This needs a confirmation, and there is no terminal to ask on. Pass --yes to go ahead.")
    }

    /// Asks, and throws ``Failure/declined`` for any answer but yes.
    /// - Parameter name: what has to be typed instead of yes.
    func ask(_ question: String, typing name: String? = nil, in surroundings: Surroundings) throws(Failure) {
        guard !yes, surroundings.isInteractive else { return }
        if let name {
            let answer = surroundings.ask("\(question)\nType the name to go ahead: ".printableLines)
            guard answer?.trimmed == name else { throw .declined }
        } else {
            let answer = surroundings.ask("\(question) [y/N] ".printableLines)?.trimmed.lowercased()
            guard answer == "y" || answer == "yes" else { throw .declined }
        }
    }
}

extension String {
    /// Each line made safe for a terminal.
    fileprivate var printableLines: String { lines.map(\.printable).joined(separator: "\n") }
}
