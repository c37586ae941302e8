import BoundaryText

/// Where a browser may be led: to a page of ours, and nowhere else. The one place that decides it, for every redirect.
enum LocalPath {
    // No page has a longer address.
    private static let longest = 2_000

    /// The text, if it is a path that a browser takes for one of this host; nil for anything else. Decided by byte: browsers
    /// read `/\` as `//`, drop tabs and line ends, and know nothing of clusters.
    static func of(_ text: String?) -> String? {
        guard let text, text.utf8.count <= longest,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return nil }
        let start = Array(text.utf8.prefix(2))
        guard start.first == UInt8(ascii: "/"), start != Array("//".utf8) else { return nil }
        return text
    }

    /// Where to go after signing in; the sign-in's own pages would loop.
    static func afterSignIn(_ text: String?) -> String {
        guard let path = of(text), !path.utf8.starts(with: "/sign-in".utf8) else { return "/" }
        return path
    }
}
