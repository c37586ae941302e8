import API
import BoundaryText
import Foundation
import Ids
import Ticketing

/// Writes the message about an event. Pure.
public struct MessageRenderer: Sendable {
    /// At how many characters, as people count them, a note is cut.
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
    private static let ellipsis = "…"
    // Bytes. A message has at most 13 names, so that they leave room for the note, whatever they contain.
    private static let longestName = 400

    // A longer chain is shortened to its beginning and end.
    private static let longestChain = 4

    /// The message as Markdown, never longer than allowed.
    /// - Parameter forwardedFrom: the names of those who forwarded it, the first one first.
    public func message(
        about event: TicketEvent, ticket: Ticket.ID, link: String, forwardedFrom: [String] = []
    ) -> String {
        let head = head(of: event, ticket: ticket, link: link) + Self.chain(forwardedFrom)
        guard let note = event.details.note, event.kind == .created || event.kind == .noteAdded else {
            return Self.prefix(of: head, bytes: longestMessage)
        }
        let kind = note.isInternal ? "Internal note" : "Note"
        let author = note.author.map { " by \(Self.line($0))" } ?? ""
        let intro = head + Self.lineBreak + "**\(kind)\(author):**\n\n"
        let message = intro + quote(note.text, bytes: longestMessage - intro.utf8.count)
        // Cuts only where the limit is smaller than the text before the quote.
        return Self.prefix(of: message, bytes: longestMessage)
    }

    private func head(of event: TicketEvent, ticket: Ticket.ID, link: String) -> String {
        let details = event.details
        let address = link.replacing(bytes: "(", with: "%28").replacing(bytes: ")", with: "%29").replacing(
            bytes: " ", with: "%20")
        let first = "**\(headline(event))** [#\(Self.line(ticket.rawValue))](\(address)) \(Self.line(details.summary))"
        let facts = [("Company", details.company), ("Contact", details.contact), ("Board", details.board?.name)]
            .compactMap { label, name -> String? in
                let name = Self.line(name ?? "")
                return name.isEmpty ? nil : "**\(label):** \(name)"
            }
        return facts.isEmpty ? first : first + Self.lineBreak + facts.joined(separator: " · ")
    }

    private static func chain(_ names: [String]) -> String {
        guard !names.isEmpty else { return "" }
        let shown =
            names.count <= longestChain
            ? names.map { line($0) }
            : names.prefix(longestChain - 1).map { line($0) } + [ellipsis, line(names[names.count - 1])]
        return lineBreak + "Forwarded from \(shown.joined(separator: " → "))"
    }

    private func headline(_ event: TicketEvent) -> String {
        func change(_ what: String) -> String {
            let (from, to) = (event.details.from.map { Self.line($0) }, event.details.to.map { Self.line($0) })
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

    // MARK: Text of other people

    /// The note as a quote, cut between characters where it is too long for the setting or for the chat system.
    private func quote(_ text: String, bytes: Int) -> String {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        // People set how much they want to read; ``longestMessage`` is what keeps it small.
        let kept = text.cut(toCharacters: longestNote)
        let room = bytes - Self.ellipsis.utf8.count
        var quote = ""
        var isWhole = kept.utf8.count == text.utf8.count
        for line in kept.lines {
            let mark = quote.isEmpty ? "> " : Self.lineBreak + "> "
            let (escaped, fits) = Self.escaped(
                String(line), startsLine: true, bytes: room - quote.utf8.count - mark.utf8.count)
            if fits || !escaped.isEmpty { quote += mark + escaped }
            guard fits else {
                isWhole = false
                break
            }
        }
        return isWhole ? quote : quote + Self.ellipsis
    }

    /// Untrusted text on one line, with everything escaped that could change the layout or mention someone;
    /// cut if it is too long for a name.
    static func line(_ text: String) -> String {
        let (escaped, fits) = escaped(text, bytes: longestName)
        return fits ? escaped : escaped + ellipsis
    }

    /// What an alert says: first what happened, then more of it.
    static func alert(_ title: String, _ words: String = "") -> String {
        let more = escaped(words, bytes: longestName * 4).text
        return "**\(line(title))**" + (more.isEmpty ? "" : " " + more)
    }

    /// Escapes as many characters as fit; no escape is cut in the middle.
    private static func escaped(
        _ text: String, startsLine: Bool = false, bytes limit: Int
    ) -> (text: String, fits: Bool) {
        if isPlain(text), !startsLine || marker(of: text) == nil, text.utf8.count <= limit { return (text, true) }
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard limit >= 0 else { return ("", false) }
        let marker = startsLine ? marker(of: text) : nil
        var result = ""
        for index in text.indices {
            let piece = escaped(text.unicodeScalars[index..<text.index(after: index)], marker: marker)
            guard result.utf8.count + piece.utf8.count <= limit else { return (result, false) }
            result += piece
        }
        return (result, true)
    }

    /// Whether nothing has to be escaped, trimmed or looked at by character: most names and many lines are plain.
    private static func isPlain(_ text: String) -> Bool {
        guard text.utf8.first != UInt8(ascii: " "), text.utf8.last != UInt8(ascii: " ") else { return false }
        return text.utf8.allSatisfy { (0x20...0x7E).contains($0) && escape(of: $0) == nil }
    }

    /// The replacement for a character that could change the layout or mention someone; nil for all others.
    private static func escape(of byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "\\"): #"\\"#
        case UInt8(ascii: "`"): #"\`"#
        case UInt8(ascii: "*"): #"\*"#
        case UInt8(ascii: "_"): #"\_"#
        case UInt8(ascii: "["): #"\["#
        case UInt8(ascii: "]"): #"\]"#
        case UInt8(ascii: "#"): ##"\#"##
        case UInt8(ascii: "~"): #"\~"#
        case UInt8(ascii: "|"): #"\|"#
        case UInt8(ascii: "!"): #"\!"#
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        default: nil
        }
    }

    /// What would make a list, a rule or a heading of the line that begins with it.
    private static func marker(of line: String) -> String.Index? {
        let index = line.utf8.firstIndex { !$0.isDigit }
        guard let index else { return nil }
        return (index == line.startIndex ? "-+=" : ".)").utf8.contains(line.utf8[index]) ? index : nil
    }

    /// One character. By scalar: a combining mark after a star makes another character of it for Swift, but not for
    /// Markdown.
    private static func escaped(
        _ scalars: Substring.UnicodeScalarView, marker: String.Index?
    ) -> String {
        var escaped = ""
        for index in scalars.indices {
            let scalar = scalars[index]
            if scalar.isASCII, let escape = escape(of: UInt8(truncatingIfNeeded: scalar.value)) {
                escaped += escape
                continue
            }
            switch scalar {
            // Marks that turn the direction of all that follows, beyond the text itself.
            case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": break
            // The end of a line of two scalars is one space.
            case "\n" where index > scalars.startIndex: break
            case _ where scalar.isNewline || scalar.isControl: escaped += " "
            default:
                if index == marker { escaped += "\\" }
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func prefix(of text: String, bytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        guard limit >= ellipsis.utf8.count else { return "" }
        return text.cut(toBytes: limit - ellipsis.utf8.count) + ellipsis
    }
}
