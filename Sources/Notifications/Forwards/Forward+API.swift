import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations on forwards.
func forwardRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    let path = "/notifiers/forwards"
    return [
        Route(
            .get, path, .viewer, "Lists forwards; filter by state, source_id and destination_id",
            query: [
                QueryParameter("state", .oneOf(Forward.State.allCases.map(\.rawValue)), "only forwards in this state"),
                QueryParameter("source_id", .integer, "forwards of this recipient"),
                QueryParameter("destination_id", .integer, "forwards to this recipient"),
            ], gives: .page(ForwardAnswer.self)
        ) { request in
            let (organization, page, instant) = (request.principal.organization, try request.page(), now())
            let states = Forward.State.allCases.map(\.rawValue).joined(separator: ", ")
            let state = try request.query("state", "one of \(states)") { Forward.State(rawValue: $0) }
            let source = try request.query("source_id", "a recipient's id") { Recipient.ID($0) }
            let destination = try request.query("destination_id", "a recipient's id") { Recipient.ID($0) }
            let forwards = try await database.read { db in
                try ForwardStore.list(
                    of: organization, state: state, source: source, destination: destination, now: instant, page: page,
                    in: db)
            }
            return .json(forwards.map { ForwardAnswer($0, at: instant) })
        },
        Route(
            .post, path, .admin, "Makes a forward: recipient → recipient, for a while", takes: NewForward.self,
            gives: .made(ForwardAnswer.self)
        ) { request in
            let (organization, instant) = (request.principal.organization, now())
            let draft = try await request.body(NewForward.self).draft
            let forward = try await database.write { db in
                let forward = try ForwardStore.create(draft, for: organization, now: instant, in: db)
                try request.record(
                    "forward.create", on: "forward \(forward.id)", after: ForwardAnswer(forward, at: instant),
                    now: instant, in: db)
                return forward
            }
            var response = Response.json(ForwardAnswer(forward, at: instant), status: .created)
            response.headers[.location] = "/api/v1\(path)/\(forward.id)"
            return response
        },
        Route(.get, path + "/{id}", .viewer, "Shows a forward", gives: .one(ForwardAnswer.self)) { request in
            let id: Forward.ID = try request.id(of: "forward")
            let organization = request.principal.organization
            guard let forward = try await database.read({ try ForwardStore.find(id, of: organization, in: $0) })
            else { throw Problem.notFound("forward") }
            return .json(ForwardAnswer(forward, at: now()))
        },
        Route(
            .patch, path + "/{id}", .admin, "Changes a forward's times and options", takes: ForwardChange.self,
            gives: .one(ForwardAnswer.self)
        ) { request in
            let id: Forward.ID = try request.id(of: "forward")
            let organization = request.principal.organization
            let change = try await request.body(ForwardChange.self)
            let forward = try await database.write { db -> Forward? in
                guard let forward = try ForwardStore.find(id, of: organization, in: db) else { return nil }
                try ForwardStore.update(id, to: change.applied(to: forward), of: organization, in: db)
                let (changed, instant) = (try ForwardStore.find(id, of: organization, in: db), now())
                try request.record(
                    "forward.update", on: "forward \(id)", before: ForwardAnswer(forward, at: instant),
                    after: changed.map { ForwardAnswer($0, at: instant) }, now: instant, in: db)
                return changed
            }
            guard let forward else { throw Problem.notFound("forward") }
            return .json(ForwardAnswer(forward, at: now()))
        },
        Route(.delete, path + "/{id}", .admin, "Removes a forward", gives: .nothing) { request in
            let id: Forward.ID = try request.id(of: "forward")
            let organization = request.principal.organization
            let isDeleted = try await database.write { db in
                guard let forward = try ForwardStore.find(id, of: organization, in: db) else { return false }
                let instant = now()
                try request.record(
                    "forward.delete", on: "forward \(id)", before: ForwardAnswer(forward, at: instant), now: instant,
                    in: db)
                return try ForwardStore.delete(id, of: organization, in: db)
            }
            guard isDeleted else { throw Problem.notFound("forward") }
            return Response(status: .noContent)
        },
    ]
}

private struct NewForward: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case enabled
        case source = "source_id"
        case destination = "destination_id"
        case startsAt = "starts_at"
        case endsAt = "ends_at"
        case keepCopy = "keep_copy"
    }

    let source: Recipient.ID
    let destination: Recipient.ID
    let startsAt: Date?
    let endsAt: Date?
    let enabled: Bool?
    let keepCopy: Bool?

    var draft: ForwardDraft {
        ForwardDraft(
            source: source, destination: destination, startsAt: startsAt, endsAt: endsAt, isEnabled: enabled ?? true,
            keepsCopy: keepCopy ?? false)
    }
}

private struct ForwardChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case enabled
        case startsAt = "starts_at"
        case endsAt = "ends_at"
        case keepCopy = "keep_copy"
    }

    /// A time that is left out stays as it is; null opens the end.
    private enum Time: Sendable {
        case unchanged
        case changed(Date?)

        func applied(to old: Date?) -> Date? {
            switch self {
            case .unchanged: old
            case .changed(let new): new
            }
        }
    }

    private let startsAt: Time
    private let endsAt: Time
    private let enabled: Bool?
    private let keepCopy: Bool?

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        func time(_ key: CodingKeys) throws -> Time {
            members.contains(key) ? .changed(try members.decodeIfPresent(Date.self, forKey: key)) : .unchanged
        }
        startsAt = try time(.startsAt)
        endsAt = try time(.endsAt)
        enabled = try members.decodeIfPresent(Bool.self, forKey: .enabled)
        keepCopy = try members.decodeIfPresent(Bool.self, forKey: .keepCopy)
    }

    func applied(to forward: Forward) -> ForwardDraft {
        ForwardDraft(
            source: forward.source, destination: forward.destination, startsAt: startsAt.applied(to: forward.startsAt),
            endsAt: endsAt.applied(to: forward.endsAt), isEnabled: enabled ?? forward.isEnabled,
            keepsCopy: keepCopy ?? forward.keepsCopy)
    }
}

private struct ForwardAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, state, enabled
        case source = "source_id"
        case sourceName = "source_name"
        case destination = "destination_id"
        case destinationName = "destination_name"
        case startsAt = "starts_at"
        case endsAt = "ends_at"
        case keepCopy = "keep_copy"
        case createdAt = "created_at"
    }

    let id: Forward.ID
    let state: Forward.State
    let source: Recipient.ID
    let sourceName: String
    let destination: Recipient.ID
    let destinationName: String
    let startsAt: Date?
    let endsAt: Date?
    let enabled: Bool
    let keepCopy: Bool
    let createdAt: Date

    init(_ forward: Forward, at instant: Date) {
        id = forward.id
        state = forward.state(at: instant)
        source = forward.source
        sourceName = forward.sourceName
        destination = forward.destination
        destinationName = forward.destinationName
        startsAt = forward.startsAt
        endsAt = forward.endsAt
        enabled = forward.isEnabled
        keepCopy = forward.keepsCopy
        createdAt = forward.createdAt
    }
}
