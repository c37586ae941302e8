import ArgumentParser
import BoundaryText

/// The command line: the server, its installation, and clients of its API.
public struct Patchbay: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "patchbay",
        abstract: "ConnectWise tickets reach the right Webex rooms and people.",
        discussion: """
            Commands are a noun, then a verb. Wherever a thing is named, its id or its name is taken. Commands that call \
            a server find it with PATCHBAY_URL (default \(ServerAddress.standard)) and send the API key in \
            PATCHBAY_API_KEY. Results go to standard output, everything else to standard error. Exit codes: 1 refused, 2 \
            no answer, 64 wrong usage.

            Examples:
              patchbay rule list
              patchbay rule create --board "Service Desk" --recipient "Dispatch"
              patchbay delivery list --state failed --since 2h
            """,
        version: "patchbay \(ProductVersion.text)",
        groupedSubcommands: [
            CommandGroup(name: "Installation", subcommands: installationCommands),
            CommandGroup(name: "Server", subcommands: [Ping.self, AuthCheck.self, Health.self, DoctorCommand.self]),
            CommandGroup(
                name: "Ticket",
                subcommands: [
                    TicketCommand.self, EventCommand.self, NounCommand<Posts>.self, NounCommand<WorkRoles>.self,
                    NounCommand<WorkTypes>.self, NounCommand<Companies>.self,
                ]),
            CommandGroup(
                name: "Notification",
                subcommands: [
                    NounCommand<Rules>.self, NounCommand<Forwards>.self, NounCommand<Recipients>.self,
                    NounCommand<Deliveries>.self, NounCommand<Notices>.self, NounCommand<Boards>.self,
                    NounCommand<Config>.self, OverviewCommand.self,
                ]),
            CommandGroup(
                name: "Connection",
                subcommands: [
                    NounCommand<PSAConnections>.self, NounCommand<WriteDefaults>.self,
                    NounCommand<ChatConnections>.self, SyncCommand.self, NounCommand<Members>.self,
                    NounCommand<MemberMappings>.self,
                ]),
            CommandGroup(
                name: "Administration",
                subcommands: [
                    NounCommand<Users>.self, NounCommand<UserLimits>.self, NounCommand<APIKeys>.self,
                    NounCommand<Tenants>.self, NounCommand<Organizations>.self, NounCommand<IdentityProviders>.self,
                    NounCommand<FeatureFlags>.self, NounCommand<AuditEntries>.self, NounCommand<Jobs>.self,
                ]),
        ])

    public init() {}

    /// Runs a command line, and ends the process when it fails.
    public static func run(_ arguments: [String]) async {
        let surroundings = Surroundings.process
        do {
            var command = try command(for: arguments) { surroundings.report($0.printable) }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            failure.lines.forEach { surroundings.report($0.printable) }
            exit(withError: failure.exitCode)
        } catch {
            exit(withError: error)
        }
    }

    /// The command that a command line means, in our grammar or in one of Ticketbot's forms.
    /// - Parameter note: takes what a person should know about it.
    static func command(for arguments: [String], note: (String) -> Void) throws -> any ParsableCommand {
        let translation = Ticketbot.translated(arguments)
        translation.notes.forEach(note)
        try Slips.check(translation.arguments)
        do {
            return try parseAsRoot(translation.arguments)
        } catch {
            let isUsage = exitCode(for: error) == .validationFailure
            throw isUsage ? Slips.option(in: translation.arguments) ?? error : error
        }
    }
}
