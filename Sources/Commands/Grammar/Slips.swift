import ArgumentParser
import BoundaryText

/// What a command line may have meant that names no command.
enum Slips {
    /// Throws ``Failure/usage(_:)`` with a suggestion when a word that has to be a command is none.
    static func check(_ arguments: [String], root: any ParsableCommand.Type = Patchbay.self) throws(Failure) {
        var command = root
        var path = ["patchbay"]
        for (place, word) in arguments.enumerated() {
            let configuration = command.configuration
            let commands = configuration.subcommands
            guard !commands.isEmpty, !word.utf8.hasPrefix("-"), !(place == 0 && word == "help") else { return }
            if let next = commands.first(where: { names(of: $0).contains(word) }) {
                command = next
                path.append(next._commandName)
                continue
            }
            // What a command takes that is used without its name.
            guard configuration.defaultSubcommand == nil else { return }
            throw .usage(message(word, Array(arguments.dropFirst(place + 1)), among: commands, path))
        }
    }

    /// A suggestion for an option that the command does not have. ArgumentParser has one as well, but reports a required
    /// option that is missing first: most likely the mistyped one.
    static func option(in arguments: [String], root: any ParsableCommand.Type = Patchbay.self) -> Failure? {
        var command = root
        for word in arguments.prefix(while: { !$0.utf8.hasPrefix("-") }) {
            guard let next = command.configuration.subcommands.first(where: { names(of: $0).contains(word) }) else {
                break
            }
            command = next
        }
        let known = command.helpMessage(includeHidden: true, columns: 400).words.map(String.init)
            .filter { $0.utf8.hasPrefix("--") }
            .map { String($0.dropping(suffix: ",") ?? $0[...]) }
        for word in arguments where word.utf8.hasPrefix("--") && word != "--" {
            let option = word.splitBytes(on: "=").first.map(String.init) ?? word
            guard !known.contains(option) else { continue }
            let nearest = Nearest.texts(to: option, among: known)
            guard !nearest.isEmpty else { continue }
            return .usage("Unknown option '\(option)'. Did you mean \(Nearest.sentence(nearest.map { "'\($0)'" }))?")
        }
        return nil
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }

    private static func message(
        _ word: String, _ rest: [String], among commands: [any ParsableCommand.Type], _ path: [String]
    ) -> String {
        let prefix = path.joined(separator: " ")
        let help = "See all commands with: \(prefix) --help"
        if path.count == 1, let turned = turned(word, rest, commands) {
            return "Commands are a noun, then a verb. Did you mean '\(prefix) \(turned)'? \(help)"
        }
        // A plural leads to its command as well.
        let nearest = Nearest.texts(to: word, among: commands.flatMap(names(of:))).compactMap { name in
            commands.first { names(of: $0).contains(name) }?._commandName
        }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let kind = path.count == 1 ? "command" : "verb of \(prefix)"
        let hint = nearest.isEmpty ? "" : " Did you mean \(Nearest.sentence(nearest.map { "'\(prefix) \($0)'" }))?"
        return "There is no \(kind) '\(word)'.\(hint) \(help)"
    }

    /// A verb in front of its noun, as other programs have it.
    private static func turned(_ word: String, _ rest: [String], _ commands: [any ParsableCommand.Type]) -> String? {
        let verb = ["get": "show", "add": "create", "remove": "delete", "rm": "delete", "ls": "list"][word] ?? word
        guard let noun = rest.first, let found = commands.first(where: { names(of: $0).contains(noun) }),
            found.configuration.subcommands.contains(where: { names(of: $0).contains(verb) })
        else { return nil }
        return "\(found._commandName) \(verb)"
    }
}
