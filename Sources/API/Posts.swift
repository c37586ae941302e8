import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Posts: what Patchbay writes to tickets, one note, time entry or status each.
public enum Posts {
    /// The type of a post's key.
    public typealias ID = RowID<Posts>

    /// What is written.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case note
        case time
        case status
    }

    /// A post's state.
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Waits for the PSA.
        case queued
        /// Written.
        case sent
        /// Rejected or given up; stays until a user retries or dismisses it.
        case failed
        /// There was nothing to do.
        case skipped
        /// It failed or waited, and a user dismissed it.
        case dismissed
    }

    /// Why a post failed.
    public enum Fault: String, Sendable, Codable, CaseIterable {
        /// The ticket does not exist, or the requester may not see it.
        case noTicket = "ticket_not_found"
        /// The PSA does not accept it.
        case rejected
        /// The API member lacks a right.
        case permission
        /// The ticket's status is not the expected one.
        case statusChanged = "status_changed"
        /// The status is not one of the ticket's board, or inactive.
        case noStatus = "status_not_on_board"
        /// The PSA said yes and did nothing.
        case unchanged
        /// Another post of the same request failed before it.
        case notTried = "not_tried"
        /// The PSA could not be used for a day.
        case gaveUp = "gave_up"
        /// The connection was deleted.
        case noConnection = "connection_removed"
        /// The connection leads to another server than at the time of the request.
        case moved = "connection_moved"
        /// Another post was requested in its place.
        case replaced
        /// A user cancelled it while it waited.
        case withdrawn
        /// Not failed: it waits, and this is why.
        case unavailable
    }

    /// A post.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, state, content, minutes, status, billable, error, errors, attempts, origin
            case request = "post_request_id"
            case requestKind = "request_kind"
            case ticket = "ticket_id"
            case connection = "connection_id"
            case noteType = "note_type"
            case memberName = "member_name"
            case startedAt = "started_at"
            case workRole = "work_role_id"
            case workType = "work_type_id"
            case statusFrom = "status_from"
            case statusTo = "status_to"
            case record = "record_id"
            case errorCode = "error_code"
            case allowedWorkRoles = "allowed_work_roles"
            case requestedBy = "requested_by"
            case createdAt = "created_at"
            case lastAttemptAt = "last_attempt_at"
            case settledAt = "settled_at"
        }

        public var id: ID
        public var request: Request.ID
        public var requestKind: Open<Request.Kind>
        public var ticket: Tickets.ID
        /// Nil when the connection was deleted.
        public var connection: PSA.Connections.ID?
        public var kind: Open<Kind>
        public var state: Open<State>
        public var noteType: Open<NoteType>?
        public var content: String?
        /// In whose name it is written; nil for the API member.
        public var memberName: String?
        public var minutes: Int?
        public var startedAt: Date?
        public var workRole: WorkRoles.ID?
        public var workType: WorkTypes.ID?
        public var billable: Open<BillableOption>?
        /// The status that was requested.
        public var status: Reference?
        public var statusFrom: Reference?
        public var statusTo: Reference?
        /// The record's id in the PSA.
        public var record: String?
        public var error: String?
        public var errorCode: Open<Fault>?
        /// What the PSA rejected, by field.
        public var errors: [String: String]?
        /// The work roles that the PSA accepts, after it rejected one.
        public var allowedWorkRoles: [Reference]?
        public var attempts: Int
        /// The name of the user who requested it.
        public var requestedBy: String
        /// Through what: `console`, `key 7`, `session 12`.
        public var origin: String
        public var createdAt: Date
        public var lastAttemptAt: Date?
        public var settledAt: Date?

        public init(
            id: ID, request: Request.ID, requestKind: Request.Kind, ticket: Tickets.ID,
            connection: PSA.Connections.ID?, kind: Kind, state: State, noteType: NoteType?, content: String?,
            memberName: String?, minutes: Int?, startedAt: Date?, workRole: WorkRoles.ID?, workType: WorkTypes.ID?,
            billable: BillableOption?, status: Reference?, statusFrom: Reference?, statusTo: Reference?,
            record: String?, error: String?, errorCode: Fault?, errors: [String: String]?,
            allowedWorkRoles: [Reference]?, attempts: Int, requestedBy: String, origin: String, createdAt: Date,
            lastAttemptAt: Date?, settledAt: Date?
        ) {
            self.id = id
            self.request = request
            self.requestKind = .known(requestKind)
            self.ticket = ticket
            self.connection = connection
            self.kind = .known(kind)
            self.state = .known(state)
            self.noteType = noteType.map(Open.known)
            self.content = content
            self.memberName = memberName
            self.minutes = minutes
            self.startedAt = startedAt
            self.workRole = workRole
            self.workType = workType
            self.billable = billable.map(Open.known)
            self.status = status
            self.statusFrom = statusFrom
            self.statusTo = statusTo
            self.record = record
            self.error = error
            self.errorCode = errorCode.map(Open.known)
            self.errors = errors
            self.allowedWorkRoles = allowedWorkRoles
            self.attempts = attempts
            self.requestedBy = requestedBy
            self.origin = origin
            self.createdAt = createdAt
            self.lastAttemptAt = lastAttemptAt
            self.settledAt = settledAt
        }
    }

    /// A request for posts: one, or those of a logged change.
    public struct Request: Codable, Sendable, Identifiable {
        /// The type of a request's key.
        public typealias ID = RowID<Request>

        /// What was requested.
        public enum Kind: String, Sendable, Codable, CaseIterable {
            case note
            case time
            case status
            /// A note, then time, then the status.
            case change = "log_change"
        }

        /// Which parts are written.
        public struct Actions: Codable, Sendable {
            public enum CodingKeys: String, CodingKey, CaseIterable {
                case note = "note_added"
                case time = "time_added"
                case status = "status_updated"
            }

            public var note: Bool
            public var time: Bool
            public var status: Bool

            public init(note: Bool, time: Bool, status: Bool) {
                self.note = note
                self.time = time
                self.status = status
            }
        }

        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, state, message, actions, posts, warnings
            case ticket = "ticket_id"
            case link = "ticket_link"
            case requestID = "request_id"
        }

        public var id: ID
        public var kind: Open<Kind>
        public var state: Open<State>
        /// What was done, or why it waits, in sentences.
        public var message: String
        public var ticket: Tickets.ID
        public var link: String?
        /// The idempotency key.
        public var requestID: String
        public var actions: Actions
        public var posts: [Answer]
        public var warnings: [String]

        public init(
            id: ID, kind: Kind, state: State, message: String, ticket: Tickets.ID, link: String?, requestID: String,
            actions: Actions, posts: [Answer], warnings: [String]
        ) {
            self.id = id
            self.kind = .known(kind)
            self.state = .known(state)
            self.message = message
            self.ticket = ticket
            self.link = link
            self.requestID = requestID
            self.actions = actions
            self.posts = posts
            self.warnings = warnings
        }
    }

    /// What a retry may change of a failed post.
    public struct Retry: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case status = "status_id"
            case workRole = "work_role_id"
            case workType = "work_type_id"
        }

        public let workRole: WorkRoles.ID?
        public let workType: WorkTypes.ID?
        public let status: Boards.Status.ID?
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case ticket = "ticket_id"
        case state, kind
        case user = "user_id"
        case mine, since, until

        public var parameter: Parameter {
            switch self {
            case .ticket: Parameter(.text, "only on this ticket")
            case .state: Parameter(.oneOf(State.allCases.map(\.rawValue)), "only in this state")
            case .kind: Parameter(.oneOf(Kind.allCases.map(\.rawValue)), "only of this kind")
            case .user: Parameter(.integer, "only those that this user requested")
            case .mine: Parameter(.flag, "only the caller's own")
            case .since: Parameter(.instant, "not requested before this time")
            case .until: Parameter(.instant, "requested before this time")
            }
        }
    }

    private static let path = "/integrations/psa/posts"

    public static let list = Operation(
        "listPosts", .get, path, .engineer, .tickets, "List posts", query: Filter.self, gives: Page<Answer>.self)
    public static let show = Operation(
        "showPost", .get, path + "/{id}", .engineer, .tickets, "Show a post", at: ID.self, gives: Answer.self)
    public static let retry = Operation(
        "retryPost", .post, path + "/{id}/retry", .engineer, .tickets, "Retry a post", at: ID.self, takes: Retry.self,
        gives: Request.self, success: .okOrAccepted)
    public static let dismiss = Operation(
        "dismissPost", .post, path + "/{id}/dismiss", .engineer, .tickets, "Dismiss a post", at: ID.self,
        gives: Answer.self)
}
