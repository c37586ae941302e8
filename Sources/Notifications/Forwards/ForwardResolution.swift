import API
import BoundaryText
import Foundation

/// Who is finally notified when recipients forward to others. Pure; the result does not depend on any order.
///
/// Reached are all recipients that forwards lead to from those named. Those of them without an active forward, or with one
/// that keeps a copy, are notified. Where cycles leave no one, those named are notified, so that nothing is lost.
public struct ForwardResolution: Sendable, Equatable {
    /// An active forward.
    public struct Arrow: Sendable, Hashable {
        let source: Recipient.ID
        let destination: Recipient.ID
        let keepsCopy: Bool

        /// Describes one.
        public init(from source: Recipient.ID, to destination: Recipient.ID, keepsCopy: Bool = false) {
            self.source = source
            self.destination = destination
            self.keepsCopy = keepsCopy
        }
    }

    /// Who is notified, each with the chain of forwarding recipients, starting with the one named; empty for those named
    /// themselves. Of several chains the shortest, of those the one with the smaller keys.
    public let told: [Recipient.ID: [Recipient.ID]]
    /// Which of those named or reached are not notified because of a forward.
    public let replaced: Set<Recipient.ID>

    /// Resolves.
    /// - Parameters:
    ///   - named: those whom rules and assignments name.
    ///   - arrows: the active forwards, at least all that can be reached.
    public init(of named: Set<Recipient.ID>, over arrows: [Arrow]) {
        let bySource = Dictionary(grouping: arrows, by: \.source)
        var chains: [Recipient.ID: [Recipient.ID]] = Dictionary(uniqueKeysWithValues: named.map { ($0, []) })
        var frontier = named.sorted()
        while !frontier.isEmpty {
            var next: Set<Recipient.ID> = []
            for source in frontier {
                for arrow in bySource[source] ?? [] where chains[arrow.destination] == nil {
                    chains[arrow.destination] = (chains[source] ?? []) + [source]
                    next.insert(arrow.destination)
                }
            }
            frontier = next.sorted()
        }
        let gone = Set(chains.keys.filter { id in bySource[id].map { !$0.contains(where: \.keepsCopy) } ?? false })
        if gone.count == chains.count {
            told = Dictionary(uniqueKeysWithValues: named.map { ($0, []) })
            replaced = []
        } else {
            told = chains.filter { !gone.contains($0.key) }
            replaced = gone
        }
    }
}
