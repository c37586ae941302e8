import BoundaryText
import Foundation
import Sealing

/// Recognizes browsers in which an account has signed in with its password before, by a sealed note in a cookie. The
/// note grants no access; it only reserves a place for its account when strangers take up all others.
struct KnownBrowsers: Sendable {
    /// Half a year, longer than people are usually away.
    static let days = 180
    private static let identity = "known browser"

    private let sealer: Sealer

    init(sealer: Sealer) {
        self.sealer = sealer
    }

    private struct Note: Codable {
        let account: String
        let until: Date
    }

    /// The cookie value; nil if it cannot be sealed, which only costs the reserved place.
    func note(for account: String, now: Date) -> String? {
        SealedCookie.text(
            of: Note(account: account, until: now + Double(Self.days) * 86_400), for: Self.identity, by: sealer)
    }

    /// Whether this account has signed in before in the browser that sent the note.
    func know(_ text: String?, as account: String, now: Date) -> Bool {
        guard let text, let note = SealedCookie.value(of: text, as: Note.self, for: Self.identity, by: sealer) else {
            return false
        }
        return note.account == account && note.until > now
    }
}
