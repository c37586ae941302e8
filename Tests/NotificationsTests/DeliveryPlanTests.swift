import API
import Database
import Foundation
import Testing
import Ticketing
import Tickets

@testable import Notifications

@Suite("Who is notified")
struct DeliveryPlanTests {
    private let anna = DeliveryPlan.Assigned(identifier: "Anna", recipient: 10)
    private let bert = DeliveryPlan.Assigned(identifier: "bert", recipient: 11)

    /// As `recipient state reason`.
    private func told(
        _ event: TicketEvent, rules: [Rule] = [], assigned: [DeliveryPlan.Assigned] = [],
        settings: NotificationSettings = NotificationSettings()
    ) -> [String] {
        DeliveryPlan(event: event, rules: rules, assigned: assigned, settings: settings).items
            .map { "\($0.recipient) \($0.state.rawValue) \($0.reason)" }
    }

    private func reason(
        _ event: TicketEvent, rules: [Rule] = [], assigned: [DeliveryPlan.Assigned] = [],
        settings: NotificationSettings = NotificationSettings()
    ) -> String? {
        DeliveryPlan(event: event, rules: rules, assigned: assigned, settings: settings).reason
    }

    private static func noteEvent(by author: String? = "zoe", internal isInternal: Bool = false) -> TicketEvent {
        event(.noteAdded) { $0.note = .init(note(by: author, internal: isInternal)) }
    }

    private static let changes: [TicketEvent.Kind] = [
        .assigned, .statusChanged, .reopened, .closed, .priorityChanged, .moved, .companyChanged, .deleted,
    ]

    @Test("A rule notifies of new tickets, and of the updates it names", arguments: Rule.Updates.allCases)
    func updates(updates: Rule.Updates) throws {
        let rule = try rule(updates: updates)
        #expect(rule.applies(to: event(.created)))
        #expect(rule.applies(to: Self.noteEvent()) == (updates != .none))
        for kind in Self.changes { #expect(rule.applies(to: event(kind)) == (updates == .all), "\(kind)") }
    }

    @Test("Visibility is of notes only", arguments: Rule.Visibility.allCases)
    func visibility(visibility: Rule.Visibility) throws {
        for updates in [Rule.Updates.notes, .all] {
            let rule = try rule(updates: updates, visibility: visibility)
            #expect(rule.applies(to: event(.created)))
            #expect(rule.applies(to: Self.noteEvent(internal: false)) == (visibility != .internal))
            #expect(rule.applies(to: Self.noteEvent(internal: true)) == (visibility != .public))
            #expect(rule.applies(to: event(.closed)) == (updates == .all))
        }
        let silent = try rule(updates: .none, visibility: visibility)
        #expect(!silent.applies(to: Self.noteEvent(internal: true)))
    }

    @Test("A rule that is off applies to nothing", arguments: TicketEvent.Kind.allCases)
    func off(kind: TicketEvent.Kind) throws {
        #expect(try !rule(enabled: false, updates: .all).applies(to: event(kind)))
    }

    @Test("A new ticket notifies the rules' recipients and everyone assigned, each once")
    func created() throws {
        let rules = [try rule(1, recipient: 1), try rule(2, recipient: 10), try rule(3, recipient: 2, simulate: true)]
        let twin = DeliveryPlan.Assigned(identifier: "anna2", recipient: 10)
        #expect(
            told(event(.created), rules: rules, assigned: [anna, bert, twin]) == [
                "1 queued rule on board Support", "10 queued rule on board Support",
                "2 simulated rule on board Support", "11 queued assigned",
            ])
    }

    @Test("A simulating rule does not affect assigned people")
    func simulatedAndAssigned() throws {
        let rules = [try rule(recipient: 10, simulate: true)]
        #expect(told(event(.created), rules: rules, assigned: [anna]) == ["10 queued assigned"])
        #expect(told(event(.created), rules: rules) == ["10 simulated rule on board Support"])
    }

    @Test(
        "A note notifies the assigned people except its author, regardless of case",
        arguments: ["anna", "ANNA", "Anna"])
    func author(author: String) {
        #expect(
            told(Self.noteEvent(by: author), assigned: [anna, bert]) == [
                "10 skipped author of the note", "11 queued assigned",
            ])
    }

    @Test("A customer's note notifies everyone assigned")
    func customer() {
        #expect(told(Self.noteEvent(by: nil), assigned: [anna, bert]) == ["10 queued assigned", "11 queued assigned"])
    }

    @Test("Authors are notified of their own note if a rule asks for it")
    func authorWithRule() throws {
        let rules = [try rule(recipient: 10, updates: .notes)]
        #expect(told(Self.noteEvent(by: "anna"), rules: rules, assigned: [anna]) == ["10 queued rule on board Support"])
    }

    @Test(
        "An assignment notifies the assignee, unless the assignee made it",
        arguments: [
            ("anna", "zoe", ["10 queued assigned"]), ("ANNA", "zoe", ["10 queued assigned"]),
            ("anna", "ANNA", ["10 skipped assigned by this person"]), ("bert", "anna", ["11 queued assigned"]),
            ("anna", nil, ["10 queued assigned"]),
        ])
    func assignment(member: String, by updatedBy: String?, expected: [String]) {
        let assignment = event(.assigned) {
            $0.member = member
            $0.updatedBy = updatedBy
        }
        #expect(told(assignment, assigned: [anna, bert]) == expected)
    }

    @Test("Other changes only notify rules for all updates", arguments: changes.filter { $0 != .assigned })
    func otherChanges(kind: TicketEvent.Kind) throws {
        #expect(told(event(kind), assigned: [anna]) == [])
        #expect(reason(event(kind), assigned: [anna]) == "no rule includes such changes")
        #expect(try told(event(kind), rules: [rule(updates: .notes)], assigned: [anna]) == [])
        #expect(
            try told(event(kind), rules: [rule(updates: .all)], assigned: [anna]) == ["1 queued rule on board Support"])
    }

    @Test("Updates go under the first message where the rule says so, new tickets never")
    func threads() throws {
        let rules = [
            try rule(1, recipient: 1, updates: .all, threaded: true), try rule(2, recipient: 2, updates: .all),
        ]
        func threaded(_ kind: TicketEvent.Kind) -> [Bool] {
            DeliveryPlan(event: event(kind), rules: rules, assigned: [], settings: .init()).items.map(\.isThreaded)
        }
        #expect(threaded(.created) == [false, false])
        #expect(threaded(.closed) == [true, false])
    }

    @Test("Every item names its rule, assigned people have none")
    func ruleIDs() throws {
        let plan = DeliveryPlan(
            event: event(.created), rules: [try rule(5, recipient: 1)], assigned: [anna], settings: .init())
        #expect(plan.items.map(\.rule) == [5, nil])
        #expect(plan.reason == nil)
    }

    @Test("With notifications off no one is notified, whatever the rules")
    func switchedOff() throws {
        var settings = NotificationSettings()
        settings.notificationsEnabled = false
        #expect(try told(event(.created), rules: [rule()], assigned: [anna], settings: settings) == [])
        #expect(try reason(event(.created), rules: [rule()], settings: settings) == "notifications are disabled")
    }

    @Test("If a rule is required, a board without one notifies no one")
    func requireRule() throws {
        var settings = NotificationSettings()
        settings.requireRule = true
        #expect(told(event(.created), assigned: [anna], settings: settings) == [])
        #expect(reason(event(.created), assigned: [anna], settings: settings) == "no rule on this board")
        #expect(
            try told(event(.created), rules: [rule()], assigned: [anna], settings: settings) == [
                "1 queued rule on board Support", "10 queued assigned",
            ])
    }

    @Test("There is always a reason when no one is notified")
    func reasons() throws {
        let unknown = DeliveryPlan.Assigned(identifier: "dora", recipient: nil)
        #expect(reason(event(.created)) == "no rule on this board, no one assigned")
        #expect(try reason(Self.noteEvent(), rules: [rule()]) == "no rule includes it, no one assigned")
        #expect(reason(Self.noteEvent(), assigned: [unknown]) == "dora has no e-mail or no chat connection")
        for kind in TicketEvent.Kind.allCases {
            let plan = DeliveryPlan(event: event(kind), rules: [], assigned: [], settings: .init())
            #expect(plan.items.isEmpty)
            #expect(plan.reason?.isEmpty == false)
        }
    }

    @Test("Whatever rules and people: at most one message for each recipient, and a reason exactly when there is none")
    func properties() throws {
        for _ in 0..<2_000 {
            let rules = try (0..<Int.random(in: 0...4)).map { number in
                try rule(
                    number + 1, recipient: Int.random(in: 1...4), enabled: .random(), simulate: .random(),
                    updates: Rule.Updates.allCases.randomElement() ?? .all)
            }
            let assigned = (0..<Int.random(in: 0...4)).map { number in
                DeliveryPlan.Assigned(
                    identifier: "m\(number)",
                    recipient: Int.random(in: 0...4) == 0 ? nil : .init(Int64.random(in: 1...4)))
            }
            let event = event(TicketEvent.Kind.allCases.randomElement() ?? .created) {
                $0.note = .init(note(by: "m0"))
                $0.member = "m1"
            }
            let plan = DeliveryPlan(event: event, rules: rules, assigned: assigned, settings: .init())
            #expect(Set(plan.items.map(\.recipient)).count == plan.items.count)
            #expect(plan.items.isEmpty == (plan.reason != nil))
            #expect(plan.items.allSatisfy { [.queued, .skipped, .simulated].contains($0.state) })
        }
    }
}
