import API
import BoundaryText
import Database
import Foundation
import Ticketing

/// Who is notified about an event, and why no one else is. Pure.
public struct DeliveryPlan: Sendable, Equatable {
    /// One message to be, or not to be.
    public struct Item: Sendable, Equatable {
        /// Who.
        public let recipient: Recipient.ID
        /// Queued, skipped or simulated.
        public let state: Delivery.State
        /// Why this recipient is notified, or is not.
        public let reason: String
        /// The rule that names the recipient; nil for assigned people.
        public let rule: Rule.ID?
        /// Whether the message goes under the first one about the ticket.
        public let isThreaded: Bool
        /// The names of those who forwarded it, the first one first; empty when it was not forwarded.
        public var forwardedFrom: [String] = []
    }

    /// The forwards that apply, and the names of all whom they touch.
    public struct Forwards: Sendable, Equatable {
        let arrows: [ForwardResolution.Arrow]
        let names: [Recipient.ID: String]

        /// Nobody forwards anything.
        public static let none = Forwards(arrows: [], names: [:])

        /// Describes them.
        public init(arrows: [ForwardResolution.Arrow], names: [Recipient.ID: String]) {
            self.arrows = arrows
            self.names = names
        }

        func name(_ id: Recipient.ID) -> String { names[id] ?? "recipient \(id)" }
    }

    /// A person who is assigned to the ticket, as far as chat knows the person.
    public struct Assigned: Sendable, Equatable {
        /// The login name in the ticketing system.
        public let identifier: String
        /// Who that is in chat; nil when there is no way to tell the person.
        public let recipient: Recipient.ID?

        /// Describes a person.
        public init(identifier: String, recipient: Recipient.ID?) {
            self.identifier = identifier
            self.recipient = recipient
        }
    }

    /// The messages, at most one for each recipient.
    public let items: [Item]
    /// Why no one is notified, if no one is.
    public let reason: String?

    /// Decides.
    /// - Parameters:
    ///   - rules: the enabled rules of the ticket's board.
    ///   - unreachable: the names of recipients of further enabled rules, who are off.
    ///   - assigned: everybody assigned to the ticket.
    ///   - forwards: those that apply now to anybody who could be named.
    public init(
        event: TicketEvent, rules: [Rule], unreachable: [String] = [], assigned: [Assigned],
        settings: NotificationSettings, forwards: Forwards = .none
    ) {
        guard settings.notificationsEnabled else {
            self.init(items: [], reason: "notifications are disabled")
            return
        }
        if settings.requireRule, rules.isEmpty {
            self.init(items: [], reason: Self.offReason(unreachable) ?? "no rule on this board")
            return
        }
        var items: [Item] = []
        var told: Set<Recipient.ID> = []
        for rule in rules where rule.applies(to: event) && told.insert(rule.recipient).inserted {
            items.append(
                Item(
                    recipient: rule.recipient, state: rule.simulates ? .simulated : .queued,
                    reason: "rule on board \(rule.boardName ?? rule.board.rawValue)", rule: rule.id,
                    isThreaded: rule.threadsUpdates && event.kind != .created))
        }
        var obstacles: [String] = []
        for person in Self.candidates(for: event, among: assigned) {
            guard let recipient = person.recipient else {
                obstacles.append("\(person.identifier) has no e-mail or no chat connection")
                continue
            }
            let objection = Self.objection(to: person.identifier, hearing: event)
            let item = Item(
                recipient: recipient, state: objection == nil ? .queued : .skipped, reason: objection ?? "assigned",
                rule: nil, isThreaded: false)
            if told.insert(recipient).inserted {
                items.append(item)
            } else if item.state == .queued,
                let simulated = items.firstIndex(where: { $0.recipient == recipient && $0.state == .simulated })
            {
                // A rule that only simulates takes nothing away from who is assigned.
                items[simulated] = item
            }
        }
        items = Self.forwarded(items, over: forwards)
        self.init(
            items: items,
            reason: items.isEmpty
                ? Self.reasonForNobody(event, rules: rules, unreachable: unreachable, obstacles: obstacles) : nil)
    }

    private init(items: [Item], reason: String?) {
        self.items = items
        self.reason = reason
    }

    /// The items after all forwards: what is sent and what would be sent are resolved each for itself. Who is left out for
    /// another reason, such as the author of the note, neither forwards nor gets it by a forward.
    private static func forwarded(_ items: [Item], over forwards: Forwards) -> [Item] {
        guard !forwards.arrows.isEmpty else { return items }
        var result = items
        for state in [Delivery.State.queued, .simulated] {
            let named = items.filter { $0.state == state }
            guard !named.isEmpty else { continue }
            let resolution = ForwardResolution(of: Set(named.map(\.recipient)), over: forwards.arrows)
            for (index, item) in result.enumerated()
            where item.state == state && resolution.replaced.contains(item.recipient) {
                let destinations = Set(forwards.arrows.filter { $0.source == item.recipient }.map(\.destination))
                let names = destinations.sorted().map(forwards.name).joined(separator: ", ")
                result[index] = Item(
                    recipient: item.recipient, state: .skipped, reason: "forwarded to \(names)", rule: item.rule,
                    isThreaded: item.isThreaded)
            }
            for (recipient, chain) in resolution.told.sorted(by: { $0.key < $1.key }) {
                guard let origin = named.first(where: { $0.recipient == chain.first }) else { continue }
                let names = chain.map(forwards.name)
                let item = Item(
                    recipient: recipient, state: state,
                    reason: "forwarded from \(names.joined(separator: " → ")), \(origin.reason)", rule: origin.rule,
                    isThreaded: origin.isThreaded, forwardedFrom: names)
                switch result.firstIndex(where: { $0.recipient == recipient }) {
                case nil: result.append(item)
                // A rule that only simulates takes nothing away from what is forwarded.
                case let place? where state == .queued && result[place].state == .simulated: result[place] = item
                case .some: break
                }
            }
        }
        return result
    }

    /// The assigned people whom an event of this kind concerns.
    private static func candidates(for event: TicketEvent, among assigned: [Assigned]) -> [Assigned] {
        switch event.kind {
        case .created, .noteAdded: assigned
        case .assigned: assigned.filter { same($0.identifier, event.details.member) }
        case .statusChanged, .reopened, .closed, .priorityChanged, .moved, .companyChanged, .deleted: []
        }
    }

    private static func objection(to identifier: String, hearing event: TicketEvent) -> String? {
        switch event.kind {
        case .noteAdded: same(identifier, event.details.note?.authorIdentifier) ? "author of the note" : nil
        case .assigned: same(identifier, event.details.updatedBy) ? "assigned by this person" : nil
        case .created, .statusChanged, .reopened, .closed, .priorityChanged, .moved, .companyChanged, .deleted: nil
        }
    }

    /// Why the rules' recipients are not notified; nil when all of them are active.
    private static func offReason(_ unreachable: [String]) -> String? {
        guard !unreachable.isEmpty else { return nil }
        return
            "the rule's recipient is inactive, because the chat system did not know it: \(unreachable.joined(separator: ", ")); "
            + "a test message that arrives makes it active again"
    }

    private static func reasonForNobody(
        _ event: TicketEvent, rules: [Rule], unreachable: [String], obstacles: [String]
    ) -> String {
        let reasons = [offReason(unreachable)].compactMap(\.self) + obstacles
        if !reasons.isEmpty { return reasons.joined(separator: "; ") }
        switch event.kind {
        case .created, .noteAdded, .assigned:
            return rules.isEmpty ? "no rule on this board, no one assigned" : "no rule includes it, no one assigned"
        case .statusChanged, .reopened, .closed, .priorityChanged, .moved, .companyChanged, .deleted:
            return "no rule includes such changes"
        }
    }

    private static func same(_ left: String, _ right: String?) -> Bool {
        left.lowercased() == right?.lowercased()
    }
}
