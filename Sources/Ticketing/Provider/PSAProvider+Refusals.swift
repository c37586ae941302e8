import BoundaryText
import Foundation
import Outbound

/// What a ticketing system cannot do it refuses, so that one that lacks something fits without a change here.
extension PSAProvider {
    private func refusal(_ what: String) -> PSAError {
        .rejected("Patchbay cannot \(what) in this PSA", fields: [:])
    }

    /// See ``PSAProvider``.
    public func isKey(_ text: String) -> Bool { !text.isEmpty }
    /// See ``PSAProvider``.
    public func isNotePosition(_ text: String) -> Bool { !text.isEmpty }
    /// See ``PSAProvider``. Where calls are not counted, there is nothing to set aside.
    public func withCalls<Value: Sendable>(
        _ calls: Int, _ priority: CallPriority, _ body: () async throws -> Value
    ) async throws -> Value { try await body() }
    /// See ``PSAProvider``.
    public func ensureCall(patience: Duration) async throws(PSAError) {}
    /// See ``PSAProvider``.
    public func lookUp(_ id: Ticket.ID) async throws(PSAError) -> Ticket? { try await ticket(id) }
    /// See ``PSAProvider``.
    public func ticketToWrite(_ id: Ticket.ID) async throws(PSAError) -> Ticket? { try await lookUp(id) }
    /// See ``PSAProvider``.
    public func search(
        _ query: TicketQuery, limit: Int, after position: String?
    ) async throws(PSAError) -> ListPage<Ticket> { throw refusal("search tickets") }
    /// See ``PSAProvider``.
    public func notes(
        on ticket: Ticket.ID, limit: Int, after position: String?
    ) async throws(PSAError) -> ListPage<TicketNote> { throw refusal("list notes") }
    /// See ``PSAProvider``.
    public func configurations(of ticket: Ticket.ID) async throws(PSAError) -> [TicketConfiguration] {
        throw refusal("list configurations")
    }
    /// See ``PSAProvider``.
    public func statuses(of board: Board.ID) async throws(PSAError) -> [Board.Status] { throw refusal("list statuses") }
    /// See ``PSAProvider``.
    public func companies(after position: String?) async throws(PSAError) -> ListPage<Company> {
        throw refusal("list companies")
    }
    /// See ``PSAProvider``.
    public func workRoles() async throws(PSAError) -> [WorkRole] { throw refusal("list work roles") }
    /// See ``PSAProvider``.
    public func workRoles(validOn ticket: Ticket) async throws(PSAError) -> [WorkRole] {
        throw refusal("list work roles")
    }
    /// See ``PSAProvider``.
    public func workTypes() async throws(PSAError) -> [WorkType] { throw refusal("list work types") }
    /// See ``PSAProvider``.
    public func rights() async throws(PSAError) -> [RightCheck] { throw refusal("tell rights") }
    /// See ``PSAProvider``.
    public var longestNote: Int { 32_000 }
    /// See ``PSAProvider``.
    public func post(_ note: NoteDraft, on ticket: Ticket) async throws(PSAError) -> String {
        throw refusal("write notes")
    }
    /// See ``PSAProvider``.
    public func find(
        _ note: NoteDraft, on ticket: Ticket, since instant: Date
    ) async throws(PSAError) -> [String] { throw refusal("look for notes") }
    /// See ``PSAProvider``.
    public func log(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> String { throw refusal("log time") }
    /// See ``PSAProvider``.
    public func find(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> [String] {
        throw refusal("look for time")
    }
    /// See ``PSAProvider``.
    public func setStatus(_ status: Board.Status.ID, of ticket: Ticket) async throws(PSAError) -> Ticket {
        throw refusal("set statuses")
    }
}
