import API
import BoundaryText
import Foundation
import WebSupport

/// What applies to writes through a connection where a request says nothing else.
public struct PSASettings: Sendable, Equatable, Codable {
    /// Something of the ticketing system that was chosen, with the name that it had then.
    public struct Choice: Sendable, Equatable, Codable {
        /// The id there.
        public var id: String
        /// As people see it.
        public var name: String

        /// Describes a choice.
        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    enum CodingKeys: String, CodingKey {
        case minutes = "default_minutes"
        case workRole = "work_role"
        case workType = "work_type"
        case member
        case noteType = "note_type"
        case boardStatuses = "board_statuses"
        case movesStatus = "auto_update_status"
    }

    /// How long a change takes.
    public var minutes = 15
    /// As what time is logged; nil leaves it to the ticketing system.
    public var workRole: Choice?
    /// What kind of work it is; nil leaves it to the ticketing system.
    public var workType: Choice?
    /// In whose name engineers write who are no member there; nil for the API member.
    public var member: Choice?
    /// What a note is.
    public var noteType = NoteType.internalAnalysis
    /// Where a ticket goes after a change, by board.
    public var boardStatuses: [String: Choice] = [:]
    /// Whether logging a change moves the ticket there by itself.
    public var movesStatus = false

    /// The defaults.
    public init() {}

    /// The longest time that one entry may have: a day, in minutes.
    public static let longestTime = PSA.Settings.longestTime

    func text() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
}
