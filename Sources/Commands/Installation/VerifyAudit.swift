import ArgumentParser
import BoundaryText
import Foundation
import Logging
import Server

/// `patchbay audit verify`.
struct VerifyAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "verify", "Verify the audit log from its first entry to its last, directly in the database.",
        more: """
            Exit code 1 when an entry was altered, removed or added, or a whole log is missing; the command says where. \
            The server logs the end of each audit log every hour ("audit head"); one that was kept elsewhere can be \
            compared.
            """, examples: ["audit verify", "audit verify --head 1:4711:9f86d081"])

    @Option(
        help: ArgumentHelp("An end of an audit log, as the server logged it.", valueName: "organization:number:hash"))
    var head: [String] = []

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let (entries, faults) = try await Installation.verifyAudit(
            try options.read(), known: try head.map(known), logger: Logger(label: "audit"))
        for fault in faults { print(fault) }
        guard faults.isEmpty else { throw ExitCode(1) }
        print("\(entries) entries, every audit log is complete and sealed")
    }

    private func known(_ text: String) throws -> Installation.KnownHead {
        guard let head = Installation.KnownHead(text) else {
            throw ValidationError("--head must be organization:number:hash, as the server logs it")
        }
        return head
    }
}
