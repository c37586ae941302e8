import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations on syncs.
/// - Parameter runners: of all kinds.
func syncRoutes(_ syncs: Syncs, runners: [SyncRunner]) -> [Route] {
    [
        Route(
            .get, "/sync/status", .viewer, "Shows each sync: how its last run stands and when the next one begins",
            gives: .list(SyncAnswer.self)
        ) {
            request in
            .json(SyncsAnswer(items: try await syncs.all(of: request.principal.organization).map(SyncAnswer.init)))
        },
        Route(
            .post, "/sync", .admin, "Starts syncs; those under way go on and are answered", takes: NewSync.self,
            gives: .accepted(SyncsAnswer.self)
        ) { request in
            let organization = request.principal.organization
            let (kinds, parts) = try await request.body(NewSync.self).validated(organization, syncs.kinds, runners)
            let started = try await syncs.request(kinds, parts: parts, of: organization) { db, instant in
                try request.record(
                    "sync.start", on: kinds.map(\.rawValue).joined(separator: ", "), now: instant, in: db)
            }
            guard !started.isEmpty else {
                throw Problem.conflict(
                    code: "no_connection",
                    "There is no active connection to sync with; make one at /api/v1/integrations first.")
            }
            return .json(SyncsAnswer(items: started.map(SyncAnswer.init)), status: .accepted)
        },
        Route(
            .post, "/sync/{id}/cancel", .admin, "Ends a sync that waits or is under way; what it found so far stays",
            gives: .one(SyncAnswer.self)
        ) { request in
            let id: Sync.ID = try request.id(of: "sync")
            let (organization, who) = (request.principal.organization, request.principal.email)
            let sync = try await syncs.cancel(id, of: organization, by: who) { db, instant in
                try request.record("sync.cancel", on: "sync \(id)", now: instant, in: db)
            }
            guard let sync else { throw Problem.notFound("sync") }
            return .json(SyncAnswer(sync))
        },
    ]
}

private struct NewSync: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case kinds
        case boards = "board_ids"
    }

    let kinds: [String]
    let boards: [String]?

    func validated(
        _ organization: Organization.ID, _ all: [Sync.Kind], _ runners: [SyncRunner]
    ) async throws -> (kinds: [Sync.Kind], parts: [Sync.Kind: [String]]) {
        var errors: [Problem.FieldError] = []
        let wanted = kinds.map { Sync.Kind(rawValue: $0) }
        if wanted.isEmpty || !wanted.allSatisfy(all.contains) {
            let names = all.map(\.rawValue).joined(separator: ", ")
            errors.append(.init(field: "kinds", code: "wrong_value", message: "must be one or more of \(names)."))
        }
        let boards = boards ?? []
        let takers = runners.filter { wanted.contains($0.kind) && $0.unknownParts != nil }
        if !boards.isEmpty, takers.isEmpty {
            errors.append(.init(field: "board_ids", code: "not_used", message: "only goes with the kind tickets."))
        }
        if boards.count > 200 {
            errors.append(.init(field: "board_ids", code: "length", message: "must name at most 200 boards."))
        } else if !boards.isEmpty {
            for taker in takers {
                for board in try await taker.unknownParts?(boards, organization) ?? [] {
                    errors.append(
                        .init(
                            field: "board_ids", code: "unknown",
                            message: "\(board) is not a board of your ticketing system; see GET /api/v1/cw/boards."))
                }
            }
        }
        guard errors.isEmpty else { throw Problem.invalid(errors) }
        return (wanted, Dictionary(takers.map { ($0.kind, boards) }, uniquingKeysWith: { $1 }))
    }
}

private struct SyncsAnswer: Codable, Sendable {
    let items: [SyncAnswer]
}

private struct SyncAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, connection, state, done, total
        case connectionID = "connection_id"
        case boards = "board_ids"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case duration = "duration_seconds"
        case lastError = "last_error"
        case nextRunAt = "next_run_at"
    }

    let id: Sync.ID
    let kind: Sync.Kind
    let connection: String
    let connectionID: Int64?
    let state: Sync.State
    let boards: [String]
    let done: Int
    let total: Int?
    let startedAt: Date?
    let finishedAt: Date?
    let duration: Double?
    let lastError: String?
    let nextRunAt: Date?

    init(_ named: Syncs.Named) {
        let sync = named.sync
        id = sync.id
        kind = sync.kind
        connection = named.connectionName
        connectionID = sync.connection.id
        state = sync.state
        boards = sync.parts
        done = sync.done
        total = sync.total
        startedAt = sync.startedAt
        let ended: Date?
        // What is stored is the end of the run before while this one is under way; catch-up needs it.
        switch sync.state {
        case .queued, .running:
            ended = nil
            nextRunAt = nil
        case .idle, .failed:
            ended = sync.finishedAt
            nextRunAt = sync.nextRunAt
        }
        finishedAt = ended
        duration = sync.startedAt.flatMap { start in
            // To the millisecond, as the times beside it.
            ended.map { ($0.timeIntervalSince(start) * 1_000).rounded() / 1_000 }
        }
        lastError = sync.lastError
    }
}
