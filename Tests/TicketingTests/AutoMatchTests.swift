import API
import Accounts
import Database
import Testing

@testable import Ticketing

@Suite("Auto-match")
struct AutoMatchTests {
    private func member(_ id: Int, _ email: String?) -> Member {
        Member(id: .init("\(id)"), identifier: "m\(id)", name: "Member \(id)", email: email, isInactive: false)
    }

    private func user(_ id: Int64, _ email: String) -> AutoMatch.Candidate { .init(user: User.ID(id), email: email) }

    @Test("The same address without case is the same person")
    func matches() {
        let match = AutoMatch(
            [user(1, "Kai.Brandt@MSP.example"), user(2, "ren@msp.example")],
            [member(7, "kai.brandt@msp.example "), member(8, "somebody@msp.example"), member(9, nil)], taken: [])
        #expect(match.matched.map { $0.user } == [1])
        #expect(match.matched.map { $0.member.id } == ["7"])
        #expect(match.unmatched == [2])
        #expect(match.ambiguous.isEmpty)
    }

    @Test("Two members, two users, or a mapped member: no match")
    func ambiguous() {
        let shared = AutoMatch([user(1, "desk@x")], [member(1, "desk@x"), member(2, "DESK@x")], taken: [])
        #expect(shared.matched.isEmpty)
        #expect(shared.ambiguous == [1])
        let twins = AutoMatch([user(1, "desk@x"), user(2, "Desk@x")], [member(1, "desk@x")], taken: [])
        #expect(twins.matched.isEmpty)
        #expect(twins.ambiguous == [1, 2])
        let taken = AutoMatch([user(1, "desk@x")], [member(1, "desk@x")], taken: ["1"])
        #expect(taken.matched.isEmpty)
        #expect(taken.ambiguous == [1])
    }

    @Test("An empty address matches no one")
    func empty() {
        #expect(AutoMatch([user(1, "")], [member(1, "")], taken: []).unmatched == [1])
    }
}
