import ArgumentParser

/// The root of the command line.
public struct Patchbay: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "patchbay", abstract: "Ticket changes reach the right rooms.", subcommands: [SimulateCommand.self])

    public init() {}
}
