import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay sync start`, or just `patchbay sync`.
struct SyncStart: ClientCommand {
    static let configuration = CommandConfiguration(
        "start", "Start syncs; those that are running go on.",
        more: "The server does the work; this command only starts it. Add --watch to follow it.",
        examples: ["sync start --all", "sync start --tickets --board \"Service Desk\" --watch"])

    @Flag(help: "Boards, recipients, tickets and recent changes.")
    var all = false
    @Flag(help: "Boards and their statuses.")
    var boards = false
    @Flag(help: "Rooms, and the chat accounts of members.")
    var recipients = false
    @Flag(help: "Open tickets.")
    var tickets = false
    @Flag(help: "Tickets that changed since the last sync.")
    var catchUp = false
    @Flag(help: "The callback by which ConnectWise reports changes.")
    var callbacks = false
    @Option(help: "Only tickets of this board, by its id or name; can be repeated.")
    var board: [String] = []
    @Flag(help: "Show the progress until all are done.")
    var watch = false

    @OptionGroup var client: ClientOptions

    private var kinds: [String] {
        let chosen = [
            ("boards", boards || all), ("recipients", recipients || all), ("tickets", tickets || all),
            ("catch_up", catchUp || all), ("callbacks", callbacks),
        ]
        return chosen.filter(\.1).map(\.0)
    }

    func validate() throws {
        guard !kinds.isEmpty else {
            throw ValidationError(
                "Choose what to sync: --all, --boards, --recipients, --tickets, --catch-up or --callbacks")
        }
        guard board.isEmpty || kinds.contains("tickets") else {
            throw ValidationError("--board needs --tickets or --all")
        }
        guard board.allSatisfy({ !$0.isEmpty }) else { throw ValidationError("--board takes an id or a name") }
    }

    func request(_ names: NameBook) async throws -> APIRequest {
        var body: [API.Syncs.Start.CodingKeys: JSON] = [.kinds: .list(kinds.map { .text($0) })]
        if !board.isEmpty {
            var ids: [JSON] = []
            for one in board { ids.append(.text(try await names.find(one, in: Boards.lookup).id)) }
            body[.boards] = .list(ids)
        }
        return APIRequest(API.Syncs.start(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let started = try await client.thing(request(client.names)).items
        guard watch else {
            return Outcome(
                content: .list(started, columns: Syncs.columns, next: .null),
                notes: ["Follow them with: patchbay sync status --watch"])
        }
        let ids = started.map { $0[API.Syncs.Answer.CodingKeys.id] }
        return try await Syncs.watch(with: client, in: surroundings) {
            ids.contains($0[API.Syncs.Answer.CodingKeys.id])
        }
    }
}
