import API
import Foundation
import Ticketing

/// A ticketing system that nobody calls: all that is asked of it fails.
package struct NobodyCalls: PSAProvider, CallbackVerifier {
    /// Makes one.
    package init() {}

    private var refusal: PSAError { .server("nobody calls this") }
    package func test() async throws(PSAError) { throw refusal }
    package func ticket(_ id: Ticket.ID) async throws(PSAError) -> Ticket? { throw refusal }
    package func activity(of ticket: Ticket.ID, after cursor: String?) async throws(PSAError) -> TicketActivity {
        throw refusal
    }
    package func members(_ identifiers: [String]) async throws(PSAError) -> [Member] { throw refusal }
    package func boardNames() async throws(PSAError) -> [Board] { throw refusal }
    package func openTicketCount(on boards: [Board.ID]) async throws(PSAError) -> Int { throw refusal }
    package func openTickets(on boards: [Board.ID], after position: String?) async throws(PSAError) -> ListPage<Ticket>
    {
        throw refusal
    }
    package func tickets(changedSince instant: Date, after position: String?) async throws(PSAError) -> ListPage<Ticket>
    {
        throw refusal
    }
    package func members(after position: String?) async throws(PSAError) -> ListPage<Member> { throw refusal }
    package var changeOverlap: Duration { .zero }
    package func keepCallback(_ callback: CallbackAddress) async throws(PSAError) -> CallbackUpkeep { throw refusal }
    package func link(to ticket: Ticket.ID) -> String { "https://psa.example/\(ticket)" }
    package func verify(body: Data, signature: String, keyURL: String, isAddressed: Bool) async -> CallbackVerdict {
        .genuine
    }
}
