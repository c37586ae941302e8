import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Ticketing
import WebSupport

/// The operations on rules.
func ruleRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(Rules.list) { request in
            let (organization, page) = (request.principal.organization, try request.page())
            let board = request.query(.board).map { Board.ID($0) }
            let recipient = try request.query(.recipient, "a recipient's id") { Recipient.ID($0) }
            return try await database.read { db in
                try RuleStore.list(of: organization, board: board, recipient: recipient, page: page, in: db)
            }.map(Rules.Answer.init)
        },
        Route(Rules.create) { request in
            let (organization, instant) = (request.principal.organization, now())
            let draft = try await request.body().draft()
            return try await database.write { db in
                let rule = Rules.Answer(try RuleStore.create(draft, for: organization, now: instant, in: db))
                try request.record("rule.create", on: "rule \(rule.id)", after: rule, now: instant, in: db)
                return rule
            }
        },
        Route(Rules.show, of: "rule") { request in
            let organization = request.principal.organization
            let rule = try await database.read { try RuleStore.find(request.place, of: organization, in: $0) }
            guard let rule else { throw Problem.notFound("rule") }
            return Rules.Answer(rule)
        },
        Route(Rules.update, of: "rule") { request in
            let (id, organization) = (request.place, request.principal.organization)
            let change = try await request.body()
            return try await database.write { db in
                guard let rule = try RuleStore.find(id, of: organization, in: db),
                    let changed = try RuleStore.update(id, of: organization, to: change.applied(to: rule), in: db)
                else { throw Problem.notFound("rule") }
                try request.record(
                    "rule.update", on: "rule \(id)", before: Rules.Answer(rule), after: Rules.Answer(changed),
                    now: now(), in: db)
                return Rules.Answer(changed)
            }
        },
        Route(Rules.delete, of: "rule") { request in
            let (id, organization) = (request.place, request.principal.organization)
            try await database.write { db in
                guard let rule = try RuleStore.find(id, of: organization, in: db) else {
                    throw Problem.notFound("rule")
                }
                try request.record("rule.delete", on: "rule \(id)", before: Rules.Answer(rule), now: now(), in: db)
                _ = try RuleStore.delete(id, of: organization, in: db)
            }
        },
    ]
}

extension Rules.New {
    fileprivate func draft() throws(Problem) -> RuleDraft {
        let options = try RuleOptions(updates: updates, visibility: visibility)
        return RuleDraft(
            board: board, recipient: recipient, isEnabled: enabled ?? true, simulates: simulate ?? false,
            updates: options.updates ?? .none, visibility: options.visibility ?? .all,
            threadsUpdates: threadUpdates ?? false)
    }
}

extension Rules.Change {
    fileprivate func applied(to rule: Rule) throws(Problem) -> RuleDraft {
        let options = try RuleOptions(updates: updates, visibility: visibility)
        return RuleDraft(
            board: rule.board, recipient: rule.recipient, isEnabled: enabled ?? rule.isEnabled,
            simulates: simulate ?? rule.simulates, updates: options.updates ?? rule.updates,
            visibility: options.visibility ?? rule.visibility, threadsUpdates: threadUpdates ?? rule.threadsUpdates)
    }
}

private struct RuleOptions {
    let updates: Rule.Updates?
    let visibility: Rule.Visibility?

    init(updates: String?, visibility: String?) throws(Problem) {
        self.updates = updates.flatMap(Rule.Updates.init(rawValue:))
        self.visibility = visibility.flatMap(Rule.Visibility.init(rawValue:))
        var errors: [Problem.FieldError] = []
        if updates != nil, self.updates == nil {
            errors.append(.init(field: "updates", code: "wrong_value", message: "must be none, notes or all."))
        }
        if visibility != nil, self.visibility == nil {
            errors.append(.init(field: "visibility", code: "wrong_value", message: "must be all, public or internal."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}

extension Rules.Answer {
    init(_ rule: Rule) {
        self.init(
            id: rule.id, board: rule.board, boardName: rule.boardName, recipient: rule.recipient,
            recipientName: rule.recipientName, recipientKind: rule.recipientKind, enabled: rule.isEnabled,
            simulate: rule.simulates, updates: rule.updates, visibility: rule.visibility,
            threadUpdates: rule.threadsUpdates, createdAt: rule.createdAt)
    }
}
