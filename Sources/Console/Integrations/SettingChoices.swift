import API
import Accounts
import BoundaryText
import Foundation
import WebSupport

/// The lists of ConnectWise from which defaults are chosen, together with those that are set. What a list does not hold, or
/// cannot be shown at all, stays as it is.
struct SettingChoices {
    typealias Choice = (value: String, label: String)
    private typealias Member = PSA.Settings.Change.CodingKeys

    private static let mostBoards = 40

    private struct BoardChoice {
        let id: String
        let name: String
        let statuses: [Choice]

        /// The name of its field, which is no member of the body.
        var field: String { "board_\(id)" }
    }

    /// The defaults that are set.
    let settings: PSA.Settings.Answer
    private var lists: [Member: [Choice]] = [:]
    private var boards: [BoardChoice] = []
    /// What the form does not show, and why.
    private(set) var notes: [String] = []

    init(_ visit: Visit, _ connection: PSA.Connections.Answer) async throws {
        settings = try await visit.ask(PSA.Settings.show(connection.id))
        try await readLists(visit, connection)
        do {
            try await readBoards(visit, of: connection.id)
        } catch let problem as Problem {
            boards = []
            notes.append("The boards cannot be loaded. Their statuses stay unchanged. \(problem.detail)")
        }
    }

    private mutating func readLists(_ visit: Visit, _ connection: PSA.Connections.Answer) async throws {
        // The API would answer with those of the connection that is used in its place.
        guard connection.enabled else {
            notes.append(
                "Some lists of ConnectWise cannot be loaded while the connection is disabled. Those defaults stay unchanged."
            )
            return
        }
        let customer = connection.tenant
        do {
            add(try await Choices.work(visit, WorkRoles.list, for: customer), as: .workRole)
            add(try await Choices.work(visit, WorkTypes.list, for: customer), as: .workType)
            let members = try await Choices.all(visit) { PSA.Members.list(for: customer, limit: $0, cursor: $1) }
            add(
                members.map { ($0.id.description, $0.name) }.sorted { $0.1.lowercased() < $1.1.lowercased() },
                as: .member)
        } catch let problem as Problem {
            notes.append(
                "Some lists of ConnectWise cannot be loaded. Those defaults stay unchanged. \(problem.detail)")
        }
    }

    private mutating func add(_ found: [Choice], as member: Member) {
        lists[member] = Self.with(set(member)?.id, set(member)?.name, found)
    }

    /// Boards with a setting come first, to keep the form short.
    private mutating func readBoards(_ visit: Visit, of connection: PSA.Connections.ID) async throws {
        let filter = [Boards.Filter.connection: "\(connection)"]
        let all = try await Choices.all(visit) { Boards.list(filter, limit: $0, cursor: $1) }
            .map { (value: $0.id.description, label: $0.name) }.sorted { $0.label.lowercased() < $1.label.lowercased() }
        let chosen = all.filter { stored($0.value) != nil }
        let others = all.filter { stored($0.value) == nil }
        for board in chosen + others.prefix(max(0, Self.mostBoards - chosen.count)) {
            let shown = try await visit.ask(Boards.show(Boards.ID(board.value), filter))
            let statuses = (shown.statuses ?? []).filter { !$0.inactive && !$0.closed }
                .map { ($0.id.description, $0.name) }
            let set = stored(board.value)
            boards.append(
                BoardChoice(
                    id: board.value, name: board.label, statuses: Self.with(set?.status, set?.name, statuses)))
        }
        let hidden = all.count - boards.count
        if hidden > 0 { notes.append("\(hidden) more boards are not shown here. Set their statuses with the API.") }
    }

    private func stored(_ board: String) -> PSA.Settings.BoardStatus? {
        settings.boardStatuses.first { $0.board == board }
    }

    private func set(_ member: Member) -> Reference? {
        switch member {
        case .workRole: settings.workRole
        case .workType: settings.workType
        case .member: settings.member
        case .minutes, .noteType, .boardStatuses, .updatesStatus, .version: nil
        }
    }

    /// The choices, with the one that is set also when it is no longer offered.
    private static func with(_ id: String?, _ name: String?, _ choices: [Choice]) -> [Choice] {
        guard let id, !choices.contains(where: { $0.value == id }) else { return choices }
        return choices + [(id, "\(name ?? id) (no longer offered, or closes the ticket)")]
    }

    private func choice(_ member: Member, _ label: String, _ none: String) -> [Field] {
        lists[member].map { [Field(member, label, .choice([("", none)] + $0), optional: true)] } ?? []
    }

    var fields: [Field] {
        [Field(Member.minutes, "Minutes per change", .number)]
            + choice(.workRole, "Work role", "ConnectWise default")
            + choice(.workType, "Work type", "ConnectWise default")
            + [Field(Member.noteType, "Note type", .choice(NoteWords.choices))]
            + choice(.member, "Users without a mapping write as", "The API member")
            + [
                Field(
                    Member.updatesStatus, "Update the status after a change", .flag,
                    help: "To the status that is chosen for the board below.")
            ]
            + boards.map { board in
                Field(
                    board.field, "Status after a change on \(board.name)",
                    .choice([("", "Unchanged")] + board.statuses), optional: true)
            } + [Field(Member.version, "", .hidden)]
    }

    /// The defaults that are set, for the form.
    var entries: Entries {
        var values: [String: String?] = [
            Member.minutes.rawValue: "\(settings.minutes)", Member.noteType.rawValue: settings.noteType.text,
            Member.updatesStatus.rawValue: settings.updatesStatus ? "true" : "false",
            Member.version.rawValue: "\(settings.version)",
        ]
        for member in lists.keys { values[member.rawValue] = set(member)?.id }
        for board in settings.boardStatuses { values["board_\(board.board)"] = board.status }
        return Entries(values)
    }

    /// All of the defaults.
    func body(_ entries: Entries) throws -> [PSA.Settings.Change.CodingKeys: JSON] {
        func reference(_ member: Member) throws -> JSON {
            let stored = try set(member).map { try JSON(of: $0) } ?? .null
            // A field that was not in the form says nothing.
            guard let id = entries[member.rawValue], id != set(member)?.id else { return stored }
            guard let label = lists[member]?.first(where: { $0.value == id })?.label else {
                return id.isEmpty ? .null : stored
            }
            return try JSON(of: Reference(id: id, name: label))
        }
        var statuses = settings.boardStatuses
        for board in boards {
            guard let id = entries[board.field], id != (stored(board.id)?.status ?? "") else { continue }
            let name = board.statuses.first { $0.value == id }?.label
            guard id.isEmpty || name != nil else { continue }
            statuses.removeAll { $0.board == board.id }
            guard let name else { continue }
            statuses.append(.init(board: board.id, status: id, name: name))
        }
        return [
            .minutes: JSON(typed: entries[Member.minutes.rawValue] ?? ""),
            .workRole: try reference(.workRole), .workType: try reference(.workType), .member: try reference(.member),
            .noteType: .text(entries[Member.noteType.rawValue] ?? NoteType.internalAnalysis.rawValue),
            .updatesStatus: .flag(entries[Member.updatesStatus.rawValue] == "true"),
            .boardStatuses: try JSON(of: statuses), .version: JSON(typed: entries[Member.version.rawValue]),
        ]
    }
}
