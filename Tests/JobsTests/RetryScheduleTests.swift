import Foundation
import Testing

@testable import Jobs

@Suite("Retry schedules")
struct RetryScheduleTests {
    @Test("Delays are the published ones, jitter is only added, Retry-After wins when longer")
    func delays() {
        let inbound = RetrySchedule.inbound
        #expect(inbound.delay(afterFailure: 1, jitter: 0) == .seconds(2))
        #expect(inbound.delay(afterFailure: 1, jitter: 1) == .seconds(2.5))
        #expect(inbound.delay(afterFailure: 8, jitter: 0) == .hours(2))
        #expect(inbound.delay(afterFailure: 8, jitter: 1) == .hours(2) + .minutes(12))
        #expect(inbound.delay(afterFailure: 9, jitter: 0) == nil)
        #expect(inbound.delay(afterFailure: 1, asked: .seconds(60), jitter: 0) == .seconds(60))
        #expect(inbound.delay(afterFailure: 8, asked: .seconds(60), jitter: 0) == .hours(2))
        #expect(inbound.delay(afterFailure: 0, jitter: 0) == nil)
    }

    @Test("Whole spans: 3.7 h for what came in, a day for chat and for writes")
    func spans() {
        func hours(_ schedule: RetrySchedule) -> Double { schedule.delays.reduce(.zero, +).seconds / 3600 }
        #expect((3.6...3.8).contains(hours(.inbound)))
        #expect((24...25).contains(hours(.chat)))
        #expect((23...25).contains(hours(.write)))
    }
}
