import SimulatorStage

/// Time entries, schedule entries and callbacks as the API writes them.
extension Ledger {
    private static let playedByTime: Set<String> = [
        "id", "company", "chargeToId", "chargeToType", "member", "timeStart", "timeEnd", "actualHours",
        "billableOption",
        "notes", "internalNotes", "addToDetailDescriptionFlag", "addToInternalAnalysisFlag", "addToResolutionFlag",
        "enteredBy", "dateEntered", "status", "ticket",
    ]

    mutating func post(time body: PlayedJSON, by hand: Hand) throws(Refusal) -> Int {
        let draft = try Draft(post: body, Models.time)
        var (entry, ticket, author) = try begin(time: draft, by: hand)
        let location = try location(draft, ticket)
        let role = try workRole(draft, ticket, author, at: location)
        let type = try workType(draft)
        if draft["billableOption"] == nil, let type { entry.billable = type.billTime }
        place(&entry, location, role, type)
        return add(time: entry, by: hand)
    }

    /// An entry with all that does not depend on where and as what the work was done.
    func begin(
        time draft: Draft<TimeRecord>, by hand: Hand
    ) throws(Refusal) -> (TimeRecord, TicketRecord?, Member) {
        guard let start = try draft.instant("timeStart") else { throw .missing("timeStart", resource: "timeEntry") }
        guard let author = try activeMember(draft["member"], resource: "timeEntry") ?? member(apiMember) else {
            throw .missing("member", resource: "timeEntry")
        }
        var onTicket: TicketRecord?
        let chargeTo = draft["chargeToId"]?.int
        let type = draft.string("chargeToType") ?? (chargeTo == nil ? "Company" : "ServiceTicket")
        var entry = TimeRecord(
            id: 0, chargeToID: chargeTo, chargeToType: type, companyID: nil, memberID: author.id, start: start,
            hours: 0,
            stamp: Stamp(hand.at, by: hand.name))
        if type == "ServiceTicket" || type == "ProjectTicket" {
            guard let chargeTo, let ticket = tickets[chargeTo] else {
                throw .notFound("Ticket \(chargeTo ?? 0)", resource: "timeEntry", field: "chargeToId")
            }
            guard (type == "ServiceTicket") == (ticket.recordType == "ServiceTicket") else {
                throw .notFound("\(type) \(chargeTo)", resource: "timeEntry", field: "chargeToId")
            }
            onTicket = ticket
            if statuses[ticket.statusID]?.timeEntryNotAllowed == true {
                throw .invalidField(
                    "chargeToId", "Time entry is not allowed on the current status of this ticket.",
                    resource: "timeEntry")
            }
            entry.companyID = ticket.companyID
        } else {
            entry.companyID = try company(draft["company"], resource: "timeEntry")?.id
        }
        try apply(draft, to: &entry)
        return (entry, onTicket, author)
    }

    mutating func patch(time id: Int, _ body: PlayedJSON, by hand: Hand) throws(Refusal) {
        guard var entry = time[id] else { throw .noRecord(kind: "TimeEntry", id: String(id)) }
        try apply(try Draft(patch: body, Models.time), to: &entry)
        entry.stamp.touch(hand.at, by: hand.name)
        let changed = entry
        _ = time.update(id) { $0 = changed }
        if let ticket = entry.chargeToID { edit(ticket, by: hand) { _ in } }
    }

    private func apply(_ draft: Draft<TimeRecord>, to entry: inout TimeRecord) throws(Refusal) {
        entry.start = try draft.instant("timeStart") ?? entry.start
        entry.end = try draft.instant("timeEnd") ?? entry.end
        if let end = entry.end {
            guard end >= entry.start else {
                throw .invalidField("timeEnd", "The end time must be after the start time.", resource: "timeEntry")
            }
            // Hours are derived when start and end exist; what was sent for them is ignored.
            entry.hours = Double(end.seconds - entry.start.seconds) / 3600
        } else if let hours = draft["actualHours"]?.double {
            entry.hours = hours
            // Without an end the real system answers midnight UTC of that day.
            entry.start.seconds -= entry.start.seconds % 86_400
        }
        entry.notes = draft.string("notes") ?? entry.notes
        entry.internalNotes = draft.string("internalNotes") ?? entry.internalNotes
        entry.billable = draft.string("billableOption") ?? entry.billable
        entry.discussion = draft.flag("addToDetailDescriptionFlag") ?? entry.discussion
        entry.internalAnalysis = draft.flag("addToInternalAnalysisFlag") ?? entry.internalAnalysis
        entry.resolution = draft.flag("addToResolutionFlag") ?? entry.resolution
        for (name, value) in draft.extras(keeping: Self.playedByTime) {
            entry.extras[name] = value == .null ? nil : value
        }
    }

    /// `POST /schedule/entries`: type `S` (id 4) assigns; type 1 looks for an activity, which nobody has here.
    mutating func post(schedule body: PlayedJSON, by hand: Hand) throws(Refusal) -> Int {
        let draft = try Draft(post: body, Models.schedule)
        guard let type = draft["type"] else { throw .missing("type", resource: "schedule") }
        let objectID = draft["objectId"]?.int ?? 0
        guard type["id"]?.int == 4 || type["identifier"]?.string == "S" else {
            throw .notFound("Activity \(objectID)", resource: "schedule", field: "objectId")
        }
        guard let ticket = tickets[objectID] else {
            throw .notFound("Ticket \(objectID)", resource: "schedule", field: "objectId")
        }
        guard let assignee = try member(draft["member"], resource: "schedule") ?? member(apiMember) else {
            throw .missing("member", resource: "schedule")
        }
        let entry = ScheduleRecord(
            id: 0, objectID: objectID, memberID: assignee.id, name: draft.string("name") ?? ticket.summary,
            start: try draft.instant("dateStart"), end: try draft.instant("dateEnd"),
            done: draft.flag("doneFlag") ?? false,
            extras: draft.extras(keeping: [
                "id", "objectId", "name", "member", "dateStart", "dateEnd", "type", "status", "doneFlag",
            ]),
            stamp: Stamp(hand.at, by: hand.name))
        return assign(entry, by: hand) ?? 0
    }

    mutating func patch(schedule id: Int, _ body: PlayedJSON, by hand: Hand) throws(Refusal) {
        guard let entry = schedule[id] else { throw .noRecord(kind: "ScheduleEntry", id: String(id)) }
        let draft = try Draft(patch: body, Models.schedule)
        let done = draft.flag("doneFlag") ?? entry.done
        _ = schedule.update(id) { entry in
            entry.done = done
            entry.stamp.touch(hand.at, by: hand.name)
        }
        edit(entry.objectID, by: hand) { _ in }
    }

    mutating func delete(schedule id: Int, by hand: Hand) throws(Refusal) {
        guard let entry = schedule[id] else { throw .noRecord(kind: "ScheduleEntry", id: String(id)) }
        unassign(entry.memberID, from: entry.objectID, by: hand)
    }

    // MARK: Callbacks

    private static let ticketLevels = ["owner", "board", "project", "phase", "status", "ticket", "integratortag"]

    mutating func post(callback body: PlayedJSON, connectWiseID: String, by hand: Hand) throws(Refusal) -> Int {
        let draft = try Draft(post: body, Models.callback)
        for name in ["url", "objectId", "type", "level"] where draft[name] == nil {
            throw .missing(name, resource: "callbackEntry")
        }
        let entry = CallbackRecord(
            id: 0, url: draft.string("url") ?? "", objectID: draft["objectId"]?.int ?? 0,
            type: draft.string("type") ?? "", level: draft.string("level") ?? "",
            description: draft.string("description"), payloadVersion: draft.string("payloadVersion") ?? "3.0.0",
            inactive: draft.flag("inactiveFlag") ?? false, selfSuppressed: draft.flag("isSelfSuppressedFlag") ?? false,
            memberID: member(apiMember)?.id ?? 0, connectWiseID: connectWiseID, stamp: Stamp(hand.at, by: hand.name))
        let checked = try checked(entry)
        return callbacks.add { id in
            var entry = checked
            entry.id = id
            return entry
        }.id
    }

    mutating func put(callback id: Int, _ body: PlayedJSON, by hand: Hand) throws(Refusal) {
        try change(callback: id, try Draft(post: body, Models.callback), by: hand)
    }

    mutating func patch(callback id: Int, _ body: PlayedJSON, by hand: Hand) throws(Refusal) {
        try change(callback: id, try Draft(patch: body, Models.callback), by: hand)
    }

    private mutating func change(callback id: Int, _ draft: Draft<CallbackRecord>, by hand: Hand) throws(Refusal) {
        guard var entry = callbacks[id] else { throw .noRecord(kind: "CallbackEntry", id: String(id)) }
        entry.url = draft.string("url") ?? entry.url
        entry.objectID = draft["objectId"]?.int ?? entry.objectID
        entry.type = draft.string("type") ?? entry.type
        entry.level = draft.string("level") ?? entry.level
        entry.description = draft.string("description") ?? entry.description
        entry.inactive = draft.flag("inactiveFlag") ?? entry.inactive
        entry.selfSuppressed = draft.flag("isSelfSuppressedFlag") ?? entry.selfSuppressed
        entry.stamp.touch(hand.at, by: hand.name)
        let changed = try checked(entry)
        _ = callbacks.update(id) { $0 = changed }
    }

    private func checked(_ entry: CallbackRecord) throws(Refusal) -> CallbackRecord {
        var entry = entry
        var faults: [Refusal.Fault] = []
        if !entry.url.hasPrefix("https://"), !entry.url.hasPrefix("http://") {
            faults.append(.init(code: "InvalidField", message: "Invalid URL", field: "url"))
        }
        let types = [
            "ticket", "time", "company", "contact", "configuration", "schedule", "member", "activity", "agreement",
            "invoice", "expense", "opportunity", "productcatalog", "project", "purchaseorder", "site",
        ]
        if !types.contains(entry.type.lowercased()) {
            faults.append(.init(code: "InvalidObject", message: "Unrecognized type", field: "type"))
        }
        let level = entry.level.lowercased()
        if entry.type.lowercased() == "ticket" ? !Self.ticketLevels.contains(level) : level.isEmpty {
            faults.append(
                .init(
                    code: "InvalidObject",
                    message: "Unrecognized level for type, see documentation for supported levels for each type",
                    field: "level"))
        }
        guard faults.isEmpty else { throw .invalid(resource: "callbackEntry", faults) }
        // 0 is accepted for the owner level and stored as 1, as recorded.
        if level == "owner", entry.objectID == 0 { entry.objectID = 1 }
        let twin = callbacks.all.contains {
            $0.id != entry.id && $0.url == entry.url && $0.objectID == entry.objectID
                && $0.type.lowercased() == entry.type.lowercased() && $0.level.lowercased() == level
        }
        guard !twin else {
            throw .invalid(
                resource: "callbackEntry",
                [.init(code: "ObjectExists", message: "A matching callback entry already exists", field: "objectId")])
        }
        return entry
    }
}
