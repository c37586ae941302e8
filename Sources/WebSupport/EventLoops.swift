import BoundaryText
import NIOCore
import NIOPosix

/// Runs tasks on SwiftNIO's event loops, which avoids a thread switch between a request's socket and its handler, and
/// between an outgoing call's response and the task that waits for it.
///
/// Tasks must not block these threads: the databases, password hashing and Markdown parsing have separate threads.
public final class EventLoops: TaskExecutor {
    /// The event loops of this process.
    public static let shared = EventLoops()

    private let group = MultiThreadedEventLoopGroup.singleton

    /// Runs a job. A job enqueued from an event loop stays on that loop.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        group.any().execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
