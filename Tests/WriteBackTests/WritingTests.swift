import API
import Foundation
import Ids
import Testing
import Tickets
import WebSupport

@testable import ConnectWise
@testable import Ticketing
@testable import WriteBack

@Suite("What is written to ConnectWise")
struct WritingTests {
    @Test("Blank lines before and space after a text go; the indentation of its first line stays")
    func trimmed() {
        var checks = PostDraft.Checks()
        #expect(checks.text(" \r\n\n    let x = 1\n  more \n \n", "text", longest: 50) == "    let x = 1\n  more")
        #expect(throws: Never.self) { try checks.finish() }
        #expect(checks.text("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "text", longest: 13) == "👨‍👩‍👧‍👦👨‍👩‍👧‍👦")
        #expect(throws: Problem.self) { try checks.finish() }
        var empty = PostDraft.Checks()
        _ = empty.text(" \n\t\n", "text", longest: 50)
        #expect(throws: Problem.self) { try empty.finish() }
    }

    @Test(
        "Each type of note sets exactly one flag",
        arguments: [
            (NoteType.internalAnalysis, NewNote.Kind.internalAnalysis, false), (.resolution, .resolution, true),
            (.description, .discussion, true),
        ])
    func noteTypes(type: NoteType, kind: NewNote.Kind, notifies: Bool) throws {
        let note = ConnectWiseProvider.new(NoteDraft(text: "x", type: type, author: "7"))
        #expect(note.kind == kind)
        #expect(note.processNotifications == notifies)
        #expect(note.memberID == 7)
        let json = String(decoding: try JSONEncoder().encode(note), as: UTF8.self)
        #expect(json.components(separatedBy: "Flag\":true").count == 2)
        #expect(json.contains("\"processNotifications\":\(notifies)"))
    }

    @Test("A note is known again though its lines were joined or its end was cut; another one is not")
    func knownAgain() throws {
        let long = String(repeating: "All is well. ", count: 2_000)
        func known(_ sent: String, as present: String) throws -> Bool {
            let json: [String: Any] = ["id": 1, "text": present, "internalAnalysisFlag": true]
            let note = try JSONDecoder().decode(
                ConnectWise.Note.self, from: try JSONSerialization.data(withJSONObject: json))
            return ConnectWiseProvider.is(
                note, NoteDraft(text: sent, type: .internalAnalysis, author: nil), since: Date(timeIntervalSince1970: 0)
            )
        }
        #expect(try known("a\nb", as: "a b "))
        #expect(try known(long, as: String(long.prefix(15_000))))
        #expect(try !known(long, as: String(long.prefix(100))))
        #expect(try !known("a", as: "a b"))
        #expect(try !known(long + "x", as: long + "y"))
    }

    @Test(
        "A key of ConnectWise is a number, written in one way",
        arguments: [
            ("7", true), ("007", false), ("abc", false), ("0", false), ("-1", false), (" 7", false),
            ("99999999999", false), ("+7", false),
        ])
    func keys(text: String, isKey: Bool) {
        #expect(ConnectWiseProvider.isKey(text) == isKey)
    }

    @Test("Time: what is not chosen is left out")
    func time() throws {
        let start = Date(timeIntervalSince1970: 1_790_000_000)
        let ticket = Ticketing.Ticket(id: "12", summary: "", isProject: true)
        var entry = try ConnectWiseProvider.new(TimeDraft(start: start, end: start + 900), on: ticket)
        #expect(entry.ticketID == 12)
        #expect(entry.isProjectTicket)
        #expect(entry.workRoleID == nil)
        #expect(entry.billableOption == nil)
        entry = try ConnectWiseProvider.new(
            TimeDraft(
                start: start, end: start + 900, member: "5", workRole: "2", workType: "3", billable: .noCharge,
                notes: "x"), on: Ticketing.Ticket(id: "12", summary: ""))
        #expect(entry.memberID == 5)
        #expect(entry.workRoleID == 2)
        #expect(entry.workTypeID == 3)
        #expect(entry.billableOption == "NoCharge")
        #expect(entry.notes == "x")
        #expect(!entry.isProjectTicket)
    }

    @Test("A search: words in any order, a number as number and word")
    func conditions() {
        func text(_ query: TicketQuery) -> String { ConnectWiseProvider.conditions(query).text }
        #expect(text(TicketQuery()) == "closedFlag=False")
        #expect(text(TicketQuery(isOpen: false)) == "id>0")
        #expect(
            text(TicketQuery(text: "two words", isOpen: false))
                == #"summary contains "two" AND summary contains "words""#)
        #expect(text(TicketQuery(text: " 42 ", isOpen: false)) == #"id=42 OR summary contains "42""#)
        // Larger than any id of ConnectWise, so only a word.
        #expect(text(TicketQuery(text: "99999999999", isOpen: false)) == #"summary contains "99999999999""#)
        #expect(
            text(TicketQuery(board: "3", status: "9", companies: ["1", "2"], isOpen: false))
                == "(board/id=3 AND status/id=9) AND company/id in (1,2)")
        // Ids that are none find nothing instead of everything.
        #expect(text(TicketQuery(companies: ["x"], isOpen: false)) == "id=0")
        #expect(text(TicketQuery(isOpen: false, assignee: "o'neil")).contains(#"owner/identifier="o'neil""#))
    }

    @Test("Control characters separate words as blanks do, before anything is made of them")
    func words() {
        #expect(TicketQuery(text: "\u{1}a\u{1}b\u{0}\nc\u{2028}d\u{A0}").words == ["a", "b", "c", "d"])
        #expect(TicketQuery(text: "\u{1}\n").words.isEmpty)
        #expect(TicketQuery(text: nil).words.isEmpty)
        let injected = TicketQuery(
            text: "'\u{600}\"\u{1}or\u{1}id>0\u{1}or\u{1}summary\u{1}like\u{1}\"\u{301}", companies: ["202"],
            isOpen: false)
        let conditions = ConnectWiseProvider.conditions(injected).text
        #expect(conditions.utf8.starts(with: #"company/id in (202) AND (((((("#.utf8), "\(conditions)")
        #expect(conditions.utf8.firstRange(of: #"summary contains "id>0""#.utf8) != nil, "\(conditions)")
    }

    @Test("What is found is looked at once more, whatever the ticketing system made of the search")
    func admits() {
        func ticket(_ summary: String, company: String? = "202", isClosed: Bool = false) -> Ticketing.Ticket {
            Ticketing.Ticket(
                id: "42", summary: summary, board: .init(id: "3", name: "Help"), status: .init(id: "9", name: "New"),
                isClosed: isClosed, company: company.map { .init(id: $0, name: "") }, resources: ["tommy", "anna"])
        }
        let limited = TicketQuery(companies: ["202", "203"])
        #expect(limited.admits(ticket("a")))
        #expect(!limited.admits(ticket("a", company: "9")))
        #expect(!limited.admits(ticket("a", company: nil)))
        #expect(!limited.admits(ticket("a", isClosed: true)))
        #expect(!TicketQuery(board: "4").admits(ticket("a")))
        #expect(!TicketQuery(status: "8").admits(ticket("a")))
        #expect(!TicketQuery(assignee: "tom").admits(ticket("a")))
        #expect(TicketQuery(assignee: "Anna").admits(ticket("a")))
        #expect(TicketQuery(text: "100%").admits(ticket("Disk 100% full")))
        #expect(!TicketQuery(text: "100%").admits(ticket("Disk 1000 full")))
        #expect(!TicketQuery(text: "[ALERT]").admits(ticket("alert")))
        #expect(TicketQuery(text: "[alert] É*").admits(ticket("[ALERT] e*")))
        // Where it holds no wildcard, the ticketing system knows best what is the same.
        #expect(TicketQuery(text: "strasse").admits(ticket("Straße")))
        #expect(TicketQuery(text: "42").admits(ticket("a")))
    }

    @Test("A user who is not the author is named in the first line")
    func signature() {
        let member = PSASettings.Choice(id: "1", name: "Default")
        func author(_ member: PSASettings.Choice?, _ isOneself: Bool, name: String = "Kai") -> PostDraft.Author {
            PostDraft.Author(member: member, isOneself: isOneself, name: name, email: "kai@x")
        }
        #expect(author(member, true).signed("text") == "text")
        #expect(author(member, true).signed(nil) == nil)
        #expect(author(nil, false).signed("text") == "By Kai (kai@x):\n\ntext")
        #expect(author(member, false).signed(nil) == "By Kai (kai@x)")
        #expect(author(nil, false, name: "kai@x").signed(nil) == "By kai@x")
    }

    @Test("Texts are cleaned, and refused when nothing or too much is left")
    func checks() throws {
        var checks = PostDraft.Checks()
        #expect(checks.text("  a\u{0}b\r\nc  ", "text", longest: 10) == "  ab\nc")
        #expect(throws: Never.self) { try checks.finish() }
        _ = checks.text(" \n", "text", longest: 10)
        _ = checks.text("12345678901", "note", longest: 10)
        checks.minutes(0)
        #expect(checks.errors.map(\.field) == ["text", "note", "minutes"])
        #expect(throws: Problem.self) { try checks.finish() }
    }

    @Test("A warning from 15,000 characters on, counted as people count")
    func warning() {
        func warnings(_ count: Int) -> Int {
            PostDraft(.note, [.note(text: String(repeating: "é", count: count), type: .resolution)]).warnings.count
        }
        #expect(warnings(15_000) == 0)
        #expect(warnings(15_001) == 1)
    }

    @Test("ConnectWise's complaints by our names of things")
    func complaints() {
        func fields(_ message: String, _ field: String?, _ detail: String) -> [String: String] {
            let error = ConnectWiseError.FieldError(code: "InvalidField", message: detail, field: field)
            guard case .rejected(_, let fields) = PSAError(.rejected(message: message, fields: [error])) else {
                return [:]
            }
            return fields
        }
        let role = "The default Work Role is not valid for the selected location"
        #expect(fields("timeEntry object is invalid", "workRole", role) == ["work_role_id": role])
        #expect(fields("timeEntry object is invalid", nil, role) == ["work_role_id": role])
        #expect(fields("x", "chargeToId", "y") == ["ticket": "y"])
        #expect(fields("x", "member/id", "y") == ["member": "y"])
        let unnamed = PSAError(.rejected(message: role, fields: []))
        guard case .rejected(let why, let found) = unnamed else {
            Issue.record("not rejected: \(unnamed)")
            return
        }
        #expect(why == role)
        #expect(found == ["work_role_id": role])
    }
}
