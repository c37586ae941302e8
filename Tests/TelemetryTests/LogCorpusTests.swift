import Foundation
import Logging
import Testing
import TextCorpus

@testable import Telemetry

/// Whatever stands beside what is dangerous: read by byte, as others read logs, a line is one line and holds what it says.
@Suite("Logs by byte") struct LogCorpusTests {
    private static func line(_ text: String) -> LogLine {
        LogLine(
            time: Date(timeIntervalSince1970: 1_795_229_431), level: .info, label: "patchbay.jobs",
            message: "said \(text)",
            error: text, metadata: ["text": .string(text), "list": .array([.string(text)]), "zone": "end"])
    }

    @Test("A JSON line is one object, and keeps the text unchanged")
    func json() throws {
        for text in TextCorpus.characters + TextCorpus.markup {
            let written = Array(Self.line(text).rendered(as: .json).utf8)
            #expect(written.count { $0 == UInt8(ascii: "\n") } == 1)
            #expect(written.last == UInt8(ascii: "\n"))
            #expect(!written.dropLast().contains { $0 < 0x20 || $0 == 0x7F })
            let object = try #require(JSONSerialization.jsonObject(with: Data(written)) as? [String: Any])
            #expect(Set(object.keys) == ["time", "level", "logger", "message", "error", "metadata"])
            let error = try #require(object["error"] as? String)
            // Foundation's reader takes byte order marks away.
            func kept(_ text: String) -> [Unicode.Scalar] { text.unicodeScalars.filter { $0 != "\u{FEFF}" } }
            #expect(kept(error) == kept(text), "\(text.debugDescription)")
        }
    }

    @Test("A line of text is one line, and no value becomes another member")
    func text() {
        for text in TextCorpus.characters + TextCorpus.markup {
            let written = Array(Self.line("\(text) level=error").rendered(as: .text, timeZone: .gmt).utf8)
            #expect(written.count { $0 == UInt8(ascii: "\n") } == 1)
            #expect(written.last == UInt8(ascii: "\n"))
            #expect(!written.dropLast().contains { $0 < 0x20 || $0 == 0x7F }, "\(text.debugDescription)")
            #expect(Self.names(written) == ["list", "text", "zone", "error"], "\(text.debugDescription)")
        }
    }

    /// The names of a line's members, read from the first on as a program would: `name=word` or `name="text"`.
    private static func names(_ line: [UInt8]) -> [String] {
        let text = line.dropLast()
        guard var at = range(of: Array("  list=".utf8), in: Array(text)).map({ $0 + 2 }) else { return [] }
        var names: [String] = []
        while at < text.count, let equals = text[at...].firstIndex(of: UInt8(ascii: "=")) {
            names.append(String(decoding: text[at..<equals], as: UTF8.self))
            at = equals + 1
            if at < text.count, text[at] == UInt8(ascii: "\"") {
                at += 1
                while at < text.count, text[at] != UInt8(ascii: "\"") { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
                at += 1
            } else {
                while at < text.count, text[at] != UInt8(ascii: " ") { at += 1 }
            }
            at += 1
        }
        return names
    }

    private static func range(of wanted: [UInt8], in text: [UInt8]) -> Int? {
        text.indices.last { text[$0...].starts(with: wanted) }
    }
}
