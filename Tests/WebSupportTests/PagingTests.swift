import Foundation
import HTTPTypes
import Testing
import WebSupport

@Suite("Paging")
struct PagingTests {
    @Test("A cursor reads back unchanged, whatever the key", arguments: ["", "0", "17", "3/ä ö", "c:x", "👩‍👩‍👧/\u{0}"])
    func roundTrip(key: String) throws {
        let cursor = try #require(Cursor(Cursor(key: key).description))
        #expect(cursor.key == key)
    }

    @Test("A cursor needs no escaping of plus and slash in an address")
    func alphabet() throws {
        for _ in 0..<500 {
            let scalars = (0..<Int.random(in: 0...20)).compactMap { _ in UnicodeScalar(UInt32.random(in: 1...0xD7FF)) }
            let key = String(String.UnicodeScalarView(scalars))
            let text = Cursor(key: key).description
            #expect(!text.contains("+"))
            #expect(!text.contains("/"))
            // As bytes: two texts that look alike are equal to Swift.
            #expect(try #require(Cursor(text)).key.utf8.elementsEqual(key.utf8))
        }
    }

    @Test("Texts that no list gave out are refused", arguments: ["", "17", "c:17", "%%%", "YWJj", "/w=="])
    func refusals(text: String) {
        #expect(Cursor(text) == nil)
        #expect(throws: Problem.self) { try PageRequest(limit: nil, cursor: text) }
    }

    @Test("A cursor that the list could not have given out is refused")
    func foreignCursor() throws {
        #expect(try PageRequest(limit: nil, cursor: "YzoxMA==").after?.number == 10)
        let problem = #expect(throws: Problem.self) { try PageRequest(limit: nil, cursor: "YzphYmM=") }
        #expect(problem?.errors.map(\.field) == ["cursor"])
        #expect(try PageRequest(limit: nil, cursor: "YzphYmM=", isKey: { $0 == "abc" }).after?.key == "abc")
    }

    @Test("A cursor is a number where the list is sorted by one")
    func number() {
        #expect(Cursor(key: "17").number == 17)
        #expect(Cursor(key: "3/x").number == nil)
    }

    @Test("The limit is 50 if not named")
    func defaults() throws {
        #expect(try PageRequest(limit: nil, cursor: nil) == PageRequest(limit: 50))
        #expect(PageRequest().limit == 50)
    }

    @Test("A limit from 1 to 200 is taken", arguments: ["1", "50", "200"])
    func limits(text: String) throws {
        #expect(try PageRequest(limit: text, cursor: nil).limit == Int(text))
    }

    @Test("Other limits are refused by name", arguments: ["0", "-1", "201", "x", "", "1.5", "99999999999999999999"])
    func wrongLimits(text: String) {
        let problem = #expect(throws: Problem.self) { try PageRequest(limit: text, cursor: nil) }
        #expect(problem?.status == .badRequest)
        #expect(problem?.errors.map(\.field) == ["limit"])
    }

    @Test("A wrong cursor is refused by name")
    func wrongCursor() {
        let problem = #expect(throws: Problem.self) { try PageRequest(limit: "1", cursor: "x") }
        #expect(problem?.errors.map(\.field) == ["cursor"])
    }

    @Test(
        "There is a next page when there is a row more than was asked for",
        arguments: [(0, nil), (1, nil), (3, nil), (4, "3"), (5, "3")])
    func next(rows: Int, key: String?) {
        let page = Page(Array(1...5).prefix(rows).map { $0 }, limit: 3) { String($0) }
        #expect(page.items == Array([1, 2, 3].prefix(rows)))
        #expect(page.next?.key == key)
        #expect(page.map(String.init).next == page.next)
        #expect(page.map(String.init).items == page.items.map(String.init))
    }

    @Test("A page is written with its cursor, null at the end")
    func encoding() throws {
        let last = String(decoding: try APIJSON.encode(Page([1], limit: 3) { "\($0)" }), as: UTF8.self)
        #expect(last.contains(#""items":[1]"#))
        #expect(last.contains(#""next_cursor":null"#))
        let first = try APIJSON.encode(Page([1, 2], limit: 1) { "\($0)" })
        let answer = try #require(JSONSerialization.jsonObject(with: first) as? [String: Any])
        #expect(Cursor(answer["next_cursor"] as? String ?? "")?.key == "1")
    }
}
