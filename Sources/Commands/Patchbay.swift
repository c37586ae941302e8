import ArgumentParser
import BoundaryText

/// The command line: the server, its installation, and clients of its API.
public struct Patchbay: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "patchbay",
        abstract: "ConnectWise tickets reach the right Webex rooms and people.",
        discussion: """
            Commands that ask a server find it with PATCHBAY_URL (default \(ServerAddress.standard)) and show the API \
            key in PATCHBAY_API_KEY. Results go to standard output, everything else to standard error. Exit codes: 1 \
            refused, 2 no answer, 64 wrong usage.
            """,
        groupedSubcommands: [
            CommandGroup(name: "Installation", subcommands: installationCommands),
            CommandGroup(name: "Server state", subcommands: [Ping.self, AuthCheck.self, Health.self]),
            CommandGroup(
                name: "Everyday work",
                subcommands: [
                    ListCommand.self, GetCommand.self, CreateCommand.self, UpdateCommand.self, DeleteCommand.self,
                    TestCommand.self, RetryCommand.self, SyncCommand.self,
                    TicketCommand.self, PostCommand.self, MemberCommand.self, DoctorCommand.self,
                    PreviewCommand.self, EventsCommand.self, ExplainCommand.self, RotateSecretCommand.self,
                ]),
        ].filter { !$0.subcommands.isEmpty })

    public init() {}
}
