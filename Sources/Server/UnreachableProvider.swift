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
    func link(to ticket: Ticket.ID) -> String { "" }
    func verify(body: Data, signature: String, keyURL: String) async -> CallbackVerdict { .forged("no such site") }
}
