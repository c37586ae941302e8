import BoundaryText

/// The time by which remotes wait, handed in so that tests can move it.
public struct OutboundClock: Sendable {
    /// The present instant.
    public var now: @Sendable () -> ContinuousClock.Instant
    /// Returns at the instant or later; throws `CancellationError`.
    public var sleep: @Sendable (_ until: ContinuousClock.Instant) async throws -> Void

    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (_ until: ContinuousClock.Instant) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The machine's clock.
    public static let continuous = OutboundClock(
        now: { .now }, sleep: { try await ContinuousClock().sleep(until: $0) })
}
