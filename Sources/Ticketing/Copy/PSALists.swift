import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// What people choose from: boards, statuses, companies, members, work roles and work types, as the ticketing system had
/// them lately. The copy is in the database, so that all servers share it.
public struct PSALists: Sendable {
    /// A list that is read as a whole.
    public enum List: Sendable, Hashable {
        case boards
        case statuses(Board.ID)
        case companies
        case members
        case workRoles
        case workTypes

        var name: String {
            switch self {
            case .boards: "boards"
            case .statuses(let board): "statuses:\(board)"
            case .companies: "companies"
            case .members: "members"
            case .workRoles: "work_roles"
            case .workTypes: "work_types"
            }
        }

        /// How long a reading serves.
        var lifetime: Duration {
            switch self {
            case .boards, .statuses, .workRoles, .workTypes: .seconds(3_600)
            case .companies, .members: .seconds(900)
            }
        }
    }

    private let database: Database
    private let readings = Readings()
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(database: Database, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.now = now
    }

    // MARK: What there is

    /// A board's statuses in their order.
    /// - Parameter refresh: whether to ask again, however new the copy is.
    public func statuses(
        of board: Board.ID, on live: LiveConnection, refresh: Bool = false
    ) async throws -> [Board.Status] {
        let connection = live.connection.id
        try await keep(.statuses(board), on: live, refresh: refresh) {
            let statuses = try await live.provider.statuses(of: board)
            return { db, instant in
                try Directory.store(statuses, of: board, connection, now: instant, in: db)
            }
        }
        return try await database.read { try Self.statuses(of: board, connection, in: $0) }
    }

    static func statuses(of board: Board.ID, _ connection: PSAConnection.ID, in db: Connection) throws -> [Board.Status]
    {
        try db.all(
            """
            SELECT * FROM psa_statuses WHERE connection_id = \(connection) AND board_id = \(board)
            ORDER BY sort_order, id LIMIT 2000
            """
        ).map { row in
            Board.Status(
                id: try row["id"], name: try row["name"], isClosed: try row["closed"], isInactive: try row["inactive"],
                refusesTime: try row["refuses_time"], isDefault: try row["is_default"],
                sortOrder: try row["sort_order"])
        }
    }

    /// A page of the boards that are used, by id.
    public func boards(
        on live: LiveConnection, refresh: Bool = false, page: PageRequest
    ) async throws -> Page<Directory.BoardCopy> {
        let connection = live.connection.id
        try await keepBoards(on: live, refresh: refresh)
        let rows = try await database.read { db in
            try db.all(
                """
                SELECT * FROM psa_boards WHERE connection_id = \(connection) AND id > \(page.after?.key ?? "")
                    AND inactive = 0 AND deleted_at IS NULL ORDER BY id LIMIT \(page.limit + 1)
                """, as: Directory.BoardCopy.self)
        }
        return Page(rows, limit: page.limit) { $0.id.rawValue }
    }

    /// Whether there is a board of this id.
    func hasBoard(_ id: Board.ID, on live: LiveConnection) async throws -> Bool {
        try await keepBoards(on: live)
        let connection = live.connection.id
        return try await database.read { db in
            try db.first(
                """
                SELECT 1 AS there FROM psa_boards WHERE connection_id = \(connection) AND id = \(id)
                    AND deleted_at IS NULL
                """) != nil
        }
    }

    private func keepBoards(on live: LiveConnection, refresh: Bool = false) async throws {
        let connection = live.connection.id
        try await keep(.boards, on: live, refresh: refresh) {
            let boards = try await live.provider.boardNames()
            return { db, instant in try Directory.storeNames(boards, of: connection, now: instant, in: db) }
        }
    }

    /// A page of the companies by name.
    /// - Parameters:
    ///   - search: a part of the name.
    ///   - only: the companies that the caller may see; nil for all.
    public func companies(
        on live: LiveConnection, search: String?, only: [Company.ID]? = nil, refresh: Bool = false, page: PageRequest
    ) async throws -> Page<Company> {
        let connection = live.connection.id
        try await keep(.companies, on: live, refresh: refresh) {
            let companies = try await Self.all { position throws(PSAError) in
                try await live.provider.companies(after: position)
            }
            return { db, _ in try Self.store(companies, of: connection, in: db) }
        }
        let after = Place(page.after)
        var query: SQL = """
            SELECT id, identifier, name FROM psa_companies WHERE connection_id = \(connection)
                AND (name_key > \(after.name) OR (name_key = \(after.name) AND id > \(after.id)))
            """
        if let only { query += only.isEmpty ? " AND id = ''" : " AND id IN (\(list: only))" }
        if let search { query += " AND name_key LIKE \(Self.pattern(search)) ESCAPE '!'" }
        query += " ORDER BY name_key, id LIMIT \(page.limit + 1)"
        let selection = query
        let rows = try await database.read { db in
            try db.all(selection).map { row in
                Company(id: try row["id"], identifier: try row["identifier"], name: try row["name"])
            }
        }
        return Page(rows, limit: page.limit) { "\($0.id)/\($0.name.lowercased())" }
    }

    private static func store(_ companies: [Company], of connection: PSAConnection.ID, in db: Connection) throws {
        try db.send("DELETE FROM psa_companies WHERE connection_id = \(connection)")
        let rows = companies.map { company -> [SQLValue] in
            [
                connection.sqlValue, company.id.sqlValue, company.identifier.sqlValue, company.name.sqlValue,
                company.name.lowercased().sqlValue,
            ]
        }
        for rows in rows.portions {
            try db.send(
                """
                INSERT INTO psa_companies (connection_id, id, identifier, name, name_key) VALUES \(inserted: rows)
                ON CONFLICT DO NOTHING
                """)
        }
    }

    /// A page of the active members by name.
    public func members(
        on live: LiveConnection, search: String?, refresh: Bool = false, page: PageRequest
    ) async throws -> Page<Member> {
        try await keepMembers(on: live, refresh: refresh)
        let connection = live.connection.id
        let after = Place(page.after)
        var query: SQL = """
            SELECT * FROM psa_members WHERE connection_id = \(connection) AND inactive = 0
                AND (name_key > \(after.name) OR (name_key = \(after.name) AND id > \(after.id)))
            """
        if let search {
            query += """
                 AND (name_key LIKE \(Self.pattern(search)) ESCAPE '!'
                    OR identifier_key LIKE \(Self.pattern(search)) ESCAPE '!')
                """
        }
        query += " ORDER BY name_key, id LIMIT \(page.limit + 1)"
        let selection = query
        let rows = try await database.read { db in
            try db.all(selection).map { row in (member: try Directory.member(row), key: try row["name_key"] as String) }
        }
        return Page(rows, limit: page.limit) { "\($0.member.id)/\($0.key)" }.map(\.member)
    }

    /// An active member; nil when there is none.
    func member(_ id: Member.ID, on live: LiveConnection) async throws -> Member? {
        try await keepMembers(on: live)
        return try await database.read { db in
            try db.first(
                """
                SELECT * FROM psa_members
                WHERE connection_id = \(live.connection.id) AND id = \(id) AND inactive = 0
                """
            ).map(Directory.member)
        }
    }

    /// Sees to it that the copy of the members is new enough.
    public func keepMembers(on live: LiveConnection, refresh: Bool = false) async throws {
        let connection = live.connection.id
        try await keep(.members, on: live, refresh: refresh) {
            let members = try await Self.all { position throws(PSAError) in
                try await live.provider.members(after: position)
            }
            return { db, instant in
                try Directory.store(members, of: connection, now: instant, in: db)
                // Whom the whole list lacks has left.
                try db.send(
                    """
                    UPDATE psa_members SET inactive = 1
                    WHERE connection_id = \(connection) AND fetched_at < \(instant) AND inactive = 0
                    """)
            }
        }
    }

    /// The work roles that are offered.
    public func workRoles(on live: LiveConnection, refresh: Bool = false) async throws -> [WorkRole] {
        let connection = live.connection.id
        try await keep(.workRoles, on: live, refresh: refresh) {
            let choices = try await live.provider.workRoles().map { ($0.id.rawValue, $0.name, $0.isInactive) }
            return { db, _ in try Self.store(choices, as: .workRoles, of: connection, in: db) }
        }
        return try await choices(.workRoles, of: connection).map { WorkRole(id: .init($0.id), name: $0.name) }
    }

    /// The kinds of work that are offered.
    public func workTypes(on live: LiveConnection, refresh: Bool = false) async throws -> [WorkType] {
        let connection = live.connection.id
        try await keep(.workTypes, on: live, refresh: refresh) {
            let choices = try await live.provider.workTypes().map { ($0.id.rawValue, $0.name, $0.isInactive) }
            return { db, _ in try Self.store(choices, as: .workTypes, of: connection, in: db) }
        }
        return try await choices(.workTypes, of: connection).map { WorkType(id: .init($0.id), name: $0.name) }
    }

    private static func store(
        _ choices: [(id: String, name: String, isInactive: Bool)], as list: List, of connection: PSAConnection.ID,
        in db: Connection
    ) throws {
        try db.send("DELETE FROM psa_choices WHERE connection_id = \(connection) AND kind = \(list.name)")
        for choice in choices {
            try db.send(
                """
                INSERT INTO psa_choices (connection_id, kind, id, name, inactive)
                VALUES (\(connection), \(list.name), \(choice.id), \(choice.name), \(choice.isInactive))
                ON CONFLICT DO NOTHING
                """)
        }
    }

    private func choices(
        _ list: List, of connection: PSAConnection.ID
    ) async throws -> [(id: String, name: String)] {
        try await database.read { db in
            try db.all(
                """
                SELECT id, name FROM psa_choices WHERE connection_id = \(connection) AND kind = \(list.name)
                    AND inactive = 0 ORDER BY name, id LIMIT 2000
                """
            ).map { row in (try row["id"], try row["name"]) }
        }
    }

    // MARK: Keeping them

    /// Reads a list again when the copy is too old. Concurrent callers wait for the same read. If that fails,
    /// an old copy is used.
    private func keep(
        _ list: List, on live: LiveConnection, refresh: Bool,
        read: @escaping @Sendable () async throws -> (@Sendable (Connection, Date) throws -> Void)
    ) async throws {
        let connection = live.connection.id
        let readAt: Date? = try await database.read { db in
            try db.first(
                "SELECT read_at FROM psa_readings WHERE connection_id = \(connection) AND list = \(list.name)"
            )?["read_at"]
        }
        if let readAt, !refresh, now().timeIntervalSince(readAt) < Double(list.lifetime.components.seconds) { return }
        let (database, now) = (database, now)
        do {
            try await readings.join("\(connection)/\(list.name)") {
                let store = try await read()
                let instant = now()
                try await database.write { db in
                    try store(db, instant)
                    try Self.note(list, of: connection, now: instant, in: db)
                }
            }
        } catch let error as PSAError {
            guard readAt != nil, !refresh else { throw error }
        }
    }

    /// Notes that a list was read.
    static func note(_ list: List, of connection: PSAConnection.ID, now: Date, in db: Connection) throws {
        try db.send(
            """
            INSERT INTO psa_readings (connection_id, list, read_at) VALUES (\(connection), \(list.name), \(now))
            ON CONFLICT (connection_id, list) DO UPDATE SET read_at = excluded.read_at
            """)
    }

    /// Lets the next one who asks read everything again.
    static func forget(of connection: PSAConnection.ID, in db: Connection) throws {
        // Set back rather than deleted: when the ticketing system is down then, the old copy still serves.
        try db.send("UPDATE psa_readings SET read_at = 0 WHERE connection_id = \(connection)")
    }

    private static func all<Item>(
        _ page: (String?) async throws(PSAError) -> ListPage<Item>
    ) async throws(PSAError) -> [Item] {
        var (items, position): ([Item], String?) = ([], nil)
        repeat {
            let found = try await page(position)
            items += found.items
            position = found.next
        } while position != nil
        return items
    }

    private static func pattern(_ search: String) -> String {
        "%\(search.lowercased().escapedForLike)%"
    }

    /// Whether a list by name may have ended there.
    static func isKey(_ text: String) -> Bool { text.utf8.contains("/") }

    /// Where a page of a list by name ended.
    private struct Place {
        let id: String
        let name: String

        init(_ cursor: Cursor?) {
            let parts = (cursor?.key ?? "/").splitBytes(on: "/", maxSplits: 1, omittingEmpty: false)
            id = String(parts[0])
            name = parts.count > 1 ? String(parts[1]) : ""
        }
    }
}

/// The readings under way in this process.
private actor Readings {
    private var running: [String: Task<Void, any Error>] = [:]

    /// Joins a reading of this name, or begins it.
    func join(_ name: String, _ read: @escaping @Sendable () async throws -> Void) async throws {
        if let present = running[name] { return try await present.value }
        // A task of its own: who began it may go away while others wait for it.
        let task = Task { try await read() }
        running[name] = task
        defer { running[name] = nil }
        try await task.value
    }
}
