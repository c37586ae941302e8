import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Outbound

/// The one way in: reads a ticket with its notes, and in one transaction stores the copy, detects events and notifies
/// listeners. Callbacks, catch-up and sync all end here; none of them notifies anyone itself.
public struct TicketRefresh: JobHandler {
    /// Which ticket.
    public struct Payload: Codable, Sendable {
        let connection: PSAConnection.ID
        let ticket: Ticket.ID
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "refresh_ticket")
    /// See ``RetrySchedule/inbound``.
    public let schedule = RetrySchedule.inbound

    private let database: Database
    private let connections: PSAConnections
    private let listeners: [TicketListener]
    private let directory: Directory
    private let starts: ReadBatcher<Start, Result<Known, any Error>>
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - listeners: are notified of events.
    ///   - now: the wall clock.
    public init(
        database: Database, connections: PSAConnections, listeners: [TicketListener],
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.connections = connections
        self.listeners = listeners
        directory = Directory(database: database)
        starts = ReadBatcher(database: database, read: Self.known)
        self.now = now
    }

    /// The refresh of a ticket. A waiting one absorbs it; a running one is followed by it.
    /// - Parameter now: not before this instant.
    public static func job(
        _ ticket: Ticket.ID, of connection: PSAConnection.ID, now: Date
    ) throws -> NewJob {
        try job(
            Payload(connection: connection, ticket: ticket), lane: "ticket:\(connection):\(ticket)",
            laneGroup: PSAConnection.laneGroup(connection), coalesces: true, runAt: now)
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        do {
            guard let live = try await connections.live(payload.connection), live.connection.isActive else {
                return .done()
            }
            do {
                return try await live.provider.withCalls(Self.calls, .background) {
                    try await refresh(payload.ticket, live)
                }
            } catch let error as PSAError {
                return await outcome(of: error, payload.ticket, live)
            }
        } catch {
            return .retry("\(error)")
        }
    }

    /// The ticket, its notes, its times, and a member who is not known yet.
    private static let calls = 4

    private func outcome(of error: PSAError, _ ticket: Ticket.ID, _ live: LiveConnection) async -> JobOutcome {
        let (outcome, connection, instant) = (
            await connections.outcome(of: error, on: live), live.connection.id, now()
        )
        guard case .retry(let reason, let after, let schedule?, let effect, _) = outcome else { return outcome }
        // Only this ticket is refused. When it is given up, people see it at the connection.
        return .retry("ticket \(ticket): \(reason)", after: after, schedule: schedule, effect: effect) { db in
            try Refusals.note(Refusals.ticket(ticket), reason: reason, of: connection, now: instant, in: db)
        }
    }

    private func refresh(_ id: Ticket.ID, _ live: LiveConnection) async throws -> JobOutcome {
        let connection = live.connection
        let known = try await starts.value(
            Start(connection: connection.id, organization: connection.organization, ticket: id))?.get()
        async let found = live.provider.ticket(id)
        async let written = live.provider.activity(of: id, after: known?.cursor)
        guard let ticket = try await found else {
            _ = try? await written
            return .followed(by: Arrival.deletion(of: id, connection, listeners, now: now()))
        }
        let activity = try await written
        let members = try await directory.members(
            ticket.assigned, of: live, lifetime: known?.lifetime ?? .zero, now: now())
        return .found(
            Arrival(
                look: TicketLook(ticket: ticket, activity: activity, instant: now()), members: members,
                connection: connection, listeners: listeners))
    }

    /// Which ticket is about to be read.
    private struct Start: Hashable {
        let connection: PSAConnection.ID
        let organization: Organization.ID
        let ticket: Ticket.ID
    }

    /// What has to be known before.
    private struct Known {
        /// How far what was written on the ticket was read; nil for a ticket that is not known yet.
        let cursor: String?
        /// For how long members are taken from the copies.
        let lifetime: Duration
    }

    private static let known: @Sendable ([Start], Connection) throws -> [Start: Result<Known, any Error>] = {
        starts, db in
        var known: [Start: Result<Known, any Error>] = [:]
        for (connection, starts) in Dictionary(grouping: starts, by: \.connection) {
            let cursors = try TicketCopyStore.cursors(of: starts.map(\.ticket), of: connection, in: db)
            for start in starts {
                // Those that cannot be read concern their own organization only.
                let settings = db.remembered("settings of \(start.organization)") {
                    Result { try TicketingSettings.of(start.organization, in: db) }
                }
                known[start] = settings.map { settings in
                    Known(cursor: cursors[start.ticket], lifetime: .seconds(settings.memberCacheSeconds))
                }
            }
        }
        return known
    }
}
