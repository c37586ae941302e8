import BoundaryText
import Foundation
import Outbound

extension ConnectWiseClient {
    /// The largest page that ConnectWise gives.
    public static let largestPage = 1_000

    /// Proves that the keys work, with the least call that needs them.
    ///
    /// - Throws: ``ConnectWiseError/authentication(message:)`` also for 404, with which cloud answers wrong keys.
    public func testCredentials() async throws(ConnectWiseError) {
        // A company that is not known here is another fault than keys that are not.
        _ = try await apiBase()
        do {
            _ = try await send(Call(path: "system/members", query: [("fields", "id"), ("pageSize", "1")]))
        } catch .notFound(let message, isRecord: _) {
            throw .authentication(message: message)
        }
    }

    /// A call that is made only to learn whether it would be allowed.
    public enum Probe: Sendable, Equatable {
        /// Reads one record of a list.
        case inquire(String)
        /// Adds a record that lacks everything, which cannot become one.
        case add(String)
        /// Changes the record 0, which never exists.
        case edit(String)
        /// Deletes the record 0, which never exists.
        case delete(String)
    }

    /// Whether the security role allows something; nothing is changed.
    /// - Throws: what says neither yes nor no.
    public func allows(_ probe: Probe) async throws(ConnectWiseError) -> Bool {
        let call =
            switch probe {
            case .inquire(let path): Call(path: path, query: [("fields", "id"), ("pageSize", "1")])
            case .add(let path): Call(method: .post, path: path, body: Data("{}".utf8))
            case .edit(let path): Call(method: .patch, path: path + "/0", body: Data("[]".utf8))
            case .delete(let path): Call(method: .delete, path: path + "/0")
            }
        do {
            _ = try await send(call)
            return true
        } catch .permission {
            return false
        } catch .rejected, .notFound(_, isRecord: true) {
            // Rights are looked at first: it would have been allowed.
            return true
        }
    }

    /// One ticket, without unused members.
    public func ticket(
        _ id: Int, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> Ticket {
        try decode(
            try await send(
                Call(path: "service/tickets/\(id)", query: [("fields", Ticket.fields)], priority: priority)))
    }

    /// Several tickets in one call for each hundred; those that do not exist are missing.
    public func tickets(
        _ ids: [Int], priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [Ticket] {
        try await each(100, of: ids) { ids throws(ConnectWiseError) in
            try await tickets(matching: .any(of: ids, "id"), pageSize: 100, priority: priority).all()
        }
    }

    /// Tickets that match, in the order given (`lastUpdated asc`), otherwise by ID and safe against concurrent changes.
    public func tickets(
        matching conditions: Conditions, orderBy: StaticString? = nil, pageSize: Int = largestPage,
        priority: CallPriority = .background
    ) -> Pages<Ticket> {
        list("service/tickets", conditions, fields: Ticket.fields, orderBy: orderBy, pageSize: pageSize, priority)
    }

    /// How many tickets match.
    public func ticketCount(
        matching conditions: Conditions, priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> Int {
        struct Answer: Decodable {
            let count: Int
        }
        let call = Call(path: "service/tickets/count", query: [("conditions", conditions.text)], priority: priority)
        let answer: Answer = try decode(try await send(call))
        return answer.count
    }

    /// A ticket's notes with an id above the given one, oldest first. Texts of time entries are not among them.
    public func notes(
        ofTicket ticket: Int, after id: Int = 0, priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [Note] {
        try await list(
            "service/tickets/\(ticket)/notes", .compare("id", .greater, id), fields: Note.fields, orderBy: "id asc",
            priority
        ).all()
    }

    /// The tickets' time entries with an id above the given one, oldest first.
    public func timeEntries(
        ofTickets tickets: [Int], after id: Int = 0, priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [TimeEntry] {
        try await each(100, of: tickets) { tickets throws(ConnectWiseError) in
            try await list(
                "time/entries",
                Self.chargedToTickets && .any(of: tickets, "chargeToId") && .compare("id", .greater, id),
                fields: TimeEntry.fields, orderBy: "id asc", priority
            ).all()
        }
    }

    /// A ticket's newest notes, newest first.
    /// - Parameter before: only those with a smaller id.
    public func newestNotes(
        ofTicket ticket: Int, before id: Int? = nil, limit: Int, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> [Note] {
        try await list(
            "service/tickets/\(ticket)/notes", id.map { .compare("id", .less, $0) }, fields: Note.fields,
            orderBy: "id desc", pageSize: limit, priority
        ).page().records
    }

    /// A ticket's newest time entries, newest first.
    /// - Parameter before: only those with a smaller id.
    public func newestTimeEntries(
        ofTicket ticket: Int, before id: Int? = nil, limit: Int, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> [TimeEntry] {
        var conditions = Self.chargedToTickets && .compare("chargeToId", .equal, ticket)
        if let id { conditions = conditions && .compare("id", .less, id) }
        return try await list(
            "time/entries", conditions, fields: TimeEntry.fields, orderBy: "id desc", pageSize: limit, priority
        ).page().records
    }

    private static var chargedToTickets: Conditions {
        .equal("chargeToType", "ServiceTicket") || .equal("chargeToType", "ProjectTicket")
    }

    /// The things that a ticket is about, such as a customer's computers.
    public func configurations(
        ofTicket ticket: Int, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> [ConfigurationReference] {
        try await list("service/tickets/\(ticket)/configurations", nil, priority).all()
    }

    /// All work roles.
    public func workRoles(priority: CallPriority = .interactive) async throws(ConnectWiseError) -> [WorkRole] {
        try await list("time/workRoles", nil, priority).all()
    }

    /// All work types.
    public func workTypes(priority: CallPriority = .interactive) async throws(ConnectWiseError) -> [WorkType] {
        try await list("time/workTypes", nil, priority).all()
    }

    /// The work roles that are enabled at a location.
    public func workRoles(
        atLocation location: Int, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> [LocationWorkRole] {
        // Its records have no id of their own to page by.
        try await list("system/locations/\(location)/workRoles", orderBy: "workRole/id asc", priority).all()
    }

    /// All companies that are not deleted.
    public func companies(priority: CallPriority = .background) -> Pages<Company> {
        list("company/companies", .flag("deletedFlag", is: false), fields: Company.fields, priority)
    }

    /// All boards.
    public func boards(priority: CallPriority = .background) async throws(ConnectWiseError) -> [Board] {
        try await list("service/boards", fields: "id,name,inactiveFlag,projectFlag", priority).all()
    }

    /// All statuses of a board.
    public func statuses(
        ofBoard board: Int, priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [BoardStatus] {
        try await list("service/boards/\(board)/statuses", nil, priority).all()
    }

    /// The member with this login name; nil when there is none.
    public func member(
        _ identifier: String, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> Member? {
        try await members(matching: .equal("identifier", identifier), priority: priority).all().first
    }

    /// Members by login name, one call for each fifty; those that do not exist are missing.
    public func members(
        _ identifiers: [String], priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [Member] {
        try await each(50, of: identifiers) { identifiers throws(ConnectWiseError) in
            try await members(matching: .any(of: identifiers, "identifier"), priority: priority).all()
        }
    }

    /// Members, page by page; nil means all.
    public func members(matching conditions: Conditions? = nil, priority: CallPriority = .background) -> Pages<Member> {
        list("system/members", conditions, fields: Member.fields, priority)
    }

    func list<Element: Record>(
        _ path: String, _ conditions: Conditions? = nil, fields: String? = nil, orderBy: StaticString? = nil,
        pageSize: Int = largestPage, _ priority: CallPriority
    ) -> Pages<Element> {
        var query: [(name: String, value: String)] = []
        if let conditions { query.append(("conditions", conditions.text)) }
        if let fields { query.append(("fields", fields)) }
        if let orderBy { query.append(("orderBy", "\(orderBy)")) }
        return Pages(
            client: self, call: Call(path: path, query: query, priority: priority),
            mode: orderBy == nil ? .forwardOnly : .navigable, pageSize: min(max(1, pageSize), Self.largestPage))
    }

    /// Keeps URLs below the 2,000 characters that ConnectWise advises.
    private func each<Key, Element>(
        _ size: Int, of keys: [Key], _ fetch: ([Key]) async throws(ConnectWiseError) -> [Element]
    ) async throws(ConnectWiseError) -> [Element] {
        var found: [Element] = []
        for start in stride(from: 0, to: keys.count, by: size) {
            found += try await fetch(Array(keys[start..<min(start + size, keys.count)]))
        }
        return found
    }
}
