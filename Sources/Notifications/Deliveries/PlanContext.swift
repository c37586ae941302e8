import API
import Accounts
import BoundaryText
import Database
import Foundation
import Ticketing

/// Everything that decides who is notified about a ticket, read from the database once for all events of a refresh.
struct PlanContext: Sendable {
    let settings: NotificationSettings
    let rules: [Rule]
    /// The recipients of further rules, who are off.
    let unreachable: [String]
    let assigned: [DeliveryPlan.Assigned]
    let forwards: DeliveryPlan.Forwards

    /// Reads it. The assigned people are remembered as recipients, as they are needed now.
    /// - Parameter members: the assigned members, by lower-case identifier; those that do not exist are missing.
    init(
        for ticket: Ticket, _ members: [String: Member], of connection: PSAConnection.ID,
        _ organization: Organization.ID, now: Date, in db: Connection
    ) throws {
        // Many tickets are refreshed in one transaction, which changes nothing of what is remembered here.
        settings = try db.remembered("settings \(organization)") {
            try NotificationSettings.of(organization, in: db)
        }
        rules =
            try ticket.board.map { board in
                try db.remembered("rules \(connection) \(board.id)") {
                    try RuleStore.enabled(on: board.id, of: connection, in: db)
                }
            } ?? []
        // Usually there are rules; then the reason for their absence is not needed.
        unreachable =
            try rules.isEmpty
            ? ticket.board.map { try RuleStore.unreachable(on: $0.id, of: connection, in: db) } ?? [] : []
        assigned = try Self.merged(
            Self.people(ticket.assigned, members, organization, now: now, in: db), with: rules, in: db)
        let named = Set(rules.map(\.recipient) + assigned.compactMap(\.recipient))
        forwards = try db.remembered("forwards from \(named.sorted())") {
            let (arrows, names) = try ForwardStore.leading(from: named, now: now, in: db)
            return DeliveryPlan.Forwards(arrows: arrows, names: names)
        }
    }

    /// Who is notified about an event.
    func plan(_ event: TicketEvent) -> DeliveryPlan {
        DeliveryPlan(
            event: event, rules: rules, unreachable: unreachable, assigned: assigned, settings: settings,
            forwards: forwards)
    }

    private static func people(
        _ identifiers: [String], _ members: [String: Member], _ organization: Organization.ID, now: Date,
        in db: Connection
    ) throws -> [DeliveryPlan.Assigned] {
        guard !identifiers.isEmpty,
            let chat = try db.remembered(
                "chat of \(organization)", { try RecipientStore.defaultConnection(of: organization, in: db) })
        else {
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

    /// The assigned people, those with one chat account under several addresses as one recipient: a rule's, if it names one.
    private static func merged(
        _ assigned: [DeliveryPlan.Assigned], with rules: [Rule], in db: Connection
    ) throws -> [DeliveryPlan.Assigned] {
        let ruled = Set(rules.filter { $0.recipientKind == .person }.map(\.recipient))
        let people = ruled.union(assigned.compactMap(\.recipient))
        guard people.count > 1 else { return assigned }
        let rows = try db.all(
            """
            SELECT id, connection_id, account_id FROM recipients
            WHERE id IN (\(list: people.sorted())) AND account_id IS NOT NULL ORDER BY id
            """)
        var first: [String: Recipient.ID] = [:]
        var accounts: [Recipient.ID: String] = [:]
        for row in rows {
            let (id, connection): (Recipient.ID, Int64) = (try row["id"], try row["connection_id"])
            let account = "\(connection) \(try row["account_id"] as String)"
            accounts[id] = account
            if first[account] == nil || ruled.contains(id) { first[account] = id }
        }
        return assigned.map { person in
            let recipient = person.recipient.map { id in accounts[id].flatMap { first[$0] } ?? id }
            return DeliveryPlan.Assigned(identifier: person.identifier, recipient: recipient)
        }
    }
}
