import BoundaryText
import NIOPosix
import Synchronization

/// Markdown as ConnectWise shows notes. Somebody else wrote it, and as long as it pleased them: it is read on a thread of
/// its own, by a parser in linear time, within limits. What is beyond them is shown as it was typed.
public final class Markdown: Sendable {
    /// A text longer than this is shown as it was typed. ConnectWise cuts notes at 15,000 characters.
    static let longest = 64 << 10
    // A page asks once for all of its notes, so these are pages that wait.
    private static let longestQueue = 100
    // From asking to the last text of a page. Sixty-four KiB take a few milliseconds.
    private static let patience: Duration = .seconds(1)

    private let pool: NIOThreadPool
    private let waiting = Mutex(0)

    /// Starts the thread.
    public init() {
        pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
    }

    deinit {
        pool.shutdownGracefully { _ in }
    }

    /// A text as HTML.
    func html(_ text: String) async -> String {
        await html([text])[0]
    }

    /// Texts as HTML, in their order.
    func html(_ texts: [String]) async -> [String] {
        let deadline = ContinuousClock.now + Self.patience
        let admitted = waiting.withLock { waiting in
            guard waiting < Self.longestQueue else { return false }
            waiting += 1
            return true
        }
        guard admitted else { return texts.map(Self.plain) }
        defer { waiting.withLock { $0 -= 1 } }
        let rendered = try? await pool.runIfActive { texts.map { Self.rendered($0, until: deadline) } }
        // The pool refuses work only while the server stops.
        return rendered ?? texts.map(Self.plain)
    }

    static func rendered(_ text: String, until deadline: ContinuousClock.Instant) -> String {
        guard text.utf8.count <= longest, ContinuousClock.now < deadline,
            let html = MarkdownPage.html(text, until: deadline)
        else { return plain(text) }
        return html
    }

    /// As it was typed, with its line breaks.
    static func plain(_ text: String) -> String {
        "<p>" + text.escapedForHTML.replacing(bytes: "\n", with: "<br />\n") + "</p>\n"
    }
}
