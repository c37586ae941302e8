import BoundaryText
import Testing

@Suite("Parts of text")
struct ShapeTests {
    @Test("Prefixes, suffixes and parts are sought by byte")
    func bytes() {
        #expect("a\u{0301}b".utf8.hasPrefix("a"))
        #expect("x\u{0600}/".utf8.hasSuffix("/"))
        #expect(!"é".utf8.hasPrefix("e"))
        #expect("\r\n".utf8.contains("\n"))
        #expect(!"ab".utf8.contains("abc"))
        #expect("aab".utf8.contains("ab"))
        #expect("ab".utf8.contains(""))
        #expect("Bearer x".dropping(prefix: "Bearer ").map(String.init) == "x")
        #expect("x".dropping(prefix: "Bearer ") == nil)
        #expect("hosts".dropping(suffix: "s").map(String.init) == "host")
        #expect("s".dropping(suffix: "hosts") == nil)
    }

    @Test("Text is split at separators, with and without empty parts")
    func parts() {
        #expect("a,,b,".splitBytes(on: ",") == ["a", "b"])
        #expect("a,,b,".splitBytes(on: ",", omittingEmpty: false) == ["a", "", "b", ""])
        #expect("a=b=c".splitBytes(on: "=", maxSplits: 1) == ["a", "b=c"])
        #expect("=b".splitBytes(on: "=", maxSplits: 1, omittingEmpty: false) == ["", "b"])
        #expect("".splitBytes(on: ",").isEmpty)
        #expect("".splitBytes(on: ",", omittingEmpty: false) == [""])
        #expect("x\u{0301},y".splitBytes(on: ",").count == 2)
        #expect("a,\u{0301}b".splitBytes(on: ",").count == 2)
        #expect("a <> b <> c".splitBytes(on: " <> ") == ["a", "b", "c"])
        #expect("a\u{0}b c\u{2003}d".words.map(String.init) == ["a\u{0}b", "c", "d"])
        #expect("a\r\nb\n\nc\rd".lines.map(String.init) == ["a", "b", "", "c", "d"])
        #expect("\n".lines.map(String.init) == ["", ""])
    }

    @Test("Bytes are replaced whatever surrounds them")
    func replacing() {
        #expect("a\"\u{0301}b".replacing(bytes: "\"", with: "'").utf8.elementsEqual("a'\u{0301}b".utf8))
        #expect("xx".replacing(bytes: "x", with: "xx") == "xxxx")
        #expect("%2f%2F".replacing(bytes: "%2f", with: "/") == "/%2F")
    }

    @Test("Cuts end at the last whole character that fits")
    func cuts() {
        let family = "👩‍👩‍👧"
        #expect("a\(family)b".cut(toBytes: 18) == "a")
        #expect("a\(family)b".cut(toBytes: 19) == "a\(family)")
        #expect("a\(family)b".cut(toScalars: 5) == "a")
        #expect("a\(family)b".cut(toScalars: 6) == "a\(family)")
        #expect("abc".cut(toBytes: 3) == "abc")
        #expect("abc".cut(toBytes: 0).isEmpty)
        #expect("ü".cut(toScalars: 1) == "ü")
        let mountain = "e" + String(repeating: "\u{0301}", count: 40_000)
        #expect(mountain.cut(toBytes: 200).isEmpty)
        #expect(mountain.characterCount == 1)
    }

    @Test("A sentence begins with a capital letter")
    func sentences() {
        #expect("ticket found".sentenceCased == "Ticket found")
        #expect("ß".sentenceCased == "SS")
        #expect("".sentenceCased.isEmpty)
    }

    @Test("Any number becomes the nearest that can be held")
    func numbers() {
        #expect(Int(saturating: 1e300) == .max)
        #expect(Int(saturating: -.infinity) == .min)
        #expect(Int(saturating: .nan) == 0)
        #expect(Int(saturating: -2.9) == -2)
    }
}
