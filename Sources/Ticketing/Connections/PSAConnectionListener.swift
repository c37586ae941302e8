import Accounts
import BoundaryText
import Database
import Foundation

/// Somebody who has work with a connection and wants to know what becomes of it. Called in the transaction of the change.
public struct PSAConnectionListener: FeaturePart {
    /// What became of a connection.
    public enum News: Sendable {
        /// It can be used: a test succeeded, or it was switched on again. What waited for it can go on.
        case usable
        /// It leads to another server than before.
        case moved
        /// It is about to be removed.
        case removed
    }

    /// Hears of a connection as it is then.
    public let hear: @Sendable (News, PSAConnection, _ now: Date, Connection) throws -> Void

    /// Listens.
    public init(_ hear: @escaping @Sendable (News, PSAConnection, _ now: Date, Connection) throws -> Void) {
        self.hear = hear
    }
}
