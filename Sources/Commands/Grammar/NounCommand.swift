import ArgumentParser
import BoundaryText

/// `patchbay` with a noun: what can be done with things of one kind.
struct NounCommand<N: Noun>: ParsableCommand {
    static var configuration: CommandConfiguration {
        let resource = N.resource
        let verbs = N.verbs
        let examples = verbs.flatMap { verb in
            verb.configuration.discussion.lines.filter { $0.utf8.hasPrefix("  patchbay \(resource.singular) ") }
                .prefix(1).compactMap { $0.dropping(prefix: "  patchbay ").map(String.init) }
        }
        return CommandConfiguration(
            resource.singular, resource.about, examples: examples,
            alsoUnderstood: Ticketbot.forms(of: resource.singular), subcommands: verbs,
            aliases: resource.plural == resource.singular ? [] : [resource.plural])
    }
}

extension Noun {
    /// Its commands: those that follow from its table, then its own.
    static var verbs: [any ParsableCommand.Type] {
        let resource = Self.resource
        var verbs: [any ParsableCommand.Type] = []
        if resource.list != nil { verbs.append(ListNoun<Self>.self) }
        if resource.show != nil { verbs.append(ShowNoun<Self>.self) }
        if resource.create != nil { verbs.append(CreateNoun<Self>.self) }
        if resource.update != nil, !resource.change.isEmpty { verbs.append(UpdateNoun<Self>.self) }
        if resource.switching != nil { verbs += [SwitchNoun<Self, On>.self, SwitchNoun<Self, Off>.self] }
        if resource.test != nil { verbs.append(TestNoun<Self>.self) }
        if resource.delete != nil { verbs.append(DeleteNoun<Self>.self) }
        return verbs.filter { verb in !more.contains { $0._commandName == verb._commandName } } + more
    }
}
