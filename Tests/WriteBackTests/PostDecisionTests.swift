import API
import Foundation
import Testing
import Tickets

@testable import Database
@testable import Ticketing
@testable import WriteBack

/// What is decided between the calls of a post, for every answer of a ticketing system and every state of doubt.
@Suite("What a post does next")
struct PostDecisionTests {
    private func post(
        _ kind: Post.Kind = .note, doubt: Post.Doubt = .none, triedAt: Date? = nil, status: String? = nil,
        from: String? = nil
    ) throws -> Post {
        var values: [String: any SQLConvertible] = [
            "id": 1, "request_id": 1, "ticket_id": "7", "kind": kind, "state": Post.State.queued, "uncertain": doubt,
            "attempts": 0, "created_at": instant,
        ]
        if let triedAt { values["tried_at"] = triedAt }
        if let status { values["status_id"] = status }
        if let from { values["status_from"] = from }
        let names = [
            "id", "request_id", "ticket_id", "kind", "note_type", "text", "content", "member_id", "member_name",
            "minutes", "started_at", "work_role_id", "work_type_id", "billable", "status_id", "status_name",
            "status_from", "status_from_name", "status_to", "status_to_name", "state", "uncertain", "attempts",
            "record_id", "error", "error_code", "error_fields", "work_roles", "created_at", "tried_at", "settled_at",
        ]
        return try Post(
            row: Row(columns: Row.Columns(names), values: names.map { values[$0]?.sqlValue ?? SQLValue.null }))
    }

    // MARK: Before a call

    @Test("Only what may have been written is looked for")
    func first() throws {
        #expect(PostDecision.first(try post(doubt: .none)) == .write)
        #expect(PostDecision.first(try post(doubt: .answered)) == .look)
        #expect(PostDecision.first(try post(doubt: .unanswered)) == .look)
    }

    @Test("What is found is ours; what is not found is written, unless it may still come")
    func afterLook() throws {
        for doubt in [Post.Doubt.answered, .unanswered] {
            let found = PostDecision.afterLook(try post(doubt: doubt, triedAt: instant), found: "88", now: instant)
            #expect(found == .settle(.sent(record: "88")))
        }
        func next(_ doubt: Post.Doubt, after seconds: Double) throws -> PostDecision.Step {
            PostDecision.afterLook(try post(doubt: doubt, triedAt: instant), found: nil, now: instant + seconds)
        }
        #expect(try next(.answered, after: 1) == .write)
        #expect(try next(.unanswered, after: 1) == .wait(.seconds(59)))
        #expect(try next(.unanswered, after: 60) == .write)
        #expect(PostDecision.afterLook(try post(doubt: .unanswered), found: nil, now: instant) == .write)
    }

    @Test("A call that would begin long after its record is not made")
    func promptness() throws {
        let begun = try post(triedAt: instant)
        #expect(PostDecision.isPrompt(begun, now: instant + 9))
        #expect(!PostDecision.isPrompt(begun, now: instant + 10))
    }

    // MARK: A status

    private static let chosen = ["1": PSASettings.Choice(id: "11", name: "Working")]

    private func status(
        _ post: Post, expected: Board.Status.ID? = nil, _ change: (inout Ticket) -> Void = { _ in }
    ) -> PostDecision.StatusStep {
        PostDecision.status(post, expected: expected, ticket("7", change), chosen: Self.chosen)
    }

    private func fault(_ step: PostDecision.StatusStep) -> Post.Fault? {
        if case .settle(.failed(let fault, _, _, _, _)) = step { fault } else { nil }
    }

    @Test("A status is set where it is wanted, expected and not there yet")
    func setting() throws {
        let board = Ticket.Reference(id: "1", name: "Support")
        #expect(status(try post(.status, status: "12")) == .set("12", on: board))
        #expect(status(try post(.status)) == .set("11", on: board))
        #expect(status(try post(.status, status: "12"), expected: "10") == .set("12", on: board))
        #expect(fault(status(try post(.status, status: "12"), expected: "9")) == .statusChanged)
        #expect(fault(status(try post(.status, status: "12")) { $0.board = nil }) == .noStatus)
        let none = status(try post(.status)) { $0.board = .init(id: "2", name: "Sales") }
        guard case .settle(.skipped) = none else {
            Issue.record("\(none)")
            return
        }
    }

    @Test("A status that is already set counts as done: by us if it was in doubt, otherwise by others")
    func present() throws {
        let new = Ticket.Reference(id: "10", name: "New")
        guard case .settle(.skipped(_, let at)) = status(try post(.status, status: "10")) else {
            Issue.record("not skipped")
            return
        }
        #expect(at == new)
        let doubted = status(try post(.status, doubt: .unanswered, status: "10", from: "9"))
        #expect(
            doubted == .settle(.sent(record: nil, from: Ticket.Reference(id: "9", name: ""), to: new)))
    }

    @Test("Later changes by others are not undone")
    func undone() throws {
        let doubted = try post(.status, doubt: .answered, status: "12", from: "9")
        #expect(fault(status(doubted)) == .statusChanged)
        let untouched = try post(.status, doubt: .answered, status: "12", from: "10")
        #expect(status(untouched) == .set("12", on: Ticket.Reference(id: "1", name: "Support")))
    }

    // MARK: After a failure

    struct Case: Sendable, CustomTestStringConvertible {
        let error: PSAError
        /// When the write failed, and when a look failed.
        let written: PostDecision.Consequence
        let looked: PostDecision.Consequence
        var testDescription: String { "\(error)" }

        init(_ error: PSAError, written: PostDecision.Consequence, looked: PostDecision.Consequence) {
            (self.error, self.written, self.looked) = (error, written, looked)
        }

        init(_ error: PSAError, _ both: PostDecision.Consequence) { self.init(error, written: both, looked: both) }
    }

    private static func refused(
        _ fault: Post.Fault, _ why: String, _ fields: [String: String] = [:]
    ) -> PostDecision.Consequence { .refuse(fault, why, fields: fields, needsRoles: false) }

    /// Each case of ``PSAError`` once; a new one does not compile in `covers`.
    static let cases = [
        Case(.authentication("who?"), .askConnection), Case(.notAllowed("no host"), .askConnection),
        Case(.unusable("no secret"), .askConnection),
        Case(
            .permission("no right"), written: refused(.permission, PSAError.permission("no right").description),
            looked: .giveUp(.permission)),
        Case(
            .notFound("ticket"), written: refused(.noTicket, "Not found in ConnectWise: ticket"),
            looked: .later),
        Case(.rejected("bad", fields: ["x": "y"]), written: refused(.rejected, "bad", ["x": "y"]), looked: .later),
        Case(.rateLimited(.seconds(7)), .pause(.seconds(7))), Case(.rateLimited(.zero), .pause(.seconds(1))),
        Case(.held("slowly", .seconds(3)), .pause(.seconds(3))), Case(.server("500"), .later),
        Case(.timeOut(maybeDone: true), .later), Case(.timeOut(maybeDone: false), .later),
        Case(.connection("cut", maybeDone: true), .later), Case(.certificate("old"), .later),
        Case(.undecodable("html"), .later),
    ]

    private func name(_ error: PSAError) -> String {
        switch error {
        case .authentication: "authentication"
        case .permission: "permission"
        case .notFound: "notFound"
        case .rateLimited: "rateLimited"
        case .held: "held"
        case .server: "server"
        case .timeOut: "timeOut"
        case .connection: "connection"
        case .certificate: "certificate"
        case .rejected: "rejected"
        case .notAllowed: "notAllowed"
        case .unusable: "unusable"
        case .undecodable: "undecodable"
        }
    }

    @Test("Every answer of a ticketing system is in the table")
    func covers() {
        #expect(Set(Self.cases.map { name($0.error) }).count == 13)
    }

    @Test("What follows from a failure", arguments: cases)
    func consequence(_ example: Case) {
        for kind in Post.Kind.allCases {
            #expect(PostDecision.consequence(of: example.error, kind, isWritten: true) == example.written)
            #expect(PostDecision.consequence(of: example.error, kind, isWritten: false) == example.looked)
        }
    }

    @Test("A refused work role is answered with those that are allowed")
    func roles() {
        let error = PSAError.rejected("no such role", fields: ["work_role_id": "is inactive"])
        func needsRoles(_ kind: Post.Kind) -> Bool {
            if case .refuse(_, _, _, let needs) = PostDecision.consequence(of: error, kind, isWritten: true) {
                needs
            } else {
                false
            }
        }
        #expect(needsRoles(.time))
        #expect(!needsRoles(.note))
    }

    @Test("After its schedule a request is tried until the day is over, and then no more")
    func day() {
        func pause(after seconds: Double) -> Duration {
            PostDecision.pauseAfterSchedule(.seconds(3_600), createdAt: instant, now: instant + seconds)
        }
        #expect(pause(after: 0) == .seconds(3_600))
        #expect(pause(after: 86_000) == .seconds(400))
        #expect(pause(after: 90_000) == .seconds(1))
        #expect(!PostDecision.isOver(createdAt: instant, now: instant + 86_399))
        #expect(PostDecision.isOver(createdAt: instant, now: instant + 86_400))
    }
}
