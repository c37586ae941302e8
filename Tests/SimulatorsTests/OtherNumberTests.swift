import Testing

@testable import SimulatorStage

@Suite("A number of an answer is exchanged") struct OtherNumberTests {
    private static let text = #"{"id": 7, "name": "a 1 \" 2", "at": "2026-11-30T08:00:00Z", "n": -0.5e3, "on": true}"#

    private func exchanged(_ index: Int) -> String {
        String(decoding: JSONNumbers.exchanging(index, for: "X", in: Array(Self.text.utf8)), as: UTF8.self)
    }

    @Test("Each number and each time is one, and nothing within other text")
    func places() {
        #expect(exchanged(0).hasPrefix(#"{"id": X, "name": "a 1 \" 2""#))
        #expect(exchanged(1).contains(#""at": X, "n""#))
        #expect(exchanged(2).hasSuffix(#""n": X, "on": true}"#))
    }

    @Test("After the last one they are counted from the start again, and where there is none nothing is exchanged")
    func around() {
        #expect(exchanged(3) == exchanged(0))
        #expect(JSONNumbers.exchanging(0, for: "X", in: Array("[]".utf8)) == Array("[]".utf8))
        #expect(JSONNumbers.exchanging(0, for: "X", in: Array(#"{"a":"\"#.utf8)) == Array(#"{"a":"\"#.utf8))
    }
}
