import Foundation
import Testing

@testable import Database
@testable import Jobs

@Suite("The runner's leases")
struct JobLeasesTests {
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
        let leases = JobLeases(places: 4)
        #expect(leases.reserve(upTo: 3) == 3)
        #expect(leases.reserve(upTo: 3) == 1)
        #expect(!leases.isFull)
        #expect(leases.reserve(upTo: 3) == 0)
        #expect(leases.isFull)
        let jobs = try (1...2).map(job)
        leases.receive(JobClaim(jobs: jobs), on: 3)
        #expect(Set(leases.jobs) == Set(jobs.map(\.id)))
        // One place came back, and there was no room for something in between.
        let errand = leases.errand()
        #expect(errand.mustLook)
        #expect(errand.jobs == jobs)
        #expect(leases.errand().jobs.isEmpty)
        leases.giveBack(1)
        #expect(leases.reserve(upTo: 9) == 2)
        leases.giveBack(2)

        leases.bring(settlement(jobs[0]))
        let batch = leases.takeBatch(largest: 9, by: nil)
        #expect(batch.map(\.job) == [jobs[0]])
        #expect(leases.reserve(upTo: 9) == 3)
        leases.giveBack(3)
        leases.putBack(batch)
        #expect(leases.reserve(upTo: 9) == 2)
        leases.giveBack(2)
        leases.release(leases.takeBatch(largest: 9, by: nil))
        leases.leave(jobs[1])
        #expect(leases.jobs.isEmpty)
        #expect(leases.begun == [jobs[1].id])
        #expect(!leases.isBusy)
        #expect(leases.reserve(upTo: 9) == 4)
        leases.close()
        #expect(leases.reserve(upTo: 9) == 0)
        #expect(leases.isBusy)
    }

    @Test("There is one look at a time, and a look requested during it follows")
    func looks() {
        let leases = JobLeases(places: 9)
        leases.look()
        #expect(leases.errand().mustLook)
        leases.look()
        #expect(!leases.errand().mustLook)
        leases.endLook()
        #expect(leases.errand().mustLook)
        leases.endLook()
        #expect(!leases.errand().mustLook)
    }

    @Test("While other work comes first, there is room for a job every five milliseconds")
    func pressure() {
        let leases = JobLeases(places: 9)
        let start = ContinuousClock.now + .seconds(1)
        #expect(leases.reserve(upTo: 1, at: start) == 1)
        #expect(leases.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(4)) == 0)
        #expect(leases.isFull)
        #expect(leases.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(6)) == 1)
        #expect(leases.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(7)) == 0)
        #expect(leases.reserve(upTo: 9, isPressed: true, at: start + .milliseconds(17)) == 2)
        #expect(leases.reserve(upTo: 9, isPressed: true, at: start + .seconds(3_600)) == 5)
    }

    @Test("What nothing follows from may gather, until it is a batch")
    func gathering() throws {
        let leases = JobLeases(places: 9)
        #expect(!leases.canGather(upTo: 2))
        leases.bring(settlement(try job(1)))
        #expect(leases.canGather(upTo: 2))
        leases.bring(settlement(try job(2)))
        #expect(!leases.canGather(upTo: 2))
        leases.bring(.init(job: try job(3), outcome: .followed { _ in [] }, schedule: .inbound, jitter: 0))
        #expect(!leases.canGather(upTo: 9))
    }

    private struct Finding<Follows: Followed>: JobFinding {
        static var mayBeFollowed: Bool { Follows.isFollowed }
        static func store(_ findings: [Self], in db: Connection) throws -> [NewJob] { [] }
    }

    @Test("Findings gather like all else when nothing follows from them")
    func gatheringFindings() throws {
        for (finding, gathers) in [(Finding<Never>(), true), (Finding<Int>(), false)] as [(any JobFinding, Bool)] {
            let leases = JobLeases(places: 4)
            leases.bring(.init(job: try job(1), outcome: .found(finding), schedule: .inbound, jitter: 0))
            #expect(leases.canGather(upTo: 2) == gathers)
        }
    }
}

private protocol Followed: Sendable { static var isFollowed: Bool { get } }
extension Never: Followed { fileprivate static var isFollowed: Bool { false } }
extension Int: Followed { fileprivate static var isFollowed: Bool { true } }
