import BoundaryText
import Connections
import Database
import Foundation

/// What catch-up decides. Pure.
public enum CatchUp {
    /// What a run has found.
    public struct Findings: Sendable, Equatable {
        /// The newest change, by the ticketing system's clock.
        public var newest: Date?
        /// How many changes had no callback, although there was time for one and we were running.
        public var missed: Int

        /// Describes what was found.
        public init(newest: Date? = nil, missed: Int = 0) {
            self.newest = newest
            self.missed = missed
        }
    }

    /// The progress of catch-up, kept in its sync's row, in columns that no other kind uses.
    struct Progress: Sendable {
        /// Everything that changed before this instant has been looked at.
        let watermark: Date?
        /// Since when runs follow each other without a gap, so that hooks were not lost for our own absence.
        let watchedSince: Date?
        /// What the current run has found.
        let findings: Findings

        static func of(_ sync: Sync.ID, isFirstStep: Bool, in db: Connection) throws -> Progress {
            let row = try db.first("SELECT watermark, watched_since, newest, missed FROM syncs WHERE id = \(sync)")
            return Progress(
                watermark: try row?["watermark"], watchedSince: try row?["watched_since"],
                findings: isFirstStep
                    ? Findings() : Findings(newest: try row?["newest"], missed: try row?["missed"] ?? 0))
        }

        func store(_ sync: Sync.ID, in db: Connection) throws {
            try db.send(
                """
                UPDATE syncs SET watermark = \(orNull: watermark), watched_since = \(orNull: watchedSince),
                    newest = \(orNull: findings.newest), missed = \(findings.missed) WHERE id = \(sync)
                """)
        }
    }

    // A hook comes within seconds, and its refresh soon after.
    private static let hookTime: TimeInterval = 120

    /// From when on changes are asked for.
    static func start(watermark: Date?, baseline: Date, overlap: Duration) -> Date {
        (watermark ?? baseline).addingTimeInterval(-Double(overlap.components.seconds))
    }

    /// Up to when everything was looked at, once all pages were.
    ///
    /// A ticket that changes while the pages are read may be on none of those still to come, so nothing after the start
    /// counts as seen. The start is by our clock, the newest change by theirs: the earlier one is right whichever is fast.
    static func watermark(_ former: Date?, newest: Date?, startedAt: Date) -> Date? {
        guard let newest else { return former }
        let reached = min(newest, startedAt)
        return former.map { max($0, reached) } ?? reached
    }

    /// Since when we have been there without a gap.
    static func watchedSince(_ former: Date?, lastFinished: Date?, startedAt: Date, interval: Duration?) -> Date {
        let longestGap = 3 * Double((interval ?? .seconds(300)).components.seconds)
        guard let former, let lastFinished, startedAt.timeIntervalSince(lastFinished) < longestGap else {
            return startedAt
        }
        return former
    }

    /// Whether a callback for a change is overdue.
    static func isMissed(_ listed: Ticket, seen: TicketTriage.Seen?, watchedSince: Date, now: Date) -> Bool {
        guard let updated = listed.updatedAt, seen?.updatedAt != updated else { return false }
        return updated > watchedSince && updated < now.addingTimeInterval(-hookTime)
    }

    /// Whether the ticketing system seems to have stopped calling us.
    static func isSilent(lastHook: Date?, watchedSince: Date, missed: Int, alarmAfter minutes: Int, now: Date) -> Bool {
        let quietSince = max(lastHook ?? watchedSince, watchedSince)
        return missed > 0 && now.timeIntervalSince(quietSince) >= Double(minutes) * 60
    }
}
