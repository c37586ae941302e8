import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// A queue of tickets.
public struct Board: Sendable, Equatable {
    /// The type of a board's id.
    public typealias ID = Boards.ID

    /// One state that tickets of a board can be in.
    public struct Status: Sendable, Equatable {
        /// The type of a status' id.
        public typealias ID = Boards.Status.ID

        /// The id.
        public let id: ID
        /// As people see it.
        public let name: String
        /// Whether a ticket in it is closed.
        public let isClosed: Bool
        /// Whether it is no longer offered.
        public let isInactive: Bool
        /// Whether no time can be logged on a ticket in it.
        public let refusesTime: Bool
        /// Whether new tickets of the board are in it.
        public let isDefault: Bool
        /// Its place in lists.
        public let sortOrder: Int

        /// Describes a status.
        public init(
            id: ID, name: String, isClosed: Bool, isInactive: Bool, refusesTime: Bool = false, isDefault: Bool = false,
            sortOrder: Int
        ) {
            self.id = id
            self.name = name
            self.isClosed = isClosed
            self.isInactive = isInactive
            self.refusesTime = refusesTime
            self.isDefault = isDefault
            self.sortOrder = sortOrder
        }
    }

    /// The id.
    public let id: ID
    /// As people see it.
    public let name: String
    /// Whether it is no longer used.
    public let isInactive: Bool
    /// In their order; empty where they were not asked for.
    public let statuses: [Status]

    /// Describes a board.
    public init(id: ID, name: String, isInactive: Bool, statuses: [Status] = []) {
        self.id = id
        self.name = name
        self.isInactive = isInactive
        self.statuses = statuses
    }
}

/// A person of the MSP in the ticketing system.
public struct Member: Sendable, Equatable {
    /// The type of a member's id.
    public typealias ID = Members.ID

    /// The id.
    public let id: ID
    /// The login name by which tickets name their resources; compared without case.
    public let identifier: String
    /// As people see it.
    public let name: String
    /// Where chat messages go; nil when the member has none.
    public let email: String?
    /// Whether the member has left.
    public let isInactive: Bool

    /// Describes a member.
    public init(id: ID, identifier: String, name: String, email: String?, isInactive: Bool) {
        self.id = id
        self.identifier = identifier
        self.name = name
        self.email = email
        self.isInactive = isInactive
    }
}

/// A ticket as the ticketing system has it at one moment.
public struct Ticket: Sendable, Equatable {
    /// The type of a ticket's id.
    public typealias ID = Tickets.ID

    /// Something that a ticket refers to, with the name that it had then.
    public struct Reference: Sendable, Equatable, Codable {
        /// The id there.
        public let id: String
        /// As people see it.
        public let name: String

        /// Describes a reference.
        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// The number.
    public var id: ID
    /// What it is about.
    public var summary: String
    /// The board that it lies on.
    public var board: Reference?
    /// Its state on that board.
    public var status: Reference?
    /// Whether that state means closed.
    public var isClosed: Bool
    /// The customer.
    public var company: Reference?
    /// The customer's person.
    public var contact: Reference?
    /// How urgent it is.
    public var priority: Reference?
    /// The identifier of the member who owns it.
    public var owner: String?
    /// The identifiers of the members who work on it.
    public var resources: [String]
    /// When it was made.
    public var enteredAt: Date?
    /// When it was last changed; whole seconds.
    public var updatedAt: Date?
    /// The identifier of who changed it last.
    public var updatedBy: String?
    /// Whether it belongs to a project; time is charged otherwise there.
    public var isProject: Bool

    /// Describes a ticket.
    public init(
        id: ID, summary: String, board: Reference? = nil, status: Reference? = nil, isClosed: Bool = false,
        company: Reference? = nil, contact: Reference? = nil, priority: Reference? = nil, owner: String? = nil,
        resources: [String] = [], enteredAt: Date? = nil, updatedAt: Date? = nil, updatedBy: String? = nil,
        isProject: Bool = false
    ) {
        self.id = id
        self.summary = summary
        self.board = board
        self.status = status
        self.isClosed = isClosed
        self.company = company
        self.contact = contact
        self.priority = priority
        self.owner = owner
        self.resources = resources
        self.enteredAt = enteredAt
        self.updatedAt = updatedAt
        self.updatedBy = updatedBy
        self.isProject = isProject
    }

    /// The identifiers of all who are assigned: resources and owner, each once, compared without case. Closing a ticket
    /// empties the resources; the owner still counts.
    public var assigned: [String] {
        var seen: Set<String> = []
        return (resources + (owner.map { [$0] } ?? [])).filter { seen.insert($0.lowercased()).inserted }
    }
}

/// Something that was written on a ticket: a note, or the text of a time entry.
public struct TicketNote: Sendable, Equatable {
    /// What carries the text.
    public typealias Kind = Tickets.Note.Kind

    /// Unique on its ticket, over both kinds.
    public let id: String
    /// What carries the text.
    public let kind: Kind
    /// Who wrote it, as people see it; nil when unknown.
    public let author: String?
    /// The login name, when a member wrote it.
    public let authorIdentifier: String?
    /// As written.
    public let text: String
    /// Whether customers cannot see it.
    public let isInternal: Bool
    /// The kind of note, where the ticketing system says.
    public let type: NoteType?
    /// How long, for a time entry.
    public let minutes: Int?
    /// When it was written.
    public let createdAt: Date?

    /// Describes a note.
    public init(
        id: String, kind: Kind, author: String?, authorIdentifier: String?, text: String, isInternal: Bool,
        type: NoteType? = nil, minutes: Int? = nil, createdAt: Date?
    ) {
        self.id = id
        self.kind = kind
        self.author = author
        self.authorIdentifier = authorIdentifier
        self.text = text
        self.isInternal = isInternal
        self.type = type
        self.minutes = minutes
        self.createdAt = createdAt
    }
}

/// What was written on a ticket since the last look.
public struct TicketActivity: Sendable, Equatable {
    /// Oldest first.
    public let notes: [TicketNote]
    /// Where the next look starts; only the provider knows what it means.
    public let cursor: String?
    /// Why time entries are not among them; nil when they are.
    public let refusedTimes: String?

    /// Describes what was found.
    public init(notes: [TicketNote], cursor: String?, refusedTimes: String? = nil) {
        self.notes = notes
        self.cursor = cursor
        self.refusedTimes = refusedTimes
    }
}

extension Tickets.Note.Kind: SQLConvertible, SQLDecodable {}

extension ExternalID: SchemaDescribing {
    /// Text in answers; a number is taken as well.
    public static var schema: Schema { .either([.string(), .integer]) }
    /// Any.
    public static var example: ExternalID { ExternalID(rawValue: "1") }
}
