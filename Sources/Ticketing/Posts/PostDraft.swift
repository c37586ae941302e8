import BoundaryText
import Foundation
import WebSupport

/// What somebody wants written to a ticket, checked as far as that goes without the ticketing system. Pure.
public struct PostDraft: Sendable, Equatable {
    /// One write.
    public enum Part: Sendable, Equatable {
        case note(text: String, type: NoteType)
        case time(
            minutes: Int, startedAt: Date, workRole: WorkRole.ID?, workType: WorkType.ID?, billable: BillableOption?,
            text: String?)
        /// Nil for the status that the settings name for the ticket's board.
        case status(Board.Status.ID?)
    }

    /// Of what people type, before a provider's own limit is looked at: twice the longest one.
    static let lengths = ["text": 100_000]

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
            return "The note has more than 15,000 characters; the ticketing system may cut it."
        }
    }

    /// Who writes, as the ticketing system sees it.
    public struct Author: Sendable, Equatable {
        /// The member in whose name it appears; nil for the API member.
        public let member: PSASettings.Choice?
        /// Whether that is the person who writes.
        public let isOneself: Bool
        /// Who writes.
        public let name: String
        /// Who writes.
        public let email: String

        /// Describes an author.
        public init(member: PSASettings.Choice?, isOneself: Bool, name: String, email: String) {
            self.member = member
            self.isOneself = isOneself
            self.name = name
            self.email = email
        }

        /// The text as it is sent: who is not named as the author is named in the first line.
        public func signed(_ text: String?) -> String? {
            guard !isOneself else { return text }
            let person = name == email || name.isEmpty ? email : "\(name) (\(email))"
            guard let text else { return "By \(person)" }
            return "By \(person):\n\n\(text)"
        }
    }

    /// Checks what people typed.
    struct Checks {
        private(set) var errors: [Problem.FieldError] = []

        mutating func require(_ good: Bool, _ field: String, _ code: String, _ message: String) {
            if !good { errors.append(.init(field: field, code: code, message: message)) }
        }

        /// A text with something in it, without what no text can hold.
        mutating func text(_ text: String?, _ field: String, longest: Int) -> String {
            // A null character ends a text in some databases, and is never meant.
            let clean = (text ?? "").replacing(bytes: "\u{0}", with: "").replacing(bytes: "\r\n", with: "\n")
            // The first line's indentation stays: it may be code.
            let trimmed = clean.withoutBlankEnds
            let length = trimmed.unicodeScalars.count
            require(length > 0, field, "required", "must not be empty.")
            require(
                length <= longest, field, "length",
                "has \(length) characters; the ticketing system takes at most \(longest).")
            return trimmed
        }

        mutating func minutes(_ minutes: Int) {
            require(
                (1...PSASettings.longestTime).contains(minutes), "minutes", "out_of_range",
                "must be from 1 to \(PSASettings.longestTime).")
        }

        mutating func key(_ text: String?, _ field: String, _ provider: any PSAProvider) {
            require(
                text.map { provider.isKey($0) } ?? true, field, "wrong_value",
                "is not an id of the ticketing system.")
        }

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

        func finish() throws(Problem) {
            guard errors.isEmpty else { throw .invalid(errors) }
        }
    }
}
