/// Webex's limit of `markdown`, in UTF-8 bytes.
public let largestMessage = 7_439

/// Cuts Markdown to a number of UTF-8 bytes between characters, closes an open code fence and adds an ellipsis.
///
/// - Parameters:
///   - markdown: the whole text.
///   - limit: the longest result in bytes.
///   - ending: put after what is cut, such as a link to the ticket.
/// - Returns: the text itself when it fits.
public func cut(_ markdown: String, toBytes limit: Int = largestMessage, ending: String = "…") -> String {
    guard markdown.utf8.count > limit else { return markdown }
    let fence = "\n```\n"
    var room = limit - ending.utf8.count
    // Closing a fence needs room, but whether one is open is known only after the cut.
    if markdown.contains("```") { room -= fence.utf8.count }
    guard room > 0 else { return String(prefix(of: ending, bytes: limit)) }
    let kept = prefix(of: markdown, bytes: room)
    let fences = kept.split(separator: "\n", omittingEmptySubsequences: false)
        .count { $0.drop { $0 == " " }.hasPrefix("```") }
    return kept + (fences.isMultiple(of: 2) ? "" : fence) + ending
}

private func prefix(of text: String, bytes limit: Int) -> Substring {
    var used = 0
    var end = text.startIndex
    for index in text.indices {
        let next = text.index(after: index)
        used += text.utf8.distance(from: index, to: next)
        guard used <= limit else { break }
        end = next
    }
    return text[..<end]
}
