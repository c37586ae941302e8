import BoundaryText
import Foundation

/// The forms in which Ticketbot takes its commands, verb first, as ours: so that its scripts and habits go on. One table, from
/// which the help of the nouns has its lines as well.
enum Ticketbot {
    /// A command line of ours, and what a person should know about it.
    struct Translation: Equatable, Sendable {
        var arguments: [String]
        var notes: [String] = []
    }

    /// One command.
    struct Form: Sendable {
        /// How its words are spelled, one after the other.
        let words: [[String]]
        /// Ours.
        let command: [String]
        /// How its options look, for the help.
        var shown = ""
        var options: [Option] = []
        /// What goes with it always.
        var adds: [String] = []
        /// Completes the command from the values of its options, by the first of their names.
        var completes: @Sendable ([String: String]) -> Translation = { _ in Translation(arguments: []) }

        /// The noun whose help shows it.
        var noun: String { command[0] }
    }

    /// One option.
    struct Option: Sendable {
        enum Meaning: Sendable {
            /// Our option with the same value.
            case renamed(String)
            /// Our options for true and for false; nil for none.
            case flag(on: String?, off: String?)
            /// A value that names the thing.
            case subject
            /// Our options for each of several values with commas between them.
            case each(String)
            /// Taken by ``Form/completes``.
            case kept
            /// Patchbay has no such thing.
            case ignored
        }

        let names: [String]
        let meaning: Meaning
    }

    /// The command line in our grammar; the same one when it is none of Ticketbot's.
    static func translated(_ arguments: [String]) -> Translation {
        guard
            let form = forms.first(where: { form in
                arguments.count >= form.words.count && zip(form.words, arguments).allSatisfy { $0.contains($1) }
            })
        else { return Translation(arguments: arguments) }
        return form.translated(Array(arguments.dropFirst(form.words.count)))
    }

    /// The forms of a noun, for its help.
    static func forms(of noun: String) -> [String] {
        forms.filter { $0.noun == noun }.map { form in
            (form.words.map { $0.joined(separator: "|") } + [form.shown]).filter { !$0.isEmpty }.joined(separator: " ")
        }
    }
}

extension Ticketbot.Form {
    fileprivate func translated(_ arguments: [String]) -> Ticketbot.Translation {
        var (subjects, rest, notes): ([String], [String], [String]) = ([], adds, [])
        var kept: [String: String] = [:]
        var left = arguments[...]
        while let word = left.popFirst() {
            let parts = word.splitBytes(on: "=", maxSplits: 1, omittingEmpty: false).map(String.init)
            guard let option = options.first(where: { $0.names.contains(parts[0]) }) else {
                rest.append(word)
                continue
            }
            func value() -> String? { parts.count > 1 ? parts[1] : left.popFirst() }
            switch option.meaning {
            case .renamed(let ours): rest += [ours] + [value()].compactMap(\.self)
            case .subject: subjects += [value()].compactMap(\.self)
            case .each(let ours):
                for one in (value() ?? "").splitBytes(on: ",") { rest += [ours, String(one).trimmed] }
            case .kept: kept[option.names[0]] = value()
            case .ignored:
                _ = value()
                notes.append("\(parts[0]) does nothing: Patchbay needs no such limit.")
            case .flag(let on, let off):
                var text = parts.count > 1 ? parts[1] : "true"
                if parts.count == 1, let next = left.first, ["true", "false"].contains(next) {
                    text = next
                    left = left.dropFirst()
                }
                rest += [["true", "1", "t"].contains(text.lowercased()) ? on : off].compactMap(\.self)
            }
        }
        let completed = completes(kept)
        return Ticketbot.Translation(
            arguments: command + subjects + rest + completed.arguments, notes: notes + completed.notes)
    }
}

extension Ticketbot {
    private static let id = Option(names: ["--id"], meaning: .subject)
    // Its programs run in scripts, where no one can be asked.
    private static let unasked = ["--yes-without-terminal"]

    private static func listing(_ spellings: String..., of noun: String) -> Form {
        Form(words: [["list"], spellings], command: [noun, "list"])
    }

    private static func deleting(_ spellings: String..., of noun: String) -> Form {
        Form(
            words: [["delete"], spellings], command: [noun, "delete"], shown: "ID | --id ID", options: [id],
            adds: unasked)
    }

    /// All of them.
    static let forms: [Form] = [
        listing("boards", of: "board"),
        listing("rules", "notifier-rules", of: "rule"),
        Form(
            words: [["create", "add"], ["rule"]], command: ["rule", "create"], shown: "-b BOARD -r RECIPIENT",
            options: [
                Option(names: ["-b", "--board-id"], meaning: .renamed("--board")),
                Option(names: ["-r", "--recipient-id"], meaning: .renamed("--recipient")),
            ]),
        Form(
            words: [["update"], ["rule"]], command: ["rule", "update"], shown: "ID --enabled=true|false",
            options: [
                Option(names: ["--enabled"], meaning: .flag(on: "--enabled", off: "--disabled")), id,
            ]),
        deleting("rule", of: "rule"),
        Form(
            words: [["list"], ["forwards", "fwds", "notifier-forwards"]], command: ["forward", "list"],
            shown: "-f active|inactive|all", options: [Option(names: ["-f", "--filter"], meaning: .kept)],
            completes: { given in
                guard let state = given["-f"], state != "all" else { return Translation(arguments: []) }
                return Translation(arguments: ["--state", state])
            }),
        Form(
            words: [["get"], ["forward", "fwd"]], command: ["forward", "show"], shown: "ID | --id ID", options: [id]),
        Form(
            words: [["create", "add"], ["forward", "fwd"]], command: ["forward", "create"],
            shown: "-s SOURCE -d DESTINATION [-a DATE] [-e DATE] [-k] [-x=false]",
            options: [
                Option(names: ["-s", "--source-id"], meaning: .renamed("--source")),
                Option(names: ["-d", "--dest-id"], meaning: .renamed("--destination")),
                Option(names: ["-a", "--start-date"], meaning: .renamed("--starts")),
                Option(names: ["-e", "--end-date"], meaning: .renamed("--ends")),
                Option(names: ["-k", "--user-keeps-copy"], meaning: .flag(on: "--keep-copy", off: nil)),
                Option(names: ["-x", "--enabled"], meaning: .flag(on: nil, off: "--disabled")),
            ]),
        deleting("forward", "fwd", of: "forward"),
        listing("recipients", of: "recipient"),
        listing("users", of: "user"),
        Form(
            words: [["create", "add"], ["user"]], command: ["user", "create"], shown: "-e E-MAIL [--name NAME]",
            options: [
                Option(names: ["-e", "--email"], meaning: .kept), Option(names: ["--name"], meaning: .kept),
                Option(names: ["--role"], meaning: .kept),
            ], completes: newUser),
        deleting("user", of: "user"),
        listing("keys", "api-keys", of: "api-key"),
        Form(
            words: [["create", "add"], ["key"]], command: ["api-key", "create"], shown: "--user-id ID | -e E-MAIL",
            options: [
                Option(names: ["-e", "--email"], meaning: .kept), Option(names: ["--user-id"], meaning: .kept),
            ], completes: newKey),
        deleting("key", "api-key", of: "api-key"),
        Form(words: [["get"], ["config", "cfg"]], command: ["config", "show"]),
        Form(
            words: [["update"], ["config", "cfg"]], command: ["config", "update"],
            shown: "[-n true|false] [-l LENGTH]",
            options: [
                Option(
                    names: ["-n", "--attempt-notify"], meaning: .flag(on: "--notifications", off: "--no-notifications")),
                Option(names: ["-l", "--max-msg-length"], meaning: .renamed("--max-message-length")),
                Option(names: ["-s", "--max-concurrent-syncs"], meaning: .ignored),
            ]),
        Form(
            words: [["sync"]], command: ["sync"], shown: "[-b] [-r] [-t] [-i BOARD,BOARD]",
            options: [
                Option(names: ["-b"], meaning: .flag(on: "--boards", off: nil)),
                Option(names: ["-r"], meaning: .flag(on: "--recipients", off: nil)),
                Option(names: ["-t"], meaning: .flag(on: "--tickets", off: nil)),
                Option(names: ["-i", "--sync-boards"], meaning: .kept),
                Option(names: ["--max-syncs"], meaning: .ignored),
            ],
            completes: { given in
                guard let boards = given["-i"] else { return Translation(arguments: []) }
                let named = boards.splitBytes(on: ",").flatMap { ["--board", String($0).trimmed] }
                return Translation(arguments: ["--tickets"] + named)
            }),
        Form(words: [["version", "v"]], command: ["--version"]),
    ]

    @Sendable private static func newUser(_ given: [String: String]) -> Translation {
        guard let email = given["-e"] else { return Translation(arguments: []) }
        let name = given["--name"] ?? email.splitBytes(on: "@").first.map(String.init) ?? email
        let role = given["--role"]
        return Translation(
            arguments: ["--email", email, "--name", name, "--role", role ?? "viewer"],
            notes: role == nil ? ["The user gets the role viewer; change it with: patchbay user update"] : [])
    }

    @Sendable private static func newKey(_ given: [String: String]) -> Translation {
        guard let user = given["-e"] ?? given["--user-id"] else { return Translation(arguments: []) }
        let name = given["-e"] ?? "user \(user)"
        return Translation(arguments: ["--user", user, "--name", "Key of \(name)", "--expires", "90d"])
    }
}
