import API
import Foundation
import Ids
import Testing
import Ticketing
import Tickets
import Webex

@testable import Notifications

@Suite("Messages")
struct MessageRendererTests {
    private let link = "https://na.myconnectwise.net/x?recid=7"

    private func message(
        _ event: TicketEvent, ticket: Ticket.ID = "7", link: String? = nil, longestNote: Int = 300,
        longestMessage: Int = largestMessage
    ) -> String {
        MessageRenderer(longestNote: longestNote, longestMessage: longestMessage)
            .message(about: event, ticket: ticket, link: link ?? self.link)
    }

    private func quote(of text: String, longestNote: Int = 300, longestMessage: Int = largestMessage) -> String {
        let event = event(.noteAdded) { $0.note = .init(note(text: text)) }
        let message = message(event, longestNote: longestNote, longestMessage: longestMessage)
        return message.split(separator: "\n\n", maxSplits: 1).last.map(String.init) ?? ""
    }

    private static func update(_ kind: TicketEvent.Kind, _ change: (inout TicketEvent.Details) -> Void) -> TicketEvent {
        event(kind, change)
    }

    private let facts = "  \n**Company:** Acme · **Contact:** Bob · **Board:** Support"

    @Test(
        "Every kind has its headline",
        arguments: [
            (.created, "New ticket"), (.noteAdded, "New note"), (.assigned, "Assigned to anna"),
            (.statusChanged, "Status: New → Done"), (.reopened, "Reopened: New → Done"),
            (.closed, "Closed: New → Done"),
            (.priorityChanged, "Priority: New → Done"), (.moved, "Moved: New → Done"),
            (.companyChanged, "Company: New → Done"), (.deleted, "Deleted"),
        ] as [(TicketEvent.Kind, String)])
    func kinds(kind: TicketEvent.Kind, headline: String) {
        let event = event(kind) {
            $0.from = "New"
            $0.to = "Done"
            $0.member = "anna"
        }
        #expect(message(event) == "**\(headline)** [#7](\(link)) Printer\(facts)")
    }

    @Test("A change without one of its names still reads well")
    func missingNames() {
        #expect(message(event(.closed) { $0.to = "Done" }).hasPrefix("**Closed: Done** "))
        #expect(message(event(.closed) { $0.from = "New" }).hasPrefix("**Closed** "))
        #expect(message(event(.assigned)).hasPrefix("**Assigned to you** "))
        let bare = event(.created) {
            $0.company = nil
            $0.contact = " "
            $0.board = nil
        }
        #expect(message(bare) == "**New ticket** [#7](\(link)) Printer")
    }

    @Test("A note has its author and is quoted line by line")
    func notes() {
        let event = Self.update(.noteAdded) { $0.note = .init(note(by: "anna", text: "\n one\r\n\r\n  two \n")) }
        #expect(
            message(event)
                == "**New note** [#7](\(link)) Printer\(facts)  \n**Note by anna:**\n\n> one  \n>   \n> two")
        let hidden = Self.update(.noteAdded) { $0.note = .init(note(by: nil, internal: true)) }
        #expect(message(hidden).hasPrefix("**New internal note** "))
        #expect(message(hidden).hasSuffix("**Internal note:**\n\n> text"))
        let created = Self.update(.created) { $0.note = .init(note()) }
        #expect(message(created).hasSuffix("**Note by anna:**\n\n> text"))
        let closed = Self.update(.closed) { $0.note = .init(note()) }
        #expect(!message(closed).contains("text"))
    }

    @Test(
        "Text of other people cannot change the layout or mention anybody",
        arguments: [
            ("*bold* _it_ `code` ~no~", #"\*bold\* \_it\_ \`code\` \~no\~"#),
            ("[a](b) ![c](d)", #"\[a\](b) \!\[c\](d)"#),
            ("# heading | cell", ##"\# heading \| cell"##), (#"back\slash"#, #"back\\slash"#),
            ("<@all> <@personEmail:a@b.c>", "&lt;@all&gt; &lt;@personEmail:a@b.c&gt;"),
            ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"), ("a\nb\r\nc\u{2028}d\te", "a b c d e"), ("  a  ", "a"),
            ("*\u{301}x*\u{301}", "\\*\u{301}x\\*\u{301}"), ("\u{600}*", "\u{600}\\*"), ("a\u{202E}b\u{2066}c", "abc"),
            ("👩‍👩‍👧 é ß", "👩‍👩‍👧 é ß"), ("", ""),
        ])
    func escaping(text: String, escaped: String) {
        #expect(MessageRenderer.line(text).unicodeScalars.elementsEqual(escaped.unicodeScalars))
    }

    @Test("No name breaks out of its line", arguments: TicketEvent.Kind.allCases)
    func hostileNames(kind: TicketEvent.Kind) {
        let hostile = "x\n\n# <@all> **y**  \n> [z](http://evil)"
        let event = event(kind) {
            $0.summary = hostile
            $0.company = hostile
            $0.contact = hostile
            $0.board = .init(id: "1", name: hostile)
            $0.member = hostile
            $0.from = hostile
            $0.to = hostile
        }
        let message = message(event)
        #expect(message.split(separator: "\n").count == 2)
        #expect(!message.contains("<@"))
        #expect(!message.replacing("\\](", with: "").contains("](http://evil"))
    }

    @Test(
        "No line of a quote becomes a list, a heading or a rule",
        arguments: [
            ("- a", #"> \- a"#), ("+ a", #"> \+ a"#), ("===", #"> \==="#), ("---", #"> \---"#), ("7. a", #"> 7\. a"#),
            ("12) a", #"> 12\) a"#), ("a - b", "> a - b"), ("7 a.", "> 7 a."), ("7", "> 7"), ("# a", ##"> \# a"##),
            ("    code", "> code"), ("> a", "> &gt; a"), ("a\n---", "> a  \n> \\---"),
        ])
    func quotedMarkers(text: String, quoted: String) {
        #expect(quote(of: text) == quoted)
    }

    @Test(
        "A note is cut between characters, however many bytes they have",
        arguments: [
            ("abcdef", 6, "> abcdef"), ("abcdefg", 6, "> abcdef…"), ("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 2, "> 👩‍👩‍👧👩‍👩‍👧…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "> e\u{301}e\u{301}…"), ("****", 2, #"> \*\*…"#),
            ("a\nb\nc", 3, "> a  \n> b…"),
            ("a\nbc", 3, "> a  \n> b…"),
        ])
    func cutByCharacters(text: String, length: Int, quoted: String) {
        #expect(quote(of: text, longestNote: length) == quoted)
    }

    @Test("A note that the chat system has no room for is cut as well, and no escape is cut in the middle")
    func cutByBytes() throws {
        for (unit, escaped) in [("<", "&lt;"), ("*", "\\*"), ("👩‍👩‍👧", "👩‍👩‍👧"), ("&", "&amp;")] {
            let text = String(repeating: unit, count: 5_000)
            let event = event(.noteAdded) { $0.note = .init(note(text: text)) }
            for limit in 300...320 {
                let message = message(event, longestNote: 5_000, longestMessage: limit)
                #expect(message.utf8.count <= limit)
                #expect(message.utf8.count > limit - 30)
                let quote = try #require(message.split(separator: "\n\n> ").last)
                #expect(quote.hasSuffix("…"))
                #expect(quote.dropLast().replacing(escaped, with: "").isEmpty, "\(quote)")
            }
        }
    }

    @Test("A number's link cannot be ended by what it holds")
    func links() {
        let message = message(event(.deleted), link: "https://x/(a) b?c=(d)")
        #expect(message.hasPrefix("**Deleted** [#7](https://x/%28a%29%20b?c=%28d%29) Printer"))
    }

    @Test("A very long name leaves room for the note")
    func longNames() {
        let long = String(repeating: "<", count: 20_000)
        let event = event(.noteAdded) {
            $0.summary = long
            $0.company = long
            $0.contact = long
            $0.board = .init(id: "1", name: long)
            $0.note = .init(note(by: long, text: "what matters"))
        }
        let message = message(event)
        #expect(message.utf8.count <= largestMessage)
        #expect(message.hasSuffix("> what matters"))
    }

    @Test("No message is longer than allowed, whatever anybody wrote")
    func longest() {
        let pieces = [
            "a", " ", "\n", "\r\n", "*", "<", "&", "\\", "é", "e\u{301}", "👩‍👩‍👧", "- ", "1. ", "\u{202E}", "\u{0}",
            String(repeating: "word ", count: 40), "a" + String(repeating: "\u{301}", count: 50),
        ]
        func text(_ most: Int) -> String {
            (0..<Int.random(in: 0...most)).compactMap { _ in pieces.randomElement() }.joined()
        }
        for _ in 0..<10_000 {
            let event = event(TicketEvent.Kind.allCases.randomElement() ?? .created) {
                $0.summary = text(8)
                $0.company = text(5)
                $0.contact = text(5)
                $0.member = text(5)
                $0.from = text(5)
                $0.to = text(5)
                $0.note = .init(note(by: text(5), text: text(30)))
            }
            let limit = Bool.random() ? largestMessage : Int.random(in: 0...500)
            let message = message(event, longestNote: Int.random(in: 1...400), longestMessage: limit)
            #expect(message.utf8.count <= limit)
            #expect(!message.contains("<"))
            #expect(!message.unicodeScalars.contains("\u{202E}"))
        }
    }
}
