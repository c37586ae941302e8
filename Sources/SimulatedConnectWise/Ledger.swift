import SimulatorStage

/// Everything that the played ConnectWise knows, with the indexes that keep its much-used calls quick.
struct Ledger: Sendable {
    /// `https://host/v2025_1//apis/3.0`, with the double slash that real hrefs have.
    var hrefBase = ""
    /// The member whose keys the caller has; notes and time without `member` are theirs.
    var apiMember = ""

    /// Counts the changes.
    var revision = 0

    var boards = Table<Board>()
    var statuses = Table<BoardStatus>()
    var statusesByBoard: [Int: [Int]] = [:]
    var teams = Table<Team>()
    var members = Table<Member>(firstID: 101)
    var memberByIdentifier: [String: Int] = [:]
    var companies = Table<Company>(firstID: 201)
    var contacts = Table<Contact>(firstID: 301)
    var priorities = Table<Priority>()
    var tickets = Table<TicketRecord>(firstID: 10_001)
    var notes = Table<NoteRecord>(firstID: 50_001)
    var notesByTicket: [Int: [Int]] = [:]
    var time = Table<TimeRecord>(firstID: 70_001)
    var timeByTicket: [Int: [Int]] = [:]
    var schedule = Table<ScheduleRecord>(firstID: 90_001)
    var scheduleByTicket: [Int: [Int]] = [:]
    var callbacks = Table<CallbackRecord>(firstID: 401)
    var locations = Table<Location>(firstID: 11)
    var workRoles = Table<WorkRole>()
    var workTypes = Table<WorkType>()
    var configurations = Table<Configuration>(firstID: 601)
    /// Tickets that the control made: nobody else does anything to them.
    var directed: Set<Int> = []
    var switches = Switches()

    /// Changes of tickets that callbacks have still to tell.
    var news: [News] = []
    /// What callbacks did, newest last; bounded.
    var deliveries: [CallbackDelivery] = []
    var deliveryCount = 0

    struct News: Sendable {
        enum Action: String, Sendable {
            case added
            case updated
            case deleted
        }
        let ticketID: Int
        let action: Action
        let boardID: Int
        let statusID: Int
        let by: String
        /// The summarised record; nil when it is gone.
        let entity: PlayedJSON?
    }

    func member(_ identifier: String) -> Member? {
        memberByIdentifier[identifier.lowercased()].flatMap { members[$0] }
    }

    func defaultStatus(of boardID: Int) -> BoardStatus? {
        let all = (statusesByBoard[boardID] ?? []).compactMap { statuses[$0] }
        return all.first { $0.isDefault } ?? all.first
    }

    /// A status of that board by its name without case.
    func status(named name: String, of boardID: Int) -> BoardStatus? {
        (statusesByBoard[boardID] ?? []).compactMap { statuses[$0] }.first { $0.name.lowercased() == name.lowercased() }
    }
}

/// Whose hand changes something, and when.
struct Hand: Sendable {
    let name: String
    let at: Instant
}

// MARK: Changes of tickets; each is told to the callbacks

extension Ledger {
    mutating func enter(_ ticket: TicketRecord, by hand: Hand, quietly: Bool = false) -> Int {
        var ticket = ticket
        ticket.stamp = Stamp(hand.at, by: hand.name)
        let closed = statuses[ticket.statusID]?.closed ?? false
        ticket.closed = closed
        if closed { (ticket.closedAt, ticket.closedBy) = (hand.at, hand.name) }
        let id = tickets.add { id in
            var ticket = ticket
            ticket.id = id
            return ticket
        }.id
        if !quietly { tell(id, .added, by: hand) }
        return id
    }

    /// Changes a ticket; the status decides whether it is closed, and closing empties the resources and keeps the owner.
    mutating func edit(_ id: Int, by hand: Hand, quietly: Bool = false, _ change: (inout TicketRecord) -> Void) {
        guard var ticket = tickets[id] else { return }
        let wasClosed = ticket.closed
        change(&ticket)
        ticket.closed = statuses[ticket.statusID]?.closed ?? false
        if ticket.closed, !wasClosed {
            ticket.resources = []
            (ticket.closedAt, ticket.closedBy) = (hand.at, hand.name)
            for entry in scheduleByTicket[id] ?? [] { _ = schedule.update(entry) { $0.done = true } }
        } else if !ticket.closed {
            (ticket.closedAt, ticket.closedBy) = (nil, nil)
        }
        ticket.stamp.touch(hand.at, by: hand.name)
        let changed = ticket
        _ = tickets.update(id) { $0 = changed }
        if !quietly { tell(id, .updated, by: hand) }
    }

    mutating func remove(ticket id: Int, by hand: Hand) {
        guard let ticket = tickets[id] else { return }
        for note in notesByTicket.removeValue(forKey: id) ?? [] { notes.remove(note) }
        for entry in scheduleByTicket.removeValue(forKey: id) ?? [] { schedule.remove(entry) }
        tickets.remove(id)
        news.append(
            News(
                ticketID: id, action: .deleted, boardID: ticket.boardID, statusID: ticket.statusID, by: hand.name,
                entity: nil))
    }

    mutating func add(note: NoteRecord, by hand: Hand, quietly: Bool = false) -> Int {
        var note = note
        note.stamp = Stamp(hand.at, by: hand.name)
        let id = notes.add { id in
            var note = note
            note.id = id
            return note
        }.id
        notesByTicket[note.ticketID, default: []].append(id)
        let fromCustomer = note.contactID != nil && note.memberID == nil
        edit(note.ticketID, by: hand, quietly: quietly) { if fromCustomer { $0.customerUpdated = true } }
        return id
    }

    mutating func add(time entry: TimeRecord, by hand: Hand, quietly: Bool = false) -> Int {
        var entry = entry
        entry.stamp = Stamp(hand.at, by: hand.name)
        let id = time.add { id in
            var entry = entry
            entry.id = id
            return entry
        }.id
        if let ticket = entry.chargeToID {
            timeByTicket[ticket, default: []].append(id)
            edit(ticket, by: hand, quietly: quietly) { _ in }
        }
        return id
    }

    /// Assigns a member by a schedule entry, as the real system does; nil if the member is assigned already.
    mutating func assign(_ entry: ScheduleRecord, by hand: Hand, quietly: Bool = false) -> Int? {
        guard let member = members[entry.memberID], let ticket = tickets[entry.objectID] else { return nil }
        var entry = entry
        entry.stamp = Stamp(hand.at, by: hand.name)
        let id = schedule.add { id in
            var entry = entry
            entry.id = id
            return entry
        }.id
        scheduleByTicket[ticket.id, default: []].append(id)
        edit(ticket.id, by: hand, quietly: quietly) { ticket in
            if !ticket.resources.contains(member.identifier) { ticket.resources.append(member.identifier) }
        }
        return id
    }

    mutating func unassign(_ memberID: Int, from ticketID: Int, by hand: Hand) {
        guard let member = members[memberID] else { return }
        for id in scheduleByTicket[ticketID] ?? [] where schedule[id]?.memberID == memberID {
            schedule.remove(id)
            scheduleByTicket[ticketID]?.removeAll { $0 == id }
        }
        edit(ticketID, by: hand) { ticket in ticket.resources.removeAll { $0 == member.identifier } }
    }

    mutating func tell(_ id: Int, _ action: News.Action, by hand: Hand) {
        guard callbacks.count > 0, let ticket = tickets[id] else { return }
        news.append(
            News(
                ticketID: id, action: action, boardID: ticket.boardID, statusID: ticket.statusID, by: hand.name,
                entity: Models.ticket.json(ticket, self)))
    }
}
