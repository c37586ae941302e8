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
            discussion: """
                Ends with status 1 when an entry was altered, removed or added, or a whole chain is missing, and says where. \
                The server logs the end of each chain every hour ("audit head"); one that was kept elsewhere can be compared.
                """)

        @Option(help: ArgumentHelp("An end of a chain from the log.", valueName: "organization:number:hash"))
        var head: [String] = []

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let (entries, faults) = try await Installation.verifyAudit(
                try options.read(), known: try head.map(known), logger: Logger(label: "audit"))
            for fault in faults { print(fault) }
            guard faults.isEmpty else { throw ExitCode(1) }
            print("\(entries) entries, every chain is whole and sealed")
        }

        private func known(_ text: String) throws -> Installation.KnownHead {
            guard let head = Installation.KnownHead(text) else {
                throw ValidationError("--head must be organization:number:hash, as the server logs it")
            }
            return head
        }
    }
}
