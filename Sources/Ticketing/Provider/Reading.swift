import API
import BoundaryText
import Foundation
import Ids

/// A customer in the ticketing system.
public struct Company: Sendable, Equatable {
    /// The type of a company's id.
    public typealias ID = Companies.ID

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

extension TicketQuery {
    /// The words of the text. Control characters separate as blanks do: later they could become blanks within a word.
    public var words: [String] {
        (text ?? "").splitScalars { $0.properties.isWhitespace || $0.isControl }.map(String.init)
    }

    /// The text, where it may be a ticket's number.
    public var number: String? {
        let words = words
        guard words.count == 1, let word = words.first,
            word.utf8.allSatisfy(\.isDigit)
        else { return nil }
        return word
    }

    /// Whether a ticket is one that is looked for. What a ticketing system finds is looked at once more: its filters know
    /// wildcards, and must not be all that keeps a customer's tickets from others.
    public func admits(_ ticket: Ticket) -> Bool {
        if let companies, !companies.contains(where: { $0.rawValue == ticket.company?.id }) { return false }
        if let board, board.rawValue != ticket.board?.id { return false }
        if let status, status.rawValue != ticket.status?.id { return false }
        if isOpen, ticket.isClosed { return false }
        if let assignee, !ticket.assigned.contains(where: { $0.lowercased() == assignee.lowercased() }) { return false }
        return ticket.id.rawValue == number || words.allSatisfy { Self.isFound($0, in: ticket.summary) }
    }

    /// Characters that some system's filters read as others than themselves.
    private static let wildcards = Set("*%_[]?'\"".utf8)

    /// Only words with wildcards are looked for: in what others are the same, such as accents, the system may know better.
    private static func isFound(_ word: String, in summary: String) -> Bool {
        guard word.utf8.contains(where: wildcards.contains) else { return true }
        func folded(_ text: String) -> String {
            text.folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil)
        }
        return folded(summary).utf8.contains(folded(word))
    }
}

/// A right of the API member, as far as a harmless call can tell.
public struct RightCheck: Sendable, Equatable {
    /// What the call showed.
    public typealias Finding = PSA.Rights.Finding

    /// The setting's name in the ticketing system, such as `Service Desk › Service Tickets › Edit: All`.
    public let setting: String
    /// What Patchbay does with it; nil for a right that it does not need.
    public let purpose: String?
    /// What the call showed.
    public let finding: Finding
    /// What the ticketing system answered, when the finding is unknown.
    public let detail: String?

    /// Describes a finding.
    public init(setting: String, purpose: String?, finding: Finding, detail: String? = nil) {
        self.setting = setting
        self.purpose = purpose
        self.finding = finding
        self.detail = detail
    }
}
