import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// Our copy of what tickets refer to: boards with their statuses, and members.
public struct Directory: Sendable {
    private let database: Database

    /// - Parameter database: where the copy is.
    public init(database: Database) {
        self.database = database
    }

    // MARK: Boards

    /// A board of the copies.
    public struct BoardCopy: Sendable, Equatable, RowDecodable {
        /// The ticketing system's id.
        public let id: Board.ID
        /// As people see it.
        public let name: String
        /// Whether it is no longer used there.
        public let isInactive: Bool
        /// Whether it is gone there.
        public let isDeleted: Bool
        /// Which ticketing system it belongs to.
        public let connection: PSAConnection.ID

        /// Reads a row of `psa_boards`.
        public init(row: Row) throws {
            id = try row["id"]
            name = try row["name"]
            isInactive = try row["inactive"]
            let deletedAt: Date? = try row["deleted_at"]
            isDeleted = deletedAt != nil
            connection = try row["connection_id"]
        }
    }

    /// Whether a list may have ended there: a connection, and an id or name of its own.
    static func isKey(_ text: String) -> Bool { text.prefixMatch(of: /\d+\//) != nil }

    /// An organization's boards by name.
    /// - Parameter on: only those of this connection.
    public func boards(
        of organization: Organization.ID, on only: PSAConnection.ID? = nil, page: PageRequest
    ) async throws -> Page<BoardCopy> {
        // Sorted by connection and id so that paging is stable; the ids are text, hence compared as such.
        let after = (page.after?.key ?? "0/").splitBytes(on: "/", maxSplits: 1, omittingEmpty: false)
        let connection = Int64(after[0]) ?? 0
        let id = after.count > 1 ? String(after[1]) : ""
        let rows = try await database.read { db in
            try db.all(
                """
                SELECT b.* FROM psa_boards b JOIN psa_connections c ON c.id = b.connection_id
                WHERE c.organization_id = \(organization) \(Self.narrowing(only))
                    AND (b.connection_id > \(connection) OR (b.connection_id = \(connection) AND b.id > \(id)))
                ORDER BY b.connection_id, b.id LIMIT \(page.limit + 1)
                """, as: BoardCopy.self)
        }
        return Page(rows, limit: page.limit) { "\($0.connection)/\($0.id)" }
    }

    /// A connection's boards, in the order of their ids as text, from the one after an id on.
    public static func boards(
        of connection: PSAConnection.ID, after id: Board.ID, limit: Int, in db: Connection
    ) throws -> [BoardCopy] {
        try db.all(
            """
            SELECT * FROM psa_boards WHERE connection_id = \(connection) AND deleted_at IS NULL AND id > \(id)
            ORDER BY id LIMIT \(limit)
            """)
    }

    private static func narrowing(_ connection: PSAConnection.ID?) -> SQL {
        connection.map { "AND b.connection_id = \($0)" } ?? ""
    }

    /// One of an organization's boards with its statuses; nil when there is no such.
    /// - Parameter on: that of this connection.
    public func board(
        _ id: Board.ID, of organization: Organization.ID, on connection: PSAConnection.ID? = nil
    ) async throws -> (board: BoardCopy, statuses: [Board.Status])? {
        try await database.read { db in
            guard let board = try Self.board(id, of: organization, on: connection, in: db) else { return nil }
            let statuses = try db.all(
                """
                SELECT * FROM psa_statuses WHERE connection_id = \(board.connection) AND board_id = \(id)
                ORDER BY sort_order LIMIT 500
                """
            ).map { row in
                Board.Status(
                    id: try row["id"], name: try row["name"], isClosed: try row["closed"],
                    isInactive: try row["inactive"], refusesTime: try row["refuses_time"],
                    isDefault: try row["is_default"], sortOrder: try row["sort_order"])
            }
            return (board, statuses)
        }
    }

    /// One of an organization's boards; nil when there is no such.
    /// - Parameter on: that of this connection.
    public static func board(
        _ id: Board.ID, of organization: Organization.ID, on connection: PSAConnection.ID? = nil, in db: Connection
    ) throws -> BoardCopy? {
        try db.first(
            """
            SELECT b.* FROM psa_boards b JOIN psa_connections c ON c.id = b.connection_id
            WHERE c.organization_id = \(organization) AND b.id = \(id) \(narrowing(connection))
            ORDER BY b.connection_id LIMIT 1
            """, as: BoardCopy.self)
    }

    /// Takes over all boards without their statuses; what is no longer there is marked, what is back is restored.
    public static func storeNames(
        _ boards: [Board], of connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws {
        try PSALists.note(.boards, of: connection, now: now, in: db)
        try db.send(
            "UPDATE psa_boards SET deleted_at = \(now) WHERE connection_id = \(connection) AND deleted_at IS NULL")
        for board in boards {
            try db.send(
                """
                INSERT INTO psa_boards (connection_id, id, name, inactive, fetched_at)
                VALUES (\(connection), \(board.id), \(board.name), \(board.isInactive), \(now))
                ON CONFLICT (connection_id, id) DO UPDATE SET name = excluded.name, inactive = excluded.inactive,
                    deleted_at = NULL, fetched_at = excluded.fetched_at
                """)
        }
    }

    /// Takes over all statuses of a board.
    public static func store(
        _ statuses: [Board.Status], of board: Board.ID, _ connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws {
        try db.send("DELETE FROM psa_statuses WHERE connection_id = \(connection) AND board_id = \(board)")
        let rows = statuses.map { status -> [SQLValue] in
            [
                connection.sqlValue, status.id.sqlValue, board.sqlValue, status.name.sqlValue,
                status.isClosed.sqlValue, status.isInactive.sqlValue, status.refusesTime.sqlValue,
                status.isDefault.sqlValue, status.sortOrder.sqlValue, now.sqlValue,
            ]
        }
        for rows in rows.portions {
            try db.send(
                """
                INSERT INTO psa_statuses (
                    connection_id, id, board_id, name, closed, inactive, refuses_time, is_default, sort_order, fetched_at)
                VALUES \(inserted: rows)
                ON CONFLICT (connection_id, id) DO UPDATE SET board_id = excluded.board_id, name = excluded.name,
                    closed = excluded.closed, inactive = excluded.inactive, refuses_time = excluded.refuses_time,
                    is_default = excluded.is_default, sort_order = excluded.sort_order,
                    fetched_at = excluded.fetched_at
                """)
        }
        try PSALists.note(.statuses(board), of: connection, now: now, in: db)
    }

    // MARK: Members

    /// Members by their identifiers: from the copy while younger than the lifetime, otherwise from the ticketing system.
    /// If that fails, a stale row is used.
    /// - Returns: the members, by lower-case identifier; those that do not exist are missing.
    /// - Throws: ``PSAError`` when a member is neither in the copy nor can be read.
    public func members(
        _ identifiers: [String], of live: LiveConnection, lifetime: Duration, now: Date
    ) async throws -> [String: Member] {
        guard !identifiers.isEmpty else { return [:] }
        let keys = identifiers.map { $0.lowercased() }
        let connection = live.connection.id
        let stored = try await database.read { db in
            try db.all(
                """
                SELECT * FROM psa_members
                WHERE connection_id = \(connection) AND identifier_key IN (\(list: keys))
                """
            ).map { row in (try Self.member(row), try row["fetched_at"] as Date) }
        }
        var members = Dictionary(stored.map { ($0.0.identifier.lowercased(), $0.0) }, uniquingKeysWith: { $1 })
        let oldest = now.addingTimeInterval(-Double(lifetime.components.seconds))
        let fresh = Set(stored.filter { $0.1 > oldest }.map { $0.0.identifier.lowercased() })
        let wanted = identifiers.filter { !fresh.contains($0.lowercased()) }
        guard !wanted.isEmpty else { return members }
        do {
            let fetched = try await live.provider.members(wanted)
            for member in fetched { members[member.identifier.lowercased()] = member }
            try await database.write { db in
                for member in fetched { try Self.store(member, of: connection, now: now, in: db) }
            }
        } catch let error as PSAError {
            guard wanted.allSatisfy({ members[$0.lowercased()] != nil }) else { throw error }
        }
        return members
    }

    /// Members by their identifiers as they are in the mirror, however old.
    public static func copiedMembers(
        _ identifiers: [String], of connection: PSAConnection.ID, in db: Connection
    ) throws -> [String: Member] {
        let rows = try db.all(
            """
            SELECT * FROM psa_members WHERE connection_id = \(connection)
                AND identifier_key IN (\(list: identifiers.map { $0.lowercased() }))
            """)
        return Dictionary(
            try rows.map(member).map { ($0.identifier.lowercased(), $0) }, uniquingKeysWith: { $1 })
    }

    /// An organization's members by identifier.
    public func members(of organization: Organization.ID, page: PageRequest) async throws -> Page<Member> {
        // Two ticketing systems may each have a member of the same name.
        let after = (page.after?.key ?? "0/").splitBytes(on: "/", maxSplits: 1, omittingEmpty: false)
        let connection = Int64(after[0]) ?? 0
        let identifier = after.count > 1 ? String(after[1]) : ""
        let rows = try await database.read { db in
            try db.all(
                """
                SELECT m.* FROM psa_members m JOIN psa_connections c ON c.id = m.connection_id
                WHERE c.organization_id = \(organization) AND (m.identifier_key > \(identifier)
                    OR (m.identifier_key = \(identifier) AND m.connection_id > \(connection)))
                ORDER BY m.identifier_key, m.connection_id LIMIT \(page.limit + 1)
                """
            ).map { row in (member: try Self.member(row), connection: try row["connection_id"] as PSAConnection.ID) }
        }
        return Page(rows, limit: page.limit) { "\($0.connection)/\($0.member.identifier.lowercased())" }.map(\.member)
    }

    static func member(_ row: Row) throws -> Member {
        Member(
            id: try row["id"], identifier: try row["identifier"], name: try row["name"], email: try row["email"],
            isInactive: try row["inactive"])
    }

    /// Takes over members; those that are missing stay as they were.
    public static func store(
        _ members: [Member], of connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws {
        for member in members { try store(member, of: connection, now: now, in: db) }
    }

    private static func store(
        _ member: Member, of connection: PSAConnection.ID, now: Date, in db: Connection
    ) throws {
        try db.send(
            """
            INSERT INTO psa_members (
                connection_id, identifier_key, id, identifier, name, name_key, email, inactive, fetched_at)
            VALUES (
                \(connection), \(member.identifier.lowercased()), \(member.id), \(member.identifier), \(member.name),
                \(member.name.lowercased()), \(orNull: member.email), \(member.isInactive), \(now))
            ON CONFLICT (connection_id, identifier_key) DO UPDATE SET id = excluded.id, name = excluded.name,
                name_key = excluded.name_key, identifier = excluded.identifier, email = excluded.email, inactive = excluded.inactive,
                fetched_at = excluded.fetched_at
            """)
    }
}

extension Directory {
    private static func reachable(of organization: Organization.ID) -> SQL {
        """
        FROM psa_members m JOIN psa_connections p ON p.id = m.connection_id
        WHERE p.organization_id = \(organization) AND m.inactive = 0 AND m.email IS NOT NULL
        """
    }

    /// The e-mail addresses of an organization's active members with a name, each once, from one on in their order.
    package static func addresses(
        of organization: Organization.ID, after: String, limit: Int, in db: Connection
    ) throws -> [(email: String, name: String)] {
        try db.all(
            """
            SELECT lower(m.email) AS email, MAX(m.name) AS name \(reachable(of: organization))
                AND lower(m.email) > \(after)
            GROUP BY lower(m.email) ORDER BY lower(m.email) LIMIT \(limit)
            """
        ).map { row in (email: try row["email"], name: try row["name"]) }
    }

    /// How many addresses there are.
    package static func countOfAddresses(of organization: Organization.ID, in db: Connection) throws -> Int {
        try db.first("SELECT COUNT(DISTINCT lower(m.email)) AS number \(reachable(of: organization))")?["number"] ?? 0
    }
}
