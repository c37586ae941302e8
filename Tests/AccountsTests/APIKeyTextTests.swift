import Database
import Foundation
import Testing

@testable import Accounts

@Suite("The text of an API key")
struct APIKeyTextTests {
    @Test("A key's text reads back unchanged")
    func roundTrip() throws {
        for id in [Int64(1), 17, .max] {
            let secret = APIKeyText.randomSecret()
            #expect(secret.count == 32)
            let text = APIKeyText.make(for: .init(id), secret: secret)
            let read = try #require(APIKeyText(text.description))
            #expect(read == text)
            #expect(read.secretHash == text.secretHash)
            #expect(text.description.hasPrefix("pb_\(id)_"))
        }
    }

    @Test("A secret may hold underscores")
    func underscores() throws {
        let text = APIKeyText.make(for: 5, secret: [UInt8](repeating: 0xFF, count: 32))
        #expect(text.description.hasPrefix("pb_5___"))
        #expect(APIKeyText(text.description) == text)
    }

    @Test("Two secrets differ, and so do their hashes")
    func difference() {
        let (one, other) = (APIKeyText.randomSecret(), APIKeyText.randomSecret())
        #expect(one != other)
        #expect(APIKeyText.make(for: 1, secret: one).secretHash != APIKeyText.make(for: 1, secret: other).secretHash)
    }

    private static let secret = String(repeating: "x", count: 43)

    @Test(
        "Other texts are no keys",
        arguments: [
            "", "pb", "pb_", "pb_1", "pb_1_", "pb_1_short", "pb__\(secret)", "pb_0_\(secret)", "pb_-1_\(secret)",
            "pb_x_\(secret)", "pb_99999999999999999999_\(secret)", "PB_1_\(secret)", "xx_1_\(secret)",
            " pb_1_\(secret)",
            "pb_1_\(secret)x", "pb_1_\(secret) ", "1_\(secret)",
        ])
    func refusals(text: String) {
        #expect(APIKeyText(text) == nil)
    }

    @Test("Random texts never crash, and what is taken can be written again")
    func fuzz() {
        let pieces = ["pb", "_", "1", "0", "-", "é", "\u{0}", "👩‍👩‍👧", "9223372036854775808", Self.secret]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 0...8)).compactMap { _ in pieces.randomElement() }.joined()
            guard let key = APIKeyText(text) else { continue }
            #expect(APIKeyText(key.description) == key)
        }
    }
}
