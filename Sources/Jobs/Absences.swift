import BoundaryText

/// Since when workers are not seen any more.
struct Absences {
    let patience: Duration
    private var since: [String: ContinuousClock.Instant] = [:]

    init(patience: Duration) {
        self.patience = patience
    }

    /// Who is gone for good.
    /// - Parameter absent: who is not seen now.
    mutating func gone(of absent: Set<String>, at instant: ContinuousClock.Instant) -> [String] {
        since = since.filter { absent.contains($0.key) }
        for worker in absent where since[worker] == nil { since[worker] = instant }
        return since.filter { instant - $0.value >= patience }.keys.sorted()
    }
}
