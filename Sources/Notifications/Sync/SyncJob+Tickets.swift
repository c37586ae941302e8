import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Outbound
import Ticketing

/// The steps of syncs with the ticketing system.
extension SyncJob {
    // MARK: Boards

    /// First the boards, then their statuses, some boards at a time: there may be more boards than calls in a minute.
    func boards(_ sync: Sync, _ live: LiveConnection) async throws -> Step {
        if let position = sync.position { return try await statuses(sync, live, after: .init(position)) }
        let boards = try await live.provider.boardNames()
        let (instant, connection) = (now(), live.connection.id)
        return Step(done: 0, total: boards.count, next: boards.isEmpty ? nil : "") { db in
            try Directory.storeNames(boards, of: connection, now: instant, in: db)
            try PSAConnections.record(.ok, reason: nil, of: connection, in: db)
            return []
        }
    }

    private func statuses(_ sync: Sync, _ live: LiveConnection, after: Board.ID) async throws -> Step {
        let (instant, connection) = (now(), live.connection.id)
        let boards = try await database.read { db in
            try Directory.boards(of: connection, after: after, limit: Self.calls, in: db)
        }
        var found: [(board: Directory.MirroredBoard, statuses: [Board.Status])] = []
        var refused: [(board: Directory.MirroredBoard, reason: String)] = []
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
        return Step(done: sync.done + boards.count, total: nil, next: next) { db in
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

    func openTickets(_ sync: Sync, _ live: LiveConnection) async throws -> Step {
        if let last = sync.position?.dropping(prefix: Self.unlisted) {
            return try await unlistedTickets(sync, live, after: .init(String(last)))
        }
        async let counted = sync.total == nil ? live.provider.openTicketCount(on: sync.boards) : sync.total
        let page = try await live.provider.openTickets(on: sync.boards, after: sync.position)
        let total = try await counted
        let done = sync.done + page.items.count
        let connection = live.connection
        return Step(done: done, total: total.map { max($0, done) }, next: page.next ?? Self.unlisted) { db in
            let (seen, sorted) = try sort(page.items, connection, in: db)
            let instant = now()
            try mirror.storeListed(sorted[.silent] ?? [], run: sync.run, of: connection.id, now: instant, in: db)
            try mirror.markListed(Array(seen.keys), run: sync.run, of: connection.id, in: db)
            try PSAConnections.record(.ok, reason: nil, of: connection.id, in: db)
            return try refreshes((sorted[.refresh] ?? []).map(\.id), of: connection.id)
        }
    }

    /// What the mirror holds for open and the list did not show is looked at: it was closed, moved or deleted, and for a
    /// deleted ticket nothing else would tell.
    private func unlistedTickets(_ sync: Sync, _ live: LiveConnection, after: Ticket.ID) async throws -> Step {
        let (connection, start) = (live.connection.id, sync.startedAt ?? now())
        let ids = try await database.read { db in
            try mirror.unlisted(
                run: sync.run, since: start, boards: sync.boards, after: after, limit: Self.unlistedPerStep,
                of: connection, in: db)
        }
        let next = ids.count == Self.unlistedPerStep ? ids.last.map { Self.unlisted + $0.rawValue } : nil
        return Step(done: sync.done, total: sync.done, next: next) { _ in try refreshes(ids, of: connection) }
    }

    /// Listed tickets by what they need.
    private func sort(
        _ listed: [Ticket], _ connection: PSAConnection, in db: Connection
    ) throws -> (seen: [Ticket.ID: TicketTriage.Seen], [TicketTriage: [Ticket]]) {
        let seen = try mirror.seen(listed.map(\.id), of: connection.id, in: db)
        return (
            seen,
            Dictionary(grouping: listed) {
                TicketTriage($0, seen: seen[$0.id], baseline: connection.baselineAt)
            }
        )
    }

    // MARK: Catch-up

    func catchUp(_ sync: Sync, _ live: LiveConnection) async throws -> Step {
        let connection = live.connection
        let from = CatchUp.start(
            watermark: sync.watermark, baseline: connection.baselineAt, overlap: live.provider.changeOverlap)
        let page = try await live.provider.tickets(changedSince: from, after: sync.position)
        let startedAt = sync.startedAt ?? now()
        let watchedSince = CatchUp.watchedSince(
            sync.watchedSince, lastFinished: sync.finishedAt, startedAt: startedAt, interval: interval(of: .catchUp))
        return Step(done: sync.done + page.items.count, total: nil, next: page.next) { db in
            let (seen, sorted) = try sort(page.items, connection, in: db)
            let instant = now()
            var findings = sync.findings
            findings.newest = ([findings.newest] + page.items.map(\.updatedAt)).compactMap(\.self).max()
            findings.missed += page.items.count {
                CatchUp.isMissed($0, seen: seen[$0.id], watchedSince: watchedSince, now: instant)
            }
            try mirror.storeListed(sorted[.silent] ?? [], run: nil, of: connection.id, now: instant, in: db)
            try PSAConnections.record(.ok, reason: nil, of: connection.id, in: db)
            var jobs = try refreshes((sorted[.refresh] ?? []).map(\.id), of: connection.id)
            var watermark = sync.watermark
            if page.next == nil {
                watermark = CatchUp.watermark(sync.watermark, newest: findings.newest, startedAt: startedAt)
                jobs += try Silence.check(
                    connection, missed: findings.missed, watchedSince: watchedSince, now: instant, in: db)
            }
            try db.send(
                """
                UPDATE syncs SET watermark = \(orNull: watermark), watched_since = \(watchedSince),
                    newest = \(orNull: findings.newest), missed = \(findings.missed) WHERE id = \(sync.id)
                """)
            return jobs
        }
    }

    // MARK: Callbacks

    func callbacks(_ live: LiveConnection) async throws -> Step {
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
        return Step(done: 1, total: 1, next: nil) { db in
            try PSAConnections.record(.ok, reason: nil, of: connection.id, in: db)
            return []
        }
    }

    private static func isLoopback(_ url: String) -> Bool {
        let host = WebAddress(url)?.host ?? ""
        return host == "localhost" || host == "::1" || host.utf8.starts(with: "127.".utf8) || host == "0.0.0.0"
    }
}
