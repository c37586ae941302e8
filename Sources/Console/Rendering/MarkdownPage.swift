import BoundaryText
import CMarkdown

/// Writes what libmd4c reads as HTML. Every tag and every attribute is one of those below; all else is escaped. Typed tags
/// are text, as ConnectWise shows them; links lead only where links may lead.
final class MarkdownPage {
    // A definition that is used often is written as often: 64 KiB can become hundreds of megabytes.
    private static let largest = 1 << 20
    // Browsers nest some hundred elements. Nobody writes that deep.
    private static let deepest = 100
    private static let schemes = ["http://", "https://", "mailto:"].map { Array($0.utf8) }

    private var html: [UInt8] = []
    private var depth = 0
    private var steps = 0
    /// For each link and picture that is open, whether it has a tag to be closed.
    private var links: [Bool] = []
    private let deadline: ContinuousClock.Instant

    private init(until deadline: ContinuousClock.Instant) {
        self.deadline = deadline
    }

    /// A text as HTML; nil when it would be too large, too deep or too late.
    static func html(_ text: String, until deadline: ContinuousClock.Instant) -> String? {
        let page = MarkdownPage(until: deadline)
        var parser = MD_PARSER()
        parser.flags = UInt32(MD_FLAG_NOHTMLBLOCKS | MD_FLAG_NOHTMLSPANS)
        parser.enter_block = { kind, detail, page in MarkdownPage.at(page) { $0.open(kind, detail) } }
        parser.leave_block = { kind, detail, page in MarkdownPage.at(page) { $0.close(kind, detail) } }
        parser.enter_span = { kind, detail, page in MarkdownPage.at(page) { $0.open(span: kind, detail) } }
        parser.leave_span = { kind, _, page in MarkdownPage.at(page) { $0.close(span: kind) } }
        parser.text = { kind, text, size, page in
            MarkdownPage.at(page) { $0.write(kind, UnsafeBufferPointer(start: text, count: Int(size))) }
        }
        // libmd4c reads a byte past the end of some texts, so there is one.
        let utf8 = Array(text.utf8) + [UInt8(ascii: "\n")]
        let result = utf8.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: MD_CHAR.self) {
                md_parse($0.baseAddress, MD_SIZE($0.count - 1), &parser, Unmanaged.passUnretained(page).toOpaque())
            }
        }
        return result == 0 ? String(decoding: page.html, as: UTF8.self) : nil
    }

    /// - Returns: for libmd4c: continue, or abort.
    private static func at(_ page: UnsafeMutableRawPointer?, _ body: (MarkdownPage) -> Void) -> Int32 {
        guard let page else { return -1 }
        let own = Unmanaged<MarkdownPage>.fromOpaque(page).takeUnretainedValue()
        body(own)
        own.steps += 1
        // A clock is not free, and a thousand steps are some microseconds.
        let isLate = own.steps.isMultiple(of: 1_000) && ContinuousClock.now >= own.deadline
        return isLate || own.html.count > largest || own.depth > deepest ? -1 : 0
    }

    // MARK: Blocks

    private func open(_ kind: MD_BLOCKTYPE, _ detail: UnsafeMutableRawPointer?) {
        depth += 1
        switch kind {
        case MD_BLOCK_QUOTE: write("<blockquote>\n")
        case MD_BLOCK_UL: write("<ul>\n")
        case MD_BLOCK_OL:
            let start = detail?.assumingMemoryBound(to: MD_BLOCK_OL_DETAIL.self).pointee.start ?? 1
            write(start == 1 ? "<ol>\n" : "<ol start=\"\(start)\">\n")
        case MD_BLOCK_LI: write("<li>")
        case MD_BLOCK_HR: write("<hr />\n")
        case MD_BLOCK_H: write("<h\(level(detail))>")
        case MD_BLOCK_CODE: write("<pre><code>")
        case MD_BLOCK_P: write("<p>")
        default: break
        }
    }

    private func close(_ kind: MD_BLOCKTYPE, _ detail: UnsafeMutableRawPointer?) {
        depth -= 1
        switch kind {
        case MD_BLOCK_QUOTE: write("</blockquote>\n")
        case MD_BLOCK_UL: write("</ul>\n")
        case MD_BLOCK_OL: write("</ol>\n")
        case MD_BLOCK_LI: write("</li>\n")
        case MD_BLOCK_H: write("</h\(level(detail))>\n")
        case MD_BLOCK_CODE: write("</code></pre>\n")
        case MD_BLOCK_P: write("</p>\n")
        default: break
        }
    }

    private func level(_ detail: UnsafeMutableRawPointer?) -> UInt32 {
        detail?.assumingMemoryBound(to: MD_BLOCK_H_DETAIL.self).pointee.level ?? 1
    }

    // MARK: In a line

    private func open(span kind: MD_SPANTYPE, _ detail: UnsafeMutableRawPointer?) {
        depth += 1
        switch kind {
        case MD_SPAN_EM: write("<em>")
        case MD_SPAN_STRONG: write("<strong>")
        case MD_SPAN_CODE: write("<code>")
        case MD_SPAN_A: link(detail?.assumingMemoryBound(to: MD_SPAN_A_DETAIL.self).pointee.href)
        // Our pages show no pictures of other hosts, so there is a link in place of one.
        case MD_SPAN_IMG: link(detail?.assumingMemoryBound(to: MD_SPAN_IMG_DETAIL.self).pointee.src)
        default: break
        }
    }

    private func close(span kind: MD_SPANTYPE) {
        depth -= 1
        switch kind {
        case MD_SPAN_EM: write("</em>")
        case MD_SPAN_STRONG: write("</strong>")
        case MD_SPAN_CODE: write("</code>")
        case MD_SPAN_A, MD_SPAN_IMG: if links.popLast() == true { write("</a>") }
        default: break
        }
    }

    private func link(_ target: MD_ATTRIBUTE?) {
        let address = target.map { UnsafeBufferPointer(start: $0.text, count: Int($0.size)) }
        // A picture in a link is a part of its text.
        guard let target, let address, !links.contains(true), Self.leadsOut(address) else {
            links.append(false)
            return
        }
        links.append(true)
        write("<a href=\"")
        write(attribute: target)
        write("\">")
    }

    /// The scheme counts as it is typed: an entity within it makes it none of these.
    private static func leadsOut(_ address: UnsafeBufferPointer<MD_CHAR>) -> Bool {
        schemes.contains { scheme in
            address.count > scheme.count
                && zip(address, scheme).allSatisfy { typed, wanted in
                    let byte = UInt8(bitPattern: typed)
                    return byte == wanted || byte | 0x20 == wanted && (0x61...0x7A).contains(wanted)
                }
        }
    }

    /// An attribute is made of pieces, each text or an entity; `substr_offsets` says where they begin and the last end.
    private func write(attribute: MD_ATTRIBUTE) {
        var (piece, start) = (0, MD_OFFSET(0))
        while start < attribute.size {
            let end = attribute.substr_offsets[piece + 1]
            let bytes = UnsafeBufferPointer(start: attribute.text + Int(start), count: Int(end - start))
            write(attribute.substr_types[piece], bytes)
            (piece, start) = (piece + 1, end)
        }
    }

    // MARK: Text

    private func write(_ kind: MD_TEXTTYPE, _ text: UnsafeBufferPointer<MD_CHAR>) {
        switch kind {
        case MD_TEXT_NULLCHAR: write("\u{FFFD}")
        // As ConnectWise shows it: a line is a line.
        case MD_TEXT_BR, MD_TEXT_SOFTBR: write("<br />\n")
        // libmd4c has seen that it is one; a browser shows it as a character, also when that is `<`.
        case MD_TEXT_ENTITY where Self.isEntity(text): html.append(contentsOf: text.lazy.map(UInt8.init(bitPattern:)))
        default:
            let words = String(decoding: text.lazy.map(UInt8.init(bitPattern:)), as: UTF8.self)
            html += words.escapedForHTML.utf8
        }
    }

    private static func isEntity(_ text: UnsafeBufferPointer<MD_CHAR>) -> Bool {
        let bytes = text.lazy.map(UInt8.init(bitPattern:))
        return bytes.first == UInt8(ascii: "&") && bytes.last == UInt8(ascii: ";")
            && bytes.dropFirst().dropLast().allSatisfy { byte in
                byte == UInt8(ascii: "#") || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            }
    }

    private func write(_ tag: String) {
        html += tag.utf8
    }
}
