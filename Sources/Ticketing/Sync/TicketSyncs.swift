import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Outbound

extension Sync.Kind {
    /// All boards and their statuses.
    public static let boards = Sync.Kind(rawValue: "boards")
    /// The open tickets.
    public static let tickets = Sync.Kind(rawValue: "tickets")
    /// What changed since the last look, with or without a callback.
    public static let catchUp = Sync.Kind(rawValue: "catch_up")
    /// That the ticketing system calls us on each change.
    public static let callbacks = Sync.Kind(rawValue: "callbacks")
}

/// The syncs with the ticketing system.
struct TicketSyncs: Sendable {
    static let plans: [SyncPlan] = [
        // Without boards there are no rules to make.
        SyncPlan(.boards, with: .psa, each: .seconds(86_400), after: [.psa], isNeeded: true),
        SyncPlan(.tickets, with: .psa, each: .seconds(7 * 86_400)),
        SyncPlan(.catchUp, with: .psa, each: .seconds(300), isDueAtStart: true, after: [.psa]),
        SyncPlan(.callbacks, with: .psa, each: .seconds(86_400), isDueAtStart: true, after: [.psa]),
    ]

    let database: Database
    let connections: PSAConnections
    /// Where the ticketing system reaches us.
    let publicURL: String
    /// The pause between refreshes that a sync causes: as many as the call budget allows, so that a ticket with a callback
    /// does not wait behind all of them.
    let pace: Duration
    /// The usual pause between catch-ups; nil when there are none.
    let catchUpInterval: Duration?
    let now: @Sendable () -> Date
    private let copies = TicketCopyStore()

    init(
        database: Database, connections: PSAConnections, publicURL: String, pace: Duration, catchUpInterval: Duration?,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.connections = connections
        self.publicURL = publicURL
        self.pace = pace
        self.catchUpInterval = catchUpInterval
        self.now = now
    }

    /// What does each kind.
    var runners: [SyncRunner] {
        let directory = Directory(database: database)
        return [
            runner(.boards) { try await boards($0, $1) },
            runner(
                .tickets,
                unknownParts: { boards, organization in
                    var unknown: [String] = []
                    for board in Set(boards).sorted()
                    where try await directory.board(.init(board), of: organization) == nil { unknown.append(board) }
                    return unknown
                }, { try await openTickets($0, $1) }),
            runner(.catchUp) { try await catchUp($0, $1) },
            runner(.callbacks) { try await callbacks($1) },
        ]
    }

    private func runner(
        _ kind: Sync.Kind, unknownParts: (@Sendable ([String], Organization.ID) async throws -> [String])? = nil,
        _ step: @escaping @Sendable (Sync, LiveConnection) async throws -> SyncStep
    ) -> SyncRunner {
        SyncRunner(
            kind, unknownParts: unknownParts,
            failure: { error, sync in
                if let error = error as? CannotSync { return .cannot(error.description) }
                guard let error = error as? PSAError,
                    let live = try await connections.live(PSAConnection.ID(sync.connection.id)),
                    case .pause(let reason, let time, let effect) = await connections.outcome(of: error, on: live)
                else { return nil }
                return .pause(reason, for: time, effect: effect)
            },
            step: { sync in
                guard let live = try await connections.live(PSAConnection.ID(sync.connection.id)),
                    live.connection.isActive
                else { return nil }
                return try await live.provider.withCalls(Self.calls, .background) { try await step(sync, live) }
            })
    }

    /// No step needs more: a page and a count, or the statuses of some boards.
    private static let calls = 4

    // MARK: Boards

    /// First the boards, then their statuses, some boards at a time: there may be more boards than calls in a minute.
    private func boards(_ sync: Sync, _ live: LiveConnection) async throws -> SyncStep {
        if let position = sync.position { return try await statuses(sync, live, after: .init(position)) }
        let boards = try await live.provider.boardNames()
        let (instant, connection) = (now(), live.connection.id)
        return SyncStep(done: 0, total: boards.count, next: boards.isEmpty ? nil : "") { db in
            try Directory.storeNames(boards, of: connection, now: instant, in: db)
            try ConnectionFamily.psa.record(.ok, reason: nil, of: connection, in: db)
            return []
        }
    }

    private func statuses(_ sync: Sync, _ live: LiveConnection, after: Board.ID) async throws -> SyncStep {
        let (instant, connection) = (now(), live.connection.id)
        let boards = try await database.read { db in
            try Directory.boards(of: connection, after: after, limit: Self.calls, in: db)
        }
        var found: [(board: Directory.BoardCopy, statuses: [Board.Status])] = []
        var refused: [(board: Directory.BoardCopy, reason: String)] = []
        for board in boards {
            do {
                found.append((board, try await live.provider.statuses(of: board.id)))
            } catch PSAError.permission(let why) {
                // What we know of it stays; the other boards are not its fault.
                refused.append((board, why))
            } catch PSAError.notFound {
                // It went since the boards were listed.
            }
        }
        let next = boards.count == Self.calls ? boards.last?.id.rawValue : nil
        let (read, denied) = (found, refused)
        return SyncStep(done: sync.done + boards.count, total: nil, next: next) { db in
            for (board, statuses) in read {
                try Directory.store(statuses, of: board.id, connection, now: instant, in: db)
            }
            try Refusals.clear(read.map { Refusals.statuses(of: $0.board.name) }, of: connection, in: db)
            for (board, reason) in denied {
                try Refusals.note(
                    Refusals.statuses(of: board.name), reason: reason, of: connection, now: instant, in: db)
            }
            return []
        }
    }

    // MARK: Open tickets

    // Behind all pages comes what was not listed, from the ticket after the colon on.
    private static let unlisted = "unlisted:"
    private static let unlistedPerStep = 500

    private func openTickets(_ sync: Sync, _ live: LiveConnection) async throws -> SyncStep {
        if let last = sync.position?.dropping(prefix: Self.unlisted) {
            return try await unlistedTickets(sync, live, after: .init(String(last)))
        }
        async let counted =
            sync.total == nil ? live.provider.openTicketCount(on: sync.parts.map { Board.ID($0) }) : sync.total
        let page = try await live.provider.openTickets(on: sync.parts.map { Board.ID($0) }, after: sync.position)
        let total = try await counted
        let done = sync.done + page.items.count
        let connection = live.connection
        return SyncStep(done: done, total: total.map { max($0, done) }, next: page.next ?? Self.unlisted) { db in
            let (seen, sorted) = try sort(page.items, connection, in: db)
            let instant = now()
            try copies.storeListed(sorted[.silent] ?? [], run: sync.run, of: connection.id, now: instant, in: db)
            try copies.markListed(Array(seen.keys), run: sync.run, of: connection.id, in: db)
            try ConnectionFamily.psa.record(.ok, reason: nil, of: connection.id, in: db)
            return try refreshes((sorted[.refresh] ?? []).map(\.id), of: connection.id)
        }
    }

    /// What the mirror holds for open and the list did not show is looked at: it was closed, moved or deleted, and for a
    /// deleted ticket nothing else would tell.
    private func unlistedTickets(_ sync: Sync, _ live: LiveConnection, after: Ticket.ID) async throws -> SyncStep {
        let (connection, start) = (live.connection.id, sync.startedAt ?? now())
        let ids = try await database.read { db in
            try copies.unlisted(
                run: sync.run, since: start, boards: sync.parts.map { Board.ID($0) }, after: after,
                limit: Self.unlistedPerStep,
                of: connection, in: db)
        }
        let next = ids.count == Self.unlistedPerStep ? ids.last.map { Self.unlisted + $0.rawValue } : nil
        return SyncStep(done: sync.done, total: sync.done, next: next) { _ in try refreshes(ids, of: connection) }
    }

    /// Listed tickets by what they need.
    private func sort(
        _ listed: [Ticket], _ connection: PSAConnection, in db: Connection
    ) throws -> (seen: [Ticket.ID: TicketTriage.Seen], [TicketTriage: [Ticket]]) {
        let seen = try copies.seen(listed.map(\.id), of: connection.id, in: db)
        return (
            seen,
            Dictionary(grouping: listed) {
                TicketTriage($0, seen: seen[$0.id], baseline: connection.baselineAt)
            }
        )
    }

    // MARK: Catch-up

    private func catchUp(_ sync: Sync, _ live: LiveConnection) async throws -> SyncStep {
        let (connection, id) = (live.connection, sync.id)
        let before = try await database.read { try CatchUp.Progress.of(id, isFirstStep: sync.position == nil, in: $0) }
        let from = CatchUp.start(
            watermark: before.watermark, baseline: connection.baselineAt, overlap: live.provider.changeOverlap)
        let page = try await live.provider.tickets(changedSince: from, after: sync.position)
        let startedAt = sync.startedAt ?? now()
        let watchedSince = CatchUp.watchedSince(
            before.watchedSince, lastFinished: sync.finishedAt, startedAt: startedAt, interval: catchUpInterval)
        return SyncStep(done: sync.done + page.items.count, total: nil, next: page.next) { db in
            let (seen, sorted) = try sort(page.items, connection, in: db)
            let instant = now()
            var findings = before.findings
            findings.newest = ([findings.newest] + page.items.map(\.updatedAt)).compactMap(\.self).max()
            findings.missed += page.items.count {
                CatchUp.isMissed($0, seen: seen[$0.id], watchedSince: watchedSince, now: instant)
            }
            try copies.storeListed(sorted[.silent] ?? [], run: nil, of: connection.id, now: instant, in: db)
            try ConnectionFamily.psa.record(.ok, reason: nil, of: connection.id, in: db)
            var jobs = try refreshes((sorted[.refresh] ?? []).map(\.id), of: connection.id)
            var watermark = before.watermark
            if page.next == nil {
                watermark = CatchUp.watermark(before.watermark, newest: findings.newest, startedAt: startedAt)
                jobs += try Silence.check(
                    connection, missed: findings.missed, watchedSince: watchedSince, now: instant, in: db)
            }
            try CatchUp.Progress(watermark: watermark, watchedSince: watchedSince, findings: findings).store(id, in: db)
            return jobs
        }
    }

    // MARK: Callbacks

    private func callbacks(_ live: LiveConnection) async throws -> SyncStep {
        let connection = live.connection
        if Self.isLoopback(publicURL), !Self.isLoopback("http://\(connection.site)") {
            throw CannotSync(
                description: """
                    \(connection.name) cannot call \(publicURL): set PATCHBAY_PUBLIC_URL to this server's address on the \
                    internet and start again. Until then changes are only found by catch-up.
                    """)
        }
        let address = CallbackAddress(publicURL: publicURL, hookKey: connection.hookKey)
        _ = try await live.provider.keepCallback(address)
        return SyncStep(done: 1, total: 1, next: nil) { db in
            try ConnectionFamily.psa.record(.ok, reason: nil, of: connection.id, in: db)
            return []
        }
    }

    private static func isLoopback(_ url: String) -> Bool {
        let host = WebAddress(url)?.host ?? ""
        return host == "localhost" || host == "::1" || host.utf8.starts(with: "127.".utf8) || host == "0.0.0.0"
    }

    /// The refreshes of tickets that a sync found changed, spread over time where they are many.
    private func refreshes(_ ids: [Ticket.ID], of connection: PSAConnection.ID) throws -> [NewJob] {
        let instant = now()
        return try ids.enumerated().map { number, id in
            let wait = pace.seconds * Double(max(0, number - Self.atOnce))
            return try TicketRefresh.job(id, of: connection, now: instant.addingTimeInterval(wait))
        }
    }

    // A normal look finds fewer.
    private static let atOnce = 100
}

/// A sync that cannot succeed until a person does something.
private struct CannotSync: Error, CustomStringConvertible {
    let description: String
}
