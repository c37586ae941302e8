import Foundation
import Outbound

extension ConnectWiseClient {
    /// The largest page that ConnectWise gives.
    public static let largestPage = 1_000

    /// Proves that the keys work, with the least call that needs them.
    ///
    /// - Throws: ``ConnectWiseError/authentication(message:)`` also for 404, with which cloud answers wrong keys.
    public func testCredentials() async throws(ConnectWiseError) {
        do {
            _ = try await send(Call(path: "system/members", query: [("fields", "id"), ("pageSize", "1")]))
        } catch .notFound(let message, isRecord: _) {
            throw .authentication(message: message)
        }
    }

    /// One ticket, without the members that nobody reads.
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

    /// Tickets that match, in the order given (`lastUpdated asc`), else by id and safe against changes meanwhile.
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
            let onTickets = Conditions.equal("chargeToType", "ServiceTicket") || .equal("chargeToType", "ProjectTicket")
            return try await list(
                "time/entries", onTickets && .any(of: tickets, "chargeToId") && .compare("id", .greater, id),
                fields: TimeEntry.fields, orderBy: "id asc", priority
            ).all()
        }
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

    /// One company.
    public func company(_ id: Int, priority: CallPriority = .background) async throws(ConnectWiseError) -> Company {
        try decode(
            try await send(
                Call(path: "company/companies/\(id)", query: [("fields", Company.fields)], priority: priority)))
    }

    /// Several companies, one call for each hundred; those that do not exist are missing.
    public func companies(
        _ ids: [Int], priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [Company] {
        try await each(100, of: ids) { ids throws(ConnectWiseError) in
            try await list("company/companies", .any(of: ids, "id"), fields: Company.fields, priority).all()
        }
    }

    /// One contact.
    public func contact(_ id: Int, priority: CallPriority = .background) async throws(ConnectWiseError) -> Contact {
        try decode(
            try await send(
                Call(path: "company/contacts/\(id)", query: [("fields", Contact.fields)], priority: priority)))
    }

    /// Several contacts, one call for each hundred; those that do not exist are missing.
    public func contacts(
        _ ids: [Int], priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [Contact] {
        try await each(100, of: ids) { ids throws(ConnectWiseError) in
            try await list("company/contacts", .any(of: ids, "id"), fields: Contact.fields, priority).all()
        }
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
