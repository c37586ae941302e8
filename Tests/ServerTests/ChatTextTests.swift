import Testing

@testable import Console

/// A message as shown in the console.
@Suite("Messages as text")
struct ChatTextTests {
    @Test("Links are distinguished by their text")
    func links() {
        #expect(ChatText.plain("**New** [#1](https://x.example/1) a\\*b &lt;c&gt;") == "New #1 a*b <c>")
        #expect(ChatText.plain("[a](b)[c](d) [e] (f) [g](") == "ac [e] (f) [g](")
        #expect(ChatText.plain("a](b) [c](d)") == "a](b) c")
        #expect(ChatText.plain("[a [b](c)") == "a [b")
    }

    @Test("Thousands of brackets take milliseconds")
    func brackets() {
        let clock = ContinuousClock()
        for text in ["[", "](", "[](", "[a](b"] {
            let time = clock.measure { _ = ChatText.plain(String(repeating: text, count: 20_000)) }
            #expect(time < .seconds(2), "\(text)")
        }
    }
}
