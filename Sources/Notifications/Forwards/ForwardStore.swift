import API
import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

/// A forward to be created or changed.
struct ForwardDraft: Sendable, Equatable {
    var source: Recipient.ID
    var destination: Recipient.ID
    var startsAt: Date?
    var endsAt: Date?
    var isEnabled = true
    var keepsCopy = false
}

/// The forwards' SQL.
enum ForwardStore {
    static let selection: SQL = """
        SELECT f.*, s.name AS source_name, d.name AS destination_name
        FROM forwards f JOIN recipients s ON s.id = f.source_id JOIN recipients d ON d.id = f.destination_id
        """
    // A circle among more than these would need all of them to apply at one time.
    private static let mostLookedAt = 10_000

    static func find(_ id: Forward.ID, of organization: Organization.ID, in db: Connection) throws -> Forward? {
        try db.first(selection + " WHERE f.id = \(id) AND f.organization_id = \(organization)")
    }

    static func list(
        of organization: Organization.ID, state: Forward.State?, source: Recipient.ID?, destination: Recipient.ID?,
        now: Date, page: PageRequest, in db: Connection
    ) throws -> Page<Forward> {
        var query = selection + " WHERE f.organization_id = \(organization) AND f.id > \(page.after?.number ?? 0)"
        switch state {
        case .active: query += " AND " + active(at: now)
        case .upcoming:
            query += " AND f.enabled = 1 AND f.starts_at > \(now) AND (f.ends_at IS NULL OR f.ends_at > \(now))"
        case .expired: query += " AND f.enabled = 1 AND f.ends_at <= \(now)"
        case .disabled: query += " AND f.enabled = 0"
        case nil: break
        }
        if let source { query += " AND f.source_id = \(source)" }
        if let destination { query += " AND f.destination_id = \(destination)" }
        query += " ORDER BY f.id LIMIT \(page.limit + 1)"
        return Page(try db.all(query), limit: page.limit) { "\($0.id)" }
    }

    private static func active(at now: Date) -> SQL {
        """
        f.enabled = 1 AND (f.starts_at IS NULL OR f.starts_at <= \(now))
            AND (f.ends_at IS NULL OR f.ends_at > \(now))
        """
    }

    /// The active forwards that lead on from these recipients, however far. One to a recipient that is gone does not count,
    /// as it would lead nowhere.
    /// - Returns: the forwards, and the names of all whom they touch.
    static func leading(
        from recipients: Set<Recipient.ID>, now: Date, in db: Connection
    ) throws -> (arrows: [ForwardResolution.Arrow], names: [Recipient.ID: String]) {
        var arrows: [ForwardResolution.Arrow] = []
        var names: [Recipient.ID: String] = [:]
        var known = recipients
        var frontier = recipients.sorted()
        // One query for each link of the longest chain; mostly one in all.
        while !frontier.isEmpty {
            let found: [Forward] = try db.all(
                selection + " WHERE f.source_id IN (\(list: frontier)) AND d.active = 1 AND " + active(at: now)
                    + " ORDER BY f.id")
            for forward in found {
                arrows.append(
                    .init(from: forward.source, to: forward.destination, keepsCopy: forward.keepsCopy))
                names[forward.source] = forward.sourceName
                names[forward.destination] = forward.destinationName
            }
            frontier = Set(found.map(\.destination)).filter { known.insert($0).inserted }.sorted()
        }
        return (arrows, names)
    }

    /// - Throws: 422 with the fields at fault, 409 with the circle when there would be one.
    static func create(
        _ draft: ForwardDraft, for organization: Organization.ID, now: Date, in db: Connection
    ) throws -> Forward {
        try check(draft, nil, organization, in: db)
        let id: Forward.ID? = try db.first(
            """
            INSERT INTO forwards (
                organization_id, source_id, destination_id, starts_at, ends_at, enabled, keep_copy, created_at)
            VALUES (
                \(organization), \(draft.source), \(draft.destination), \(orNull: draft.startsAt),
                \(orNull: draft.endsAt), \(draft.isEnabled), \(draft.keepsCopy), \(now))
            RETURNING id
            """)?["id"]
        guard let id, let forward = try find(id, of: organization, in: db) else {
            throw DatabaseError.statement("a new forward is gone")
        }
        return forward
    }

    /// - Returns: the forward as it is then.
    /// - Throws: as ``create(_:for:now:in:)``.
    @discardableResult
    static func update(
        _ id: Forward.ID, to draft: ForwardDraft, of organization: Organization.ID, in db: Connection
    ) throws -> Forward? {
        try check(draft, id, organization, in: db)
        try db.execute(
            """
            UPDATE forwards SET starts_at = \(orNull: draft.startsAt), ends_at = \(orNull: draft.endsAt),
                enabled = \(draft.isEnabled), keep_copy = \(draft.keepsCopy) WHERE id = \(id)
            """)
        return try find(id, of: organization, in: db)
    }

    static func delete(_ id: Forward.ID, of organization: Organization.ID, in db: Connection) throws -> Bool {
        try db.execute("DELETE FROM forwards WHERE id = \(id) AND organization_id = \(organization)") > 0
    }

    private static func check(
        _ draft: ForwardDraft, _ id: Forward.ID?, _ organization: Organization.ID, in db: Connection
    ) throws {
        var errors: [Problem.FieldError] = []
        for (field, recipient) in [("source_id", draft.source), ("destination_id", draft.destination)]
        where try RecipientStore.find(recipient, of: organization, in: db) == nil {
            errors.append(
                .init(
                    field: field, code: "unknown", message: "is not a recipient. List them with GET /api/v1/recipients."
                ))
        }
        if draft.source == draft.destination {
            errors.append(.init(field: "destination_id", code: "same_as_source", message: "must not be the source."))
        }
        if let start = draft.startsAt, let end = draft.endsAt, start >= end {
            errors.append(.init(field: "ends_at", code: "end_before_start", message: "must be later than starts_at."))
        }
        guard errors.isEmpty else { throw Problem.invalid(errors) }
        guard draft.isEnabled else { return }
        // Two that are made at once could close a circle together.
        try db.lock("forwards:\(organization)")
        let others: [Forward] = try db.all(
            selection + """
                 WHERE f.organization_id = \(organization) AND f.enabled = 1 AND f.id <> \(id ?? 0)
                ORDER BY f.id LIMIT \(mostLookedAt)
                """)
        let span = Forward.Span(start: draft.startsAt ?? .distantPast, end: draft.endsAt ?? .distantFuture)
        guard
            let circle = ForwardCycle.closed(
                from: draft.source, to: draft.destination, during: span, others: others)
        else { return }
        let names = try circle.map { try RecipientStore.find($0, of: organization, in: db)?.name ?? "?" }
        throw Problem.conflict(
            code: "forward_cycle",
            """
            This would be a forwarding loop: \(names.joined(separator: " → ")). Choose another destination, or times at \
            which not all of these forwards apply.
            """)
    }
}
