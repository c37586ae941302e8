import BoundaryText
import Foundation

/// How fast text becomes part of a page.
struct TextRates {
    private static let repetitions = 100

    func run(_ table: inout ResultTable) {
        let note =
            "The <b>customer</b> says: \"it's slow\" & Grüße, 👩‍👩‍👧 \u{0600}<x>\u{0301} and a sentence of plain words. "
        let plain = "The customer says that it is slow since Monday, on two machines of three. "
        table.add("escaping 1 MB of text full of signs", rate(of: note), atLeast: 200, "MB/s")
        table.add("escaping 1 MB of plain text", rate(of: plain), atLeast: 200, "MB/s")
    }

    /// Megabytes a second, of the median repetition.
    private func rate(of sentence: String) -> Double {
        let text = String(repeating: sentence, count: 1_000_000 / sentence.utf8.count)
        let clock = ContinuousClock()
        var kept = 0
        let times = (0..<Self.repetitions).map { _ in
            clock.measure { kept &+= text.escapedForHTML.utf8.count }
        }.sorted()
        precondition(kept > 0, "what is not used may be left out by the compiler")
        let (seconds, attoseconds) = times[Self.repetitions / 2].components
        return Double(text.utf8.count) / 1e6 / (Double(seconds) + Double(attoseconds) / 1e18)
    }
}
