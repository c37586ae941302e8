import ArgumentParser
import Foundation
import Testing
import WebSupport

@testable import Commands

/// The grammar as a whole: every command, its help, its examples, and the forms of other programs.
@Suite struct GrammarTests {
    /// Every command with the words that lead to it.
    private static func all(
        _ command: any ParsableCommand.Type = Patchbay.self, _ path: [String] = []
    ) -> [(path: [String], type: any ParsableCommand.Type)] {
        [(path, command)] + command.configuration.subcommands.flatMap { all($0, path + [$0._commandName]) }
    }

    private static func examples(_ command: any ParsableCommand.Type) -> [String] {
        guard let text = command.configuration.discussion.components(separatedBy: "Examples:\n").last else { return [] }
        return (text.components(separatedBy: "\n\n").first ?? "").components(separatedBy: "\n")
            .filter { $0.hasPrefix("  patchbay ") }.map { String($0.dropFirst("  patchbay ".count)) }
    }

    /// The examples of all commands that do something.
    static let leaves: [[String]] = all().filter { $0.type.configuration.subcommands.isEmpty }.flatMap { command in
        examples(command.type).map(words)
    }

    /// The words of a command line as a shell takes them.
    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        for (index, part) in line.components(separatedBy: "\"").enumerated() {
            if index.isMultiple(of: 2) {
                words += part.split(separator: " ").map(String.init)
            } else {
                words.append(part)
            }
        }
        return Array(words.prefix { $0 != "<" })
    }

    @Test("Every command has a help with a summary and examples, also on a narrow terminal")
    func everyCommandHasAHelpWithExamples() {
        for (path, type) in Self.all() {
            #expect(!type.configuration.abstract.isEmpty, "\(path)")
            #expect(!Self.examples(type).isEmpty, "\(path)")
            for columns in [80, 40] {
                #expect(type.helpMessage(columns: columns).contains("USAGE"), "\(path)")
            }
        }
    }

    @Test("Every example is a command line of its own command")
    func everyExampleIsUnderstood() throws {
        for (path, type) in Self.all() {
            for example in Self.examples(type) {
                let words = Self.words(example)
                #expect(Array(words.prefix(path.count)) == path, "\(example)")
                let command = try Patchbay.command(for: words) { _ in }
                if type.configuration.subcommands.isEmpty {
                    #expect(Swift.type(of: command) == type, "\(example)")
                }
            }
        }
    }

    @Test("A help says what a summary leaves open in full sentences, and no summary repeats another's")
    func summariesAreSentences() {
        for (path, type) in Self.all() {
            #expect(type.configuration.abstract.hasSuffix("."), "\(path)")
        }
    }

    @Test("Nouns are understood in the plural, too")
    func pluralsAreUnderstood() throws {
        _ = try parse(ListNoun<Rules>.self, "rules", "list")
        _ = try parse(ListNoun<Companies>.self, "companies", "list")
        _ = try parse(ListEvents.self, "events", "list", "7")
    }

    @Test("The version is shown in each of its forms", arguments: ["--version", "version", "v"])
    func theVersion(word: String) async throws {
        let error = try #require(throws: (any Error).self) { try Patchbay.command(for: [word]) { _ in } }
        #expect(Patchbay.fullMessage(for: error).hasPrefix("patchbay "))
        #expect(Patchbay.exitCode(for: error) == .success)
    }

    @Test(
        "Ticketbot's forms are ours",
        arguments: [
            ("list rules", "rule list"), ("list notifier-rules --json", "rule list --json"),
            ("list boards", "board list"), ("list recipients", "recipient list"), ("list users", "user list"),
            ("list keys", "api-key list"), ("list api-keys", "api-key list"),
            ("list forwards", "forward list"), ("list fwds -f active", "forward list --state active"),
            ("list notifier-forwards --filter=inactive", "forward list --state inactive"),
            ("list forwards -f all", "forward list"),
            ("get config", "config show"), ("get cfg", "config show"), ("get forward 3", "forward show 3"),
            ("get fwd --id 3", "forward show 3"),
            ("create rule --board-id 1 --recipient-id 2", "rule create --board 1 --recipient 2"),
            ("add rule -b 1 -r=2", "rule create --board 1 --recipient 2"),
            ("create rule --board 1 --recipient 2 -q", "rule create --board 1 --recipient 2 -q"),
            (
                "create forward -s 1 -d 2 -a 2026-11-01 -e 2026-11-09 -k -x=false",
                "forward create --source 1 --destination 2 --starts 2026-11-01 --ends 2026-11-09 --keep-copy --disabled"
            ),
            (
                "add fwd --source-id 1 --dest-id 2 --user-keeps-copy=false --enabled",
                "forward create --source 1 --destination 2"
            ),
            ("update rule 3 --enabled=false", "rule update 3 --disabled"),
            ("update rule 3 --enabled=true", "rule update 3 --enabled"),
            ("update config -n true -l 300", "config update --notifications --max-message-length 300"),
            ("update cfg --attempt-notify=false", "config update --no-notifications"),
            ("delete rule 3", "rule delete --yes-without-terminal 3"),
            ("delete forward --id 3", "forward delete 3 --yes-without-terminal"),
            ("delete user 3", "user delete --yes-without-terminal 3"),
            ("delete key --id=3", "api-key delete 3 --yes-without-terminal"),
            ("sync --all", "sync --all"), ("sync -b -r -t", "sync --boards --recipients --tickets"),
            ("sync -i 1,2", "sync --tickets --board 1 --board 2"),
            ("sync --tickets --sync-boards 1", "sync --tickets --tickets --board 1"),
            ("sync status", "sync status"), ("ping", "ping"), ("authcheck", "authcheck"),
            (
                "create user --name Ada -e ada@example.com",
                "user create --email ada@example.com --name Ada --role viewer"
            ),
            ("create user -e ada@example.com", "user create --email ada@example.com --name ada --role viewer"),
        ])
    func ticketbotsForms(theirs: String, ours: String) throws {
        let translation = Ticketbot.translated(Self.words(theirs))
        #expect(translation.arguments == Self.words(ours))
        // And ours is understood.
        _ = try Patchbay.command(for: translation.arguments) { _ in }
    }

    @Test("A key for another user is named after the e-mail address and ends in 90 days")
    func ticketbotsKey() {
        #expect(
            Ticketbot.translated(["create", "key", "-e", "ada@example.com"]).arguments == [
                "api-key", "create", "--user", "ada@example.com", "--name", "Key of ada@example.com", "--expires",
                "90d",
            ])
    }

    @Test("Ticketbot options without effect are reported")
    func ticketbotsLimits() async throws {
        #expect(
            Ticketbot.translated(["update", "config", "-s", "3", "-n", "false"])
                == Ticketbot.Translation(
                    arguments: ["config", "update", "--no-notifications"],
                    notes: ["-s does nothing: Patchbay needs no such limit."]))
        #expect(Ticketbot.translated(["sync", "--all", "--max-syncs", "3"]).notes.count == 1)
        #expect(Ticketbot.translated(["create", "user", "-e", "a@b.example"]).notes.first?.contains("viewer") == true)
    }

    @Test("Ticketbot's forms are in the help of their nouns")
    func ticketbotsFormsAreInTheHelp() {
        let help = NounCommand<Rules>.helpMessage(columns: 100)
        #expect(help.contains("Also understood:"))
        #expect(help.contains("patchbay create|add rule -b BOARD -r RECIPIENT"), "\(help)")
        #expect(SyncCommand.helpMessage(columns: 100).contains("patchbay sync [-b] [-r] [-t] [-i BOARD,BOARD]"))
    }

    @Test(arguments: [
        ("rule", "rules", 1), ("rule", "ruel", 1), ("delivery", "delivry", 1), ("", "abc", 3), ("abc", "abc", 0),
    ])
    func distances(left: String, right: String, distance: Int) {
        #expect(Nearest.distance(left, right) == distance)
    }
}
