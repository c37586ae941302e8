import Foundation

/// Chance that a test can be run with again.
public struct Dice: RandomNumberGenerator {
    /// What it began with.
    public let seed: UInt64
    private var state: UInt64

    /// Prints its seed, and takes one from `PATCHBAY_TEST_SEED`.
    public init() {
        let given = ProcessInfo.processInfo.environment["PATCHBAY_TEST_SEED"].flatMap { UInt64($0) }
        self.init(seed: given ?? .random(in: 0...UInt64.max))
        print("PATCHBAY_TEST_SEED=\(seed)")
    }

    /// The same each time.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    // SplitMix64.
    /// See the protocol.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Some of them.
    public mutating func some<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        Array(elements.shuffled(using: &self).prefix(count))
    }

    /// Whether something comes to pass.
    public mutating func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
