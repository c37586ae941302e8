import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

extension Tickets {
    /// What adding a note takes.
    public struct NewNote: JSONBody, Encodable {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case text, replaces
            case noteType = "note_type"
            case requestID = "request_id"
        }

        public static let lengths = textLengths

        public let text: String
        public let noteType: NoteType?
        /// A failed post that this one replaces.
        public let replaces: Posts.ID?
        /// The idempotency key, where the header cannot be set.
        public var requestID: String?
    }

    /// What logging time takes.
    public struct NewTime: JSONBody, Encodable {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case minutes, billable, text, replaces
            case startedAt = "started_at"
            case workRole = "work_role_id"
            case workType = "work_type_id"
            case requestID = "request_id"
        }

        public static let ranges = ["minutes": 1...PSA.Settings.longestTime]
        public static let lengths = textLengths

        /// The connection's default when left out.
        public let minutes: Int?
        /// So many minutes ago when left out.
        public let startedAt: Date?
        public let workRole: WorkRoles.ID?
        public let workType: WorkTypes.ID?
        public let billable: BillableOption?
        public let text: String?
        public let replaces: Posts.ID?
        public var requestID: String?
    }

    /// What updating the status takes.
    public struct NewStatus: JSONBody, Encodable {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case replaces
            case status = "status_id"
            case expectedStatus = "expected_status_id"
            case requestID = "request_id"
        }

        public let status: Boards.Status.ID
        /// Only if the ticket has this status.
        public let expectedStatus: Boards.Status.ID?
        public let replaces: Posts.ID?
        public var requestID: String?
    }

    /// What logging a change takes: a note, then time, then the status.
    public struct NewChange: JSONBody, Encodable {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case text, minutes, billable, replaces
            case noteType = "note_type"
            case startedAt = "started_at"
            case workRole = "work_role_id"
            case workType = "work_type_id"
            case includeTextInTime = "include_text_in_time"
            case updateStatus = "update_status"
            case status = "status_id"
            case expectedStatus = "expected_status_id"
            case requestID = "request_id"
        }

        public static let ranges = ["minutes": 0...PSA.Settings.longestTime]
        public static let lengths = textLengths

        public let text: String
        public let noteType: NoteType?
        /// 0 for no time; the connection's default when left out.
        public let minutes: Int?
        public let startedAt: Date?
        public let workRole: WorkRoles.ID?
        public let workType: WorkTypes.ID?
        public let billable: BillableOption?
        /// Whether the time entry has the note's text too.
        public let includeTextInTime: Bool?
        public let updateStatus: Bool?
        public let status: Boards.Status.ID?
        public let expectedStatus: Boards.Status.ID?
        public let replaces: Posts.ID?
        public var requestID: String?
    }

    /// Of what people type, before the PSA's own limit is looked at: twice the longest one.
    public static let textLengths = ["text": 100_000]

    public static let addNote = PSAOperation(
        "addNote", .post, "/tickets/{id}/notes", .engineer, .tickets, "Add a note to a ticket", at: ID.self,
        takes: NewNote.self, gives: Posts.Request.self, success: .okOrAccepted)
    public static let logTime = PSAOperation(
        "logTime", .post, "/tickets/{id}/time", .engineer, .tickets, "Log time on a ticket", at: ID.self,
        takes: NewTime.self, gives: Posts.Request.self, success: .okOrAccepted)
    public static let updateStatus = PSAOperation(
        "updateTicketStatus", .patch, "/tickets/{id}/status", .engineer, .tickets, "Update a ticket's status",
        at: ID.self, takes: NewStatus.self, gives: Posts.Request.self, success: .okOrAccepted)
    public static let logChange = PSAOperation(
        "logChange", .post, "/tickets/{id}/log-change", .engineer, .tickets, "Log a change on a ticket", at: ID.self,
        takes: NewChange.self, gives: Posts.Request.self, success: .okOrAccepted)
}
