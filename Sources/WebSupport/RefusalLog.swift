import BoundaryText
import Foundation
import HTTPTypes
import Logging
import Synchronization

/// Logs refused requests: the first ones of each kind per minute individually, the rest as a count, so that strangers
/// cannot fill the disk and one kind cannot hide another. Kinds are the codes of our own problems, so there are few.
final class RefusalLog: Sendable {
    /// Enough to see what someone is trying.
    static let loggedEachMinute = 10

    private struct Minute {
        var began: Date
        var logged = 0
        var silent = 0
        var level = Logger.Level.info

        /// Also true if the clock was set back.
        func isOver(at instant: Date) -> Bool { !(0..<60).contains(instant.timeIntervalSince(began)) }
    }

    private let logger: Logger
    private let now: @Sendable () -> Date
    private let minutes = Mutex<[String: Minute]>([:])

    init(_ logger: Logger, now: @escaping @Sendable () -> Date) {
        self.logger = logger
        self.now = now
    }

    /// - Parameter request: Metadata of the request.
    func note(_ problem: Problem, _ request: @autoclosure () -> Logger.Metadata) {
        flush()
        let (instant, level) = (now(), Self.level(of: problem))
        let isLogged = minutes.withLock { minutes in
            var minute = minutes[problem.code] ?? Minute(began: instant)
            let isLogged = minute.logged < Self.loggedEachMinute
            if isLogged { minute.logged += 1 } else { minute.silent += 1 }
            minute.level = max(minute.level, level)
            minutes[problem.code] = minute
            return isLogged
        }
        guard isLogged else { return }
        var metadata = request()
        metadata["code"] = "\(problem.code)"
        metadata["status"] = "\(problem.status.code)"
        if let reason = problem.reason { metadata["reason"] = "\(reason)" }
        logger.log(level: level, "request refused", metadata: metadata)
    }

    /// Logs the counts whose minute is over.
    /// - Parameter all: Whether to include minutes that are not over.
    func flush(all: Bool = false) {
        let instant = now()
        let over = minutes.withLock { minutes in
            let over = minutes.filter { all || $0.value.isOver(at: instant) }
            for code in over.keys { minutes[code] = nil }
            return over
        }
        for (code, minute) in over where minute.silent > 0 {
            logger.log(
                level: minute.level, "more requests were refused",
                metadata: ["code": "\(code)", "count": "\(minute.silent)"])
        }
    }

    /// A problem with a reason for the log was caused by another system, and the log is the only place to see it.
    private static func level(of problem: Problem) -> Logger.Level {
        if problem.reason != nil { return .warning }
        return switch problem.status {
        case .unauthorized, .forbidden, .tooManyRequests: .notice
        default: .info
        }
    }
}
