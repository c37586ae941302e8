import ArgumentParser
import BoundaryText

/// Commands that are the server or work next to its database, in the order of the help: demo, setup, serve, migrate,
/// simulate. A new one is added here and nowhere else.
let installationCommands: [any ParsableCommand.Type] = [
    DemoCommand.self, SetupCommand.self, ServeCommand.self, MigrateCommand.self, PasswordCommand.self,
    AuditCommand.self, SecretsCommand.self,
    SimulateCommand.self,
]
