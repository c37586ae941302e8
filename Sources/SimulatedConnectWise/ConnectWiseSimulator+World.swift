import Foundation
import SimulatorStage

/// A note of a ticket, with what was sent with it.
public struct NoteState: Sendable, Equatable {
    /// Its number.
    public let id: Int
    /// As it is kept.
    public let text: String
    /// Seen by the customer.
    public let discussion: Bool
    /// Seen by members.
    public let internalAnalysis: Bool
    /// The resolution.
    public let resolution: Bool
    /// Whether ConnectWise was to send its e-mails.
    public let notifies: Bool
    /// Identifier of the member who wrote it; nil for a contact, or somebody who is gone.
    public let author: String?
}

/// A time entry of a ticket.
public struct TimeState: Sendable, Equatable {
    /// Its number.
    public let id: Int
    /// How long.
    public let minutes: Int
    /// Identifier of the member.
    public let member: String
    /// What was done.
    public let notes: String?
    /// As what.
    public let workRole: String?
    /// What kind of work.
    public let workType: String?
    /// Whether it is charged.
    public let billable: String
    /// `ServiceTicket` or `ProjectTicket`.
    public let chargedAs: String
}

/// What a test or the demo may look at of a ticket.
public struct TicketState: Sendable, Equatable {
    /// Ticket number.
    public let id: Int
    /// The one line that says what it is about.
    public let summary: String
    /// Board name.
    public let board: String
    /// Status name.
    public let status: String
    /// Company name.
    public let company: String
    /// Contact's name.
    public let contact: String?
    /// Identifier of the owner.
    public let owner: String?
    /// Identifiers of the members assigned.
    public let resources: [String]
    /// Whether the status closes it.
    public let closed: Bool
    /// Last change, in whole seconds.
    public let lastUpdated: Date
    /// Identifier of whoever changed it last.
    public let updatedBy: String
    /// Texts of its notes, oldest first.
    public let notes: [String]
    /// Its notes with all that was sent with them, oldest first.
    public let noteRecords: [NoteState]
    /// Its time entries, oldest first.
    public let timeRecords: [TimeState]
}

/// A change of the world that cannot be made, with the reason.
public struct NotInThisWorld: Error, CustomStringConvertible {
    /// What is missing.
    public let description: String
    init(_ description: String) { self.description = description }
}

/// Whose hand it is that changes the world.
public enum Author: Sendable, Equatable {
    /// A member, by identifier.
    case member(String)
    /// A contact of the ticket's company, by id; the change arrives through the e-mail connector.
    case contact(Int)
    /// The contact of the ticket.
    case customer
}

/// Where a note stands on the ticket.
public enum NoteKind: String, Sendable, CaseIterable {
    /// Seen by the customer.
    case discussion
    /// Seen by members only.
    case `internal`
    /// The resolution.
    case resolution
}

extension ConnectWiseSimulator {
    /// Numbers of all tickets, ascending.
    public var ticketIDs: [Int] { ledger.read { $0.tickets.ids } }

    /// A ticket as it is now; nil if there is none.
    public func ticket(_ id: Int) -> TicketState? { ledger.read { $0.state(of: id) } }

    /// Enters a ticket and returns its number. Absent parts are the first of their kind; `text` becomes the first note.
    @discardableResult
    public func createTicket(
        _ summary: String, board: String? = nil, company: String? = nil, contact: Int? = nil, owner: String? = nil,
        text: String? = nil, recordType: String = "ServiceTicket", as author: Author = .member("dokafor")
    ) throws -> Int {
        let at = moment
        return try change { ledger throws(NotInThisWorld) in
            let board = try ledger.board(named: board)
            guard let status = ledger.defaultStatus(of: board) else { throw NotInThisWorld("board without statuses") }
            let companyID = try ledger.company(named: company)
            let owner = try owner.map { name throws(NotInThisWorld) in try ledger.member(known: name).id }
            var ticket = TicketRecord(
                id: 0, summary: String(summary.prefix(100)), boardID: board, statusID: status.id, companyID: companyID,
                contactID: contact ?? ledger.companies[companyID]?.contactID, ownerID: owner,
                priorityID: ledger.defaultPriority, stamp: Stamp(at, by: ""))
            ticket.recordType = recordType
            let hand = try ledger.hand(author, at)
            let id = ledger.enter(ticket, by: hand, quietly: true)
            if let text { _ = try ledger.addNote(text, to: id, kind: .discussion, as: author, at, quietly: true) }
            ledger.tell(id, .added, by: hand)
            return id
        }
    }

    /// Adds a note and returns its id.
    /// - Parameter ago: how many seconds ago it was written.
    @discardableResult
    public func addNote(
        _ text: String, to ticket: Int, kind: NoteKind = .discussion, as author: Author, ago: Int = 0
    ) throws -> Int {
        let at = Instant(seconds: moment.seconds - ago)
        return try change { ledger throws(NotInThisWorld) in
            try ledger.addNote(text, to: ticket, kind: kind, as: author, at, quietly: false)
        }
    }

    /// Adds a time entry of a member that ends now and returns its id.
    @discardableResult
    public func addTime(_ text: String, hours: Double = 0.5, to ticket: Int, as member: String) throws -> Int {
        let at = moment
        return try change { ledger throws(NotInThisWorld) in
            let record = try ledger.ticket(known: ticket)
            let author = try ledger.member(known: member)
            var entry = TimeRecord(
                id: 0, chargeToID: ticket, chargeToType: "ServiceTicket", companyID: record.companyID,
                memberID: author.id, start: Instant(seconds: at.seconds - Int(hours * 3600)), end: at, hours: hours,
                notes: text, stamp: Stamp(at, by: author.identifier))
            entry.discussion = true
            return ledger.add(time: entry, by: Hand(name: author.identifier, at: at))
        }
    }

    /// Assigns a member to a ticket.
    public func assign(_ member: String, to ticket: Int, as author: Author = .member("dokafor")) throws {
        let at = moment
        try change { ledger throws(NotInThisWorld) in
            let record = try ledger.ticket(known: ticket)
            let assignee = try ledger.member(known: member)
            let hand = try ledger.hand(author, at)
            _ = ledger.assign(
                ScheduleRecord(
                    id: 0, objectID: ticket, memberID: assignee.id, name: record.summary, start: at,
                    stamp: Stamp(at, by: hand.name)),
                by: hand)
        }
    }

    /// Takes a member off a ticket.
    public func unassign(_ member: String, from ticket: Int, as author: Author = .member("dokafor")) throws {
        let at = moment
        try change { ledger throws(NotInThisWorld) in
            _ = try ledger.ticket(known: ticket)
            ledger.unassign(try ledger.member(known: member).id, from: ticket, by: try ledger.hand(author, at))
        }
    }

    /// Changes what is not nil: status (of the new board), board, owner, company, priority (1 to 4), summary.
    public func update(
        _ ticket: Int, status: String? = nil, board: String? = nil, owner: String? = nil, company: String? = nil,
        priority: Int? = nil, summary: String? = nil, as author: Author
    ) throws {
        let at = moment
        try change { ledger throws(NotInThisWorld) in
            var record = try ledger.ticket(known: ticket)
            if let board {
                record.boardID = try ledger.board(named: board)
                record.statusID = ledger.defaultStatus(of: record.boardID)?.id ?? record.statusID
            }
            if let status {
                guard let found = ledger.status(named: status, of: record.boardID) else {
                    throw NotInThisWorld("no status \(status) on that board")
                }
                record.statusID = found.id
            }
            if let owner { record.ownerID = try ledger.member(known: owner).id }
            if let company { record.companyID = try ledger.company(named: company) }
            record.priorityID = priority ?? record.priorityID
            record.summary = summary ?? record.summary
            let changed = record
            ledger.edit(ticket, by: try ledger.hand(author, at)) { $0 = changed }
        }
    }

    /// Removes a member; references to it lead nowhere from then on.
    public func remove(member identifier: String) throws {
        try change { ledger throws(NotInThisWorld) in
            let member = try ledger.member(known: identifier)
            ledger.memberByIdentifier[member.identifier.lowercased()] = nil
            ledger.members.remove(member.id)
        }
    }

    /// Lets a member leave, or come back.
    public func setInactive(_ isInactive: Bool, of identifier: String) throws {
        try change { ledger throws(NotInThisWorld) in
            let member = try ledger.member(known: identifier)
            _ = ledger.members.update(member.id) { $0.inactive = isInactive }
        }
    }

    /// Deletes a ticket with its notes and assignments.
    public func delete(_ ticket: Int, as author: Author = .member("dokafor")) throws {
        let at = moment
        try change { ledger throws(NotInThisWorld) in
            _ = try ledger.ticket(known: ticket)
            ledger.remove(ticket: ticket, by: try ledger.hand(author, at))
        }
    }

    /// What callbacks did, oldest first; bounded.
    public var callbackDeliveries: [CallbackDelivery] { ledger.read { $0.deliveries } }

    /// Waits until `count` callbacks that `matching` accepts have ended, and returns them; throws ``WaitedTooLong``.
    public func callbacks(
        _ count: Int = 1, within limit: Duration = .seconds(30),
        matching: @escaping @Sendable (CallbackDelivery) -> Bool = { _ in true }
    ) async throws -> [CallbackDelivery] {
        try await ledger.first("\(count) callbacks", within: limit) { ledger in
            let found = ledger.deliveries.filter(matching)
            return found.count >= count ? found : nil
        }
    }

    /// Waits until `condition` holds of a ticket, and returns it; throws ``WaitedTooLong``.
    public func ticket(
        _ id: Int, within limit: Duration = .seconds(30), until condition: @escaping @Sendable (TicketState) -> Bool
    ) async throws -> TicketState {
        try await ledger.first("ticket \(id) to change", within: limit) { ledger in
            ledger.state(of: id).flatMap { condition($0) ? $0 : nil }
        }
    }

    /// Removes a board, as if it had never been; its tickets stay where they were.
    public func remove(board name: String) throws {
        try change { ledger throws(NotInThisWorld) in ledger.boards.remove(try ledger.board(named: name)) }
    }

    /// Gives a member another e-mail address, or none.
    public func setEmail(_ email: String?, of identifier: String) throws {
        try change { ledger throws(NotInThisWorld) in
            let id = try ledger.member(known: identifier).id
            _ = ledger.members.update(id) { $0.email = email }
        }
    }

    /// A registered callback.
    public struct CallbackState: Sendable, Equatable {
        /// Number of the entry.
        public let id: Int
        /// Where it is sent.
        public let url: String
        /// Whether it was switched off.
        public let inactive: Bool
    }

    /// All registered callbacks.
    public var callbackStates: [CallbackState] {
        ledger.read { $0.callbacks.all.map { CallbackState(id: $0.id, url: $0.url, inactive: $0.inactive) } }
    }

    /// Switches all callbacks off, as after three days of failures.
    public func deactivateCallbacks() {
        change { ledger in
            for id in ledger.callbacks.ids { _ = ledger.callbacks.update(id) { $0.inactive = true } }
        }
    }

    /// Registers a callback by hand, even one that is there already.
    @discardableResult
    public func addCallback(_ url: String, inactive: Bool = false) -> Int {
        let moment = moment
        return change { ledger in
            let member = ledger.member(ledger.apiMember)?.id ?? 1
            return ledger.callbacks.add { id in
                CallbackRecord(
                    id: id, url: url, objectID: 1, type: "ticket", level: "owner", description: "By hand",
                    payloadVersion: "3.0.0", inactive: inactive, memberID: member, connectWiseID: "",
                    stamp: Stamp(moment, by: ledger.apiMember))
            }.id
        }
    }

    /// Removes all callbacks.
    public func removeCallbacks() {
        change { ledger in for id in ledger.callbacks.ids { ledger.callbacks.remove(id) } }
    }

    /// URLs of the registered callbacks that are active.
    public var callbackURLs: [String] { ledger.read { $0.callbacks.all.filter { !$0.inactive }.map(\.url) } }

    /// Waits until a callback is registered.
    public func callbackRegistered(within limit: Duration = .seconds(30)) async throws {
        _ = try await ledger.first("a callback to be registered", within: limit) { $0.callbacks.count > 0 ? true : nil }
    }

    private var moment: Instant { Instant(options.now()) }
}

extension Ledger {
    func state(of id: Int) -> TicketState? {
        guard let ticket = tickets[id] else { return nil }
        return TicketState(
            id: id, summary: ticket.summary, board: boards[ticket.boardID]?.name ?? "",
            status: statuses[ticket.statusID]?.name ?? "", company: companies[ticket.companyID]?.name ?? "",
            contact: ticket.contactID.flatMap { contacts[$0]?.name },
            owner: ticket.ownerID.flatMap { members[$0]?.identifier }, resources: ticket.resources,
            closed: ticket.closed, lastUpdated: ticket.stamp.updated.date, updatedBy: ticket.stamp.updatedBy,
            notes: (notesByTicket[id] ?? []).compactMap { notes[$0]?.text },
            noteRecords: (notesByTicket[id] ?? []).compactMap { notes[$0] }.map { note in
                NoteState(
                    id: note.id, text: note.text, discussion: note.discussion,
                    internalAnalysis: note.internalAnalysis, resolution: note.resolution, notifies: note.notifies,
                    author: note.memberID.flatMap { members[$0]?.identifier })
            },
            timeRecords: (timeByTicket[id] ?? []).compactMap { time[$0] }.map { entry in
                TimeState(
                    id: entry.id, minutes: Int(exactly: (entry.hours * 60).rounded()) ?? 0,
                    member: members[entry.memberID]?.identifier ?? "", notes: entry.notes,
                    workRole: entry.extras["workRole"]?["name"]?.string,
                    workType: entry.extras["workType"]?["name"]?.string, billable: entry.billable,
                    chargedAs: entry.chargeToType)
            })
    }

    func ticket(known id: Int) throws(NotInThisWorld) -> TicketRecord {
        guard let ticket = tickets[id] else { throw NotInThisWorld("no ticket \(id)") }
        return ticket
    }

    func member(known identifier: String) throws(NotInThisWorld) -> Member {
        guard let member = member(identifier) else { throw NotInThisWorld("no member \(identifier)") }
        return member
    }

    func board(named name: String?) throws(NotInThisWorld) -> Int {
        guard let name else { return boards.ids.first ?? 0 }
        guard
            let board = boards.all.first(where: { $0.name.lowercased() == name.lowercased() || String($0.id) == name })
        else { throw NotInThisWorld("no board \(name)") }
        return board.id
    }

    func company(named name: String?) throws(NotInThisWorld) -> Int {
        guard let name else { return companies.ids.first ?? 0 }
        let wanted = name.lowercased()
        guard
            let company = companies.all.first(where: {
                $0.name.lowercased() == wanted || $0.identifier.lowercased() == wanted || String($0.id) == name
            })
        else { throw NotInThisWorld("no company \(name)") }
        return company.id
    }

    func hand(_ author: Author, _ at: Instant) throws(NotInThisWorld) -> Hand {
        switch author {
        case .member(let identifier): Hand(name: try member(known: identifier).identifier, at: at)
        case .contact, .customer: Hand(name: "EmailConnector", at: at)
        }
    }

    mutating func addNote(
        _ text: String, to ticketID: Int, kind: NoteKind, as author: Author, _ at: Instant, quietly: Bool
    ) throws(NotInThisWorld) -> Int {
        let ticket = try ticket(known: ticketID)
        let hand = try hand(author, at)
        var note = NoteRecord(id: 0, ticketID: ticketID, text: text, stamp: Stamp(at, by: hand.name))
        switch kind {
        case .discussion: note.discussion = true
        case .internal: note.internalAnalysis = true
        case .resolution: note.resolution = true
        }
        switch author {
        case .member(let identifier): note.memberID = try member(known: identifier).id
        case .contact(let id):
            guard contacts[id] != nil else { throw NotInThisWorld("no contact \(id)") }
            note.contactID = id
        case .customer:
            guard let id = ticket.contactID else { throw NotInThisWorld("ticket \(ticketID) has no contact") }
            note.contactID = id
        }
        return add(note: note, by: hand, quietly: quietly)
    }
}
