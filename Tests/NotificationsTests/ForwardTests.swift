import API
import Accounts
import Database
import Foundation
import TestSupport
import Testing
import Ticketing
import Tickets
import WebSupport

@testable import Notifications

private typealias Arrow = ForwardResolution.Arrow

@Suite("Who is finally notified")
struct ForwardResolutionTests {
    private func told(_ named: Set<Recipient.ID>, _ arrows: Arrow...) -> [Recipient.ID: [Recipient.ID]] {
        ForwardResolution(of: named, over: arrows).told
    }

    @Test("Without forwards the named recipients are notified")
    func none() {
        #expect(told([1, 2]) == [1: [], 2: []])
        #expect(told([]) == [:])
    }

    @Test("A forward replaces its source, unless it keeps a copy")
    func replaced() {
        #expect(told([1], Arrow(from: 1, to: 2)) == [2: [1]])
        #expect(told([1], Arrow(from: 1, to: 2, keepsCopy: true)) == [1: [], 2: [1]])
        #expect(told([1], Arrow(from: 1, to: 2), Arrow(from: 1, to: 3, keepsCopy: true)) == [1: [], 2: [1], 3: [1]])
    }

    @Test("Chains work, also when a link of them is named, whatever the order")
    func chains() {
        // The case on which order-dependent resolution fails: A → B, B → C, both named.
        #expect(told([1, 2], Arrow(from: 1, to: 2), Arrow(from: 2, to: 3)) == [3: [2]])
        #expect(told([1], Arrow(from: 1, to: 2), Arrow(from: 2, to: 3)) == [3: [1, 2]])
    }

    @Test("A recipient who is notified anyway is notified once, without a chain")
    func alreadyTold() {
        #expect(told([1, 2], Arrow(from: 1, to: 2)) == [2: []])
    }

    @Test("A circle in old data loses nothing")
    func circle() {
        #expect(told([1, 2], Arrow(from: 1, to: 2), Arrow(from: 2, to: 1)) == [1: [], 2: []])
        #expect(told([1], Arrow(from: 1, to: 2), Arrow(from: 2, to: 1)) == [1: []])
        // A way out of the circle is taken.
        #expect(told([1], Arrow(from: 1, to: 2), Arrow(from: 2, to: 1), Arrow(from: 2, to: 3)) == [3: [1, 2]])
    }

    @Test(
        "Random graphs: no one is lost, each notified recipient is reachable by the shown chain, order does not matter")
    func random() {
        var dice = Dice(seed: 11)
        for _ in 0..<4_000 {
            let size = Int64.random(in: 1...9, using: &dice)
            func anybody() -> Recipient.ID { .init(Int64.random(in: 1...size, using: &dice)) }
            let named = Set((0..<Int.random(in: 0...4, using: &dice)).map { _ in anybody() })
            let arrows = (0..<Int.random(in: 0...12, using: &dice)).compactMap { _ -> Arrow? in
                let (source, destination) = (anybody(), anybody())
                guard source != destination else { return nil }
                return Arrow(from: source, to: destination, keepsCopy: Bool.random(using: &dice))
            }
            let resolution = ForwardResolution(of: named, over: arrows)
            #expect(resolution.told.isEmpty == named.isEmpty)
            #expect(ForwardResolution(of: named, over: arrows.shuffled(using: &dice)) == resolution)
            #expect(resolution.replaced.isDisjoint(with: resolution.told.keys))
            for (recipient, chain) in resolution.told {
                #expect(chain.isEmpty == named.contains(recipient))
                if let first = chain.first { #expect(named.contains(first)) }
                for (source, destination) in zip(chain, chain.dropFirst() + [recipient]) {
                    #expect(arrows.contains { $0.source == source && $0.destination == destination })
                }
            }
            // By the definition, told without the algorithm's help.
            var reach = named
            while case let next = reach.union(arrows.filter { reach.contains($0.source) }.map(\.destination)),
                next != reach
            {
                reach = next
            }
            let kept = reach.filter { id in
                let own = arrows.filter { $0.source == id }
                return own.isEmpty || own.contains { $0.keepsCopy }
            }
            #expect(Set(resolution.told.keys) == (kept.isEmpty ? named : kept))
        }
    }
}

@Suite("Planning with forwards")
struct ForwardedPlanTests {
    private let anna = DeliveryPlan.Assigned(identifier: "anna", recipient: 10)
    private let ben = DeliveryPlan.Assigned(identifier: "ben", recipient: 11)

    private func told(
        _ event: TicketEvent, rules: [Rule] = [], assigned: [DeliveryPlan.Assigned] = [], _ arrows: Arrow...
    ) -> [String] {
        let names: [Recipient.ID: String] = [10: "Anna", 11: "Ben", 12: "Carla", 1: "Room"]
        return DeliveryPlan(
            event: event, rules: rules, assigned: assigned, settings: .init(),
            forwards: .init(arrows: arrows, names: names)
        ).items.map { "\($0.recipient) \($0.state.rawValue) \($0.reason)" }
    }

    @Test("The chain is in the reason, and the source shows where it went")
    func chain() {
        let items = told(event(.created), assigned: [anna], Arrow(from: 10, to: 11), Arrow(from: 11, to: 12))
        #expect(items == ["10 skipped forwarded to Ben", "12 queued forwarded from Anna → Ben, assigned"])
    }

    @Test("A note's author is neither notified of it nor forwards it")
    func author() {
        let noted = event(.noteAdded) { $0.note = .init(note(by: "anna")) }
        #expect(told(noted, assigned: [anna], Arrow(from: 10, to: 12)) == ["10 skipped author of the note"])
        let byBen = event(.noteAdded) { $0.note = .init(note(by: "ben")) }
        #expect(
            told(byBen, assigned: [anna, ben], Arrow(from: 10, to: 11)) == [
                "10 skipped forwarded to Ben", "11 skipped author of the note",
            ])
    }

    @Test("What is only simulated is only simulated further on, and yields to what is sent")
    func simulated() throws {
        let rules = [try rule(recipient: 1, simulate: true)]
        #expect(
            told(event(.created), rules: rules, Arrow(from: 1, to: 12)) == [
                "1 skipped forwarded to Carla", "12 simulated forwarded from Room, rule on board Support",
            ])
        let both = told(
            event(.created), rules: rules, assigned: [anna], Arrow(from: 1, to: 12), Arrow(from: 10, to: 12))
        #expect(both.contains("12 queued forwarded from Anna, assigned"))
        #expect(both.count == 3)
    }

    @Test("The message names the chain")
    func message() {
        let renderer = MessageRenderer(longestNote: 300, longestMessage: 7_000)
        let text = renderer.message(
            about: event(.created), ticket: "7", link: "https://x/7", forwardedFrom: ["Anna*", "Ben"])
        #expect(text.contains("Forwarded from Anna\\* → Ben"))
        let long = renderer.message(
            about: event(.created), ticket: "7", link: "https://x/7", forwardedFrom: (1...9).map { "P\($0)" })
        #expect(long.contains("Forwarded from P1 → P2 → P3 → … → P9"))
    }
}

@Suite("Forwards in the database")
struct ForwardStoreTests {
    private func day(_ number: Double) -> Date { instant.addingTimeInterval(number * 86_400) }

    private func with(
        _ engine: Engine, _ body: @escaping @Sendable (Stage, [Recipient.ID], Connection) throws -> Void
    ) async throws {
        try await TestDatabase.with(engine, migrations: notifications) { database in
            try await database.write { db in
                let stage = try Stage(in: db)
                try body(stage, try stage.rooms(["A", "B", "C"], in: db), db)
            }
        }
    }

    @Test("A circle is refused with its names, unless its times never meet", arguments: TestDatabase.engines)
    func circle(engine: Engine) async throws {
        try await with(engine) { stage, rooms, db in
            func make(_ from: Int, _ to: Int, _ starts: Double?, _ ends: Double?, enabled: Bool = true) throws
                -> Forward
            {
                try ForwardStore.create(
                    ForwardDraft(
                        source: rooms[from], destination: rooms[to], startsAt: starts.map(day), endsAt: ends.map(day),
                        isEnabled: enabled), for: stage.organization, now: instant, in: db)
            }
            _ = try make(0, 1, 0, 10)
            let second = try make(1, 2, 5, nil)
            // From day 10 on the first no longer applies, so this never goes round.
            _ = try make(2, 0, 10, nil)
            do {
                _ = try make(2, 0, nil, nil)
                Issue.record("a circle was made")
            } catch let problem as Problem {
                #expect(problem.code == "forward_cycle")
                #expect(problem.detail.contains("C → A → B → C"))
            }
            // Switched off it may stand, but not be switched on.
            let off = try make(2, 0, nil, nil, enabled: false)
            #expect(throws: Problem.self) {
                try ForwardStore.update(
                    off.id, to: ForwardDraft(source: rooms[2], destination: rooms[0]), of: stage.organization, in: db)
            }
            // Changing a forward does not find a circle with itself.
            try ForwardStore.update(
                second.id, to: ForwardDraft(source: rooms[1], destination: rooms[2], startsAt: day(6)),
                of: stage.organization, in: db)
        }
    }

    @Test("What makes no sense is refused with the field", arguments: TestDatabase.engines)
    func refused(engine: Engine) async throws {
        try await with(engine) { stage, rooms, db in
            func fields(_ draft: ForwardDraft) -> [String] {
                do {
                    _ = try ForwardStore.create(draft, for: stage.organization, now: instant, in: db)
                    return []
                } catch {
                    return (error as? Problem)?.errors.map(\.field) ?? ["?"]
                }
            }
            #expect(fields(ForwardDraft(source: rooms[0], destination: rooms[0])) == ["destination_id"])
            #expect(fields(ForwardDraft(source: 999, destination: rooms[0])) == ["source_id"])
            #expect(
                fields(ForwardDraft(source: rooms[0], destination: rooms[1], startsAt: day(2), endsAt: day(2)))
                    == ["ends_at"])
        }
    }

    @Test("Lists distinguish active, upcoming, expired and disabled, as planning does", arguments: TestDatabase.engines)
    func states(engine: Engine) async throws {
        try await with(engine) { stage, rooms, db in
            func make(_ starts: Double?, _ ends: Double?, enabled: Bool = true) throws -> Forward.ID {
                try ForwardStore.create(
                    ForwardDraft(
                        source: rooms[0], destination: rooms[1], startsAt: starts.map(day), endsAt: ends.map(day),
                        isEnabled: enabled), for: stage.organization, now: instant, in: db
                ).id
            }
            let made: [Forward.State: Set<Forward.ID>] = [
                .active: [try make(nil, nil), try make(0, 1), try make(-1, nil)],
                .upcoming: [try make(1, 2), try make(0.001, nil)],
                .expired: [try make(-2, 0), try make(nil, -1)],
                .disabled: [try make(nil, nil, enabled: false)],
            ]
            for state in Forward.State.allCases {
                let page = try ForwardStore.list(
                    of: stage.organization, state: state, source: nil, destination: nil, now: instant,
                    page: PageRequest(), in: db)
                #expect(Set(page.items.map(\.id)) == made[state], "\(state)")
                #expect(page.items.allSatisfy { $0.state(at: instant) == state })
            }
            #expect(try ForwardStore.leading(from: [rooms[0]], now: instant, in: db).arrows.count == 3)
        }
    }

    @Test("Forwards are followed however far, but not to deleted recipients", arguments: TestDatabase.engines)
    func leading(engine: Engine) async throws {
        try await with(engine) { stage, rooms, db in
            for (from, to) in [(0, 1), (1, 2)] {
                _ = try ForwardStore.create(
                    ForwardDraft(source: rooms[from], destination: rooms[to]), for: stage.organization, now: instant,
                    in: db)
            }
            let all = try ForwardStore.leading(from: [rooms[0]], now: instant, in: db)
            #expect(all.arrows == [Arrow(from: rooms[0], to: rooms[1]), Arrow(from: rooms[1], to: rooms[2])])
            #expect(all.names[rooms[1]] == "B")
            try db.execute("UPDATE recipients SET active = 0 WHERE id = \(rooms[2])")
            let some = try ForwardStore.leading(from: [rooms[0]], now: instant, in: db)
            #expect(some.arrows == [Arrow(from: rooms[0], to: rooms[1])])
        }
    }
}
