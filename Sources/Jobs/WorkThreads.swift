import BoundaryText
import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The threads on which jobs run. They give way to those that answer requests: in a burst of hooks the processors belong to
/// whoever acknowledges them, and what follows from the hooks is done in the time that is left.
///
/// A lower priority of tasks would not do that: it rises to that of whoever waits for them in the end.
///
/// `@unchecked Sendable`: what changes is touched under the condition's lock only.
final class WorkThreads: TaskExecutor, @unchecked Sendable {
    /// How much they give way, from 0 to 19; see nice(1). With 5 they get a third of what each gets who gives way to nobody.
    private static let niceness: Int32 = 5

    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    // Where in `jobs` the next one is: taking the first of an array would move all others.
    private var next = 0
    private var isClosed = false

    init(count: Int = ProcessInfo.processInfo.activeProcessorCount) {
        for number in 0..<count {
            let thread = Thread { self.work() }
            thread.name = "jobs \(number)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    /// Ends the threads when nothing is left to be done.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    private func work() {
        // Of this thread; see setpriority(2), "C library/kernel differences".
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
        while let job = take() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func take() -> UnownedJob? {
        condition.lock()
        defer { condition.unlock() }
        while next == jobs.count {
            guard !isClosed else { return nil }
            condition.wait()
        }
        let job = jobs[next]
        next += 1
        if next == jobs.count || next == 1_024 {
            jobs.removeFirst(next)
            next = 0
        }
        return job
    }
}
