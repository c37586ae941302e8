import API
import BoundaryText
import Database
import Foundation

/// One detected change of a ticket.
public struct TicketEvent: Sendable, Equatable {
    /// The type of a stored event's key.
    public typealias ID = Events.ID

    /// See ``API/Events``.
    public typealias Kind = Events.Kind

    /// What kind of change.
    public let kind: Kind
    /// Tells changes of one kind on one ticket apart: the note, the member, the old and new value. Never used twice, so
    /// that a change that is detected again is not announced again.
    public let subject: String
    /// All that a message about it needs, as it was when it happened.
    public let details: Details

    /// Describes a change.
    public init(kind: Kind, subject: String, details: Details) {
        self.kind = kind
        self.subject = subject
        self.details = details
    }

    /// A ticket at the moment of the change, and what changed.
    public struct Details: Sendable, Equatable, Codable {
        /// What the ticket is about.
        public var summary: String
        /// The board that it lay on.
        public var board: Ticket.Reference?
        /// The customer's name.
        public var company: String?
        /// The name of the customer's person.
        public var contact: String?
        /// The name of its state.
        public var status: String?
        /// The note that was added, or the newest when the ticket was created.
        public var note: Note?
        /// The identifier of the member who was assigned.
        public var member: String?
        /// The former value of what changed, as people see it.
        public var from: String?
        /// The new value.
        public var to: String?
        /// The identifier of who changed the ticket last.
        public var updatedBy: String?

        /// What was written.
        public struct Note: Sendable, Equatable, Codable {
            /// As people see it; nil when unknown.
            public var author: String?
            /// The login name, when a member wrote it.
            public var authorIdentifier: String?
            /// As written.
            public var text: String
            /// Whether customers cannot see it.
            public var isInternal: Bool

            /// As it was found.
            package init(_ note: TicketNote) {
                author = note.author
                authorIdentifier = note.authorIdentifier
                text = note.text
                isInternal = note.isInternal
            }
        }

        /// A ticket as it is now.
        package init(_ ticket: Ticket) {
            summary = ticket.summary
            board = ticket.board
            company = ticket.company?.name
            contact = ticket.contact?.name
            status = ticket.status?.name
            updatedBy = ticket.updatedBy
        }
    }
}

extension Events.Kind: SQLConvertible, SQLDecodable {}
