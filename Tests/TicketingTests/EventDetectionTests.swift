import API
import Foundation
import Testing
import Tickets

@testable import Ticketing

@Suite("What happened to a ticket")
struct EventDetectionTests {
    private let baseline = instant

    private func detected(
        from old: Ticket?, to new: Ticket, notes: [TicketNote] = [], baseline: Date? = nil
    ) -> [String] {
        EventDetection.events(old: old, new: new, notes: notes, baseline: baseline ?? self.baseline)
            .map { $0.subject.isEmpty ? $0.kind.rawValue : "\($0.kind.rawValue) \($0.subject)" }
    }

    private static let stamp = "1790000000"

    @Test("One change is one event")
    func changes() {
        func expect(_ expected: [String], _ change: (inout Ticket) -> Void) {
            #expect(detected(from: ticket(), to: ticket("7", change)) == expected.map { "\($0) \(Self.stamp)" })
        }
        expect(["status_changed 10→11"]) { $0.status = .init(id: "11", name: "Working") }
        expect(["status_changed 10→-"]) { $0.status = nil }
        expect(["priority_changed 40→41"]) { $0.priority = .init(id: "41", name: "Low") }
        expect(["moved 1→2"]) { $0.board = .init(id: "2", name: "Sales") }
        expect(["company_changed 20→21"]) { $0.company = .init(id: "21", name: "Other") }
        expect(["closed 10→19"]) {
            $0.isClosed = true
            $0.status = .init(id: "19", name: "Closed")
        }
        expect(["assigned anna"]) { $0.owner = "Anna" }
        expect(["assigned anna", "assigned bert"]) { $0.resources = ["Anna", "bert", "ANNA"] }
        expect([]) { $0.summary = "Another" }
        expect([]) { $0.contact = nil }
        expect([]) { $0.updatedBy = "eve" }
        // A renamed status is still the same.
        expect([]) { $0.status = .init(id: "10", name: "Brand new") }
    }

    @Test("Opening a closed ticket is a reopening, and its owner is not assigned again")
    func reopened() {
        let closed = ticket {
            $0.isClosed = true
            $0.owner = "anna"
            $0.status = .init(id: "19", name: "Closed")
        }
        let open = ticket { $0.owner = "ANNA" }
        #expect(detected(from: closed, to: open) == ["reopened 19→10 \(Self.stamp)"])
    }

    @Test("A change keeps both names")
    func names() throws {
        let events = EventDetection.events(
            old: ticket(), new: ticket { $0.status = .init(id: "11", name: "Working") }, notes: [], baseline: baseline)
        let details = try #require(events.first).details
        #expect(details.from == "New")
        #expect(details.to == "Working")
        #expect(details.status == "Working")
        #expect(details.updatedBy == "zoe")
    }

    @Test("A new ticket swallows its notes and assignments, and shows the newest note")
    func created() throws {
        let new = ticket {
            $0.owner = "anna"
            $0.resources = ["bert"]
        }
        let events = EventDetection.events(
            old: nil, new: new, notes: [note("n1", text: "first"), note("t2", text: "last")], baseline: baseline)
        #expect(events.map(\.kind) == [.created])
        #expect(events.first?.details.note?.text == "last")
    }

    @Test("What happened within the baseline's second counts, a second earlier does not")
    func baselineSecond() {
        let baseline = instant.addingTimeInterval(0.9)
        let earlier = instant.addingTimeInterval(-1)
        #expect(detected(from: nil, to: ticket(), baseline: baseline) == ["created"])
        #expect(detected(from: nil, to: ticket { $0.enteredAt = earlier }, baseline: baseline) == [])
        #expect(detected(from: ticket(), to: ticket { $0.status = nil }, baseline: baseline).count == 1)
        let old = ticket {
            $0.status = nil
            $0.updatedAt = earlier
        }
        #expect(detected(from: ticket(), to: old, baseline: baseline) == [])
        #expect(detected(from: ticket(), to: ticket(), notes: [note()], baseline: baseline) == ["note_added n1"])
        #expect(detected(from: ticket(), to: ticket(), notes: [note(at: earlier)], baseline: baseline) == [])
    }

    @Test("An old ticket seen for the first time has only new notes as events")
    func oldTicket() {
        let old = ticket { $0.enteredAt = instant.addingTimeInterval(-86_400) }
        let notes = [note("n1", at: instant.addingTimeInterval(-3_600)), note("n2"), note("t3", at: nil)]
        #expect(detected(from: nil, to: old, notes: notes) == ["note_added n2", "note_added t3"])
    }

    @Test("A ticket without its date of entry goes by its last change")
    func withoutDates() {
        #expect(detected(from: nil, to: ticket { $0.enteredAt = nil }) == ["created"])
        let nothing = ticket {
            $0.enteredAt = nil
            $0.updatedAt = nil
        }
        #expect(detected(from: nil, to: nothing) == [])
        let changed = ticket {
            $0.updatedAt = nil
            $0.status = nil
        }
        #expect(detected(from: ticket(), to: changed) == ["status_changed 10→- -"])
    }

    @Test("Changes come before assignments, and those before notes in their order")
    func order() {
        let new = ticket {
            $0.status = nil
            $0.owner = "anna"
        }
        #expect(
            detected(from: ticket(), to: new, notes: [note("n1"), note("n2")]) == [
                "status_changed 10→- \(Self.stamp)", "assigned anna \(Self.stamp)", "note_added n1", "note_added n2",
            ])
    }

    @Test("A ticket that is gone is one event")
    func deletion() {
        let event = EventDetection.deletion(of: ticket())
        #expect(event.kind == .deleted)
        #expect(event.details.summary == "Printer")
    }

    // MARK: Properties

    private static func randomReference() -> Ticket.Reference? {
        Int.random(in: 0...3) == 0 ? nil : .init(id: "\(Int.random(in: 1...3))", name: "x")
    }

    private static func randomTicket() -> Ticket {
        let people = ["anna", "Anna", "bert", "CARL", "dora"]
        return ticket {
            $0.board = randomReference()
            $0.status = randomReference()
            $0.priority = randomReference()
            $0.company = randomReference()
            $0.isClosed = .random()
            $0.owner = Bool.random() ? people.randomElement() : nil
            $0.resources = people.filter { _ in .random() }
            $0.enteredAt = randomDate()
            $0.updatedAt = randomDate()
        }
    }

    private static func randomDate() -> Date? {
        Int.random(in: 0...5) == 0 ? nil : instant.addingTimeInterval(Double(Int.random(in: -40...40)) / 10)
    }

    @Test("Whatever changes: subjects are unique, nothing is older than the baseline, and again nothing is new")
    func properties() {
        for _ in 0..<5_000 {
            let old = Bool.random() ? nil : Self.randomTicket()
            let new = Self.randomTicket()
            let notes = (0..<Int.random(in: 0...4)).map { note("n\($0)", at: Self.randomDate()) }
            let dates = Dictionary(uniqueKeysWithValues: notes.map { ($0.id, $0.createdAt) })
            let baseline = instant.addingTimeInterval(Double(Int.random(in: -20...20)) / 10)
            let second = Date(timeIntervalSince1970: baseline.timeIntervalSince1970.rounded(.down))
            let events = EventDetection.events(old: old, new: new, notes: notes, baseline: baseline)

            #expect(Set(events.map { "\($0.kind) \($0.subject)" }).count == events.count)
            for event in events {
                let date: Date? =
                    switch event.kind {
                    case .created: new.enteredAt ?? new.updatedAt
                    case .noteAdded: dates[event.subject] ?? nil
                    case .assigned, .statusChanged, .reopened, .closed, .priorityChanged, .moved, .companyChanged,
                        .deleted:
                        new.updatedAt
                    }
                #expect(date ?? .distantFuture >= second)
            }
            if events.contains(where: { $0.kind == .created }) { #expect(events.count == 1) }
            #expect(EventDetection.events(old: new, new: new, notes: [], baseline: baseline).isEmpty)
        }
    }

    @Test("Changes that have nothing to do with each other are the same events in any order")
    func disjoint() {
        let changes: [@Sendable (inout Ticket) -> Void] = [
            { $0.status = .init(id: "11", name: "Working") }, { $0.priority = nil },
            { $0.board = .init(id: "2", name: "Sales") }, { $0.company = nil }, { $0.owner = "anna" },
            { $0.resources = ["bert"] },
        ]
        var expected: Set<String>?
        for _ in 0..<50 {
            var now = ticket()
            var events: Set<String> = []
            for change in changes.shuffled() {
                var next = now
                change(&next)
                events.formUnion(detected(from: now, to: next))
                now = next
            }
            #expect(events.count == changes.count)
            #expect(expected ?? events == events)
            expected = events
        }
    }
}
