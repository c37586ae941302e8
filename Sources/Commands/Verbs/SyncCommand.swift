import ArgumentParser
import BoundaryText
import Foundation

/// `patchbay sync`.
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Compare with ConnectWise and Webex now, or see how that stands.",
        subcommands: [SyncStart.self, SyncStatus.self], defaultSubcommand: SyncStart.self)
}

/// `patchbay sync start`, or just `patchbay sync`.
struct SyncStart: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start syncs; those under way go on.",
        discussion: "The server does the work; this command only asks for it. Add --watch to see it through.")

    @Flag(help: "Boards, recipients, tickets and what changed lately.")
    var all = false
    @Flag(help: "Boards and their statuses.")
    var boards = false
    @Flag(help: "Rooms, and the chat accounts of members.")
    var recipients = false
    @Flag(help: "Open tickets.")
    var tickets = false
    @Flag(help: "Tickets that changed since the last look.")
    var catchUp = false
    @Flag(help: "The callback by which ConnectWise tells of changes.")
    var callbacks = false
    @Option(help: ArgumentHelp("Only tickets of these boards.", valueName: "id,id"))
    var syncBoards: String?
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

    private var boardIDs: [String] {
        (syncBoards ?? "").splitBytes(on: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    func validate() throws {
        guard !kinds.isEmpty else {
            throw ValidationError("Say what: --all, --boards, --recipients, --tickets, --catch-up or --callbacks")
        }
        guard syncBoards == nil || kinds.contains("tickets") else {
            throw ValidationError("--sync-boards goes with --tickets or --all")
        }
        guard syncBoards == nil || (!boardIDs.isEmpty && boardIDs.allSatisfy { !$0.isEmpty }) else {
            throw ValidationError("--sync-boards takes numbers of boards, such as 1,2")
        }
    }

    var call: Call {
        var body: [String: JSON] = ["kinds": .array(kinds.map { .string($0) })]
        if !boardIDs.isEmpty { body["board_ids"] = .array(boardIDs.map { .string($0) }) }
        return Call(method: .post, path: "/api/v1/sync", body: .object(body))
    }

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        let started = try await client.thing(call)["items"]?.elements ?? []
        guard watch else {
            return Outcome(
                content: .list(started, columns: Syncs.columns, next: .null),
                notes: ["See how they go with: patchbay sync status --watch"])
        }
        let ids = started.compactMap { $0["id"] }
        return try await Syncs.watch(with: client, in: surroundings) { $0["id"].map(ids.contains) ?? false }
    }
}

/// `patchbay sync status`.
struct SyncStatus: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how each sync stands and when it runs next.")

    @Flag(help: "Show the progress until nothing is under way.")
    var watch = false

    @OptionGroup var client: ClientOptions

    func perform(with client: APIClient, in surroundings: Surroundings) async throws -> Outcome {
        if watch { return try await Syncs.watch(with: client, in: surroundings) { _ in true } }
        let syncs = try await Syncs.all(with: client)
        return Outcome(
            content: .list(syncs, columns: Syncs.columns, next: .null), notes: syncs.isEmpty ? ["No connections."] : [])
    }
}

/// What both commands show.
enum Syncs {
    static let columns = [
        Column("kind"), Column("connection_name", "connection"), Column("state"), Column("done", .number),
        Column("total", .number),
        Column("finished_at", "finished", .instant), Column("duration_seconds", "seconds", .number),
        Column("next_run_at", "next", .instant), Column("last_error", "error"),
    ]

    static func all(with client: APIClient) async throws -> [JSON] {
        try await client.thing(Call(method: .get, path: "/api/v1/sync/status"))["items"]?.elements ?? []
    }

    /// Reports progress until none of the wanted ones is under way, then comes to how they ended.
    static func watch(
        with client: APIClient, in surroundings: Surroundings, wanted: (JSON) -> Bool
    ) async throws -> Outcome {
        var shown: [String: String] = [:]
        while true {
            let syncs = try await all(with: client).filter(wanted)
            for sync in syncs {
                let name = "\(sync["kind"]?.plain ?? "") \(sync["connection_id"]?.plain ?? "")"
                let line = progress(of: sync)
                guard shown[name] != line, isUnderWay(sync) || shown[name] != nil else { continue }
                shown[name] = line
                surroundings.report(line.printable)
            }
            guard syncs.contains(where: isUnderWay) else {
                let failed = syncs.contains { $0["state"] == .string("failed") }
                return Outcome(content: .list(syncs, columns: columns, next: .null), isGood: !failed)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func isUnderWay(_ sync: JSON) -> Bool {
        sync["state"] == .string("queued") || sync["state"] == .string("running")
    }

    /// `tickets     ██████████░░░░░░░░░░  2000 of 4000`
    static func progress(of sync: JSON) -> String {
        let kind = (sync["kind"]?.text ?? "").padding(toLength: 11, withPad: " ", startingAt: 0)
        let width = 24
        guard case .integer(let done)? = sync["done"] else { return kind }
        let isOver = !isUnderWay(sync)
        let amount: String
        let part: Double
        if case .integer(let total)? = sync["total"], total > 0 {
            part = min(1, Double(done) / Double(total))
            amount = "\(done) of \(total)"
        } else {
            part = isOver ? 1 : 0
            amount = "\(done)"
        }
        let filled = Int(saturating: part * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let state = isOver ? (sync["state"] == .string("failed") ? "  failed" : "  done") : ""
        return "\(kind) \(bar)  \(amount)\(state)"
    }
}
