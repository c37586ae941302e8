import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check the record of who did what.", subcommands: [Verify.self])

    /// `patchbay audit verify`.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Follow the chain of the audit log from its first entry to its last.",
            discussion: "Ends with status 1 when an entry was altered or removed, and says which is the first.")

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let (entries, faults) = try await Installation.verifyAudit(
                try options.read(), logger: Logger(label: "audit"))
            for fault in faults { print(fault) }
            guard faults.isEmpty else { throw ExitCode(1) }
            print("\(entries) entries, every chain is whole")
        }
    }
}
