import BoundaryText

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
    if markdown.utf8.contains("```") { room -= fence.utf8.count }
    guard room > 0 else { return ending.cut(toBytes: limit) }
    let kept = markdown.cut(toBytes: room)
    let fences = kept.splitBytes(on: "\n", omittingEmpty: false)
        .count { $0.utf8.drop { $0 == UInt8(ascii: " ") }.hasPrefix("```") }
    return kept + (fences.isMultiple(of: 2) ? "" : fence) + ending
}
