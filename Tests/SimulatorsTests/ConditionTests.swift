import Testing

@testable import SimulatedConnectWise
@testable import SimulatorStage

@Suite struct ConditionTests {
    @Test(arguments: [
        ("id = 5", Condition.compare("id", .equal, .number(5))),
        ("closedFlag=False", .compare("closedFlag", .equal, .flag(false))),
        ("summary != null", .compare("summary", .notEqual, .null)),
        ("board/name = 'Service Desk'", .compare("board/name", .equal, .text("Service Desk"))),
        ("a = \"it's\"", .compare("a", .equal, .text("it's"))),
        ("a >= -1.5", .compare("a", .greaterOrEqual, .number(-1.5))),
        ("id in (1,2, 3)", .among("id", [.number(1), .number(2), .number(3)], negated: false)),
        ("id NOT IN (1)", .among("id", [.number(1)], negated: true)),
        ("summary Not Contains \"Low Priority\"", .contains("summary", "Low Priority", negated: true)),
        ("name like '%x*'", .like("name", "%x*", negated: false)),
        (
            "lastUpdated > [2026-11-21T08:00:00Z]",
            .compare("lastUpdated", .greater, .instant(Instant(seconds: 1_795_248_000)))
        ),
        (
            "lastUpdated > [2026-11-21T08:00:00.123]",
            .compare("lastUpdated", .greater, .instant(Instant(seconds: 1_795_248_000)))
        ),
        (
            "a=1 or b=2 AND c=3",
            .any([
                .compare("a", .equal, .number(1)),
                .all([.compare("b", .equal, .number(2)), .compare("c", .equal, .number(3))]),
            ])
        ),
        (
            "(a=1 or b=2) and c=3",
            .all([
                .any([.compare("a", .equal, .number(1)), .compare("b", .equal, .number(2))]),
                .compare("c", .equal, .number(3)),
            ])
        ),
    ])
    func reads(_ text: String, as condition: Condition) throws {
        #expect(try ConditionReader.read(text) == condition)
    }

    @Test(arguments: [
        "", "id", "id =", "= 5", "id == 5", "id = 5 and", "(id = 5", "id = 5)", "id in ()", "id in (1", "id in 1",
        "summary contains 5", "summary = \"a\\\"b\"", "summary = 'it''s'", "summary = \"open", "id ! 5",
        "lastUpdated > [yesterday]", "lastUpdated > [2026-13-01T00:00:00Z]", "id = 1 id = 2", "not id = 1", "a = b",
        "id = 5; drop", "id = 12x",
    ])
    func refuses(_ text: String) {
        #expect(throws: ConditionRefusal.self) { try ConditionReader.read(text) }
    }

    @Test func refusesDeepNesting() {
        let text = String(repeating: "(", count: 100_000) + "a=1" + String(repeating: ")", count: 100_000)
        #expect(throws: ConditionRefusal.self) { try ConditionReader.read(text) }
    }

    @Test(arguments: [
        "1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2000-02-29T12:00:00Z", "2026-11-21T02:49:52Z",
        "2100-03-01T00:00:01Z",
    ])
    func instantsGoRound(_ text: String) {
        #expect(Instant(text: text)?.text == text)
    }

    @Test func bodiesNeedWholeSeconds() {
        #expect(Instant(body: "2026-11-21T08:00:00Z") != nil)
        #expect(Instant(body: "2026-11-21T08:00:00.5Z") == nil)
        #expect(Instant(body: "2026-11-21 08:00:00Z") == nil)
    }

    @Test func jsonGoesRound() throws {
        let text = #"{"a":[1,-2.5,true,null,"q\"\\\n\u0001é😀"],"b":{}}"#
        #expect(try JSONReader.read(Array(text.utf8)).compact == text)
        #expect(try JSONReader.read(Array(#""\ud83d\ude00""#.utf8)) == "😀")
        for bad in ["", "{", "[1,]", "{\"a\":}", "\"\n\"", "01x", "nul", "1 2", "+1"] {
            #expect(throws: JSONReader.Malformed.self) { try JSONReader.read(Array(bad.utf8)) }
        }
    }
}
