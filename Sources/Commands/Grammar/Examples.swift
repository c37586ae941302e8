import ArgumentParser
import BoundaryText

extension CommandConfiguration {
    /// Describes a command with examples, as the help shows them.
    /// - Parameters:
    ///   - more: what the summary leaves open.
    ///   - examples: what follows `patchbay`.
    ///   - alsoUnderstood: further forms, what follows `patchbay`.
    init(
        _ name: String, _ abstract: String, more: String = "", examples: [String], alsoUnderstood: [String] = [],
        subcommands: [any ParsableCommand.Type] = [], standard: (any ParsableCommand.Type)? = nil,
        aliases: [String] = []
    ) {
        func part(_ title: String, _ lines: [String]) -> String? {
            lines.isEmpty ? nil : "\(title):\n" + lines.map { "  patchbay \($0)" }.joined(separator: "\n")
        }
        let parts = [more.isEmpty ? nil : more, part("Examples", examples), part("Also understood", alsoUnderstood)]
        self.init(
            commandName: name, abstract: abstract, discussion: parts.compactMap(\.self).joined(separator: "\n\n"),
            subcommands: subcommands, defaultSubcommand: standard, aliases: aliases)
    }
}
