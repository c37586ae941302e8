import API
import BoundaryText
import Database
import Foundation

extension NoteType: SQLConvertible, SQLDecodable {
    /// Whether the PSA may send its e-mails.
    public var notifies: Bool { self != .internalAnalysis }
}

extension BillableOption: SQLConvertible, SQLDecodable {}

/// A note to be written.
public struct NoteDraft: Sendable, Equatable {
    /// As it is to appear.
    public var text: String
    /// Who sees it.
    public var type: NoteType
    /// In whose name; nil for the API member's.
    public var author: Member.ID?

    /// Describes a note.
    public init(text: String, type: NoteType, author: Member.ID? = nil) {
        self.text = text
        self.type = type
        self.author = author
    }
}

/// A role that time is billed by.
public struct WorkRole: Sendable, Equatable, Codable {
    /// The type of a role's id.
    public typealias ID = WorkRoles.ID

    /// The id.
    public let id: ID
    /// As people see it.
    public let name: String
    /// Whether it is no longer offered.
    public let isInactive: Bool

    /// Describes a role.
    public init(id: ID, name: String, isInactive: Bool = false) {
        self.id = id
        self.name = name
        self.isInactive = isInactive
    }
}

/// A kind of work, such as remote or on site.
public struct WorkType: Sendable, Equatable {
    /// The type of a kind's id.
    public typealias ID = WorkTypes.ID

    /// The id.
    public let id: ID
    /// As people see it.
    public let name: String
    /// Whether it is no longer offered.
    public let isInactive: Bool

    /// Describes a kind of work.
    public init(id: ID, name: String, isInactive: Bool = false) {
        self.id = id
        self.name = name
        self.isInactive = isInactive
    }
}

/// Time to be logged; whole seconds.
public struct TimeDraft: Sendable, Equatable {
    /// When the work began.
    public var start: Date
    /// When it ended.
    public var end: Date
    /// Whose time; nil for the API member's.
    public var member: Member.ID?
    /// As what; nil leaves it to the ticketing system.
    public var workRole: WorkRole.ID?
    /// What kind of work; nil leaves it to the ticketing system.
    public var workType: WorkType.ID?
    /// Whether it is charged; nil leaves it to the ticketing system.
    public var billable: BillableOption?
    /// What was done.
    public var notes: String?

    /// Describes time.
    public init(
        start: Date, end: Date, member: Member.ID? = nil, workRole: WorkRole.ID? = nil, workType: WorkType.ID? = nil,
        billable: BillableOption? = nil, notes: String? = nil
    ) {
        self.start = start
        self.end = end
        self.member = member
        self.workRole = workRole
        self.workType = workType
        self.billable = billable
        self.notes = notes
    }
}
