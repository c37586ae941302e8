import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// Who is whom in the ticketing system.
public struct MemberMappings: Sendable {
    private let database: Database
    private let lists: PSALists
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(database: Database, lists: PSALists, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.lists = lists
        self.now = now
    }

    /// An active user, and the member that he is.
    struct Person: Sendable {
        let user: User.ID
        let name: String
        let email: String
        let mapping: MemberMapping?
        /// Whether that member has left the ticketing system.
        let hasLeft: Bool
    }

    private static func selection(_ connection: PSAConnection.ID, _ organization: Organization.ID) -> SQL {
        """
        SELECT u.id AS person_id, u.name AS person_name, u.email, m.*, COALESCE(p.inactive, 0) AS has_left
        FROM users u
            LEFT JOIN psa_member_mappings m ON m.user_id = u.id AND m.connection_id = \(connection)
            LEFT JOIN psa_members p ON p.connection_id = \(connection)
                AND p.identifier_key = m.member_key
        WHERE u.organization_id = \(organization) AND u.active = 1
        """
    }

    private static func person(_ row: Row) throws -> Person {
        let member: String? = try row["member_id"]
        return Person(
            user: try row["person_id"], name: try row["person_name"], email: try row["email"],
            mapping: try member.map { _ in try MemberMapping(row: row) }, hasLeft: try row["has_left"])
    }

    /// A page of the active users, mapped or not.
    /// - Parameter user: only this one.
    func list(
        on connection: PSAConnection, user: User.ID?, isMapped: Bool?, page: PageRequest
    ) async throws -> Page<Person> {
        var query = Self.selection(connection.id, connection.organization)
        query += " AND u.id > \(page.after?.number ?? 0)"
        if let user { query += " AND u.id = \(user)" }
        if let isMapped { query += isMapped ? " AND m.member_id IS NOT NULL" : " AND m.member_id IS NULL" }
        query += " ORDER BY u.id LIMIT \(page.limit + 1)"
        let selection = query
        return Page(try await database.read { try $0.all(selection).map(Self.person) }, limit: page.limit) {
            "\($0.user)"
        }
    }

    /// The member in whose name a user writes.
    package static func author(
        _ user: User.ID, name: String, email: String, _ connection: PSAConnection, in db: Connection
    ) throws -> TicketAuthor {
        // Nothing is written in the name of a user who left, not even when someone retries what they wrote.
        let mapping = try db.first(
            """
            SELECT m.* FROM psa_member_mappings m JOIN users u ON u.id = m.user_id AND u.active = 1
            WHERE m.connection_id = \(connection.id) AND m.user_id = \(user)
            """, as: MemberMapping.self)
        guard let mapping else {
            return TicketAuthor(
                member: connection.settings.member, isOneself: false, name: name, email: email)
        }
        return TicketAuthor(
            member: .init(id: mapping.member.rawValue, name: mapping.name), isOneself: true, name: name, email: email)
    }

    /// A user's login name in tickets; nil without a mapping.
    func identifier(of user: User.ID, on connection: PSAConnection.ID) async throws -> String? {
        try await database.read { db in
            try db.first(
                """
                SELECT member_identifier FROM psa_member_mappings
                WHERE connection_id = \(connection) AND user_id = \(user)
                """)?["member_identifier"]
        }
    }

    /// Who is to be whom; nil takes the mapping away.
    struct Wish: Sendable {
        let user: User.ID
        let member: Member.ID?
    }

    /// Saves all of it or nothing.
    /// - Returns: whom it was about, in the same order.
    func save(_ wishes: [Wish], on live: LiveConnection, by request: SignedInRequest) async throws -> [Person] {
        try await lists.keepMembers(on: live)
        let (connection, instant) = (live.connection, now())
        // A refusal is returned, not thrown, so that it stays on record.
        let outcome: Result<[Person], Problem> = try await database.write { db in
            try Self.lock(connection.id, in: db)
            try Self.requireUsers(wishes.map(\.user), of: connection.organization, in: db)
            let members = try Self.members(wishes.compactMap(\.member), of: connection.id, in: db)
            if request.principal.role < .admin {
                let email = try Self.email(of: request.principal.user, in: db)
                if let stranger = members.first(where: { !Self.isOwn($0, email) }) {
                    return .failure(try Self.refuse(stranger, on: connection.id, by: request, now: instant, in: db))
                }
            }
            try db.execute(
                """
                DELETE FROM psa_member_mappings
                WHERE connection_id = \(connection.id) AND user_id IN (\(list: wishes.map(\.user)))
                """)
            try Self.requireFree(members, connection.id, in: db)
            let pairs = wishes.compactMap { wish in
                wish.member.flatMap { id in members.first { $0.id == id } }.map { member in
                    let isOneself = wish.user == request.principal.user
                    return (wish.user, member, isOneself ? MemberMapping.Origin.user : .administrator)
                }
            }
            try Self.insert(pairs, connection.id, now: instant, in: db)
            try request.record(
                "member_mapping.update", on: "PSA connection \(connection.id)",
                after: wishes.map { ["user": "\($0.user)", "member": $0.member?.rawValue ?? "none"] }, now: instant,
                in: db)
            let selection = Self.selection(connection.id, connection.organization)
            let people = try db.all(
                selection + " AND u.id IN (\(list: wishes.map(\.user))) LIMIT \(wishes.count)"
            ).map(Self.person)
            let byID = Dictionary(people.map { ($0.user, $0) }, uniquingKeysWith: { $1 })
            return .success(wishes.compactMap { byID[$0.user] })
        }
        return try outcome.get()
    }

    private static func email(of user: User.ID, in db: Connection) throws -> String {
        try db.first("SELECT email FROM users WHERE id = \(user)")?["email"] ?? ""
    }

    /// Whether a member has a user's e-mail address. Only then may users who are not administrators map themselves to that
    /// member: what is written in a member's name counts as the member's word.
    static func isOwn(_ member: Member, _ email: String) -> Bool {
        guard let own = EmailAddress(exactly: email),
            let theirs = member.email.flatMap({ EmailAddress(exactly: $0.trimmingCharacters(in: .whitespaces)) })
        else { return false }
        return own.key == theirs.key
    }

    private static func refuse(
        _ member: Member, on connection: PSAConnection.ID, by request: SignedInRequest, now: Date, in db: Connection
    ) throws -> Problem {
        try request.record(
            "member_mapping.update", on: "PSA connection \(connection)",
            after: ["user": "\(request.principal.user)", "member": member.id.rawValue], result: .refused, now: now,
            in: db)
        return Problem(
            .forbidden, code: "email_mismatch", title: "Your role does not allow this",
            detail:
                "\(member.name) (\(member.identifier)) has a different e-mail address in the PSA than you. Ask an administrator to map you.",
            errors: [.init(field: "member_id", code: "email_mismatch", message: "has a different e-mail address")])
    }

    /// Two who map at once must not both find a member free.
    private static func lock(_ connection: PSAConnection.ID, in db: Connection) throws {
        try db.lock("member_mappings:\(connection)")
    }

    private static func requireUsers(_ users: [User.ID], of organization: Organization.ID, in db: Connection) throws {
        let found = try db.all(
            "SELECT id FROM users WHERE id IN (\(list: users)) AND organization_id = \(organization) AND active = 1"
        ).map { row -> User.ID in try row["id"] }
        guard let stranger = users.first(where: { !found.contains($0) }) else { return }
        throw Problem.invalid([
            .init(field: "user_id", code: "wrong_value", message: "No active user has the ID \(stranger).")
        ])
    }

    private static func members(
        _ ids: [Member.ID], of connection: PSAConnection.ID, in db: Connection
    ) throws -> [Member] {
        let found = try db.all(
            "SELECT * FROM psa_members WHERE connection_id = \(connection) AND id IN (\(list: ids)) AND inactive = 0"
        ).map(Directory.member)
        guard let stranger = ids.first(where: { id in !found.contains { $0.id == id } }) else { return found }
        throw Problem.invalid([
            .init(field: "member_id", code: "wrong_value", message: "No active member has the ID \(stranger).")
        ])
    }

    /// One member is one person. Somebody who was deactivated gives it up.
    private static func requireFree(_ members: [Member], _ connection: PSAConnection.ID, in db: Connection) throws {
        let ids = members.map(\.id)
        try db.execute(
            """
            DELETE FROM psa_member_mappings WHERE connection_id = \(connection) AND member_id IN (\(list: ids))
                AND user_id IN (SELECT id FROM users WHERE active = 0)
            """)
        let taken = try db.first(
            """
            SELECT u.email, m.member_id FROM psa_member_mappings m JOIN users u ON u.id = m.user_id
            WHERE m.connection_id = \(connection) AND m.member_id IN (\(list: ids)) ORDER BY u.id LIMIT 1
            """)
        guard let taken else { return }
        let (other, id): (String, Member.ID) = (try taken["email"], try taken["member_id"])
        let name = members.first { $0.id == id }.map { "\($0.name) (\($0.identifier))" } ?? "It"
        throw Problem(
            .conflict, code: "member_taken", title: "This member is already mapped",
            detail: "\(name) is mapped to \(other). Delete that mapping first.",
            errors: [.init(field: "member_id", code: "taken", message: "is mapped to \(other)")])
    }

    static func insert(
        _ pairs: [(user: User.ID, member: Member, origin: MemberMapping.Origin)], _ connection: PSAConnection.ID,
        now: Date, in db: Connection
    ) throws {
        let rows = pairs.map { user, member, origin -> [SQLValue] in
            [
                connection.sqlValue, user.sqlValue, member.id.sqlValue, member.identifier.sqlValue,
                member.identifier.lowercased().sqlValue, member.name.sqlValue, origin.sqlValue, now.sqlValue,
                now.sqlValue,
            ]
        }
        for rows in rows.portions {
            try db.send(
                """
                INSERT INTO psa_member_mappings (
                    connection_id, user_id, member_id, member_identifier, member_key, member_name, matched_by,
                    created_at, updated_at)
                VALUES \(inserted: rows)
                """)
        }
    }

    /// What auto-match found.
    struct Report: Sendable {
        let matched: [Person]
        let ambiguous: [Person]
        let unmatched: [Person]
    }

    /// Maps everybody who has no member to the one with the same e-mail address; leaves all mappings as they are.
    func autoMatch(on live: LiveConnection, by request: SignedInRequest) async throws -> Report {
        // People who just came are wanted.
        try await lists.keepMembers(on: live, refresh: true)
        let (connection, instant) = (live.connection, now())
        return try await database.write { db in
            try Self.lock(connection.id, in: db)
            let selection = Self.selection(connection.id, connection.organization)
            let people = try db.all(
                selection + " AND m.member_id IS NULL ORDER BY u.id LIMIT 10000"
            ).map(Self.person)
            let members = try db.all(
                "SELECT * FROM psa_members WHERE connection_id = \(connection.id) AND inactive = 0 LIMIT 20000"
            ).map(Directory.member)
            try db.execute(
                """
                DELETE FROM psa_member_mappings WHERE connection_id = \(connection.id)
                    AND user_id IN (SELECT id FROM users WHERE active = 0)
                """)
            let taken = try db.all(
                "SELECT member_id FROM psa_member_mappings WHERE connection_id = \(connection.id)"
            ).map { row -> Member.ID in try row["member_id"] }
            let match = AutoMatch(
                people.map { .init(user: $0.user, email: $0.email) }, members, taken: Set(taken))
            try Self.insert(match.matched.map { ($0.user, $0.member, .email) }, connection.id, now: instant, in: db)
            try request.record(
                "member_mapping.auto_match", on: "PSA connection \(connection.id)",
                after: ["matched": match.matched.map { "\($0.user) = \($0.member.identifier)" }], now: instant, in: db)
            let now = try db.all(selection + " ORDER BY u.id LIMIT 10000").map(Self.person)
            let byID = Dictionary(now.map { ($0.user, $0) }, uniquingKeysWith: { $1 })
            return Report(
                matched: match.matched.compactMap { byID[$0.user] }, ambiguous: match.ambiguous.compactMap { byID[$0] },
                unmatched: match.unmatched.compactMap { byID[$0] })
        }
    }
}
