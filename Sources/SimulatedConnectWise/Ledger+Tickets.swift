import SimulatorStage

/// Tickets and notes as the API writes them.
extension Ledger {
    private static let playedByTickets: Set<String> = [
        "id", "summary", "recordType", "board", "status", "company", "contact", "contactName", "contactPhoneNumber",
        "contactEmailAddress", "owner", "priority", "customerUpdatedFlag", "closedDate", "closedBy", "closedFlag",
        "resources", "hasChildTicket", "location",
    ]

    /// `POST /service/tickets`: summary and company are required, board, status and priority have defaults.
    mutating func post(ticket body: PlayedJSON, by hand: Hand) throws(Refusal) -> Int {
        let draft = try Draft(post: body, Models.ticket)
        guard let summary = draft.string("summary"), !summary.isEmpty else {
            throw .missing("summary", resource: "ticket")
        }
        guard let company = try company(draft["company"], resource: "ticket") else {
            throw .missing("company", resource: "ticket")
        }
        guard let board = try board(draft["board"], resource: "ticket") ?? boards.all.first(where: { !$0.inactive }),
            let status = try status(draft["status"], of: board, resource: "ticket") ?? defaultStatus(of: board.id)
        else { throw .missing("board", resource: "ticket") }
        var ticket = TicketRecord(
            id: 0, summary: summary, boardID: board.id, statusID: status.id, companyID: company.id,
            contactID: try contact(draft["contact"], resource: "ticket")?.id,
            ownerID: try member(draft["owner"], field: "owner", resource: "ticket")?.id,
            priorityID: try priority(draft["priority"], resource: "ticket")?.id ?? defaultPriority,
            extras: draft.extras(keeping: Self.playedByTickets), stamp: Stamp(hand.at, by: hand.name))
        ticket.customerUpdated = draft.flag("customerUpdatedFlag") ?? false
        let silent = draft.flag("skipCallback") ?? false
        let id = enter(ticket, by: hand, quietly: silent)
        let author = member(apiMember)?.id
        for (name, discussion, resolution) in [
            ("initialDescription", true, false), ("initialInternalAnalysis", false, false),
            ("initialResolution", false, true),
        ] {
            guard let text = draft.string(name), !text.isEmpty else { continue }
            var note = NoteRecord(id: 0, ticketID: id, text: text, stamp: Stamp(hand.at, by: hand.name))
            note.discussion = discussion
            note.resolution = resolution
            note.internalAnalysis = !discussion && !resolution
            note.contactID = discussion ? ticket.contactID : nil
            note.memberID = note.contactID == nil ? author : nil
            // The ticket's own event covers its first notes.
            _ = add(note: note, by: hand, quietly: true)
        }
        return id
    }

    var defaultPriority: Int { priorities.ids.dropFirst(2).first ?? priorities.ids.first ?? 0 }

    /// `PATCH /service/tickets/{id}`: nothing is changed unless all operations are valid.
    mutating func patch(ticket id: Int, _ body: PlayedJSON, by hand: Hand) throws(Refusal) {
        guard let old = tickets[id] else { throw .noRecord(kind: "Ticket", id: String(id)) }
        let draft = try Draft(patch: body, Models.ticket)
        guard !draft.values.isEmpty else { return }
        if switches.ignoresStatusPatches, draft.values.allSatisfy({ $0.name == "status" }) { return }
        guard let oldBoard = boards[old.boardID] else { throw .noRecord(kind: "Board", id: String(old.boardID)) }
        var ticket = old
        let board = try board(draft["board"], resource: "ticket") ?? oldBoard
        ticket.boardID = board.id
        if let status = try status(draft["status"], of: board, resource: "ticket") {
            ticket.statusID = status.id
        } else if board.id != old.boardID, let status = defaultStatus(of: board.id) {
            ticket.statusID = status.id
        }
        for (name, value) in draft.values {
            switch name {
            case "summary":
                guard let text = value.string, !text.isEmpty else { throw .missing("summary", resource: "ticket") }
                ticket.summary = text
            case "company":
                guard let company = try company(value, resource: "ticket") else {
                    throw .missing("company", resource: "ticket")
                }
                ticket.companyID = company.id
            case "contact": ticket.contactID = try contact(value, resource: "ticket")?.id
            case "owner": ticket.ownerID = try member(value, field: "owner", resource: "ticket")?.id
            case "priority": ticket.priorityID = try priority(value, resource: "ticket")?.id ?? defaultPriority
            case "customerUpdatedFlag": ticket.customerUpdated = value.bool ?? false
            default: break
            }
        }
        for (name, value) in draft.extras(keeping: Self.playedByTickets) {
            ticket.extras[name] = value == .null ? nil : value
        }
        let changed = ticket
        if old.closed || statuses[ticket.statusID]?.closed == true, switches.deniedRights.contains(Rights.close) {
            throw .forbidden
        }
        edit(id, by: hand, quietly: draft.flag("skipCallback") ?? false) { $0 = changed }
    }

    /// `POST /service/tickets/{id}/notes`: without `member` or `contact` the API member is the author.
    mutating func post(note body: PlayedJSON, to ticketID: Int, by hand: Hand) throws(Refusal) -> Int {
        guard tickets[ticketID] != nil else { throw .noRecord(kind: "Ticket", id: String(ticketID)) }
        let draft = try Draft(post: body, Models.note)
        var note = NoteRecord(id: 0, ticketID: ticketID, text: "", stamp: Stamp(hand.at, by: hand.name))
        try apply(draft, to: &note)
        if note.memberID == nil, note.contactID == nil { note.memberID = member(apiMember)?.id }
        return add(note: note, by: hand)
    }

    mutating func patch(note id: Int, of ticketID: Int, _ body: PlayedJSON, by hand: Hand) throws(Refusal) {
        guard var note = notes[id], note.ticketID == ticketID else {
            throw .noRecord(kind: "ServiceNote", id: String(id))
        }
        try apply(try Draft(patch: body, Models.note), to: &note)
        note.stamp.touch(hand.at, by: hand.name)
        let changed = note
        _ = notes.update(id) { $0 = changed }
        edit(ticketID, by: hand) { _ in }
    }

    mutating func delete(note id: Int, of ticketID: Int, by hand: Hand) throws(Refusal) {
        guard let note = notes[id], note.ticketID == ticketID else {
            throw .noRecord(kind: "ServiceNote", id: String(id))
        }
        notes.remove(id)
        notesByTicket[ticketID]?.removeAll { $0 == note.id }
        edit(ticketID, by: hand) { _ in }
    }

    /// Nobody writes in the name of somebody who has left.
    func activeMember(_ reference: PlayedJSON?, resource: String) throws(Refusal) -> Member? {
        let found = try member(reference, resource: resource)
        if let found, found.inactive {
            throw .notFound("member \(found.identifier)", resource: resource, field: "member")
        }
        return found
    }

    private func apply(_ draft: Draft<NoteRecord>, to note: inout NoteRecord) throws(Refusal) {
        note.text = draft.string("text") ?? note.text
        if switches.collapsesNewlines { note.text = note.text.replacing("\n", with: " ") }
        note.notifies = draft.flag("processNotifications") ?? note.notifies
        note.discussion = draft.flag("detailDescriptionFlag") ?? note.discussion
        note.internalAnalysis = draft.flag("internalAnalysisFlag") ?? note.internalAnalysis
        note.resolution = draft.flag("resolutionFlag") ?? note.resolution
        note.memberID = try activeMember(draft["member"], resource: "serviceNote")?.id ?? note.memberID
        note.contactID = try contact(draft["contact"], resource: "serviceNote")?.id ?? note.contactID
        if let flag = draft["issueFlag"] { note.extras["issueFlag"] = flag }
    }
}
