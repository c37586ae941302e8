import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing

/// Why a recipient was or wasn't notified about an event.
struct Explanation: Sendable {
    typealias Outcome = Explanations.Outcome

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
            outcome = .noDelivery
            reason = Self.silence(entry, rule)
        }
    }

    /// Why there is no delivery. The rules of that moment are not kept, so it says where it goes by today's.
    private static func silence(_ entry: Timeline.Entry, _ rule: Rule?) -> String {
        if let reason = entry.reason { return "no one was notified: \(reason)" }
        let unassigned = "the recipient was not assigned to the ticket"
        guard let rule else {
            let board = entry.event.details.board?.name ?? "the ticket's board"
            return "no rule for \(board) has this recipient today, and \(unassigned)"
        }
        guard rule.createdAt <= entry.at else { return "the rule was created later, and \(unassigned)" }
        guard rule.isEnabled else { return "the rule is disabled today, and \(unassigned)" }
        guard rule.applies(to: entry.event) else {
            return
                "the rule does not include \(entry.event.kind.rawValue) today (updates \(rule.updates.rawValue), visibility \(rule.visibility.rawValue)), and \(unassigned)"
        }
        return "the rule has probably changed since, and \(unassigned)"
    }
}
