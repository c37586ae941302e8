import BoundaryText
import Foundation

/// Stands in for a ticketing system that cannot be called with what is stored of it, such as credentials that no secret
/// opens, and reports that whenever it is used. So callers have one way to learn of it.
public struct UnusableProvider: PSAProvider, CallbackVerifier {
    private let refusal: PSAError
    private let original: (any PSAProvider)?

    /// - Parameter original: knows what can be known without calling; nil when not even that is clear.
    public init(_ refusal: PSAError, inPlaceOf original: (any PSAProvider)? = nil) {
        self.refusal = refusal
        self.original = original
    }

    public func link(to ticket: Ticket.ID) -> String { original?.link(to: ticket) ?? "" }
    public func isKey(_ text: String) -> Bool { original?.isKey(text) ?? !text.isEmpty }
    public func isNotePosition(_ text: String) -> Bool { original?.isNotePosition(text) ?? !text.isEmpty }
    public var changeOverlap: Duration { original?.changeOverlap ?? .zero }
    public var longestNote: Int { original?.longestNote ?? 0 }

    /// Not forged, as far as anybody can tell: the ticketing system is to send it again.
    public func verify(body: Data, signature: String, keyURL: String, isAddressed: Bool) async -> CallbackVerdict {
        // In few words: the caller may be a stranger.
        .unknown("the connection cannot be used")
    }

    public func test() async throws(PSAError) { throw refusal }
    public func ticket(_ id: Ticket.ID) async throws(PSAError) -> Ticket? { throw refusal }
    public func lookUp(_ id: Ticket.ID) async throws(PSAError) -> Ticket? { throw refusal }
    public func activity(of ticket: Ticket.ID, after cursor: String?) async throws(PSAError) -> TicketActivity {
        throw refusal
    }
    public func members(_ identifiers: [String]) async throws(PSAError) -> [Member] { throw refusal }
    public func members(after position: String?) async throws(PSAError) -> ListPage<Member> { throw refusal }
    public func boards() async throws(PSAError) -> [Board] { throw refusal }
    public func boardNames() async throws(PSAError) -> [Board] { throw refusal }
    public func statuses(of board: Board.ID) async throws(PSAError) -> [Board.Status] { throw refusal }
    public func openTicketCount(on boards: [Board.ID]) async throws(PSAError) -> Int { throw refusal }
    public func openTickets(on boards: [Board.ID], after position: String?) async throws(PSAError) -> ListPage<Ticket> {
        throw refusal
    }
    public func tickets(
        changedSince instant: Date, after position: String?
    ) async throws(PSAError) -> ListPage<Ticket> { throw refusal }
    public func keepCallback(_ callback: CallbackAddress) async throws(PSAError) -> CallbackUpkeep { throw refusal }
    public func search(
        _ query: TicketQuery, limit: Int, after position: String?
    ) async throws(PSAError) -> ListPage<Ticket> { throw refusal }
    public func notes(
        on ticket: Ticket.ID, limit: Int, after position: String?
    ) async throws(PSAError) -> ListPage<TicketNote> { throw refusal }
    public func configurations(of ticket: Ticket.ID) async throws(PSAError) -> [TicketConfiguration] { throw refusal }
    public func companies(after position: String?) async throws(PSAError) -> ListPage<Company> { throw refusal }
    public func workRoles() async throws(PSAError) -> [WorkRole] { throw refusal }
    public func workRoles(validOn ticket: Ticket) async throws(PSAError) -> [WorkRole] { throw refusal }
    public func workTypes() async throws(PSAError) -> [WorkType] { throw refusal }
    public func rights() async throws(PSAError) -> [RightCheck] { throw refusal }
    public func post(_ note: NoteDraft, on ticket: Ticket) async throws(PSAError) -> String { throw refusal }
    public func find(_ note: NoteDraft, on ticket: Ticket, since instant: Date) async throws(PSAError) -> [String] {
        throw refusal
    }
    public func log(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> String { throw refusal }
    public func find(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> [String] { throw refusal }
    public func setStatus(_ status: Board.Status.ID, of ticket: Ticket) async throws(PSAError) -> Ticket {
        throw refusal
    }
}
