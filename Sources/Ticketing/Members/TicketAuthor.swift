import BoundaryText

/// Who writes, as the ticketing system sees it.
package struct TicketAuthor: Sendable, Equatable {
    /// The member in whose name it appears; nil for the API member.
    package let member: PSASettings.Choice?
    /// Whether that is the person who writes.
    package let isOneself: Bool
    /// Who writes.
    package let name: String
    /// Who writes.
    package let email: String

    /// Describes an author.
    package init(member: PSASettings.Choice?, isOneself: Bool, name: String, email: String) {
        self.member = member
        self.isOneself = isOneself
        self.name = name
        self.email = email
    }

    /// The text as it is sent: who is not named as the author is named in the first line.
    package func signed(_ text: String?) -> String? {
        guard !isOneself else { return text }
        let person = name == email || name.isEmpty ? email : "\(name) (\(email))"
        guard let text else { return "By \(person)" }
        return "By \(person):\n\n\(text)"
    }
}
