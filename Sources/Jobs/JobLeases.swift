import BoundaryText
import Foundation
import Synchronization

/// The jobs that a runner holds: those that were claimed and have arrived, those that run, and those whose end waits to be
/// settled. It knows how many more there is room for.
final class JobLeases: Sendable {
    /// Who settle: two, so that one gathers and computes while the other waits for the disk.
    static let clerks = 2

    /// A job that was lost to a full lease and claimed again is held twice for a while, under two fences.
    private struct Holding: Hashable {
        let id: ClaimedJob.ID
        let fence: Int

        init(_ job: ClaimedJob) {
            id = job.id
            fence = job.fence
        }
    }

    private struct State {
        var held: Set<Holding> = []
        /// Places that are kept for a claim under way.
        var reserved = 0
        /// When room was last kept.
        var reservedAt = ContinuousClock.now
        /// How many of those held are being settled.
        var leaving = 0
        var isClosed = false
        var isPaused = false
        /// Whether jobs may have been claimed of which nothing was heard.
        var hasMissed = false
        /// Jobs of ours that began and are not held any more, though nothing is written down about their end.
        var left: Set<ClaimedJob.ID> = []
        var isLooking = false
        /// Whether something may be due for which there was no room.
        var isFull = false
        var errand = Errand()
        var bell: AsyncStream<Void>.Continuation?
        var pending: [JobQueue.Settlement] = []
        var clerks: [AsyncStream<Void>.Continuation] = []
        var idle: Set<Int> = []
    }

    /// What its runner has to do next.
    struct Errand {
        /// To be started.
        var jobs: [ClaimedJob] = []
        /// When to look for jobs again.
        var nextDue: Date?
        /// Whether to look for jobs now.
        var mustLook = false
    }

    private let places: Int
    private let state = Mutex(State())

    /// - Parameter places: how many jobs it holds at the most.
    init(places: Int) {
        self.places = places
    }

    /// The jobs that are held.
    var jobs: [ClaimedJob.ID] { state.withLock { $0.held.map(\.id) } }
    /// The jobs that began here, whether or not they are still held.
    var begun: [ClaimedJob.ID] { state.withLock { Array($0.left.union($0.held.map(\.id))) } }
    /// Whether the end of anything is still to be written down.
    var isSettling: Bool { state.withLock { !$0.pending.isEmpty || $0.leaving > 0 } }
    /// Whether anything is held, or on its way.
    var isBusy: Bool { state.withLock { !$0.held.isEmpty || $0.reserved > 0 } }
    /// Whether something may be due for which there was no room.
    var isFull: Bool { state.withLock(\.isFull) }

    private func room(in state: State) -> Int {
        state.isClosed || state.isPaused ? 0 : places - state.held.count + state.leaving - state.reserved
    }

    // MARK: Claiming

    /// Rings each time there is an errand.
    func errands() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.bell = continuation }
        return stream
    }

    /// What there is to do; asked for once. There is one look at a time, to be ended with ``endLook()``.
    func errand() -> Errand {
        state.withLock { state in
            var errand = state.errand
            state.errand = Errand()
            if errand.mustLook, state.isLooking {
                errand.mustLook = false
                state.errand.mustLook = true
            }
            if errand.mustLook { state.isLooking = true }
            return errand
        }
    }

    func endLook() {
        state.withLock { state in
            state.isLooking = false
            return state.errand.mustLook ? state.bell : nil
        }?.yield()
    }

    /// Has the runner look for jobs at an instant.
    func look(at instant: Date) {
        state.withLock { state in
            state.errand.nextDue = min(instant, state.errand.nextDue ?? instant)
            return state.bell
        }?.yield()
    }

    /// Has the runner look for jobs.
    func look() {
        state.withLock { state in
            state.errand.mustLook = true
            return state.bell
        }?.yield()
    }

    /// Keeps room for a claim; all of it is given back with ``receive(_:on:)`` or ``giveBack(_:)``.
    /// - Parameter isPressed: whether other work comes first, so that there is room for few a second.
    func reserve(
        upTo limit: Int, isPressed: Bool = false, at now: ContinuousClock.Instant = .now
    ) -> Int {
        state.withLock { state in
            var count = min(limit, room(in: state))
            if isPressed { count = min(count, Int(saturating: (now - state.reservedAt) / Self.pace)) }
            state.isFull = count <= 0
            guard count > 0 else { return 0 }
            state.reserved += count
            state.reservedAt = now
            return count
        }
    }

    /// How long it takes from one job to the next while other work comes first.
    private static let pace: Duration = .milliseconds(5)

    /// Takes what was claimed, and has the runner start it.
    func receive(_ claim: JobClaim, on reserved: Int) {
        state.withLock { state -> AsyncStream<Void>.Continuation? in
            state.reserved -= reserved
            for job in claim.jobs { state.held.insert(Holding(job)) }
            state.errand.jobs += claim.jobs
            if let due = claim.nextDue { state.errand.nextDue = min(due, state.errand.nextDue ?? due) }
            if claim.areMore { state.isFull = true }
            if state.isFull, room(in: state) > 0 { state.errand.mustLook = true }
            return state.errand.mustLook || state.errand.nextDue != nil || !claim.jobs.isEmpty ? state.bell : nil
        }?.yield()
    }

    /// Nothing came of a claim.
    /// - Parameter isCertain: false when jobs may have been claimed all the same.
    func giveBack(_ reserved: Int, isCertain: Bool = true) {
        state.withLock { state in
            state.reserved -= reserved
            state.isFull = true
            if !isCertain { state.hasMissed = true }
        }
    }

    /// From now on nothing is claimed.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Whether to look for jobs that were claimed without our hearing of it. Nothing is claimed until ``resume()``, and
    /// nothing is on its way.
    func pausesForMissed() -> Bool {
        state.withLock { state in
            guard state.hasMissed, state.reserved == 0 else { return false }
            state.isPaused = true
            return true
        }
    }

    /// Lets claims go on.
    /// - Parameter found: whether it is known now that nothing is missed.
    func resume(found: Bool) {
        state.withLock { state in
            state.isPaused = false
            if found { state.hasMissed = false }
        }
        look()
    }

    // MARK: Settling

    /// Rings for a clerk when there is something to settle.
    func visits(of clerk: Int) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.clerks.append(continuation)
            state.idle.insert(clerk)
        }
        return stream
    }

    func bring(_ settlement: JobQueue.Settlement) {
        state.withLock { state in
            state.pending.append(settlement)
            return state.idle.popFirst().map { state.clerks[$0] }
        }?.yield()
    }

    /// Whether nothing follows from what is pending, so that more of its kind may be waited for.
    func canGather(upTo largest: Int) -> Bool {
        state.withLock { state in
            !state.pending.isEmpty && state.pending.count < largest
                && state.pending.allSatisfy { !$0.outcome.mayBeFollowed }
        }
    }

    /// What is to be settled next; where there is nothing, the clerk waits for the next visit.
    func takeBatch(largest: Int, by clerk: Int?) -> [JobQueue.Settlement] {
        state.withLock { state in
            // One kind at a time: then no batch holds the lanes into which another wants to enqueue.
            guard let kind = state.pending.first?.job.kind else {
                if let clerk { state.idle.insert(clerk) }
                return []
            }
            var batch: [JobQueue.Settlement] = []
            state.pending.removeAll { settlement in
                guard settlement.job.kind == kind, batch.count < largest else { return false }
                batch.append(settlement)
                return true
            }
            state.leaving += batch.count
            return batch
        }
    }

    func putBack(_ batch: [JobQueue.Settlement]) {
        state.withLock { state in
            state.leaving -= batch.count
            state.pending.insert(contentsOf: batch, at: 0)
        }
    }

    /// A batch is settled.
    func release(_ batch: [JobQueue.Settlement]) {
        state.withLock { state in
            state.leaving -= batch.count
            for settlement in batch { state.held.remove(Holding(settlement.job)) }
        }
    }

    /// A job that began is left to others: its lease runs out, or the stop hands it back.
    func leave(_ job: ClaimedJob) {
        state.withLock { state in
            state.held.remove(Holding(job))
            state.left.insert(job.id)
        }
    }
}
