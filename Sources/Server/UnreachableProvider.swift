import BoundaryText
import Foundation
import Ticketing

/// Stands in for a ticketing system whose stored site cannot be understood, and says so whenever it is used.
struct UnreachableProvider: PSAProvider, CallbackVerifier {
    let site: String

    private var refusal: PSAError { .notAllowed("\(site) is no host") }

    func test() async throws(PSAError) { throw refusal }
    func ticket(_ id: Ticket.ID) async throws(PSAError) -> Ticket? { throw refusal }
    func activity(of ticket: Ticket.ID, after cursor: String?) async throws(PSAError) -> TicketActivity {
        throw refusal
    }
    func members(_ identifiers: [String]) async throws(PSAError) -> [Member] { throw refusal }
    func boards() async throws(PSAError) -> [Board] { throw refusal }
    func openTicketCount(on boards: [Board.ID]) async throws(PSAError) -> Int { throw refusal }
    func openTickets(on boards: [Board.ID], after position: String?) async throws(PSAError) -> ListPage<Ticket> {
        throw refusal
    }
    func tickets(changedSince instant: Date, after position: String?) async throws(PSAError) -> ListPage<Ticket> {
        throw refusal
    }
    func members(after position: String?) async throws(PSAError) -> ListPage<Member> { throw refusal }
    func keepCallback(_ callback: CallbackAddress) async throws(PSAError) -> CallbackUpkeep { throw refusal }
    var changeOverlap: Duration { .zero }
    func link(to ticket: Ticket.ID) -> String { "" }
    func verify(body: Data, signature: String, keyURL: String) async -> CallbackVerdict { .forged("no such site") }
}
