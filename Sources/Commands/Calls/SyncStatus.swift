import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay sync status`.
struct SyncStatus: ClientCommand {
    static let configuration = CommandConfiguration(
        "status", "Show the state of each sync and when it runs next.",
        examples: ["sync status", "sync status --watch"])

    @Flag(help: "Show the progress until no sync is running.")
    var watch = false

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        if watch { return try await Syncs.watch(with: client, in: surroundings) { _ in true } }
        let syncs = try await Syncs.all(with: client)
        return Outcome(
            content: .list(syncs, columns: Syncs.columns, next: .null), notes: syncs.isEmpty ? ["No connections."] : [])
    }
}
