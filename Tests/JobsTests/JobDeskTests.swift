import Foundation
import Testing

@testable import Database
@testable import Jobs

@Suite("The runner's desk")
struct JobDeskTests {
    private func job(_ id: Int) throws -> ClaimedJob {
        let columns: [(String, SQLValue)] = [
            ("id", .integer(Int64(id))), ("kind", .text("k")), ("payload", .text("{}")), ("lane", .null),
            ("lane_group", .null), ("priority", .integer(1)), ("fence", .integer(1)), ("failures", .integer(0)),
            ("interrupted", .integer(0)),
            ("created_at", .integer(0)),
        ]
        return try ClaimedJob(row: Row(columns: Row.Columns(columns.map { $0.0 }), values: columns.map { $0.1 }))
    }

    private func settlement(_ job: ClaimedJob) -> JobQueue.Settlement {
        .init(job: job, outcome: .done(), schedule: .inbound, jitter: 0)
    }

    @Test("It never holds more than it has places for, and those that are being settled are places for others")
    func places() throws {
        let desk = JobDesk(places: 4)
        #expect(desk.reserve(upTo: 3) == 3)
        #expect(desk.reserve(upTo: 3) == 1)
        #expect(!desk.isFull)
        #expect(desk.reserve(upTo: 3) == 0)
        #expect(desk.isFull)
        let jobs = try (1...2).map(job)
        desk.receive(JobClaim(jobs: jobs), on: 3)
        #expect(Set(desk.jobs) == Set(jobs.map(\.id)))
        // One place came back, and there was no room for something in between.
        let errand = desk.errand()
        #expect(errand.mustLook)
        #expect(errand.jobs == jobs)
        #expect(desk.errand().jobs.isEmpty)
        desk.giveBack(1)
        #expect(desk.reserve(upTo: 9) == 2)
        desk.giveBack(2)

        desk.bring(settlement(jobs[0]))
        let batch = desk.takeBatch(largest: 9, by: nil)
        #expect(batch.map(\.job) == [jobs[0]])
        #expect(desk.reserve(upTo: 9) == 3)
        desk.giveBack(3)
        desk.putBack(batch)
        #expect(desk.reserve(upTo: 9) == 2)
        desk.giveBack(2)
        desk.release(desk.takeBatch(largest: 9, by: nil))
        desk.leave(jobs[1])
        #expect(desk.jobs.isEmpty)
        #expect(desk.begun == [jobs[1].id])
        #expect(!desk.isBusy)
        #expect(desk.reserve(upTo: 9) == 4)
        desk.close()
        #expect(desk.reserve(upTo: 9) == 0)
        #expect(desk.isBusy)
    }

    @Test("There is one look at a time, and one that is asked for meanwhile comes after it")
    func looks() {
        let desk = JobDesk(places: 9)
        desk.look()
        #expect(desk.errand().mustLook)
        desk.look()
        #expect(!desk.errand().mustLook)
        desk.endLook()
        #expect(desk.errand().mustLook)
        desk.endLook()
        #expect(!desk.errand().mustLook)
    }

    @Test("While other work comes first, there is room for a job every five milliseconds")
    func pressure() {
        let desk = JobDesk(places: 9)
        let start = ContinuousClock.now + .seconds(1)
        #expect(desk.reserve(upTo: 1, at: start) == 1)
        #expect(desk.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(4)) == 0)
        #expect(desk.isFull)
        #expect(desk.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(6)) == 1)
        #expect(desk.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(7)) == 0)
        #expect(desk.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(17)) == 2)
        #expect(desk.reserve(upTo: 9, isPressed: true, at: start + .seconds(3_600)) == 5)
    }

    @Test("What nothing follows from may gather, until it is a batch")
    func gathering() throws {
        let desk = JobDesk(places: 9)
        #expect(!desk.canGather(upTo: 2))
        desk.bring(settlement(try job(1)))
        #expect(desk.canGather(upTo: 2))
        desk.bring(settlement(try job(2)))
        #expect(!desk.canGather(upTo: 2))
        desk.bring(.init(job: try job(3), outcome: .followed { _ in [] }, schedule: .inbound, jitter: 0))
        #expect(!desk.canGather(upTo: 9))
    }

    private struct Finding<Follows: Followed>: JobFinding {
        static var mayBeFollowed: Bool { Follows.isFollowed }
        static func store(_ findings: [Self], in db: Connection) throws -> [NewJob] { [] }
    }

    @Test("Findings gather like all else when nothing follows from them")
    func gatheringFindings() throws {
        for (finding, gathers) in [(Finding<Never>(), true), (Finding<Int>(), false)] as [(any JobFinding, Bool)] {
            let desk = JobDesk(places: 4)
            desk.bring(.init(job: try job(1), outcome: .found(finding), schedule: .inbound, jitter: 0))
            #expect(desk.canGather(upTo: 2) == gathers)
        }
    }
}

private protocol Followed: Sendable { static var isFollowed: Bool { get } }
extension Never: Followed { fileprivate static var isFollowed: Bool { false } }
extension Int: Followed { fileprivate static var isFollowed: Bool { true } }
