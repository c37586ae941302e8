import BoundaryText
import Foundation
import Outbound

/// What Patchbay needs of a ticketing system. ConnectWise is the first; Autotask has to fit without a change here.
public protocol PSAProvider: Sendable {
    /// Asks for something that needs the credentials.
    func test() async throws(PSAError)
    /// A ticket as it is now; nil when it is certain that there is none.
    func ticket(_ id: Ticket.ID) async throws(PSAError) -> Ticket?
    /// What was written on a ticket after a look before; nil for all of it.
    func activity(of ticket: Ticket.ID, after cursor: String?) async throws(PSAError) -> TicketActivity
    /// Members by their identifiers, compared without case; those that do not exist are missing in the answer.
    func members(_ identifiers: [String]) async throws(PSAError) -> [Member]
    /// How many open tickets there are on these boards; on all of them when none is named.
    func openTicketCount(on boards: [Board.ID]) async throws(PSAError) -> Int
    /// A page of these open tickets, in an order that holds while tickets come and go.
    func openTickets(on boards: [Board.ID], after position: String?) async throws(PSAError) -> ListPage<Ticket>
    /// A page of the tickets that changed at this instant or later, by the ticketing system's clock.
    func tickets(changedSince instant: Date, after position: String?) async throws(PSAError) -> ListPage<Ticket>
    /// A page of all members.
    func members(after position: String?) async throws(PSAError) -> ListPage<Member>
    /// How far before the last seen change to look again: how much the system's filters and clock can be off.
    var changeOverlap: Duration { get }
    /// Sees to it that this address, and it alone of those with our key, is called on each change of a ticket.
    func keepCallback(_ callback: CallbackAddress) async throws(PSAError) -> CallbackUpkeep
    /// Whether a text can be the key of one of the system's records, written in the only way that we take.
    func isKey(_ text: String) -> Bool
    /// Whether a text can be where a page of notes ended.
    func isNotePosition(_ text: String) -> Bool
    /// Where a person opens a ticket in a browser.
    func link(to ticket: Ticket.ID) -> String

    // MARK: Calls

    /// Does work with so many calls set aside for it, or throws ``PSAError/rateLimited(_:)`` before it begins.
    /// - Parameter priority: whom all its calls serve.
    func withCalls<Value: Sendable>(
        _ calls: Int, _ priority: CallPriority, _ body: () async throws -> Value
    ) async throws -> Value
    /// Within ``withCalls(_:_:_:)``: waits for one more call, where all that were set aside are used.
    func ensureCall(patience: Duration) async throws(PSAError)

    // MARK: For people

    /// All boards without their statuses.
    func boardNames() async throws(PSAError) -> [Board]
    /// The same as ``ticket(_:)``, for a waiting user.
    func lookUp(_ id: Ticket.ID) async throws(PSAError) -> Ticket?
    /// A page of the tickets that match, newest first, with at most so many.
    func search(_ query: TicketQuery, limit: Int, after position: String?) async throws(PSAError) -> ListPage<Ticket>
    /// A page of what was written on a ticket and of the time logged on it, newest first.
    func notes(on ticket: Ticket.ID, limit: Int, after position: String?) async throws(PSAError) -> ListPage<TicketNote>
    /// The things that a ticket is about.
    func configurations(of ticket: Ticket.ID) async throws(PSAError) -> [TicketConfiguration]
    /// A board's statuses.
    func statuses(of board: Board.ID) async throws(PSAError) -> [Board.Status]
    /// A page of all companies.
    func companies(after position: String?) async throws(PSAError) -> ListPage<Company>
    /// All work roles.
    func workRoles() async throws(PSAError) -> [WorkRole]
    /// The work roles with which time can be logged on a ticket.
    func workRoles(validOn ticket: Ticket) async throws(PSAError) -> [WorkRole]
    /// All kinds of work.
    func workTypes() async throws(PSAError) -> [WorkType]
    /// Looks which rights the credentials have, without changing anything.
    func rights() async throws(PSAError) -> [RightCheck]

    // MARK: Writing

    /// The same as ``ticket(_:)`` for what is about to be written; with one call for many that are wanted at once.
    func ticketToWrite(_ id: Ticket.ID) async throws(PSAError) -> Ticket?
    /// The most characters that a note may have.
    var longestNote: Int { get }
    /// Writes a note.
    /// - Returns: its id.
    func post(_ note: NoteDraft, on ticket: Ticket) async throws(PSAError) -> String
    /// The ids of notes that are as this one and were written after an instant, oldest first.
    func find(_ note: NoteDraft, on ticket: Ticket, since instant: Date) async throws(PSAError) -> [String]
    /// Logs time.
    /// - Returns: the entry's id.
    func log(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> String
    /// The ids of time entries that are as this one, oldest first.
    func find(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> [String]
    /// Moves a ticket to a status.
    /// - Returns: the ticket as it is then; it may not have moved.
    func setStatus(_ status: Board.Status.ID, of ticket: Ticket) async throws(PSAError) -> Ticket
}

/// One page of a list of the ticketing system.
public struct ListPage<Item: Sendable>: Sendable {
    /// What is on the page.
    public let items: [Item]
    /// Where the next page starts; nil after the last. Only the provider knows what it means.
    public let next: String?

    /// Describes a page.
    public init(_ items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}

/// Where the ticketing system sends its callbacks.
public struct CallbackAddress: Sendable, Equatable {
    /// The whole address, up to where the ticket's number is appended.
    public let url: String
    /// The part that distinguishes our registrations from others': the path with the connection's key.
    public let marker: String

    /// The address of a connection's hooks on a server.
    public init(publicURL: String, hookKey: String) {
        marker = "/hooks/cw/tickets?c=\(hookKey)"
        url = "\(publicURL)\(marker)&recordId="
    }
}

/// What had to be done so that the ticketing system sends callbacks.
public struct CallbackUpkeep: Sendable, Equatable {
    /// There was no registration.
    public var created = false
    /// It had been switched off, as ConnectWise does after three days of failures.
    public var reactivated = false
    /// How many old ones of ours were removed.
    public var removed = 0

    /// Nothing had to be done.
    public init() {}
}

/// Why the ticketing system did not do what it was asked.
public enum PSAError: Error, Sendable, Equatable {
    /// It does not know the credentials.
    case authentication(String)
    /// The credentials lack a right.
    case permission(String)
    /// What was asked for is not there.
    case notFound(String)
    /// Too many calls; how long to wait.
    case rateLimited(Duration)
    /// Our own limits keep us from calling; how long to wait.
    case held(String, Duration)
    /// It failed.
    case server(String)
    /// It did not answer in time; whether it may have done what was asked.
    case timeOut(maybeDone: Bool)
    /// It could not be reached or hung up; whether it may have done what was asked.
    case connection(String, maybeDone: Bool)
    /// Its certificate is not trusted.
    case certificate(String)
    /// It does not accept the request, with its reasons field by field.
    case rejected(String, fields: [String: String])
    /// Its host may not be called.
    case notAllowed(String)
    /// It cannot be called with what is stored of it; the text says what to do.
    case unusable(String)
    /// It answered what cannot be understood.
    case undecodable(String)
}

extension PSAError {
    /// Whether what was asked may have been done all the same.
    public var maybeDone: Bool {
        switch self {
        case .timeOut(let maybeDone), .connection(_, let maybeDone): maybeDone
        case .server, .undecodable: true
        case .authentication, .permission, .notFound, .rateLimited, .held, .certificate, .rejected, .notAllowed,
            .unusable:
            false
        }
    }
}

extension PSAError: CustomStringConvertible {
    /// What a person can do about it.
    public var description: String {
        switch self {
        case .authentication(let why): "ConnectWise rejected the API keys. Replace them to resume. (\(why))"
        case .permission(let why): "The API member lacks a right in ConnectWise: \(why)"
        case .notFound(let what): "Not found in ConnectWise: \(what)"
        case .rateLimited(let wait):
            "Too many calls to ConnectWise. The next one is allowed in \(wait.components.seconds) s"
        case .held(let why, _): why
        case .server(let why): "ConnectWise failed: \(why)"
        case .timeOut: "ConnectWise did not respond in time"
        case .connection(let why, _): "ConnectWise cannot be reached: \(why)"
        case .certificate(let why): "The certificate of ConnectWise is not trusted: \(why)"
        case .rejected(let why, _): "ConnectWise rejected it: \(why)"
        case .notAllowed(let why): "The host of ConnectWise is not allowed: \(why)"
        case .unusable(let why): why
        case .undecodable(let why): "Unexpected response from ConnectWise: \(why)"
        }
    }
}
