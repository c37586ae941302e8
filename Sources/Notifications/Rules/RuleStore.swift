import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing
import WebSupport

/// A rule to be created or changed.
struct RuleDraft: Sendable, Equatable {
    var board: Board.ID
    var recipient: Recipient.ID
    var isEnabled = true
    var simulates = false
    var updates = Rule.Updates.none
    var visibility = Rule.Visibility.all
    var threadsUpdates = false
}

/// The rules' SQL.
enum RuleStore {
    static let selection: SQL = """
        SELECT r.*, b.name AS board_name, p.name AS recipient_name, p.kind AS recipient_kind
        FROM rules r JOIN recipients p ON p.id = r.recipient_id
        LEFT JOIN psa_boards b ON b.connection_id = r.connection_id AND b.id = r.board_id
        """

    static func list(
        of organization: Organization.ID, board: Board.ID?, recipient: Recipient.ID?, page: PageRequest,
        in db: Connection
    ) throws -> Page<Rule> {
        var query = selection + " WHERE r.organization_id = \(organization) AND r.id > \(page.after?.number ?? 0)"
        if let board { query += " AND r.board_id = \(board)" }
        if let recipient { query += " AND r.recipient_id = \(recipient)" }
        query += " ORDER BY r.id LIMIT \(page.limit + 1)"
        return Page(try db.all(query), limit: page.limit) { "\($0.id)" }
    }

    static func find(_ id: Rule.ID, of organization: Organization.ID, in db: Connection) throws -> Rule? {
        try db.first(selection + " WHERE r.id = \(id) AND r.organization_id = \(organization)")
    }

    /// The enabled rules of a board, for planning.
    static func enabled(on board: String, of connection: PSAConnection.ID, in db: Connection) throws -> [Rule] {
        try db.all(
            selection + """
                 WHERE r.connection_id = \(connection) AND r.board_id = \(board) AND r.enabled = 1 AND p.active = 1
                ORDER BY r.id
                """)
    }

    /// The names of recipients who are off because chat does not know them, and whom enabled rules of a board name.
    static func unreachable(on board: String, of connection: PSAConnection.ID, in db: Connection) throws -> [String] {
        try db.all(
            """
            SELECT DISTINCT p.name FROM rules r JOIN recipients p ON p.id = r.recipient_id
            WHERE r.connection_id = \(connection) AND r.board_id = \(board) AND r.enabled = 1 AND p.active = 0
            ORDER BY p.name LIMIT 20
            """
        ).map { row in try row["name"] }
    }

    /// The rules of a board that name a recipient, switched on or not.
    static func all(
        on board: String, for recipient: Recipient.ID, of connection: PSAConnection.ID, in db: Connection
    ) throws -> [Rule] {
        try db.all(
            selection + """
                 WHERE r.connection_id = \(connection) AND r.board_id = \(board) AND r.recipient_id = \(recipient)
                """)
    }

    /// - Throws: 422 when board or recipient do not exist, 409 when there is such a rule already.
    static func create(
        _ draft: RuleDraft, for organization: Organization.ID, now: Date, in db: Connection
    ) throws -> Rule {
        var errors: [Problem.FieldError] = []
        let board = try Directory.board(draft.board, of: organization, in: db)
        if board?.isDeleted == true {
            errors.append(
                .init(field: "board_id", code: "deleted", message: "was deleted in the PSA."))
        }
        if board == nil {
            errors.append(
                .init(
                    field: "board_id", code: "unknown",
                    message: "is not a board. List them with GET /api/v1/boards."))
        }
        if try RecipientStore.find(draft.recipient, of: organization, in: db) == nil {
            errors.append(
                .init(
                    field: "recipient_id", code: "unknown",
                    message: "is not a recipient. List them with GET /api/v1/recipients."))
        }
        guard errors.isEmpty, let board else { throw Problem.invalid(errors) }
        let id: Rule.ID?
        do {
            id = try db.first(
                """
                INSERT INTO rules (
                    organization_id, connection_id, board_id, recipient_id, enabled, simulate, updates, visibility,
                    thread_updates, created_at)
                VALUES (
                    \(organization), \(board.connection), \(draft.board), \(draft.recipient), \(draft.isEnabled),
                    \(draft.simulates), \(draft.updates), \(draft.visibility), \(draft.threadsUpdates), \(now))
                RETURNING id
                """)?["id"]
        } catch DatabaseError.duplicate {
            throw Problem.conflict(
                code: "rule_exists", "A rule for this board and recipient already exists. Update that one instead.")
        }
        guard let id, let rule = try find(id, of: organization, in: db) else {
            throw DatabaseError.statement("a new rule is gone")
        }
        return rule
    }

    /// - Returns: the rule as it is then.
    @discardableResult
    static func update(
        _ id: Rule.ID, of organization: Organization.ID, to draft: RuleDraft, in db: Connection
    ) throws -> Rule? {
        try db.execute(
            """
            UPDATE rules SET enabled = \(draft.isEnabled), simulate = \(draft.simulates), updates = \(draft.updates),
                visibility = \(draft.visibility), thread_updates = \(draft.threadsUpdates)
            WHERE id = \(id) AND organization_id = \(organization)
            """)
        return try find(id, of: organization, in: db)
    }

    static func delete(_ id: Rule.ID, of organization: Organization.ID, in db: Connection) throws -> Bool {
        try db.execute("DELETE FROM rules WHERE id = \(id) AND organization_id = \(organization)") > 0
    }
}
