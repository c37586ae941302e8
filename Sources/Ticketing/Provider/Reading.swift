import BoundaryText
import Foundation

/// A customer in the ticketing system.
public struct Company: Sendable, Equatable {
    /// The type of a company's id.
    public typealias ID = ExternalID<Company>

    /// The id.
    public let id: ID
    /// The short name.
    public let identifier: String
    /// As people see it.
    public let name: String

    /// Describes a company.
    public init(id: ID, identifier: String, name: String) {
        self.id = id
        self.identifier = identifier
        self.name = name
    }
}

/// A thing that a ticket is about, such as a computer.
public struct TicketConfiguration: Sendable, Equatable {
    /// The id.
    public let id: String
    /// As people see it.
    public let name: String

    /// Describes a thing.
    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// Which tickets are looked for. All conditions hold together.
public struct TicketQuery: Sendable, Equatable {
    /// Words of the summary, in any order; a number finds the ticket of that number too.
    public var text: String?
    /// Only on this board.
    public var board: Board.ID?
    /// Only in this state.
    public var status: Board.Status.ID?
    /// Only of these companies; nil for all.
    public var companies: [Company.ID]?
    /// Only open ones.
    public var isOpen: Bool
    /// Only those that this member owns or works on.
    public var assignee: String?

    /// Describes a search.
    public init(
        text: String? = nil, board: Board.ID? = nil, status: Board.Status.ID? = nil, companies: [Company.ID]? = nil,
        isOpen: Bool = true, assignee: String? = nil
    ) {
        self.text = text
        self.board = board
        self.status = status
        self.companies = companies
        self.isOpen = isOpen
        self.assignee = assignee
    }
}

/// A right of the API member, as far as a harmless call can tell.
public struct RightCheck: Sendable, Equatable {
    /// What the call told.
    public enum Finding: String, Sendable, Codable, CaseIterable {
        /// It has it.
        case granted
        /// It lacks it.
        case missing
        /// It cannot be told.
        case unknown
    }

    /// The setting's name in the ticketing system, such as `Service Desk › Service Tickets › Edit: All`.
    public let setting: String
    /// What Patchbay does with it; nil for a right that it does not need.
    public let purpose: String?
    /// What the call told.
    public let finding: Finding
    /// What the ticketing system said, when it cannot be told.
    public let detail: String?

    /// Describes a finding.
    public init(setting: String, purpose: String?, finding: Finding, detail: String? = nil) {
        self.setting = setting
        self.purpose = purpose
        self.finding = finding
        self.detail = detail
    }
}
