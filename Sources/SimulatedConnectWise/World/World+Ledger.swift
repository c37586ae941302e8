import SimulatedWorld
import SimulatorStage

extension World {
    /// The usual statuses of each board.
    static let statuses: [(name: String, closed: Bool, noTime: Bool, escalation: String)] = [
        ("New", false, false, "NotResponded"), ("Assigned", false, false, "Responded"),
        ("In Progress", false, false, "Responded"), ("Waiting on Client", false, false, "Responded"),
        ("Scheduled", false, false, "ResolutionPlan"), ("Re-opened", false, false, "NotResponded"),
        ("Resolved", true, false, "Resolved"), ("Closed", true, true, "Resolved"),
    ]

    /// The ConnectWise side of the world, as it is at `now`.
    func ledger(apiMember: String, now: Instant) -> Ledger {
        var random = SeededRandom(seed: seed)
        var ledger = Ledger()
        ledger.apiMember = apiMember
        // Everything that is not a ticket is two years old.
        let founded = Stamp(Instant(seconds: now.seconds - 730 * 86_400), by: "jmoreau")
        addBoards(to: &ledger, founded)
        addFurtherStatuses(to: &ledger, founded)
        addPeople(to: &ledger, apiMember, founded)
        addCatalog(to: &ledger, founded)
        addCustomers(to: &ledger, founded, &random)
        addTickets(to: &ledger, now, &random)
        addConfigurations(to: &ledger, founded)
        addCrowds(to: &ledger, founded)
        return ledger
    }

    private func addBoards(to ledger: inout Ledger, _ stamp: Stamp) {
        for (id, name, sort) in [
            (1, "Priority 1 - Critical", 1), (2, "Priority 2 - High", 2), (3, "Priority 3 - Medium", 3),
            (4, "Priority 4 - Low", 4),
        ] {
            _ = ledger.priorities.add { _ in Priority(id: id, name: name, sort: sort) }
        }
        for name in Self.boards {
            let board = ledger.boards.add { Board(id: $0, name: name, department: "Services", stamp: stamp) }
            for (place, status) in Self.statuses.enumerated() {
                let added = ledger.statuses.add { id in
                    var added = BoardStatus(
                        id: id, boardID: board.id, name: status.name, sortOrder: place, stamp: stamp)
                    added.closed = status.closed
                    added.timeEntryNotAllowed = status.noTime
                    added.isDefault = place == 0
                    added.escalation = status.escalation
                    return added
                }
                ledger.statusesByBoard[board.id, default: []].append(added.id)
            }
        }
    }

    private func addPeople(to ledger: inout Ledger, _ apiMember: String, _ stamp: Stamp) {
        var members = Self.staff.map { person in
            Member(
                id: 0, identifier: person.identifier, firstName: person.firstName, lastName: person.lastName,
                email: person.email, title: person.title, stamp: stamp)
        }
        var api = Member(
            id: 0, identifier: apiMember, firstName: "Patchbay", lastName: "", email: nil, title: "", stamp: stamp)
        api.isAPI = true
        members.append(api)
        for member in members {
            let added = ledger.members.add { id in
                var member = member
                member.id = id
                return member
            }
            ledger.memberByIdentifier[added.identifier.lowercased()] = added.id
        }
        for board in ledger.boards.ids {
            let all = ledger.members.all.filter { !$0.isAPI }.map(\.id)
            _ = ledger.teams.add { id in
                Team(
                    id: id, boardID: board, name: "\(Self.boards[board - 1]) team", memberIDs: all,
                    leaderID: all[(board - 1) % all.count], stamp: stamp)
            }
        }
    }

    private func addCustomers(to ledger: inout Ledger, _ stamp: Stamp, _ random: inout SeededRandom) {
        for (place, customer) in Self.customers.enumerated() {
            let domain = "\(customer.identifier.lowercased()).example"
            let company = ledger.companies.add { id in
                Company(
                    id: id, identifier: customer.identifier, name: customer.name, city: customer.city,
                    state: customer.state, zip: "\(10_000 + place * 317)", street: "\(100 + place * 7) Main Street",
                    phone: "555010\(1000 + place)", website: "www.\(domain)", stamp: stamp)
            }
            for number in 0..<Int.random(in: 2...5, using: &random) {
                let first = random.pick(Self.firstNames, or: "Grace")
                let last = random.pick(Self.lastNames, or: "Dunn")
                let contact = ledger.contacts.add { id in
                    var contact = Contact(
                        id: id, firstName: first, lastName: last, companyID: company.id,
                        email: "\(first).\(last)@\(domain)".lowercased(), phone: "555012\(1000 + id)",
                        title: number == 0 ? "Office manager" : "Staff", stamp: stamp)
                    contact.isDefault = number == 0
                    return contact
                }
                if number == 0 { _ = ledger.companies.update(company.id) { $0.contactID = contact.id } }
            }
        }
    }

    private func addTickets(to ledger: inout Ledger, _ now: Instant, _ random: inout SeededRandom) {
        let contactsByCompany = Dictionary(grouping: ledger.contacts.all, by: \.companyID).mapValues { $0.map(\.id) }
        let engineers = Self.staff.compactMap { ledger.member($0.identifier) }
        guard let dispatcher = engineers.dropFirst().first else { return }
        // Spread over sixty days, oldest first, the last one two hours ago.
        let span = 60 * 86_400
        for number in 0..<tickets {
            let at = Instant(seconds: now.seconds - 2 * 3600 - span + span / max(1, tickets) * number)
            let board = random.pick(ledger.boards.ids, or: 1)
            let company = random.pick(ledger.companies.ids, or: 201)
            let open = Int.random(in: 0..<10, using: &random) < 7
            let statuses = ledger.statusesByBoard[board] ?? []
            let ticket = TicketRecord(
                id: 0, summary: random.pick(Phrases.summaries[board - 1], or: "Help"), boardID: board,
                statusID: open
                    ? random.pick(Array(statuses.prefix(5)), or: 1)
                    : random.pick(Array(statuses.dropFirst(6).prefix(2)), or: 1),
                companyID: company, contactID: random.pick(contactsByCompany[company] ?? [], or: 301),
                priorityID: random.pick([1, 2, 3, 3, 3, 4], or: 3), stamp: Stamp(at, by: dispatcher.identifier))
            let id = ledger.enter(ticket, by: Hand(name: dispatcher.identifier, at: at), quietly: true)
            if hasHistory { addHistory(to: id, at, open: open, engineers, &ledger, &random) }
        }
    }

    private func addHistory(
        to id: Int, _ entered: Instant, open: Bool, _ engineers: [Member], _ ledger: inout Ledger,
        _ random: inout SeededRandom
    ) {
        guard let ticket = ledger.tickets[id], let engineer = engineers.dropFirst(2).randomElement(using: &random)
        else {
            return
        }
        var at = entered
        func hand(_ name: String) -> Hand { Hand(name: name, at: at) }
        var first = NoteRecord(
            id: 0, ticketID: id, text: random.pick(Phrases.fromCustomers, or: ""), stamp: ticket.stamp)
        first.discussion = true
        first.contactID = ticket.contactID
        _ = ledger.add(note: first, by: hand("EmailConnector"), quietly: true)
        at.seconds += Int.random(in: 60...900, using: &random)
        if open {
            _ = ledger.assign(
                ScheduleRecord(
                    id: 0, objectID: id, memberID: engineer.id, name: ticket.summary, start: at, stamp: ticket.stamp),
                by: hand("dokafor"), quietly: true)
        }
        ledger.edit(id, by: hand("dokafor"), quietly: true) { $0.ownerID = engineer.id }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            at.seconds += Int.random(in: 60...900, using: &random)
            var note = NoteRecord(id: 0, ticketID: id, text: "", memberID: engineer.id, stamp: ticket.stamp)
            note.internalAnalysis = Bool.random(using: &random)
            note.discussion = !note.internalAnalysis
            note.text = random.pick(note.internalAnalysis ? Phrases.internalNotes : Phrases.fromEngineers, or: "")
            _ = ledger.add(note: note, by: hand(engineer.identifier), quietly: true)
        }
        guard Bool.random(using: &random) else { return }
        var entry = TimeRecord(
            id: 0, chargeToID: id, chargeToType: "ServiceTicket", companyID: ticket.companyID, memberID: engineer.id,
            start: at, hours: 0.5, notes: random.pick(Phrases.timeTexts, or: ""), stamp: ticket.stamp)
        at.seconds += 1800
        entry.end = at
        entry.discussion = true
        _ = ledger.add(time: entry, by: hand(engineer.identifier), quietly: true)
    }
}
