import API
import ConnectWise
import Foundation
import Ids
import Outbound
import Testing
import Tickets

@testable import Ticketing

@Suite("ConnectWise as a ticketing system")
struct ConnectWiseMappingTests {
    private func decoded<Value: Decodable>(_ json: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }

    private let instant = Date(timeIntervalSince1970: 1_795_255_200)

    @Test("A ticket with everything, and with nothing")
    func ticket() throws {
        let full: ConnectWise.Ticket = try decoded(
            """
            {"id": 7, "summary": "Printer", "board": {"id": 1, "name": "Support"}, "status": {"id": 2, "name": "New"},
             "closedFlag": true, "company": {"id": 3, "identifier": "acme", "name": "Acme"},
             "contact": {"id": 4, "name": "Bob"}, "contactName": "Robert", "priority": {"id": 5},
             "owner": {"id": 6, "identifier": "anna", "name": "Anna A"}, "resources": "anna, bert",
             "_info": {"lastUpdated": "2026-11-21T10:00:00Z", "dateEntered": "2026-11-21T10:00:00Z", "updatedBy": "zoe"}}
            """)
        #expect(
            ConnectWiseProvider.ticket(full)
                == Ticketing.Ticket(
                    id: "7", summary: "Printer", board: .init(id: "1", name: "Support"),
                    status: .init(id: "2", name: "New"), isClosed: true, company: .init(id: "3", name: "Acme"),
                    contact: .init(id: "4", name: "Bob"), priority: .init(id: "5", name: ""), owner: "anna",
                    resources: ["anna", "bert"], enteredAt: instant, updatedAt: instant, updatedBy: "zoe"))
        let bare: ConnectWise.Ticket = try decoded(#"{"id": 7, "contactName": "Robert"}"#)
        #expect(
            ConnectWiseProvider.ticket(bare)
                == Ticketing.Ticket(id: "7", summary: "", contact: .init(id: "", name: "Robert")))
    }

    @Test("A note is a member's, a contact's or of unknown origin")
    func notes() throws {
        func note(_ members: String) throws -> TicketNote {
            ConnectWiseProvider.note(try decoded("{\"id\": 9, \(members)}", as: ConnectWise.Note.self))
        }
        let member = try note(
            #""text": "x", "member": {"id": 1, "identifier": "anna", "name": "Anna A"}, "internalAnalysisFlag": true"#)
        #expect(member.id == "n9")
        #expect(member.kind == .note)
        #expect(member.text == "x")
        #expect(member.author == "Anna A")
        #expect(member.authorIdentifier == "anna")
        #expect(member.isInternal)
        let contact = try note(
            #""contact": {"id": 1, "name": "Bob"}, "createdBy": "email", "detailDescriptionFlag": true"#)
        #expect(contact.author == "Bob")
        #expect(contact.authorIdentifier == nil)
        #expect(!contact.isInternal)
        #expect(contact.text == "")
        let other = try note(#""createdBy": "zoe", "dateCreated": "2026-11-21T10:00:00Z""#)
        #expect(other.author == "zoe")
        #expect(other.authorIdentifier == "zoe")
        #expect(other.createdAt == instant)
        let dated = try note(#""_info": {"dateEntered": "2026-11-21T10:00:00Z"}"#)
        #expect(dated.createdAt == instant)
        #expect(dated.author == nil)
    }

    @Test("A time entry without text is no note")
    func timeEntries() throws {
        func note(_ members: String) throws -> TicketNote? {
            ConnectWiseProvider.note(try decoded("{\"id\": 9, \(members)}", as: ConnectWise.TimeEntry.self))
        }
        #expect(try note(#""chargeToId": 7"#) == nil)
        #expect(try note(#""notes": """#) == nil)
        let entry = try #require(
            try note(
                #""notes": "done", "member": {"id": 1, "identifier": "anna", "name": "Anna A"}, "enteredBy": "zoe""#
                    + #", "timeStart": "2026-11-21T10:00:00Z", "addToDetailDescriptionFlag": true"#))
        #expect(entry.id == "t9")
        #expect(entry.kind == .timeEntry)
        #expect(entry.author == "Anna A")
        #expect(entry.authorIdentifier == "anna")
        #expect(!entry.isInternal)
        #expect(entry.createdAt == instant)
        #expect(try note(#""notes": "x", "enteredBy": "zoe""#)?.authorIdentifier == "zoe")
    }

    @Test("A member without a login name cannot be assigned")
    func members() throws {
        func member(_ json: String) throws -> Ticketing.Member? {
            ConnectWiseProvider.member(try decoded(json, as: ConnectWise.Member.self))
        }
        #expect(try member(#"{"id": 1, "firstName": "Anna"}"#) == nil)
        #expect(
            try member(
                #"{"id": 1, "identifier": "anna", "firstName": "Anna", "lastName": "A", "officeEmail": "a@b.c", "inactiveFlag": true}"#
            ) == Ticketing.Member(id: "1", identifier: "anna", name: "Anna A", email: "a@b.c", isInactive: true))
        #expect(
            try member(#"{"id": 1, "identifier": "anna", "primaryEmail": ""}"#)
                == Ticketing.Member(id: "1", identifier: "anna", name: "anna", email: nil, isInactive: false))
    }

    @Test(
        "A cursor names the newest note and time entry",
        arguments: [
            (nil, 0, 0), ("", 0, 0), ("n12,t7", 12, 7), ("t7,n12", 12, 7), ("n12", 12, 0), ("t7", 0, 7), ("nx,t", 0, 0),
            ("n99999999999999999999,t1", 0, 1), ("garbage", 0, 0), (",,,", 0, 0),
        ])
    func cursor(text: String?, note: Int, timeEntry: Int) {
        let cursor = ActivityCursor(text)
        #expect(cursor == ActivityCursor(note: note, timeEntry: timeEntry))
        #expect(ActivityCursor(cursor.text) == cursor)
    }

    @Test(
        "Every error of ConnectWise has its kind",
        arguments: [
            (ConnectWiseError.authentication(message: "m"), PSAError.authentication("m")),
            (.permission(message: "m"), .permission("m")), (.notFound(message: "m", isRecord: true), .notFound("m")),
            (.rateLimited(retryAfter: .seconds(3)), .rateLimited(.seconds(3))),
            (
                .unavailable(retryAfter: .seconds(3)),
                .held("ConnectWise keeps failing. Next attempt in 3 s.", .seconds(3))
            ),
            (.server(status: 500, message: "m"), .server("ConnectWise failed (500): m Try again later.")),
            (.timeOut(maybeSent: true), .timeOut(maybeDone: true)),
            (.connection(reason: "r", maybeSent: true), .connection("r", maybeDone: true)),
            (.certificate(reason: "r"), .certificate("r")),
            (.rejected(message: "m", fields: []), .rejected("m", fields: [:])),
            (.undecodable(reason: "r"), .undecodable("r")),
            (.cancelled(maybeSent: true), .connection("cancelled", maybeDone: true)),
            (
                .refused(.tooLarge(limit: 5)), .undecodable("The answer is larger than 5 bytes.")
            ),
        ])
    func errors(error: ConnectWiseError, expected: PSAError) {
        #expect(PSAError(error) == expected)
    }
}
