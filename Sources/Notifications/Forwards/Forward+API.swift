import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// The operations on forwards.
func forwardRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(Forwards.list) { request in
            let (organization, page, instant) = (request.principal.organization, try request.page(), now())
            let states = Forward.State.allCases.map(\.rawValue).joined(separator: ", ")
            let state = try request.query(.state, "one of \(states)") { Forward.State(rawValue: $0) }
            let source = try request.query(.source, "a recipient's id") { Recipient.ID($0) }
            let destination = try request.query(.destination, "a recipient's id") { Recipient.ID($0) }
            return try await database.read { db in
                try ForwardStore.list(
                    of: organization, state: state, source: source, destination: destination, now: instant, page: page,
                    in: db)
            }.map { Forwards.Answer($0, at: instant) }
        },
        Route(Forwards.create) { request in
            let (organization, instant) = (request.principal.organization, now())
            let draft = try await request.body().draft
            return try await database.write { db in
                let forward = try ForwardStore.create(draft, for: organization, now: instant, in: db)
                let answer = Forwards.Answer(forward, at: instant)
                try request.record("forward.create", on: "forward \(forward.id)", after: answer, now: instant, in: db)
                return answer
            }
        },
        Route(Forwards.show, of: "forward") { request in
            let organization = request.principal.organization
            let forward = try await database.read { try ForwardStore.find(request.place, of: organization, in: $0) }
            guard let forward else { throw Problem.notFound("forward") }
            return Forwards.Answer(forward, at: now())
        },
        Route(Forwards.update, of: "forward") { request in
            let (id, organization) = (request.place, request.principal.organization)
            let change = try await request.body()
            return try await database.write { db in
                guard let forward = try ForwardStore.find(id, of: organization, in: db),
                    let changed = try ForwardStore.update(id, to: change.applied(to: forward), of: organization, in: db)
                else { throw Problem.notFound("forward") }
                let instant = now()
                let answer = Forwards.Answer(changed, at: instant)
                try request.record(
                    "forward.update", on: "forward \(id)", before: Forwards.Answer(forward, at: instant), after: answer,
                    now: instant, in: db)
                return answer
            }
        },
        Route(Forwards.delete, of: "forward") { request in
            let (id, organization) = (request.place, request.principal.organization)
            try await database.write { db in
                guard let forward = try ForwardStore.find(id, of: organization, in: db) else {
                    throw Problem.notFound("forward")
                }
                let instant = now()
                try request.record(
                    "forward.delete", on: "forward \(id)", before: Forwards.Answer(forward, at: instant), now: instant,
                    in: db)
                _ = try ForwardStore.delete(id, of: organization, in: db)
            }
        },
    ]
}

extension Forwards.New {
    fileprivate var draft: ForwardDraft {
        ForwardDraft(
            source: source, destination: destination, startsAt: startsAt, endsAt: endsAt, isEnabled: enabled ?? true,
            keepsCopy: keepCopy ?? false)
    }
}

extension Forwards.Change {
    fileprivate func applied(to forward: Forward) -> ForwardDraft {
        ForwardDraft(
            source: forward.source, destination: forward.destination, startsAt: startsAt.applied(to: forward.startsAt),
            endsAt: endsAt.applied(to: forward.endsAt), isEnabled: enabled ?? forward.isEnabled,
            keepsCopy: keepCopy ?? forward.keepsCopy)
    }
}

extension Forwards.Answer {
    fileprivate init(_ forward: Forward, at instant: Date) {
        self.init(
            id: forward.id, state: forward.state(at: instant), source: forward.source, sourceName: forward.sourceName,
            destination: forward.destination, destinationName: forward.destinationName, startsAt: forward.startsAt,
            endsAt: forward.endsAt, enabled: forward.isEnabled, keepCopy: forward.keepsCopy,
            createdAt: forward.createdAt)
    }
}
