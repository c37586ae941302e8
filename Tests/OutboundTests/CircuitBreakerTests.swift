import Outbound
import Testing

@Suite("Circuit breaker")
struct CircuitBreakerTests {
    private let start = ContinuousClock.now

    private func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<10 { breaker.report(.failed, probe: false, at: start) }
        return breaker
    }

    @Test("opens after ten failures in a row, and only in a row")
    func opens() {
        var breaker = CircuitBreaker()
        for _ in 0..<9 { breaker.report(.failed, probe: false, at: start) }
        breaker.report(.abandoned, probe: false, at: start)
        #expect(breaker.state == .closed(failures: 9))
        breaker.report(.answered, probe: false, at: start)
        for _ in 0..<9 { breaker.report(.failed, probe: false, at: start) }
        #expect(breaker.ask(at: start) == .call)
        breaker.report(.failed, probe: false, at: start)
        #expect(breaker.ask(at: start) == .refuse(retryAfter: .seconds(15)))
    }

    @Test("one probe after the wait; success closes")
    func probeSucceeds() {
        var breaker = opened()
        #expect(breaker.ask(at: start + .seconds(14)) == .refuse(retryAfter: .seconds(1)))
        #expect(breaker.ask(at: start + .seconds(15)) == .probe)
        #expect(breaker.ask(at: start + .seconds(15)) == .refuse(retryAfter: .seconds(1)))
        breaker.report(.answered, probe: true, at: start + .seconds(16))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test("waits double up to two minutes")
    func waitsGrow() {
        var breaker = opened()
        var now = start
        for wait in [15, 30, 60, 120, 120] {
            #expect(breaker.ask(at: now) == .refuse(retryAfter: .seconds(wait)))
            now += .seconds(wait)
            #expect(breaker.ask(at: now) == .probe)
            breaker.report(.failed, probe: true, at: now)
        }
    }

    @Test("a probe that learnt nothing is made again at once")
    func probeAbandoned() {
        var breaker = opened()
        let later = start + .seconds(15)
        #expect(breaker.ask(at: later) == .probe)
        breaker.report(.abandoned, probe: true, at: later)
        #expect(breaker.ask(at: later) == .probe)
    }

    @Test("late news of earlier calls changes nothing")
    func lateNews() {
        var breaker = opened()
        let open = breaker.state
        breaker.report(.answered, probe: false, at: start)
        breaker.report(.failed, probe: false, at: start)
        #expect(breaker.state == open)
    }
}
