import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// The operations on syncs.
/// - Parameter runners: of all kinds.
func syncRoutes(_ syncs: Syncs, runners: [SyncRunner]) -> [Route] {
    [
        Route(API.Syncs.list) { request in
            Few(try await syncs.all(of: request.principal.organization).map(API.Syncs.Answer.init))
        },
        Route(API.Syncs.start) { request in
            let organization = request.principal.organization
            let (kinds, parts) = try await request.body().validated(organization, syncs.kinds, runners)
            let started = try await syncs.request(kinds, parts: parts, of: organization) { db, instant in
                try request.record(
                    "sync.start", on: kinds.map(\.rawValue).joined(separator: ", "), now: instant, in: db)
            }
            guard !started.isEmpty else {
                throw Problem.conflict(
                    code: "no_active_connection",
                    "There is no active connection to sync with. Create or enable a connection first.")
            }
            return Few(started.map(API.Syncs.Answer.init))
        },
        Route(API.Syncs.cancel, of: "sync") { request in
            let (id, organization, who) = (request.place, request.principal.organization, request.principal.email)
            let sync = try await syncs.cancel(id, of: organization, by: who) { db, instant in
                try request.record("sync.cancel", on: "sync \(id)", now: instant, in: db)
            }
            guard let sync else { throw Problem.notFound("sync") }
            return API.Syncs.Answer(sync)
        },
    ]
}

extension API.Syncs.Start {
    fileprivate func validated(
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
            errors.append(
                .init(field: "board_ids", code: "not_applicable", message: "applies only to the kind tickets."))
        }
        if boards.count > 200 {
            errors.append(.init(field: "board_ids", code: "length", message: "must name at most 200 boards."))
        } else if !boards.isEmpty {
            for taker in takers {
                for board in try await taker.unknownParts?(boards, organization) ?? [] {
                    errors.append(
                        .init(
                            field: "board_ids", code: "unknown",
                            message: "\(board) is not a board of your PSA. List them with GET /api/v1/boards."))
                }
            }
        }
        guard errors.isEmpty else { throw Problem.invalid(errors) }
        return (wanted, Dictionary(takers.map { ($0.kind, boards) }, uniquingKeysWith: { $1 }))
    }
}

extension API.Syncs.Answer {
    fileprivate init(_ named: Syncs.Named) {
        let sync = named.sync
        // What is stored is the end of the run before while this one is under way; catch-up needs it.
        let isOver =
            switch sync.state {
            case .queued, .running: false
            case .idle, .failed: true
            }
        let finishedAt = isOver ? sync.finishedAt : nil
        self.init(
            id: sync.id, kind: Open(sync.kind.rawValue), connection: sync.connection.id,
            connectionName: named.connectionName, state: sync.state, boards: sync.parts, done: sync.done,
            total: sync.total, startedAt: sync.startedAt, finishedAt: finishedAt,
            duration: sync.startedAt.flatMap { start in
                // To the millisecond, as the times beside it.
                finishedAt.map { ($0.timeIntervalSince(start) * 1_000).rounded() / 1_000 }
            }, lastError: sync.lastError, nextRunAt: isOver ? sync.nextRunAt : nil)
    }
}
