import Foundation
import Testing
import WebSupport

@testable import Commands

@Suite struct RenderingTests {
    private let rules = Content.list(
        [
            json(#"{"id": 7, "name": "Service", "active": true, "at": "2026-11-21T08:00:00.123Z"}"#),
            json(#"{"id": 12, "name": "Übergabe 東京", "active": false, "at": null}"#),
        ],
        columns: [.id, Column("name"), Column("active", .yesNo), Column("at", "since", .instant)],
        next: "abc")

    @Test func columnsAreAligned() throws {
        #expect(
            try rules.lines(as: .table, .plain) == [
                "ID  NAME           ACTIVE  SINCE",
                " 7  Service        yes     2026-11-21 08:00:00Z",
                "12  Übergabe 東京  no      –",
            ])
    }

    @Test func aTerminalCutsTheWidestColumns() throws {
        let lines = try rules.lines(as: .table, Style(width: 45))
        #expect(
            lines == [
                "ID  NAME         ACTIVE  SINCE",
                " 7  Service      yes     2026-11-21 08:00:00Z",
                "12  Übergabe …   no      –",
            ])
    }

    @Test func aNarrowTerminalLeavesOutWhatIsWorthLeast() throws {
        let things = Content.list(
            [
                json(
                    #"{"id": 7, "name": "A long name of a recipient", "kind": "room", "at": "2026-11-21T08:00:00Z", "state": "failed", "error": "It said no"}"#
                )
            ],
            columns: [
                .id, Column("name").key, Column("kind").extra, Column("at", .instant), Column("state", .state).key,
                Column("error"),
            ], next: .null)
        #expect(
            try things.lines(as: .table, Style(width: 60)) == [
                "ID  NAME            AT                    STATE   ERROR",
                " 7  A long name o…  2026-11-21 08:00:00Z  failed  It said no",
            ])
        #expect(
            try things.lines(as: .table, Style(width: 40)) == [
                "ID  NAME                        STATE", " 7  A long name of a recipient  failed",
            ])
        for line in try things.lines(as: .table, Style(width: 16)) { #expect(line.displayWidth <= 16) }
    }

    @Test func aTerminalShowsRelativeAndLocalTimes() throws {
        let zone = try #require(TimeZone(secondsFromGMT: 3_600))
        let style = Style(width: nil, isColored: false, times: .local(now: Surroundings.testTime, zone))
        let times = [
            "2026-11-21T07:59:30Z": "now", "2026-11-21T07:54:59.123Z": "5 min ago", "2026-11-21T05:00:00Z": "3 h ago",
            "2026-11-20T08:00:00Z": "1 day ago", "2026-11-19T07:00:00Z": "2 days ago",
            "2026-11-21T10:30:00Z": "in 2 h", "2026-01-31T23:30:00Z": "2026-02-01", "soon": "soon",
        ]
        for (time, shown) in times {
            #expect(style.times.text(time, isAlone: false) == shown)
        }
        #expect(style.times.text("2026-11-21T07:55:00Z", isAlone: true) == "2026-11-21 08:55:00 (5 min ago)")
        #expect(style.times.text("2026-01-31T23:30:00Z", isAlone: true) == "2026-02-01 00:30:00")
    }

    @Test func statesHaveColoursOnATerminalOnly() throws {
        let things = Content.list(
            [json(#"{"id": 1, "state": "failed"}"#)], columns: [.id, Column("state", .state)], next: .null)
        #expect(
            try things.lines(as: .table, Style(width: 80, isColored: true)) == [
                "ID  STATE", " 1  \u{1B}[31mfailed\u{1B}[0m",
            ])
        #expect(try things.lines(as: .table, .plain) == ["ID  STATE", " 1  failed"])
        let one = Content.one(json(#"{"state": "ok"}"#), Content.Layout(columns: [Column("state", .state)]))
        #expect(
            try one.lines(as: .table, Style(width: 80, isColored: true)) == ["State  \u{1B}[32mok\u{1B}[0m"])
        #expect(try things.lines(as: .json, Style(width: 80, isColored: true)) == things.lines(as: .json, .plain))
    }

    @Test func jsonIsTheAPIsList() throws {
        let text = try #require(try rules.lines(as: .json, .plain).first)
        #expect(json(text)["next_cursor"] == "abc")
        #expect(json(text)["items"].elements.first?["id"] == 7)
    }

    @Test func quietIsIdsOnly() throws {
        #expect(try rules.lines(as: .quiet, .plain) == ["7", "12"])
    }

    @Test func oneThingShowsKnownMembersFirstAndUnknownOnesToo() throws {
        let layout = Content.Layout(
            columns: [.id, Column("name"), Column("gone")],
            sections: [Section(title: "Statuses", member: "statuses", columns: [.id, Column("closed", .yesNo)])])
        let thing = json(
            #"{"new": {"part": 1}, "name": null, "id": "3", "statuses": [{"id": 1, "closed": true}]}"#)
        #expect(
            try Content.one(thing, layout).lines(as: .table, .plain) == [
                "ID        3", "Name      –", "New.part  1", "", "Statuses", "ID  CLOSED", " 1  yes",
            ])
        #expect(try Content.one(thing, layout).lines(as: .quiet, .plain) == ["3"])
    }

    @Test func whatIsDoneIsASentenceOrAnId() throws {
        let done = Content.done("Deleted rule 7.", id: "7")
        #expect(try done.lines(as: .table, .plain) == ["Deleted rule 7."])
        #expect(try done.lines(as: .json, .plain) == [])
        #expect(try done.lines(as: .quiet, .plain) == ["7"])
    }

    @Test(arguments: [
        ("abc", 3), ("é", 1), ("e\u{301}", 1), ("東京", 4), ("👍", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("🇦🇹", 2), ("한", 2), ("", 0),
    ])
    func widthIsThatOfTheTerminal(text: String, width: Int) {
        #expect(text.displayWidth == width)
    }

    @Test(arguments: [
        ("abcdef", 4, "abc…"), ("abcd", 4, "abcd"), ("東京都", 4, "東…"), ("abc", 1, "…"), ("abc", 0, ""),
    ])
    func cuttingNeverExceeds(text: String, width: Int, cut: String) {
        #expect(text.cut(to: width) == cut)
    }

    @Test func textFromElsewhereCannotSteerTheTerminal() {
        #expect("a\u{1B}[31mb\nc\u{202E}d".printable == "a [31mb cd")
    }

    @Test func wholeNumbersStayWhole() throws {
        let text = #"{"big": 9007199254740993, "half": 0.5, "yes": true, "none": null}"#
        #expect(json(try json(text).pretty()) == json(text))
        #expect(json(text)["big"] == .integer(9_007_199_254_740_993))
    }
}

@Suite struct ProblemTests {
    @Test func detailThenFields() {
        let problem = Commands.Problem(
            status: 422,
            body: json(
                #"""
                {"title": "Invalid", "detail": "Correct the fields.", "request_id": "r1", "errors": [
                 {"field": "board_id", "code": "unknown", "message": "there is no such board"},
                 {"field": "updates", "code": "not_allowed"}]}
                """#))
        #expect(
            problem.lines == [
                "Error: Correct the fields.", "  board_id: there is no such board", "  updates: not_allowed",
            ])
    }

    @Test func faultsAreToldOnce() {
        func problem(_ detail: String, _ errors: [Commands.Problem.FieldError]) -> Commands.Problem {
            Commands.Problem(status: 422, title: "Some values are not valid", detail: detail, errors: errors)
        }
        let (text, minutes) = (
            Commands.Problem.FieldError(field: "text", message: "must not be empty."),
            Commands.Problem.FieldError(field: "minutes", message: "must be from 1 to 1440.")
        )
        #expect(problem("text: must not be empty.", [text]).lines == ["Error: text: must not be empty."])
        #expect(
            problem("text: must not be empty. minutes: must be from 1 to 1440.", [text, minutes]).lines == [
                "Error: Some values are not valid", "  text: must not be empty.", "  minutes: must be from 1 to 1440.",
            ])
        #expect(
            problem("The time was not.", [minutes]).lines
                == ["Error: The time was not.", "  minutes: must be from 1 to 1440."])
    }

    @Test func serverFailuresNameTheRequest() {
        let problem = Commands.Problem(status: 500, body: json(#"{"title": "Internal error", "request_id": "r1"}"#))
        #expect(problem.lines == ["Error: Internal error", "  Request r1"])
    }

    @Test func aProxysAnswerLeavesTheStatus() {
        #expect(Commands.Problem(status: 502, body: nil).lines == ["Error: The server answered 502 Bad Gateway"])
    }
}

// Made-up members.
extension Column {
    fileprivate init(_ member: String, _ title: String? = nil, _ kind: Kind = .text) {
        self.init(named: member, title, kind)
    }

    fileprivate init(_ member: String, _ kind: Kind) {
        self.init(named: member, nil, kind)
    }
}

extension Section {
    fileprivate init(title: String, member: String, columns: [Column]) {
        self.init(title: title, member: MadeUp(stringValue: member), columns: columns)
    }
}

private struct MadeUp: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
