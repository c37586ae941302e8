import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing

/// Why somebody was told of an event, or was not.
struct Explanation: Sendable {
    /// What became of it.
    enum Outcome: String, Sendable, Codable, CaseIterable {
        /// There is a delivery; its state tells the rest.
        case delivery
        /// Nothing named the recipient.
        case notConcerned = "not_concerned"
    }

    let entry: Timeline.Entry
    let recipient: Recipient
    let outcome: Outcome
    let delivery: Delivery?
    /// The rule that named the recipient, or that names the recipient today, as it is today.
    let rule: Rule?
    /// In one sentence.
    let reason: String

    /// Explains.
    init(_ entry: Timeline.Entry, to recipient: Recipient, in db: Connection) throws {
        self.entry = entry
        self.recipient = recipient
        let rules = try entry.event.details.board.map {
            try RuleStore.all(on: $0.id, for: recipient.id, of: entry.connection, in: db)
        }
        rule = rules?.first
        delivery = entry.deliveries.first { $0.recipient == recipient.id }
        if let delivery {
            outcome = .delivery
            reason = delivery.error.map { "\(delivery.reason); \($0)" } ?? delivery.reason
        } else {
            outcome = .notConcerned
            reason = Self.silence(entry, rule)
        }
    }

    /// Why there is no delivery. The rules of that moment are not kept, so it says where it goes by today's.
    private static func silence(_ entry: Timeline.Entry, _ rule: Rule?) -> String {
        if let reason = entry.reason { return "nobody was told: \(reason)" }
        let unassigned = "the recipient was not assigned to the ticket"
        guard let rule else {
            let board = entry.event.details.board?.name ?? "the ticket's board"
            return "no rule on \(board) names the recipient today, and \(unassigned)"
        }
        guard rule.createdAt <= entry.at else { return "the rule was made later, and \(unassigned)" }
        guard rule.isEnabled else { return "the rule is switched off today, and \(unassigned)" }
        guard rule.applies(to: entry.event) else {
            return
                "the rule does not ask for \(entry.event.kind.rawValue) today (updates \(rule.updates.rawValue), visibility \(rule.visibility.rawValue)), and \(unassigned)"
        }
        return "the rule must have been changed since, and \(unassigned)"
    }
}
