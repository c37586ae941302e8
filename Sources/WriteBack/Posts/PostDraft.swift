import API
import BoundaryText
import Foundation
import Ticketing
import WebSupport

/// What a user wants written to a ticket, checked as far as possible without the ticketing system. Pure.
public struct PostDraft: Sendable, Equatable, Encodable {
    /// One write.
    public enum Part: Sendable, Equatable, Encodable {
        case note(text: String, type: NoteType)
        case time(
            minutes: Int, startedAt: Date, workRole: WorkRole.ID?, workType: WorkType.ID?, billable: BillableOption?,
            text: String?)
        /// Nil for the status that the settings name for the ticket's board.
        case status(Board.Status.ID?)
    }

    /// What is asked for.
    public let kind: PostRequest.Kind
    /// The writes, in their order.
    public let parts: [Part]
    /// The status that the ticket has to have for the status to be changed.
    public var expectedStatus: Board.Status.ID?

    /// Describes writes.
    public init(_ kind: PostRequest.Kind, _ parts: [Part], expectedStatus: Board.Status.ID? = nil) {
        self.kind = kind
        self.parts = parts
        self.expectedStatus = expectedStatus
    }

    /// Above this many characters some ConnectWise servers were seen to cut notes.
    public static let longNote = 15_000

    /// What is to be known though it is no error.
    public var warnings: [String] {
        parts.compactMap { part in
            guard case .note(let text, _) = part, text.unicodeScalars.count > Self.longNote else { return nil }
            return "The note has more than 15,000 characters; ConnectWise may cut it."
        }
    }

    /// What no body of a request has checked: the same rules, for what the program itself puts together.
    /// - Parameter longestNote: in characters, as the provider has it.
    /// - Throws: 422 with the fields at fault.
    func checked(longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = FieldChecks()
        func cleaned(_ text: String) -> String { checks.text(text, "text", longest: longestNote) }
        let parts = parts.map { part -> Part in
            switch part {
            case .note(let text, let type): return .note(text: cleaned(text), type: type)
            case .time(let minutes, let startedAt, let role, let type, let billable, let text):
                checks.minutes(minutes)
                // Whole seconds: ConnectWise refuses others.
                let start = Date(timeIntervalSince1970: startedAt.timeIntervalSince1970.rounded(.down))
                checks.require(start <= now, "started_at", "out_of_range", "must not be in the future.")
                return .time(
                    minutes: minutes, startedAt: start, workRole: role, workType: type, billable: billable,
                    text: text.map(cleaned))
            case .status: return part
            }
        }
        try checks.finish()
        return PostDraft(kind, parts, expectedStatus: expectedStatus)
    }

    /// Who writes, as the ticketing system sees it.
    typealias Author = TicketAuthor
    /// Checks what people typed.
    typealias Checks = FieldChecks
}

extension FieldChecks {
    /// Refuses what can be no key of the ticketing system.
    static func keys(of draft: PostDraft, _ provider: any PSAProvider) throws(Problem) {
        var checks = PostDraft.Checks()
        for part in draft.parts {
            switch part {
            case .note: break
            case .time(_, _, let role, let type, _, _):
                checks.key(role?.rawValue, "work_role_id", provider)
                checks.key(type?.rawValue, "work_type_id", provider)
            case .status(let status): checks.key(status?.rawValue, "status_id", provider)
            }
        }
        checks.key(draft.expectedStatus?.rawValue, "expected_status_id", provider)
        try checks.finish()
    }
}
