import API
import ConnectWise
import Foundation
import Testing

@testable import Ticketing

@Suite("Which callbacks are kept")
struct CallbackPlanTests {
    private static let address = CallbackAddress(publicURL: "https://patchbay.example", hookKey: "k1")

    private func entry(
        _ id: Int, _ url: String = address.url, type: String = "ticket", level: String = "Owner", inactive: Bool = false
    ) throws -> CallbackEntry {
        let json =
            #"{"id":\#(id),"url":"\#(url)","type":"\#(type)","level":"\#(level)","inactiveFlag":\#(inactive)}"#
        return try JSONDecoder().decode(CallbackEntry.self, from: Data(json.utf8))
    }

    private func plan(_ entries: CallbackEntry...) -> CallbackPlan { CallbackPlan(entries, for: Self.address) }

    @Test("None: one is made")
    func none() {
        #expect(plan().step == .create)
    }

    @Test("Ours is there: nothing; switched off: switched on again")
    func present() throws {
        #expect(plan(try entry(1)) == plan(try entry(1)))
        #expect(plan(try entry(1)).step == .nothing)
        #expect(plan(try entry(1, inactive: true)).step == .reactivate(1))
    }

    @Test("Of several of ours an active one stays, and the others go")
    func duplicates() throws {
        let plan = plan(try entry(1, inactive: true), try entry(2), try entry(3))
        #expect(plan.step == .nothing)
        #expect(plan.surplus == [1, 3])
    }

    @Test("One of a former address of this server is replaced")
    func moved() throws {
        let plan = plan(try entry(7, "https://old.example/hooks/cw/tickets?c=k1&recordId="))
        #expect(plan.step == .create)
        #expect(plan.surplus == [7])
    }

    @Test("Those of others stay, even when their key begins like ours")
    func others() throws {
        let plan = plan(
            try entry(8, "https://patchbay.example/hooks/cw/tickets?c=k12&recordId="),
            try entry(9, "https://other.example/hook?id="))
        #expect(plan.step == .create)
        #expect(plan.surplus.isEmpty)
    }
}
