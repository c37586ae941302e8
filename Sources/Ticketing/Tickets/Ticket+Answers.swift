import API
import BoundaryText
import Foundation
import WebSupport

struct FoundTickets: Encodable {
    enum CodingKeys: String, CodingKey {
        case items
        case next = "next_cursor"
    }

    let items: [FoundTicketAnswer]
    let next: String?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(next, forKey: .next)
    }
}

/// Tickets as they are listed.
package struct TicketList: Encodable {
    let items: [FoundTicketAnswer]

    /// Lists them.
    package init(items: [FoundTicketAnswer]) { self.items = items }
}

/// What has a key and a name.
package struct ReferenceAnswer: Codable, Sendable {
    let id: String
    let name: String

    /// As the ticketing system names it.
    package init(_ reference: Ticket.Reference) {
        id = reference.id
        name = reference.name
    }

    /// Names it.
    package init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// A ticket in a list.
package struct FoundTicketAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, summary, company, board, status, priority, owner, closed, link
        case updatedAt = "updated_at"
    }

    let id: Ticket.ID
    let summary: String
    let company: ReferenceAnswer?
    let board: ReferenceAnswer?
    let status: ReferenceAnswer?
    let priority: ReferenceAnswer?
    let owner: String?
    let closed: Bool
    let link: String
    let updatedAt: Date?

    /// A ticket as it is in the mirror, or was found.
    package init(_ ticket: Ticket, _ live: LiveConnection) {
        id = ticket.id
        summary = ticket.summary
        company = ticket.company.map(ReferenceAnswer.init)
        board = ticket.board.map(ReferenceAnswer.init)
        status = ticket.status.map(ReferenceAnswer.init)
        priority = ticket.priority.map(ReferenceAnswer.init)
        owner = ticket.owner
        closed = ticket.isClosed
        link = live.provider.link(to: ticket.id)
        updatedAt = ticket.updatedAt
    }
}

struct TicketAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, summary, company, contact, board, status, priority, owner, resources, configurations, closed, link
        case connection = "connection_id"
        case enteredAt = "entered_at"
        case updatedAt = "updated_at"
        case updatedBy = "updated_by"
        case longestNote = "longest_note"
        case defaults
    }

    /// What applies to a change that is logged on it where nobody says anything.
    struct Defaults: Codable, Sendable {
        enum CodingKeys: String, CodingKey {
            case minutes, status
            case noteType = "note_type"
            case workRole = "work_role"
            case workType = "work_type"
            case movesStatus = "auto_update_status"
        }

        let minutes: Int
        let noteType: NoteType
        let workRole: ReferenceAnswer?
        let workType: ReferenceAnswer?
        let status: ReferenceAnswer?
        let movesStatus: Bool

        init(_ settings: PSASettings, board: String?) {
            func answer(_ choice: PSASettings.Choice?) -> ReferenceAnswer? {
                choice.map { ReferenceAnswer(id: $0.id, name: $0.name) }
            }
            minutes = settings.minutes
            noteType = settings.noteType
            workRole = answer(settings.workRole)
            workType = answer(settings.workType)
            status = answer(board.flatMap { settings.boardStatuses[$0] })
            movesStatus = settings.movesStatus
        }
    }

    let id: Ticket.ID
    let connection: PSAConnection.ID
    let summary: String
    let company: ReferenceAnswer?
    let contact: ReferenceAnswer?
    let board: ReferenceAnswer?
    let status: ReferenceAnswer?
    let priority: ReferenceAnswer?
    let owner: String?
    let resources: [String]
    let configurations: [ConfigurationAnswer]?
    let closed: Bool
    let link: String
    let enteredAt: Date?
    let updatedAt: Date?
    let updatedBy: String?
    let longestNote: Int
    let defaults: Defaults

    init(_ ticket: Ticket, _ configurations: [TicketConfiguration]?, _ live: LiveConnection) {
        id = ticket.id
        connection = live.connection.id
        summary = ticket.summary
        company = ticket.company.map(ReferenceAnswer.init)
        contact = ticket.contact.map(ReferenceAnswer.init)
        board = ticket.board.map(ReferenceAnswer.init)
        status = ticket.status.map(ReferenceAnswer.init)
        priority = ticket.priority.map(ReferenceAnswer.init)
        owner = ticket.owner
        resources = ticket.resources
        self.configurations = configurations?.map(ConfigurationAnswer.init)
        closed = ticket.isClosed
        link = live.provider.link(to: ticket.id)
        enteredAt = ticket.enteredAt
        updatedAt = ticket.updatedAt
        updatedBy = ticket.updatedBy
        longestNote = live.provider.longestNote
        defaults = Defaults(live.connection.settings, board: ticket.board?.id)
    }
}

struct Statuses: Encodable {
    let items: [StatusAnswer]
}

struct StatusAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, name, closed, inactive
        case refusesTime = "time_entry_not_allowed"
        case isDefault = "default"
        case sortOrder = "sort_order"
    }

    let id: Board.Status.ID
    let name: String
    let closed: Bool
    let inactive: Bool
    let refusesTime: Bool
    let isDefault: Bool
    let sortOrder: Int

    init(_ status: Board.Status) {
        id = status.id
        name = status.name
        closed = status.isClosed
        inactive = status.isInactive
        refusesTime = status.refusesTime
        isDefault = status.isDefault
        sortOrder = status.sortOrder
    }
}

struct Configurations: Encodable {
    let items: [ConfigurationAnswer]
}

struct ConfigurationAnswer: Codable, Sendable {
    let id: String
    let name: String

    init(_ configuration: TicketConfiguration) {
        id = configuration.id
        name = configuration.name
    }
}

struct Notes: Encodable {
    enum CodingKeys: String, CodingKey {
        case items
        case next = "next_cursor"
    }

    let items: [NoteAnswer]
    let next: String?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(next, forKey: .next)
    }
}

struct NoteAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, author, text, minutes
        case noteType = "note_type"
        case isInternal = "internal"
        case createdAt = "created_at"
    }

    let id: String
    let kind: TicketNote.Kind
    let noteType: NoteType?
    let author: String?
    let text: String
    let isInternal: Bool
    let minutes: Int?
    let createdAt: Date?

    init(_ note: TicketNote) {
        id = note.id
        kind = note.kind
        noteType = note.type
        author = note.author
        text = note.text
        isInternal = note.isInternal
        minutes = note.minutes
        createdAt = note.createdAt
    }
}
