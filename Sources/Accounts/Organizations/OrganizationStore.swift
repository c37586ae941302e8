import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// Stores organizations.
public struct OrganizationStore: Sendable {
    private let database: Database
    private let now: @Sendable () -> Date

    /// - Parameter now: The wall clock.
    public init(database: Database, now: @escaping @Sendable () -> Date = { Date() }) {
        self.database = database
        self.now = now
    }

    /// All organizations, oldest first.
    func list(_ page: PageRequest) async throws -> Page<Organization> {
        let rows = try await database.read { db in
            try db.all(
                """
                SELECT * FROM organizations WHERE id > \(page.after?.number ?? 0) ORDER BY id LIMIT \(page.limit + 1)
                """, as: Organization.self)
        }
        return Page(rows, limit: page.limit) { "\($0.id)" }
    }

    /// Finds an organization.
    public func find(_ id: Organization.ID) async throws -> Organization? {
        try await database.read { try $0.first("SELECT * FROM organizations WHERE id = \(id)", as: Organization.self) }
    }

    /// Creates an organization.
    func create(_ name: String, by actor: Actor) async throws -> Organization {
        let instant = now()
        return try await database.write { db in
            let made = try db.first(
                "INSERT INTO organizations (name, created_at) VALUES (\(name), \(instant)) RETURNING *",
                as: Organization.self)
            guard let made else { throw DatabaseError.statement("a new organization is gone") }
            try AuditLog.record(
                "organization.create", on: "organization \(made.id)", by: actor, of: made.id,
                after: Organizations.Answer(made), now: instant, in: db)
            return made
        }
    }

    /// Updates the name or settings.
    func update(
        _ id: Organization.ID, name: String?, requiresSecondFactor: Bool?, by actor: Actor
    ) async throws -> Organization? {
        let instant = now()
        return try await database.write { db in
            let select: SQL = "SELECT * FROM organizations WHERE id = \(id)"
            guard let old = try db.first(select, as: Organization.self) else { return nil }
            try db.execute(
                """
                UPDATE organizations SET name = \(name ?? old.name),
                    requires_second_factor = \(requiresSecondFactor ?? old.requiresSecondFactor) WHERE id = \(id)
                """)
            guard let new = try db.first(select, as: Organization.self) else { return nil }
            try AuditLog.record(
                "organization.update", on: "organization \(id)", by: actor, of: id, before: Organizations.Answer(old),
                after: Organizations.Answer(new), now: instant, in: db)
            return new
        }
    }

    /// Deletes an organization with everything that belongs to it, except its audit log.
    /// - Throws: 409 if a super admin belongs to the organization.
    func delete(_ id: Organization.ID, by actor: Actor) async throws {
        let instant = now()
        try await database.write { db in
            let isHome = try db.first(
                "SELECT id FROM users WHERE organization_id = \(id) AND role = \(Role.superAdmin) LIMIT 1")
            guard isHome == nil else {
                throw Problem.conflict(
                    code: "organization_has_super_admin",
                    "A super administrator belongs to this organization. Delete that user, or change the role, first."
                )
            }
            try AuditLog.record(
                "organization.delete", on: "organization \(id)", by: actor, of: id, now: instant, in: db)
            try db.execute("DELETE FROM organizations WHERE id = \(id)")
        }
    }
}
