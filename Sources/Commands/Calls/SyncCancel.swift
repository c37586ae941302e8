import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay sync cancel`.
struct SyncCancel: ClientCommand {
    static let configuration = CommandConfiguration(
        "cancel", "Cancel a sync that waits or runs; what it has found stays.",
        examples: ["sync cancel tickets", "sync cancel 3"])

    @Argument(help: ArgumentHelp("The kind, such as tickets, or the id.", valueName: "sync"))
    var sync: String

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let lookup = Lookup(
            name: "sync", names: "syncs", list: Endpoint(API.Syncs.list),
            naming: .members(API.Syncs.Answer.CodingKeys.kind))
        let id = try await client.names.find(sync.replacing(bytes: "-", with: "_"), in: lookup).id
        let answer = try await client.thing(Endpoint(API.Syncs.cancel)([id]))
        return Outcome(content: .one(answer, Content.Layout(columns: Syncs.columns)))
    }
}
