import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Ticketing
import WebSupport

/// The operations on rules.
func ruleRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            .get, "/notifiers/rules", .viewer, "Lists rules; filter by board_id and recipient_id",
            query: [
                QueryParameter("board_id", .text, "rules for this board"),
                QueryParameter("recipient_id", .integer, "rules for this recipient"),
            ], gives: .page(RuleAnswer.self)
        ) { request in
            let (organization, page) = (request.principal.organization, try request.page())
            let board = request.query("board_id").map { Board.ID($0) }
            let recipient = try request.query("recipient_id", "a recipient's id") { Recipient.ID($0) }
            let rules = try await database.read { db in
                try RuleStore.list(of: organization, board: board, recipient: recipient, page: page, in: db)
            }
            return .json(rules.map(RuleAnswer.init))
        },
        Route(
            .post, "/notifiers/rules", .admin, "Makes a rule: board → recipient", takes: NewRule.self,
            gives: .made(RuleAnswer.self)
        ) { request in
            let (organization, instant) = (request.principal.organization, now())
            let draft = try await request.body(NewRule.self).draft()
            let rule = try await database.write { db in
                let rule = try RuleStore.create(draft, for: organization, now: instant, in: db)
                try request.record("rule.create", on: "rule \(rule.id)", after: RuleAnswer(rule), now: instant, in: db)
                return rule
            }
            var response = Response.json(RuleAnswer(rule), status: .created)
            response.headers[.location] = "/api/v1/notifiers/rules/\(rule.id)"
            return response
        },
        Route(.get, "/notifiers/rules/{id}", .viewer, "Shows a rule", gives: .one(RuleAnswer.self)) { request in
            let id: Rule.ID = try request.id(of: "rule")
            let organization = request.principal.organization
            guard let rule = try await database.read({ try RuleStore.find(id, of: organization, in: $0) }) else {
                throw Problem.notFound("rule")
            }
            return .json(RuleAnswer(rule))
        },
        Route(
            .patch, "/notifiers/rules/{id}", .admin, "Changes a rule's options", takes: RuleChange.self,
            gives: .one(RuleAnswer.self)
        ) { request in
            let id: Rule.ID = try request.id(of: "rule")
            let organization = request.principal.organization
            let change = try await request.body(RuleChange.self)
            let rule = try await database.write { db -> Rule? in
                guard let rule = try RuleStore.find(id, of: organization, in: db) else { return nil }
                try RuleStore.update(id, to: change.applied(to: rule), in: db)
                let changed = try RuleStore.find(id, of: organization, in: db)
                try request.record(
                    "rule.update", on: "rule \(id)", before: RuleAnswer(rule), after: changed.map(RuleAnswer.init),
                    now: now(), in: db)
                return changed
            }
            guard let rule else { throw Problem.notFound("rule") }
            return .json(RuleAnswer(rule))
        },
        Route(.delete, "/notifiers/rules/{id}", .admin, "Removes a rule", gives: .nothing) { request in
            let id: Rule.ID = try request.id(of: "rule")
            let organization = request.principal.organization
            let isDeleted = try await database.write { db in
                guard let rule = try RuleStore.find(id, of: organization, in: db) else { return false }
                try request.record("rule.delete", on: "rule \(id)", before: RuleAnswer(rule), now: now(), in: db)
                return try RuleStore.delete(id, of: organization, in: db)
            }
            guard isDeleted else { throw Problem.notFound("rule") }
            return Response(status: .noContent)
        },
    ]
}

private enum RuleKeys: String, CodingKey, CaseIterable {
    case enabled, simulate, updates, visibility
    case board = "board_id"
    case recipient = "recipient_id"
    case threadUpdates = "thread_updates"
}

private struct NewRule: JSONBody {
    typealias CodingKeys = RuleKeys

    let board: Board.ID
    let recipient: Recipient.ID
    let enabled: Bool?
    let simulate: Bool?
    let updates: String?
    let visibility: String?
    let threadUpdates: Bool?

    func draft() throws(Problem) -> RuleDraft {
        let options = try RuleOptions(updates: updates, visibility: visibility)
        return RuleDraft(
            board: board, recipient: recipient, isEnabled: enabled ?? true, simulates: simulate ?? false,
            updates: options.updates ?? .none, visibility: options.visibility ?? .all,
            threadsUpdates: threadUpdates ?? false)
    }
}

private struct RuleChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case enabled, simulate, updates, visibility
        case threadUpdates = "thread_updates"
    }

    let enabled: Bool?
    let simulate: Bool?
    let updates: String?
    let visibility: String?
    let threadUpdates: Bool?

    func applied(to rule: Rule) throws(Problem) -> RuleDraft {
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

struct RuleAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, enabled, simulate, updates, visibility
        case board = "board_id"
        case boardName = "board_name"
        case recipient = "recipient_id"
        case recipientName = "recipient_name"
        case recipientKind = "recipient_kind"
        case threadUpdates = "thread_updates"
        case createdAt = "created_at"
    }

    let id: Rule.ID
    let board: Board.ID
    let boardName: String?
    let recipient: Recipient.ID
    let recipientName: String
    let recipientKind: Recipient.Kind
    let enabled: Bool
    let simulate: Bool
    let updates: Rule.Updates
    let visibility: Rule.Visibility
    let threadUpdates: Bool
    let createdAt: Date

    init(_ rule: Rule) {
        id = rule.id
        board = rule.board
        boardName = rule.boardName
        recipient = rule.recipient
        recipientName = rule.recipientName
        recipientKind = rule.recipientKind
        enabled = rule.isEnabled
        simulate = rule.simulates
        updates = rule.updates
        visibility = rule.visibility
        threadUpdates = rule.threadsUpdates
        createdAt = rule.createdAt
    }
}
