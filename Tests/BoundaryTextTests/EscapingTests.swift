import BoundaryText
import Foundation
import Testing

/// What joins with a neighbour into one character, in front of it or behind it.
private let neighbours = [
    "\u{0600}", "\u{110BD}", "\u{0301}", "\u{0338}", "\u{200D}", "\u{FE0F}", "\u{1F1E6}", "\u{1F3FB}", "\u{20E3}",
    "\u{0}",
    "\r", "\n", "\u{200C}", "\u{0903}", "\u{E0061}",
]

@Suite("Escaping")
struct EscapingTests {
    @Test("Each dangerous byte is replaced in HTML, whatever surrounds it", arguments: ["<", ">", "&", "\"", "'"])
    func html(_ sign: String) throws {
        let entity = try #require(["<": "&lt;", ">": "&gt;", "&": "&amp;", "\"": "&quot;", "'": "&#39;"][sign])
        for before in neighbours + [""] {
            for behind in neighbours + [""] {
                #expect((before + sign + behind).escapedForHTML.utf8.elementsEqual((before + entity + behind).utf8))
            }
        }
    }

    @Test("The takeover's summary is text")
    func takeover() {
        let escaped = "Paper \u{0600}<b hx-get=/tickets/1 hx-trigger=load>\u{0301}".escapedForHTML
        #expect(!escaped.utf8.contains(UInt8(ascii: "<")))
        #expect(!escaped.utf8.contains(UInt8(ascii: ">")))
    }

    @Test("Text without dangerous bytes stays as it is, and a bridged or cut one is escaped too")
    func plain() {
        #expect("Grüße 👩‍👩‍👧".escapedForHTML == "Grüße 👩‍👩‍👧")
        #expect("".escapedForHTML.isEmpty)
        #expect(String("a<b>c".dropping(prefix: "a") ?? "").escapedForHTML == "&lt;b&gt;c")
    }

    @Test("In a URL each byte that is not kept is encoded, whatever surrounds it")
    func percents() {
        #expect("aZ09-._~".percentEncoded(keeping: "-._~") == "aZ09-._~")
        #expect("a b&c=d%".percentEncoded(keeping: "") == "a%20b%26c%3Dd%25")
        #expect("é👩‍👧".percentEncoded(keeping: "-") == "%C3%A9%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7")
        for neighbour in neighbours {
            let encoded = (neighbour + "&" + neighbour).percentEncoded(keeping: "")
            #expect(encoded.utf8.allSatisfy { (0x25...0x7a).contains($0) && $0 != UInt8(ascii: "&") })
            #expect(encoded.removingPercentEncoding.map { Array($0.utf8) } == Array((neighbour + "&" + neighbour).utf8))
        }
    }

    @Test("A CSV field ends where it should, whatever surrounds its quotes and commas")
    func fields() {
        for neighbour in neighbours {
            let field = CSV.field("x" + neighbour + "\",=1+1,\"" + neighbour)
            #expect(field.utf8.hasPrefix("\""))
            #expect(field.utf8.hasSuffix("\""))
            let inner = field.dropping(prefix: "\"")?.dropping(suffix: "\"") ?? ""
            #expect(!inner.replacing(bytes: "\"\"", with: "").utf8.contains(UInt8(ascii: "\"")))
        }
    }

    @Test(
        "What a spreadsheet would run gets an apostrophe",
        arguments: [
            "=1+1", "+1+1", "-1+1", "@sum", "=\u{0301}1", "\u{FF1D}1+1", "\u{FF0B}1+1", "\u{FF0D}1+1", "\u{FF20}x",
            "\r\n=1+1",
            "\n=1+1", " =1+1", "\t=1+1", "\u{0B}=1+1", "\u{85}=1+1", "\u{2028}=1+1", "\u{200B}=1+1", "\u{FEFF}=1+1",
            "\u{0}=1", "-1e1=2",
        ])
    func formulas(_ text: String) {
        let field = CSV.field(text)
        #expect(field.utf8.hasPrefix("'") || field.utf8.hasPrefix("\"'"))
    }

    @Test("Numbers and ordinary text stay as they are", arguments: ["-12.5", "+3", "1e9", "Büro – 主", "a=b", ""])
    func ordinary(_ text: String) {
        #expect(CSV.field(text) == text)
    }

    @Test("Cells that a spreadsheet would run are made harmless")
    func cells() {
        #expect(CSV.field("=HYPERLINK(\"x\")") == "\"'=HYPERLINK(\"\"x\"\")\"")
        #expect(CSV.field("-12.5") == "-12.5")
        #expect(CSV.field("-cmd") == "'-cmd")
        #expect(CSV.field("@a") == "'@a")
        #expect(CSV.field("a,b") == "\"a,b\"")
        #expect(CSV.field("two\nlines") == "\"two\nlines\"")
    }
}
