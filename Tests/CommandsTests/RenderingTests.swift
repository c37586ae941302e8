import Testing

@testable import Commands

@Suite struct RenderingTests {
    private let rules = Content.list(
        [
            json(#"{"id": 7, "name": "Service", "active": true, "at": "2026-11-21T08:00:00.123Z"}"#),
            json(#"{"id": 12, "name": "Übergabe 東京", "active": false, "at": null}"#),
        ],
        columns: [.id, Column("name"), Column("active", .yesNo), Column("at", "since", .instant)],
        next: .string("abc"))

    @Test func columnsAreAligned() throws {
        #expect(
            try rules.lines(as: .table, width: nil) == [
                "ID  NAME           ACTIVE  SINCE",
                " 7  Service        yes     2026-11-21 08:00:00Z",
                "12  Übergabe 東京  no      –",
            ])
    }

    @Test func aTerminalCutsTheWidestColumns() throws {
        let lines = try rules.lines(as: .table, width: 36)
        #expect(
            lines == [
                "ID  NAME         ACTIVE  SINCE",
                " 7  Service      yes     2026-11-21…",
                "12  Übergabe …   no      –",
            ])
    }

    @Test func jsonIsTheAPIsList() throws {
        let text = try #require(try rules.lines(as: .json, width: nil).first)
        #expect(json(text)["next_cursor"] == .string("abc"))
        #expect(json(text)["items"]?.elements?.first?["id"] == .integer(7))
    }

    @Test func quietIsIdsOnly() throws {
        #expect(try rules.lines(as: .quiet, width: nil) == ["7", "12"])
    }

    @Test func oneThingShowsKnownMembersFirstAndUnknownOnesToo() throws {
        let layout = Content.Layout(
            columns: [.id, Column("name"), Column("gone")],
            sections: [Section(title: "Statuses", member: "statuses", columns: [.id, Column("closed", .yesNo)])])
        let thing = json(
            #"{"new": {"part": 1}, "name": null, "id": "3", "statuses": [{"id": 1, "closed": true}]}"#)
        #expect(
            try Content.one(thing, layout).lines(as: .table, width: nil) == [
                "Id        3", "Name      –", "New.part  1", "", "Statuses", "ID  CLOSED", " 1  yes",
            ])
        #expect(try Content.one(thing, layout).lines(as: .quiet, width: nil) == ["3"])
    }

    @Test func whatIsDoneIsASentenceOrAnId() throws {
        let done = Content.done("Deleted rule 7.", id: "7")
        #expect(try done.lines(as: .table, width: nil) == ["Deleted rule 7."])
        #expect(try done.lines(as: .json, width: nil) == [])
        #expect(try done.lines(as: .quiet, width: nil) == ["7"])
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
        let problem = Problem(
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
        func problem(_ detail: String, _ errors: [Problem.FieldError]) -> Problem {
            Problem(status: 422, title: "Some values are not valid", detail: detail, errors: errors)
        }
        let (text, minutes) = (
            Problem.FieldError(field: "text", message: "must not be empty."),
            Problem.FieldError(field: "minutes", message: "must be from 1 to 1440.")
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
        let problem = Problem(status: 500, body: json(#"{"title": "Internal error", "request_id": "r1"}"#))
        #expect(problem.lines == ["Error: Internal error", "  Request r1"])
    }

    @Test func aProxysAnswerLeavesTheStatus() {
        #expect(Problem(status: 502, body: nil).lines == ["Error: the server answered 502 Bad Gateway"])
    }
}
