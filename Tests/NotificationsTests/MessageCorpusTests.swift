import API
import Foundation
import Ids
import Testing
import TextCorpus
import Ticketing
import Tickets

@testable import Notifications

/// Whatever stands beside what is dangerous: read by byte, as Markdown is, a message holds nothing of others that is not
/// escaped.
@Suite("Messages by byte")
struct MessageCorpusTests {
    /// What is not as it should be in a text of others that became a part of a message.
    private static func faults(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var faults: [String] = []
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "\\"):
                at += 1
                if at == bytes.count || bytes[at] >= 0x80 { faults.append("a lonely backslash") }
            case UInt8(ascii: "&"):
                let rest = bytes[at...]
                if !["&lt;", "&gt;", "&amp;"].contains(where: { rest.starts(with: $0.utf8) }) {
                    faults.append("a raw &")
                }
            case 0..<0x20, 0x7F: faults.append("a control")
            case _ where "<>`*_[]#~|!".utf8.contains(byte): faults.append("a raw \(UnicodeScalar(byte))")
            default: break
            }
            at += 1
        }
        return faults
    }

    @Test("A name is escaped, whatever surrounds it")
    func names() {
        for text in TextCorpus.characters + TextCorpus.markup {
            let line = MessageRenderer.line("a\(text)b")
            #expect(Self.faults(line).isEmpty, "\(text.debugDescription): \(line)")
        }
    }

    @Test("A whole message has the lines that it should have, whatever its parts hold")
    func messages() {
        let renderer = MessageRenderer(longestNote: 300, longestMessage: 7_439)
        for text in TextCorpus.characters + TextCorpus.markup {
            let event = event(.noteAdded) {
                $0.company = text
                $0.contact = text
                $0.note = .init(note(by: text, text: "x\(text)y"))
            }
            let message = renderer.message(
                about: event, ticket: "7", link: "https://psa.example/7", forwardedFrom: ["a", text])
            let lines = message.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let quoted = lines.drop { !$0.starts(with: "> ".utf8) }
            #expect(lines.count - quoted.count == 5, "\(text.debugDescription): \(message)")
            for line in quoted {
                #expect(line.starts(with: "> ".utf8))
                let rest = String(decoding: line.dropFirst(2), as: UTF8.self)
                #expect(Self.faults(rest).isEmpty, "\(text.debugDescription): \(rest)")
            }
        }
    }

    @Test("A cut never leaves half of an escape, and ends within its bytes")
    func cuts() {
        for text in TextCorpus.packed(TextCorpus.characters + TextCorpus.markup, bytes: 900) {
            for longest in [200, 333, 500, 777] {
                let event = event(.noteAdded) { $0.note = .init(note(text: text)) }
                let message = MessageRenderer(longestNote: 400, longestMessage: longest)
                    .message(about: event, ticket: "7", link: "https://psa.example/7")
                #expect(message.utf8.count <= longest)
                let lines = message.utf8.split(separator: UInt8(ascii: "\n")).filter { $0.starts(with: "> ".utf8) }
                for line in lines { #expect(Self.faults(String(decoding: line.dropFirst(2), as: UTF8.self)).isEmpty) }
            }
        }
    }
}
