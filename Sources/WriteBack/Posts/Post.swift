import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing

extension API.Posts.Kind: SQLConvertible, SQLDecodable {}
extension API.Posts.Fault: SQLConvertible, SQLDecodable {}
extension API.Posts.Request.Kind: SQLConvertible, SQLDecodable {}

extension API.Posts.State: SQLConvertible, SQLDecodable {
    /// What was not written, and can be tried again.
    static let unwritten = [Self.failed, .dismissed]
}

/// Something that was, or is to be, written to a ticket: a note, time, or another status.
public struct Post: Sendable, Equatable, RowDecodable {
    /// The type of a post's key.
    public typealias ID = API.Posts.ID
    /// What is written.
    public typealias Kind = API.Posts.Kind
    /// Its state.
    public typealias State = API.Posts.State
    /// Why it failed; stable, machine readable.
    public typealias Fault = API.Posts.Fault

    /// Whether it may have been written without our knowing.
    public enum Doubt: Int, Sendable, SQLConvertible, SQLDecodable {
        case none = 0
        /// The ticketing system has answered, but not what became of it.
        case answered = 1
        /// It has not, and may still be writing.
        case unanswered = 2
    }

    /// The key.
    public let id: ID
    /// What it is part of.
    public let request: PostRequest.ID
    /// The ticket.
    public let ticket: Ticket.ID
    /// What is written.
    public let kind: Kind
    /// What kind of note.
    public let noteType: NoteType?
    /// What the person wrote.
    public let text: String?
    /// What is, or was, sent, exactly.
    public let content: String?
    /// In whose name; nil for the API member's.
    public let member: Member.ID?
    /// That member's name.
    public let memberName: String?
    /// How long.
    public let minutes: Int?
    /// When the work began.
    public let startedAt: Date?
    /// As what.
    public let workRole: WorkRole.ID?
    /// What kind of work.
    public let workType: WorkType.ID?
    /// Whether it is charged.
    public let billable: BillableOption?
    /// The status that is wanted; nil for the one that the connection's settings name for the board.
    public let status: Board.Status.ID?
    /// What it is called; nil when that was not known when it was asked for.
    public let statusName: String?
    /// The status before.
    public let statusFrom: Ticket.Reference?
    /// The status after.
    public let statusTo: Ticket.Reference?
    /// What became of it.
    public let state: State
    /// Whether it may have been written without our knowing.
    public let doubt: Doubt
    /// How often it was tried.
    public let attempts: Int
    /// The ticketing system's id of what was written.
    public let record: String?
    /// Why it failed, or waits.
    public let error: String?
    /// The same, machine readable.
    public let fault: Fault?
    /// What the ticketing system said about single fields.
    public let errorFields: [String: String]
    /// The work roles with which it would be accepted.
    public let workRoles: [WorkRole]
    /// When it was asked for.
    public let createdAt: Date
    /// When it was last tried.
    public let triedAt: Date?
    /// When it was written, refused or given up.
    public let settledAt: Date?

    /// Reads a row of `posts`.
    public init(row: Row) throws {
        id = try row["id"]
        request = try row["request_id"]
        ticket = try row["ticket_id"]
        kind = try row["kind"]
        noteType = try row["note_type"]
        text = try row["text"]
        content = try row["content"]
        member = try row["member_id"]
        memberName = try row["member_name"]
        minutes = try row["minutes"]
        startedAt = try row["started_at"]
        workRole = try row["work_role_id"]
        workType = try row["work_type_id"]
        billable = try row["billable"]
        status = try row["status_id"]
        statusName = try row["status_name"]
        func reference(_ column: String) throws -> Ticket.Reference? {
            guard let id: String = try row[column] else { return nil }
            return Ticket.Reference(id: id, name: try row[column + "_name"] ?? "")
        }
        statusFrom = try reference("status_from")
        statusTo = try reference("status_to")
        state = try row["state"]
        doubt = try row["uncertain"]
        attempts = try row["attempts"]
        record = try row["record_id"]
        error = try row["error"]
        fault = try row["error_code"]
        func decoded<Value: Decodable>(_ column: String) throws -> Value? {
            let text: String? = try row[column]
            return try text.map { try JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
        }
        errorFields = try decoded("error_fields") ?? [:]
        workRoles = try decoded("work_roles") ?? []
        createdAt = try row["created_at"]
        triedAt = try row["tried_at"]
        settledAt = try row["settled_at"]
    }

    /// The time as the provider takes it.
    var time: TimeDraft? {
        guard let startedAt, let minutes else { return nil }
        return TimeDraft(
            start: startedAt, end: startedAt.addingTimeInterval(Double(minutes) * 60), member: member,
            workRole: workRole, workType: workType, billable: billable, notes: content)
    }

    /// The note as the provider takes it.
    var note: NoteDraft? {
        guard let content, let noteType else { return nil }
        return NoteDraft(text: content, type: noteType, author: member)
    }
}

/// A request to write, under one key: one write, or those of a change.
public struct PostRequest: Sendable, Equatable, RowDecodable {
    /// The type of a request's key.
    public typealias ID = API.Posts.Request.ID
    /// What was asked for.
    public typealias Kind = API.Posts.Request.Kind

    /// The key.
    public let id: ID
    /// Whose it is.
    public let organization: Organization.ID
    /// Where to; nil when it was removed.
    public let connection: PSAConnection.ID?
    /// The companies whose tickets may be written to; nil for all.
    public let companies: [Company.ID]?
    /// The part of it that does not depend on who asked: the company of the customer for whom it was asked; nil for none.
    public let scope: [Company.ID]?
    /// The ticket.
    public let ticket: Ticket.ID
    /// What was asked for.
    public let kind: Kind
    /// What a repetition is known by.
    public let key: String
    /// Who asked; nil when the user is gone.
    public let user: User.ID?
    /// Who asked.
    public let userName: String
    /// Who asked.
    public let userEmail: String
    /// Through what: `console`, `key 3`, `session 12`, `change 7`.
    public let origin: String
    /// The status that the ticket has to have for the status to be changed.
    public let expectedStatus: Board.Status.ID?
    /// When.
    public let createdAt: Date

    /// Reads a row of `post_requests`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        connection = try row["connection_id"]
        func list(_ column: String) throws -> [Company.ID]? {
            let stored: String? = try row[column]
            return stored.map { $0.splitBytes(on: ",").map { Company.ID(String($0)) } }
        }
        companies = try list("companies")
        scope = try list("scope")
        ticket = try row["ticket_id"]
        kind = try row["kind"]
        key = try row["request_key"]
        user = try row["user_id"]
        userName = try row["user_name"]
        userEmail = try row["user_email"]
        origin = try row["origin"]
        expectedStatus = try row["expected_status_id"]
        createdAt = try row["created_at"]
    }

    /// Writes to one ticket go one after the other.
    static func lane(_ connection: PSAConnection.ID, _ ticket: Ticket.ID) -> String { "post:\(connection):\(ticket)" }
}

extension PSAError {
    /// How sure it is that what was asked was not done.
    var doubt: Post.Doubt {
        switch self {
        case _ where !maybeDone: .none
        case .timeOut, .connection: .unanswered
        default: .answered
        }
    }
}

extension PSAConnection {
    /// The group of all job lanes that write to a connection's tickets. People wait for these, so they go on while
    /// what is read in the background has used up its share of the calls.
    static func postGroup(_ id: ID) -> String { "\(laneGroup(id)):posts" }
}
