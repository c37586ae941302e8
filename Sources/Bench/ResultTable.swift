import Foundation

/// The results as they come, each beside its goal.
struct ResultTable {
    private var missed = 0

    mutating func begin(_ chapter: String) {
        print("\n\(chapter)")
    }

    /// A value that has to be at least the goal.
    mutating func add(_ what: String, _ value: Double, atLeast goal: Double, _ unit: String, digits: Int = 0) {
        add(what, value, goal, value >= goal, "≥", unit, digits)
    }

    /// A value that may be at most the goal.
    mutating func add(_ what: String, _ value: Double, atMost goal: Double, _ unit: String, digits: Int = 1) {
        add(what, value, goal, value <= goal, "≤", unit, digits)
    }

    /// A value to be seen, without a goal.
    mutating func add(_ what: String, _ value: Double, _ unit: String, digits: Int = 0) {
        line(what, number(value, digits) + " " + unit, "", "")
    }

    private mutating func add(
        _ what: String, _ value: Double, _ goal: Double, _ met: Bool, _ sign: String, _ unit: String, _ digits: Int
    ) {
        if !met { missed += 1 }
        line(what, number(value, digits) + " " + unit, "\(sign) \(number(goal, digits))", met ? "ok" : "MISSED")
    }

    func close() {
        print("\n\(missed == 0 ? "all goals met" : "\(missed) goals missed")")
    }

    private func number(_ value: Double, _ digits: Int) -> String {
        value.formatted(
            .number.precision(.fractionLength(digits)).grouping(.automatic).locale(Locale(identifier: "en")))
    }

    private func line(_ what: String, _ value: String, _ goal: String, _ verdict: String) {
        func pad(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        print("  " + pad(what, 58) + pad(value, 18) + pad(goal, 14) + verdict)
    }
}

/// Times in seconds, asked for their percentiles.
struct Samples {
    private var sorted: [Double]

    init(_ values: [Double]) {
        sorted = values.sorted()
    }

    var count: Int { sorted.count }

    /// In milliseconds; not a number when nothing was measured.
    func milliseconds(_ percentile: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * percentile / 100))] * 1000
    }
}
