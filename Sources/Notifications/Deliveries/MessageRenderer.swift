import Foundation
import Ticketing

/// Writes the message about an event. Pure.
public struct MessageRenderer: Sendable {
    /// At how many characters a note is cut.
    public let longestNote: Int
    /// The longest message, in UTF-8 bytes.
    public let longestMessage: Int

    /// Sets the limits.
    public init(longestNote: Int, longestMessage: Int) {
        self.longestNote = longestNote
        self.longestMessage = longestMessage
    }

    /// Two spaces before a line break: otherwise Markdown joins the lines.
    private static let lineBreak = "  \n"

    /// The message as Markdown, never longer than allowed.
    public func message(about event: TicketEvent, ticket: Ticket.ID, link: String) -> String {
        let details = event.details
        let number = "[#\(Self.line(ticket.rawValue))](\(link.replacing(")", with: "%29").replacing(" ", with: "%20")))"
        var lines = ["**\(headline(event))** \(number) \(Self.line(details.summary))"]
        let facts = [
            details.company.map { "**Company:** \(Self.line($0))" },
            details.contact.map { "**Contact:** \(Self.line($0))" },
            (details.board?.name).map { "**Board:** \(Self.line($0))" },
        ].compactMap { $0 }.filter { !$0.hasSuffix(" ") }
        if !facts.isEmpty { lines.append(facts.joined(separator: " · ")) }
        let head = lines.joined(separator: Self.lineBreak)
        guard let note = details.note, event.kind == .created || event.kind == .noteAdded else {
            return Self.prefix(of: head, bytes: longestMessage)
        }
        let kind = note.isInternal ? "Internal note" : "Note"
        let author = note.author.map { " by \(Self.line($0))" } ?? ""
        let intro = head + Self.lineBreak + "**\(kind)\(author):**\n\n"
        return intro + quote(note.text, bytes: longestMessage - intro.utf8.count)
    }

    private func headline(_ event: TicketEvent) -> String {
        func change(_ what: String) -> String {
            let (from, to) = (event.details.from.map(Self.line), event.details.to.map(Self.line))
            switch (from, to) {
            case (let from?, let to?): return "\(what): \(from) → \(to)"
            case (nil, let to?): return "\(what): \(to)"
            case (_, nil): return what
            }
        }
        switch event.kind {
        case .created: return "New ticket"
        case .noteAdded: return event.details.note?.isInternal == true ? "New internal note" : "New note"
        case .assigned: return "Assigned to \(Self.line(event.details.member ?? "you"))"
        case .statusChanged: return change("Status")
        case .reopened: return change("Reopened")
        case .closed: return change("Closed")
        case .priorityChanged: return change("Priority")
        case .moved: return change("Moved")
        case .companyChanged: return change("Company")
        case .deleted: return "Deleted"
        }
    }

    /// The note as a quote, cut between characters where it is too long for the setting or for the chat system.
    private func quote(_ text: String, bytes: Int) -> String {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        func quoted(_ text: Substring) -> String {
            text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
                .map { "> \(Self.line(String($0)))" }.joined(separator: Self.lineBreak)
        }
        var kept = trimmed.prefix(longestNote)
        var cut = kept.count < trimmed.count
        var result = quoted(kept) + (cut ? "…" : "")
        while result.utf8.count > bytes, !kept.isEmpty {
            // Escapes and quote marks make it longer than the text, so what has to go is found by shrinking.
            kept = kept.prefix(kept.count * max(1, bytes - 8) / result.utf8.count - 1 > 0
                ? kept.count * max(1, bytes - 8) / result.utf8.count - 1 : 0)
            cut = true
            result = quoted(kept) + "…"
        }
        return result
    }

    /// Text of other people on one line, with everything escaped by which it could change the layout or mention somebody.
    static func line(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count + 8)
        for character in text.trimmingCharacters(in: .whitespacesAndNewlines) {
            switch character {
            case "\\", "`", "*", "_", "[", "]", "#", "~", "|", "!":
                escaped.append("\\")
                escaped.append(character)
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            case let other where other.isNewline: escaped += " "
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private static func prefix(of text: String, bytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = ""
        var used = 3
        for character in text {
            used += character.utf8.count
            if used > limit { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
