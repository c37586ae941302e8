import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// `patchbay sync`.
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "sync", "Start, show or cancel syncs with ConnectWise and Webex.",
        examples: ["sync --all", "sync --tickets --board \"Service Desk\" --watch", "sync status"],
        alsoUnderstood: Ticketbot.forms(of: "sync"),
        subcommands: [SyncStart.self, SyncStatus.self, SyncCancel.self], standard: SyncStart.self)
}

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

/// What these commands show.
enum Syncs {
    private typealias Answer = API.Syncs.Answer.CodingKeys

    static let columns = [
        Column(Answer.kind).key, Column(Answer.connectionName, "connection"), Column(Answer.state, .state).key,
        Column(Answer.done, .number),
        Column(Answer.total, .number), Column(Answer.finishedAt, "finished", .instant),
        Column(Answer.duration, "seconds", .number).extra, Column(Answer.nextRunAt, "next", .instant).extra,
        Column(Answer.lastError, "error"),
    ]

    static func all(with client: APIClient) async throws -> [JSON] {
        try await client.thing(Endpoint(API.Syncs.list)()).items
    }

    /// Reports progress until none of the wanted ones is running, then comes to how they ended.
    static func watch(
        with client: APIClient, in surroundings: Surroundings, wanted: (JSON) -> Bool
    ) async throws -> Outcome {
        var shown: [String: String] = [:]
        while true {
            let syncs = try await all(with: client).filter(wanted)
            for sync in syncs {
                let name = "\(sync[Answer.kind].plain) \(sync[Answer.connection].plain)"
                let line = progress(of: sync)
                guard shown[name] != line, isUnderWay(sync) || shown[name] != nil else { continue }
                shown[name] = line
                surroundings.report(line.printable)
            }
            guard syncs.contains(where: isUnderWay) else {
                let failed = syncs.contains { $0[Answer.state] == "failed" }
                return Outcome(content: .list(syncs, columns: columns, next: .null), isGood: !failed)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func isUnderWay(_ sync: JSON) -> Bool {
        sync[Answer.state] == "queued" || sync[Answer.state] == "running"
    }

    /// `tickets     ██████████░░░░░░░░░░  2000 of 4000`
    static func progress(of sync: JSON) -> String {
        let kind = (sync[Answer.kind].string ?? "").padding(toLength: 11, withPad: " ", startingAt: 0)
        let width = 24
        guard let done = sync[Answer.done].int else { return kind }
        let isOver = !isUnderWay(sync)
        let amount: String
        let part: Double
        if let total = sync[Answer.total].int, total > 0 {
            part = min(1, Double(done) / Double(total))
            amount = "\(done) of \(total)"
        } else {
            part = isOver ? 1 : 0
            amount = "\(done)"
        }
        let filled = Int(saturating: part * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let state = isOver ? (sync[Answer.state] == "failed" ? "  failed" : "  done") : ""
        return "\(kind) \(bar)  \(amount)\(state)"
    }
}
