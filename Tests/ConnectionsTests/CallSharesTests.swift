import Outbound
import Testing

@testable import Connections

@Suite("Shares of the calls")
struct CallSharesTests {
    private let shares = CallShares(limit: 100)

    @Test("A fifth is for people, no matter how much others used", arguments: [CallPriority.writing, .background])
    func people(priority: CallPriority) {
        func room(_ priority: CallPriority, _ writing: Int, _ background: Int, _ people: Int) -> Int {
            shares.room(
                for: priority, used: [.writing: writing, .background: background, .interactive: people],
                writesWait: false)
        }
        #expect(room(.interactive, 50, 30, 0) == 20)
        #expect(room(priority, 50, 30, 0) == 0)
        // What people used of their own takes nothing from others.
        #expect(room(priority, 50, 29, 20) == 1)
        #expect(room(priority, 50, 20, 30) == 0)
    }

    @Test("A tenth is kept free for a write that comes")
    func single() {
        #expect(shares.room(for: .background, used: [.background: 70], writesWait: false) == 0)
        #expect(shares.room(for: .writing, used: [.background: 70], writesWait: false) == 10)
        #expect(shares.room(for: .background, used: [.background: 60, .writing: 10], writesWait: false) == 10)
    }

    @Test("Writes get three fifths at most, and reads one while writes wait")
    func both() {
        #expect(shares.room(for: .background, used: [.background: 20], writesWait: true) == 0)
        #expect(shares.room(for: .background, used: [.background: 5, .writing: 60], writesWait: true) == 15)
        #expect(shares.room(for: .writing, used: [.writing: 60], writesWait: true) == 0)
    }

    @Test("However small the limit, it is never exceeded, and someone gets a call", arguments: 1...30)
    func small(limit: Int) {
        let shares = CallShares(limit: limit)
        for priority in CallPriority.allCases {
            #expect(shares.most(for: priority) >= 1)
            #expect(shares.room(for: priority, used: [:], writesWait: true) >= 1)
            #expect(shares.room(for: priority, used: [:], writesWait: false) <= limit)
        }
    }
}
