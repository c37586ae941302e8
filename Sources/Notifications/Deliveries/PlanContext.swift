import Accounts
import Database
import Foundation
import Ticketing

/// All that decides who is told about a ticket, read from the database once for all events of a refresh.
struct PlanContext: Sendable {
    let settings: NotificationSettings
    let rules: [Rule]
    let assigned: [DeliveryPlan.Assigned]
    let forwards: DeliveryPlan.Forwards

    /// Reads it. The assigned people are remembered as recipients, as they are needed now.
    /// - Parameter members: the assigned members, by lower-case identifier; those that do not exist are missing.
    init(
        for ticket: Ticket, _ members: [String: Member], of connection: PSAConnection.ID,
        _ organization: Organization.ID, now: Date, in db: Connection
    ) throws {
        settings = try NotificationSettings.of(organization, in: db)
        rules = try ticket.board.map { try RuleStore.enabled(on: $0.id, of: connection, in: db) } ?? []
        assigned = try Self.people(ticket.assigned, members, organization, now: now, in: db)
        let named = Set(rules.map(\.recipient) + assigned.compactMap(\.recipient))
        let (arrows, names) = try ForwardStore.leading(from: named, now: now, in: db)
        forwards = DeliveryPlan.Forwards(arrows: arrows, names: names)
    }

    /// Who is told about an event.
    func plan(_ event: TicketEvent) -> DeliveryPlan {
        DeliveryPlan(event: event, rules: rules, assigned: assigned, settings: settings, forwards: forwards)
    }

    private static func people(
        _ identifiers: [String], _ members: [String: Member], _ organization: Organization.ID, now: Date,
        in db: Connection
    ) throws -> [DeliveryPlan.Assigned] {
        guard !identifiers.isEmpty, let chat = try RecipientStore.defaultConnection(of: organization, in: db) else {
            return identifiers.map { DeliveryPlan.Assigned(identifier: $0, recipient: nil) }
        }
        return try identifiers.map { identifier in
            let member = members[identifier.lowercased()]
            let recipient = try member?.email.map { email in
                try RecipientStore.person(
                    email: email, name: member?.name ?? email, of: chat, now: now, in: db)
            }
            return DeliveryPlan.Assigned(identifier: identifier, recipient: recipient)
        }
    }
}
