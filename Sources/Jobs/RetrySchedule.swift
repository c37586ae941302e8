import BoundaryText

/// How long to wait before each further try, by class of work. Jitter is only ever added, so that the published delays
/// are lower bounds.
public struct RetrySchedule: Sendable, Equatable {
    /// The wait before the second, third … try.
    public let delays: [Duration]

    /// A schedule of its own.
    public init(_ delays: [Duration]) {
        self.delays = delays
    }

    /// Work on something that came in: 8 retries in about 3.7 hours.
    public static let inbound = RetrySchedule(
        [.seconds(2), .seconds(10), .seconds(30), .minutes(2), .minutes(10), .minutes(30), .hours(1), .hours(2)])

    /// A chat message: soon at first, then hourly for a day; after that it is no longer news.
    public static let chat = RetrySchedule(
        [.seconds(2), .seconds(10), .minutes(1), .minutes(5), .minutes(15)]
            + Array(repeating: .hours(1), count: 24))

    /// An outgoing webhook, as the Standard Webhooks specification advises: about 76 hours.
    public static let webhook = RetrySchedule(
        [
            .seconds(5), .minutes(5), .minutes(30), .hours(2), .hours(5), .hours(10), .hours(14), .hours(20),
            .hours(24),
        ])

    /// A write to the ticketing system: soon at first, for a day in all; then a person decides.
    public static let write = RetrySchedule(
        [
            .seconds(5), .seconds(30), .minutes(2), .minutes(10), .minutes(30), .hours(1), .hours(2), .hours(4),
            .hours(8), .hours(8),
        ])

    /// The wait after the nth failure (1 for the first), or nil when it is time to give up.
    /// - Parameters:
    ///   - failures: how often it has failed, this time included.
    ///   - asked: what the other side asked for (`Retry-After`); wins when it is longer.
    ///   - jitter: 0 to 1, drawn by the caller.
    public func delay(afterFailure failures: Int, asked: Duration? = nil, jitter: Double) -> Duration? {
        guard failures >= 1, failures <= delays.count else { return nil }
        let base = max(delays[failures - 1], asked ?? .zero)
        // Up to 10 % on top, at least half a second and at most a quarter of an hour of spread.
        let spread = min(max(base / 10, .milliseconds(500)), .minutes(15))
        return base + spread * jitter
    }
}

extension Duration {
    /// Minutes of 60 seconds.
    public static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }

    /// Hours of 60 minutes.
    public static func hours(_ count: Int) -> Duration { .seconds(count * 3600) }

    /// In seconds.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
