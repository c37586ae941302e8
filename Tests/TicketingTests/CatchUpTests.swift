import API
import Foundation
import Ids
import Testing

@testable import Ticketing

private let noon = Date(timeIntervalSince1970: 1_790_000_000)

extension Date {
    fileprivate func plus(_ seconds: Double) -> Date { addingTimeInterval(seconds) }
}

@Suite("Catch-up decides")
struct CatchUpTests {
    @Test("The first look begins at the baseline, later ones at the watermark, each an overlap before")
    func start() {
        #expect(CatchUp.start(watermark: nil, baseline: noon, overlap: .seconds(300)) == noon.plus(-300))
        #expect(CatchUp.start(watermark: noon.plus(900), baseline: noon, overlap: .seconds(60)) == noon.plus(840))
    }

    @Test(
        "The watermark never passes the start of the look, whichever clock is fast, and never goes back",
        arguments: [
            // newest change by their clock, start by ours, expected
            (100.0, 200.0, 100.0), (300, 200, 200), (-500, 200, 0), (100, -900, 0),
        ])
    func watermark(newest: Double, start: Double, expected: Double) {
        let reached = CatchUp.watermark(noon, newest: noon.plus(newest), startedAt: noon.plus(start))
        #expect(reached == noon.plus(expected))
    }

    @Test("A look that finds nothing leaves the watermark where it was")
    func nothingFound() {
        #expect(CatchUp.watermark(noon, newest: nil, startedAt: noon.plus(99)) == noon)
        #expect(CatchUp.watermark(nil, newest: nil, startedAt: noon) == nil)
    }

    @Test("A gap between looks restarts the watch")
    func watched() {
        func since(lastFinished: Double?, startedAt: Double) -> Date {
            CatchUp.watchedSince(
                noon, lastFinished: lastFinished.map(noon.plus), startedAt: noon.plus(startedAt),
                interval: .seconds(300))
        }
        #expect(since(lastFinished: 1_000, startedAt: 1_300) == noon)
        #expect(since(lastFinished: 1_000, startedAt: 1_899) == noon)
        #expect(since(lastFinished: 1_000, startedAt: 1_901) == noon.plus(1_901))
        #expect(since(lastFinished: nil, startedAt: 5) == noon.plus(5))
    }

    @Test("A change counts as missed if a callback was due and the server was running")
    func missed() {
        func isMissed(updated: Double, seen: Double?) -> Bool {
            let seen = seen.map {
                TicketTriage.Seen(updatedAt: noon.plus($0), refreshedAt: noon, isDeleted: false)
            }
            return CatchUp.isMissed(
                Ticket(id: "1", summary: "", updatedAt: noon.plus(updated)), seen: seen, watchedSince: noon,
                now: noon.plus(1_000))
        }
        #expect(isMissed(updated: 500, seen: nil))
        #expect(isMissed(updated: 500, seen: 400))
        #expect(!isMissed(updated: 500, seen: 500))
        #expect(!isMissed(updated: 950, seen: 400), "its hook may be on the way")
        #expect(!isMissed(updated: -10, seen: nil), "nobody was there to take the hook")
    }

    @Test("Silence is missed changes and no hook for the whole time")
    func silence() {
        func isSilent(lastHook: Double?, missed: Int = 1, minutes: Int = 60, now: Double) -> Bool {
            CatchUp.isSilent(
                lastHook: lastHook.map(noon.plus), watchedSince: noon, missed: missed, alarmAfter: minutes,
                now: noon.plus(now))
        }
        #expect(isSilent(lastHook: nil, now: 3_600))
        #expect(!isSilent(lastHook: nil, now: 3_599))
        #expect(!isSilent(lastHook: 600, now: 4_000))
        #expect(isSilent(lastHook: -9_000, now: 3_600), "what counts is when we were there")
        #expect(!isSilent(lastHook: nil, missed: 0, now: 99_999), "a quiet night is no failure")
    }
}

@Suite("What a listed ticket needs")
struct TicketTriageTests {
    private func triage(
        updated: Double?, seen: (updated: Double?, refreshed: Double)?, isDeleted: Bool = false
    ) -> TicketTriage {
        TicketTriage(
            Ticket(id: "1", summary: "", updatedAt: updated.map(noon.plus)),
            seen: seen.map {
                .init(
                    updatedAt: $0.updated.map(noon.plus), refreshedAt: noon.plus($0.refreshed), isDeleted: isDeleted)
            }, baseline: noon)
    }

    @Test("An unknown ticket is stored silently when it is older than the baseline, else looked at")
    func unknown() {
        #expect(triage(updated: -1, seen: nil) == .silent)
        #expect(triage(updated: 0, seen: nil) == .refresh)
        #expect(triage(updated: nil, seen: nil) == .refresh)
        // Their clock has whole seconds, ours has not.
        let within = TicketTriage(
            Ticket(id: "1", summary: "", updatedAt: noon), seen: nil, baseline: noon.plus(0.9))
        #expect(within == .refresh)
    }

    @Test("A known ticket is looked at when it changed, or may have changed within the second of the last look")
    func known() {
        #expect(triage(updated: 500, seen: (500, 600)) == .known)
        #expect(triage(updated: 500, seen: (500, 501)) == .refresh)
        #expect(triage(updated: 501, seen: (500, 9_000)) == .refresh)
        #expect(triage(updated: 400, seen: (500, 9_000)) == .refresh, "clocks jump; what differs is looked at")
        #expect(triage(updated: -500, seen: (-500, -499)) == .known, "nothing that old is told")
        #expect(triage(updated: 500, seen: (500, 9_000), isDeleted: true) == .refresh)
    }
}
