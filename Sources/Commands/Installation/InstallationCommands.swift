import ArgumentParser
import BoundaryText

/// Commands that are the server or work beside its database, in the order of the help. They are not noun and verb: the
/// configuration and the README name them. A new one is added here and nowhere else.
let installationCommands: [any ParsableCommand.Type] = [
    DemoCommand.self, SetupCommand.self, ServeCommand.self, MigrateCommand.self, PasswordCommand.self,
    SecretsCommand.self, SimulateCommand.self,
]
