import BoundaryText
import CMarkdown
import Foundation

/// Markdown as ConnectWise shows notes, by libcmark. HTML is shown as it was typed, as ConnectWise does; links lead only
/// where links may lead.
enum Markdown {
    static func html(_ text: String) -> String {
        let utf8 = Array(text.utf8)
        let document = utf8.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                cmark_parse_document($0.baseAddress, $0.count, CMARK_OPT_VALIDATE_UTF8)
            }
        }
        guard let document else { return "" }
        defer { cmark_node_free(document) }
        showTags(in: document)
        // Without CMARK_OPT_UNSAFE addresses such as javascript: are dropped.
        guard let html = cmark_render_html(document, CMARK_OPT_HARDBREAKS) else { return "" }
        defer { free(html) }
        return String(cString: html)
    }

    /// Turns pieces of HTML into text: somebody who writes `<error 5>` means it.
    private static func showTags(in document: OpaquePointer) {
        guard let iterator = cmark_iter_new(document) else { return }
        var tags: [OpaquePointer] = []
        while cmark_iter_next(iterator) != CMARK_EVENT_DONE {
            guard let node = cmark_iter_get_node(iterator) else { continue }
            let type = cmark_node_get_type(node)
            if type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE { tags.append(node) }
        }
        cmark_iter_free(iterator)
        for node in tags {
            guard let words = cmark_node_new(CMARK_NODE_TEXT) else { continue }
            cmark_node_set_literal(words, cmark_node_get_literal(node))
            if cmark_node_get_type(node) == CMARK_NODE_HTML_BLOCK, let paragraph = cmark_node_new(CMARK_NODE_PARAGRAPH)
            {
                cmark_node_append_child(paragraph, words)
                cmark_node_replace(node, paragraph)
            } else {
                cmark_node_replace(node, words)
            }
            cmark_node_free(node)
        }
    }
}
