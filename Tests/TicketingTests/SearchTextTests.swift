import API
import Testing
import WebSupport

@testable import Ticketing

@Suite("What people search for")
struct SearchTextTests {
    @Test("A search is measured in bytes")
    func bytes() throws {
        try SearchText.check(String(repeating: "👩", count: 50))
        #expect(throws: Problem.self) { try SearchText.check(String(repeating: "👩", count: 51)) }
        #expect(throws: Problem.self) { try SearchText.check("e" + String(repeating: "\u{0301}", count: 100)) }
    }
}
