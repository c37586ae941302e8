import BoundaryText
import Synchronization

/// Where finished runs wait to be settled, and the list of jobs that this runner holds.
final class SettlingDesk: Sendable {
    /// Two: one batch gathers and computes while the other waits for the disk.
    static let clerks = 2

    private struct State {
        var pending: [JobQueue.Settlement] = []
        /// A job that was lost to a full lease and claimed again is held twice for a while, under two fences.
        var held: Set<Holding> = []
        var bells: [AsyncStream<Void>.Continuation] = []
        var released: @Sendable () -> Void = {}
        var isFull = false
    }

    private struct Holding: Hashable {
        let id: ClaimedJob.ID
        let fence: Int

        init(_ job: ClaimedJob) {
            id = job.id
            fence = job.fence
        }
    }

    private let state = Mutex(State())

    /// How many more jobs may be held. When there is no room, the next release tells of it.
    func room(within most: Int) -> Int {
        state.withLock { state in
            state.isFull = state.held.count >= most
            return most - state.held.count
        }
    }

    /// How many jobs this runner holds.
    var held: Int { state.withLock(\.held.count) }
    /// The jobs that this runner holds.
    var jobs: [ClaimedJob.ID] { state.withLock { $0.held.map(\.id) } }

    func onRelease(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.released = action }
    }

    /// Rings each time something was brought.
    func visits() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.bells.append(continuation) }
        return stream
    }

    func take(_ job: ClaimedJob) {
        state.withLock { _ = $0.held.insert(Holding(job)) }
    }

    func bring(_ settlement: JobQueue.Settlement) {
        let bells = state.withLock { state in
            state.pending.append(settlement)
            return state.bells
        }
        for bell in bells { bell.yield() }
    }

    /// - Parameter largest: how many at the most.
    func takeBatch(largest: Int) -> [JobQueue.Settlement] {
        state.withLock { state in
            // One kind at a time: then no batch holds the lanes into which another wants to enqueue.
            guard let kind = state.pending.first?.job.kind else { return [] }
            var batch: [JobQueue.Settlement] = []
            state.pending.removeAll { settlement in
                guard settlement.job.kind == kind, batch.count < largest else { return false }
                batch.append(settlement)
                return true
            }
            return batch
        }
    }

    func putBack(_ batch: [JobQueue.Settlement]) {
        state.withLock { $0.pending.insert(contentsOf: batch, at: 0) }
    }

    func release(_ jobs: [ClaimedJob]) {
        // Only then does somebody wait for room.
        let released = state.withLock { state in
            for job in jobs { state.held.remove(Holding(job)) }
            defer { state.isFull = false }
            return state.isFull ? state.released : nil
        }
        released?()
    }
}
