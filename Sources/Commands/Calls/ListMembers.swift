import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// `patchbay member list`.
struct ListMembers: ClientCommand {
    static let configuration = CommandConfiguration(
        "list", "List members.", examples: ["member list", "member list --live --search brandt"])

    @Flag(help: "Ask ConnectWise now, instead of showing what was last read.")
    var live = false
    @Option(help: "Only members whose name or login name contains this text; with --live.")
    var search: String?
    @OptionGroup var list: ListOptions<Members>

    var client: ClientOptions { list.client }

    func validate() throws {
        guard live || search == nil else { throw ValidationError("--search needs --live") }
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        guard live else { return try await list.perform(with: client, in: surroundings) }
        let query = search.map { [APIRequest.Parameter(name: "search", value: $0)] } ?? []
        let (items, next) = try await client.pages(of: "members", upTo: list.amount.most) { limit, cursor in
            ListOptions<Members>.request(
                query, limit: limit, cursor: cursor, from: Endpoint(API.PSA.Members.list.main))
        }
        return Outcome(
            content: .list(items, columns: Members.resource.columns, next: next.map { .text($0) } ?? .null),
            notes: (items.isEmpty ? ["No members."] : []) + (next == nil ? [] : [APIClient.thereAreMore]))
    }
}
