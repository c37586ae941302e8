import BoundaryText
import NIOCore
import NIOPosix

/// Runs tasks on SwiftNIO's event loops, so that a request needs no change of thread between its socket and its handler, nor
/// a call to the outside between its answer and who waits for it.
///
/// Nothing that runs there may block its thread: the databases have threads of their own, and so have hashing of passwords
/// and reading of Markdown.
public final class EventLoops: TaskExecutor {
    /// The loops of this process.
    public static let shared = EventLoops()

    private let group = MultiThreadedEventLoopGroup.singleton

    /// See the protocol. Where a loop enqueues, the task stays on that loop.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        group.any().execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
