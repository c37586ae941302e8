import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import TestSupport
import Testing

@testable import Console

@Suite("Markdown of notes")
struct MarkdownTests {
    private func html(_ text: String) -> String {
        Markdown.rendered(text, until: .now + .seconds(10))
    }

    @Test(
        "Markdown is rendered as ConnectWise renders it",
        arguments: [
            ("a\nb", "<p>a<br />\nb</p>\n"), ("a  \nb", "<p>a<br />\nb</p>\n"),
            ("**bold** *em* `code`", "<p><strong>bold</strong> <em>em</em> <code>code</code></p>\n"),
            ("# One", "<h1>One</h1>\n"), ("> q", "<blockquote>\n<p>q</p>\n</blockquote>\n"),
            ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
            ("3. a", "<ol start=\"3\">\n<li>a</li>\n</ol>\n"), ("---", "<hr />\n"),
            ("```\na < b\n```", "<pre><code>a &lt; b\n</code></pre>\n"),
            ("[x](https://a.example/?b=1&c=2)", "<p><a href=\"https://a.example/?b=1&amp;c=2\">x</a></p>\n"),
            ("<https://a.example>", "<p><a href=\"https://a.example\">https://a.example</a></p>\n"),
            ("[x](mailto:a@b.example)", "<p><a href=\"mailto:a@b.example\">x</a></p>\n"),
            ("![shot](https://a.example/1.png)", "<p><a href=\"https://a.example/1.png\">shot</a></p>\n"),
            ("&lt;b&gt; &#60;i&#62; &amp;", "<p>&lt;b&gt; &#60;i&#62; &amp;</p>\n"),
        ])
    func shown(text: String, expected: String) {
        #expect(html(text) == expected)
    }

    @Test(
        "HTML tags are shown as text, and links only have safe destinations",
        arguments: [
            "<error 5>", "<script>alert(1)</script>", "<b hx-get=/x hx-trigger=load>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java&#115;cript:alert(1))",
            "[x](&#x6a;avascript:a)",
            "[x](data:text/html,a)", "![x](data:image/svg+xml,a)", "[x](//evil.example)", "[x](/sign-out)",
            "[x](file:///a)",
            "[x](vbscript:a)", "[x](< javascript:a>)", "<javascript:alert(1)>", "[x](https&colon;//a)",
            "<!-- a -->", "<![CDATA[a]]>", "<?php a ?>", "[x]: javascript:a\n\n[x]", "```\" onclick=\"a\nx\n```",
        ])
    func harmless(text: String) {
        let html = html(text)
        #expect(!html.contains("href"), "\(html)")
        #expect(Self.tags(in: html).isSubset(of: Self.own), "\(html)")
    }

    // Scalars that Swift joins with a neighbor into one character, and browsers do not.
    private static let joiners = [
        "", "\u{600}", "\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F1E6}", "\u{0}", "\u{20E3}", "\r",
    ]
    private static let own: Set<String> = [
        "p", "/p", "br", "a", "/a", "em", "/em", "strong", "/strong", "code", "/code", "pre", "/pre", "h1", "/h1", "h2",
        "/h2", "ul",
        "/ul", "ol", "/ol", "li", "/li", "blockquote", "/blockquote", "hr",
    ]

    /// The names of all tags, found byte by byte as browsers do.
    private static func tags(in html: String) -> Set<String> {
        let bytes = Array(html.utf8)
        return Set(
            bytes.indices.filter { bytes[$0] == UInt8(ascii: "<") }.map { start in
                String(decoding: bytes[(start + 1)...].prefix { $0 == 0x2F || $0 > 0x2F && $0 != 0x3E }, as: UTF8.self)
            })
    }

    @Test("A dangerous character next to one that joins with it never becomes a tag or leaves an attribute")
    func corpus() {
        for before in Self.joiners {
            for after in Self.joiners {
                for payload in ["<b hx-get=/x>", "\"onclick=\"a", "'", "&", "`<b>`"] {
                    let joined = payload.unicodeScalars.map { "\(before)\($0)\(after)" }.joined()
                    for text in [
                        "\(before)\(payload)\(after)", joined, "[\(joined)](https://a/\(joined))",
                        "[x](<https://a/\(before)\(payload)\(after)>)",
                        "![x](https://a/\(before)\"\(after)x)", "    \(joined)", "# \(joined)",
                    ] {
                        for html in [html(text), Markdown.plain(text)] {
                            #expect(Self.tags(in: html).isSubset(of: Self.own), "\(text.debugDescription): \(html)")
                            #expect(
                                Self.attributes(in: html).isSubset(of: ["href", "start"]),
                                "\(text.debugDescription): \(html)")
                        }
                    }
                }
            }
        }
    }

    /// The names of all attributes, parsed as browsers do.
    private static func attributes(in html: String) -> Set<String> {
        var (names, inTag, inValue, name): (Set<String>, Bool, Bool, [UInt8]) = ([], false, false, [])
        for byte in html.utf8 {
            switch (byte, inTag, inValue) {
            case (UInt8(ascii: "<"), false, _): inTag = true
            case (UInt8(ascii: ">"), true, false): (inTag, name) = (false, [])
            case (UInt8(ascii: "\""), true, _): inValue.toggle()
            case (UInt8(ascii: "="), true, false): names.insert(String(decoding: name, as: UTF8.self))
            case (UInt8(ascii: " "), true, false): name = []
            case (_, true, false): name.append(byte)
            default: break
            }
        }
        return names
    }

    @Test(
        "64 KiB of any input take milliseconds",
        arguments: [
            "![[]()", "[", "![", "[a](", "[a][", "*a_ ", "**a *a ", "`a``b```c", ">", "> ", "- ", "<", "<a ", "<!--",
            "&", "[]()",
            "[x](<", "[x](a \"", "1. ", "[a]: b\n", "a\n=\n", "***a ", "\\", "<![CDATA[",
        ])
    func linear(unit: String) {
        let text = String(repeating: unit, count: Markdown.longest / unit.utf8.count)
        let start = ContinuousClock.now
        let html = html(text)
        // Ten times what an unoptimized build takes; quadratic time would be minutes.
        #expect(ContinuousClock.now - start < .seconds(3))
        #expect(html.utf8.count <= (2 << 20))
    }

    @Test("A link definition used a thousand times does not grow to hundreds of megabytes")
    func amplified() {
        let text =
            "[a]: https://" + String(repeating: "u", count: 30_000) + "\n\n" + String(repeating: "[a] ", count: 8_000)
        #expect(html(text).utf8.count < 100_000)
        // Few enough to stay within the deadline: only the size limit applies.
        let few =
            "[a]: https://" + String(repeating: "u", count: 30_000) + "\n\n" + String(repeating: "[a] ", count: 100)
        #expect(html(few).utf8.count < 100_000)
    }

    @Test("Text that is too long, too deep or too slow is shown as typed")
    func plain() {
        let long = String(repeating: "**a** <b>\n", count: 10_000)
        #expect(html(long).hasPrefix("<p>**a** &lt;b&gt;<br />\n**a**"))
        #expect(html(String(repeating: "> ", count: 1_000)).hasPrefix("<p>&gt; &gt; "))
        #expect(Markdown.rendered("**a**", until: .now - .seconds(1)) == "<p>**a**</p>\n")
    }

    @Test("Pages beyond the waiting limit get the text as typed, and waiting ones get it in order")
    func queue() async {
        let markdown = Markdown()
        let pages = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<400 { group.addTask { await markdown.html(["*a*", "*b*"]) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(pages.count == 400)
        #expect(
            pages.allSatisfy {
                $0 == ["<p><em>a</em></p>\n", "<p><em>b</em></p>\n"] || $0 == ["<p>*a*</p>\n", "<p>*b*</p>\n"]
            })
    }

    @Test(
        "Megabyte previews do not delay others, and a page with twenty large notes is shown",
        .timeLimit(.minutes(20)))
    func server() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Paper")
            let evil = String(repeating: "![[]()", count: (60 << 10) / 6)
            for _ in 0..<20 { try patchbay.connectWise.addNote(evil, to: ticket, as: .member("twhitlock")) }
            let browser = try await patchbay.browser(.engineer)
            _ = try await browser.get("/tickets/\(ticket)")
            let start = ContinuousClock.now
            let page = try await browser.get("/tickets/\(ticket)")
            #expect(page.status == 200)
            #expect(page.text.components(separatedBy: "is-markdown").count > 20)
            let preview = try await browser.post(
                "/tickets/preview", ["text": String(repeating: "![[]()", count: 40_000)])
            #expect(preview.status == 200)
            #expect(preview.text.contains("![[]()![[]()"))
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }
}
