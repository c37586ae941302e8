import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Tickets of the PSA.
public enum Tickets {
    /// The type of a ticket's number.
    public typealias ID = ExternalID<Tickets>

    /// A ticket in a list.
    public struct Answer: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, summary, company, board, status, priority, owner, closed, link
            case updatedAt = "updated_at"
        }

        public var id: ID
        public var summary: String
        public var company: Reference?
        public var board: Reference?
        public var status: Reference?
        public var priority: Reference?
        /// The login name of the member who owns it.
        public var owner: String?
        public var closed: Bool
        /// Its page in the PSA.
        public var link: String
        public var updatedAt: Date?

        public init(
            id: ID, summary: String, company: Reference?, board: Reference?, status: Reference?, priority: Reference?,
            owner: String?, closed: Bool, link: String, updatedAt: Date?
        ) {
            self.id = id
            self.summary = summary
            self.company = company
            self.board = board
            self.status = status
            self.priority = priority
            self.owner = owner
            self.closed = closed
            self.link = link
            self.updatedAt = updatedAt
        }
    }

    /// A ticket as it is in the PSA now.
    public struct Details: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, summary, company, contact, board, status, priority, owner, resources, configurations, closed, link
            case connection = "connection_id"
            case enteredAt = "entered_at"
            case updatedAt = "updated_at"
            case updatedBy = "updated_by"
            case maxNoteLength = "max_note_length"
            case defaults
        }

        public var id: ID
        public var connection: PSA.Connections.ID
        public var summary: String
        public var company: Reference?
        public var contact: Reference?
        public var board: Reference?
        public var status: Reference?
        public var priority: Reference?
        public var owner: String?
        /// The login names of the members who work on it.
        public var resources: [String]
        /// Nil where the API member may not read them.
        public var configurations: [Reference]?
        public var closed: Bool
        public var link: String
        public var enteredAt: Date?
        public var updatedAt: Date?
        public var updatedBy: String?
        public var maxNoteLength: Int
        public var defaults: Defaults

        public init(
            _ ticket: Answer, connection: PSA.Connections.ID, contact: Reference?, resources: [String],
            configurations: [Reference]?, enteredAt: Date?, updatedBy: String?, maxNoteLength: Int, defaults: Defaults
        ) {
            id = ticket.id
            self.connection = connection
            summary = ticket.summary
            company = ticket.company
            self.contact = contact
            board = ticket.board
            status = ticket.status
            priority = ticket.priority
            owner = ticket.owner
            self.resources = resources
            self.configurations = configurations
            closed = ticket.closed
            link = ticket.link
            self.enteredAt = enteredAt
            updatedAt = ticket.updatedAt
            self.updatedBy = updatedBy
            self.maxNoteLength = maxNoteLength
            self.defaults = defaults
        }
    }

    /// What applies to a change that is logged on a ticket, unless the request says otherwise.
    public struct Defaults: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case minutes, status
            case noteType = "note_type"
            case workRole = "work_role"
            case workType = "work_type"
            case updatesStatus = "auto_update_status"
        }

        public var minutes: Int
        public var noteType: Open<NoteType>
        public var workRole: Reference?
        public var workType: Reference?
        /// The status that is set for the ticket's board.
        public var status: Reference?
        public var updatesStatus: Bool

        public init(
            minutes: Int, noteType: Open<NoteType>, workRole: Reference?, workType: Reference?, status: Reference?,
            updatesStatus: Bool
        ) {
            self.minutes = minutes
            self.noteType = noteType
            self.workRole = workRole
            self.workType = workType
            self.status = status
            self.updatesStatus = updatesStatus
        }
    }

    /// A status that a ticket can have.
    public struct Status: Codable, Sendable, Identifiable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, name, closed, inactive
            case timeEntryNotAllowed = "time_entry_not_allowed"
            case isDefault = "default"
            case sortOrder = "sort_order"
        }

        public var id: Boards.Status.ID
        public var name: String
        public var closed: Bool
        public var inactive: Bool
        public var timeEntryNotAllowed: Bool
        /// Whether new tickets of the board have it.
        public var isDefault: Bool
        public var sortOrder: Int

        public init(
            id: Boards.Status.ID, name: String, closed: Bool, inactive: Bool, timeEntryNotAllowed: Bool,
            isDefault: Bool, sortOrder: Int
        ) {
            self.id = id
            self.name = name
            self.closed = closed
            self.inactive = inactive
            self.timeEntryNotAllowed = timeEntryNotAllowed
            self.isDefault = isDefault
            self.sortOrder = sortOrder
        }
    }

    /// A note, or a time entry.
    public struct Note: Codable, Sendable {
        /// What carries the text.
        public enum Kind: String, Sendable, Codable, CaseIterable {
            case note
            case timeEntry = "time_entry"
        }

        public enum CodingKeys: String, CodingKey, CaseIterable {
            case id, kind, author, text, minutes
            case noteType = "note_type"
            case isInternal = "internal"
            case createdAt = "created_at"
        }

        public var id: String
        public var kind: Open<Kind>
        public var noteType: Open<NoteType>?
        public var author: String?
        public var text: String
        /// Whether customers cannot see it.
        public var isInternal: Bool
        /// Of a time entry.
        public var minutes: Int?
        public var createdAt: Date?

        public init(
            id: String, kind: Kind, noteType: NoteType?, author: String?, text: String, isInternal: Bool, minutes: Int?,
            createdAt: Date?
        ) {
            self.id = id
            self.kind = .known(kind)
            self.noteType = noteType.map(Open.known)
            self.author = author
            self.text = text
            self.isInternal = isInternal
            self.minutes = minutes
            self.createdAt = createdAt
        }
    }

    /// What a search can be narrowed with.
    public enum Filter: String, QueryName {
        case text = "q"
        case company = "company_id"
        case board = "board_id"
        case status = "status_id"
        case includeClosed = "include_closed"
        case mine

        public var parameter: Parameter {
            switch self {
            case .text: Parameter(.text, "words of the summary, or the number")
            case .company: Parameter(.text, "only of this company")
            case .board: Parameter(.text, "only on this board")
            case .status: Parameter(.text, "only in this status")
            case .includeClosed: Parameter(.flag, "also closed ones")
            case .mine: Parameter(.flag, "only those assigned to the caller")
            }
        }
    }

    /// Which statuses are listed: without any of these those that are neither inactive nor closed.
    public enum StatusFilter: String, QueryName {
        case all
        case includeClosed = "include_closed"
        case forTimeEntry = "for_time_entry"
        case board = "board_id"
        case refresh

        public var parameter: Parameter {
            switch self {
            case .all: Parameter(.flag, "all of them")
            case .includeClosed: Parameter(.flag, "also those that close the ticket")
            case .forTimeEntry: Parameter(.flag, "only those in which time can be logged")
            case .board: Parameter(.text, "the ticket's board; saves a look-up of the ticket")
            case .refresh: .refresh
            }
        }
    }

    public static let search = PSAOperation(
        "searchTickets", .get, "/tickets/search", .viewer, .tickets, "Search tickets", query: Filter.self,
        gives: Page<Answer>.self)
    public static let recent = PSAOperation(
        "listRecentTickets", .get, "/tickets/recent", .viewer, .tickets, "List tickets you last updated",
        gives: Few<Answer>.self)
    public static let show = PSAOperation(
        "showTicket", .get, "/tickets/{id}", .viewer, .tickets, "Show a ticket", at: ID.self, gives: Details.self)
    public static let statuses = PSAOperation(
        "listTicketStatuses", .get, "/tickets/{id}/statuses", .viewer, .tickets, "List a ticket's statuses",
        at: ID.self, query: StatusFilter.self, gives: Few<Status>.self)
    public static let configurations = PSAOperation(
        "listTicketConfigurations", .get, "/tickets/{id}/configurations", .viewer, .tickets,
        "List a ticket's configurations", at: ID.self, gives: Few<Reference>.self)
    public static let notes = PSAOperation(
        "listTicketNotes", .get, "/tickets/{id}/notes", .viewer, .tickets, "List a ticket's notes and time entries",
        at: ID.self, gives: Page<Note>.self)
}
