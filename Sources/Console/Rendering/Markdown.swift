import CMarkdown
import Foundation

/// Markdown as ConnectWise shows notes, by libcmark. HTML in it is left out, links lead only where links may lead.
enum Markdown {
    static func html(_ text: String) -> String {
        // Without CMARK_OPT_UNSAFE raw HTML and addresses such as javascript: are dropped.
        let options = CMARK_OPT_HARDBREAKS
        let utf8 = Array(text.utf8)
        let html = utf8.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cmark_markdown_to_html($0.baseAddress, $0.count, options) }
        }
        guard let html else { return "" }
        defer { free(html) }
        return String(cString: html)
    }
}
