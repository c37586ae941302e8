import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay board list`.
struct ListBoards: ClientCommand {
    static let configuration = CommandConfiguration(
        "list", "List boards.", examples: ["board list", "board list --live"])

    @Flag(help: "Ask ConnectWise now, instead of showing what was last read.")
    var live = false
    @OptionGroup var list: ListOptions<Boards>

    var client: ClientOptions { list.client }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let endpoint = live ? Endpoint(API.PSA.Boards.list.main) : Boards.resource.list
        return try await list.perform(with: client, in: surroundings, from: endpoint)
    }
}
