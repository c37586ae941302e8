import API
import BoundaryText
import ConnectWise
import Foundation
import Outbound

/// What people look at and write.
extension ConnectWiseProvider {
    /// See ``PSAProvider``.
    public func search(
        _ query: TicketQuery, limit: Int, after position: String?
    ) async throws(PSAError) -> ListPage<Ticket> {
        // By ID, not by page: tickets that are added or removed between calls would shift the pages.
        let older = position.flatMap(Int.init).map { Conditions.compare("id", .less, $0) }
        let conditions = Self.conditions(query)
        let pages = client.tickets(
            matching: older.map { $0 && conditions } ?? conditions, orderBy: "id desc", pageSize: limit,
            priority: .interactive)
        let page = try await mapping { () throws(ConnectWiseError) in try await pages.page(after: nil) }
        // Check each again: `resources contains "tom"` also finds tommy's, and however the text is interpreted on its way,
        // users see only what they asked for and are allowed to see.
        return ListPage(
            page.records.map(Self.ticket).filter(query.admits),
            next: page.next == nil ? nil : page.records.last.map { String($0.id) })
    }

    static func conditions(_ query: TicketQuery) -> Conditions {
        var all: [Conditions] = []
        if query.isOpen { all.append(.flag("closedFlag", is: false)) }
        if let board = query.board.flatMap({ Int($0.rawValue) }) { all.append(.compare("board/id", .equal, board)) }
        if let status = query.status.flatMap({ Int($0.rawValue) }) { all.append(.compare("status/id", .equal, status)) }
        if let companies = query.companies {
            all.append(.any(of: companies.compactMap { Int($0.rawValue) }, "company/id"))
        }
        if let assignee = query.assignee {
            all.append(.equal("owner/identifier", assignee) || .contains("resources", assignee))
        }
        let inSummary = query.words.map { Conditions.contains("summary", $0) }
        if let first = inSummary.first {
            var found = inSummary.dropFirst().reduce(first, &&)
            if let number = query.number.flatMap({ Int32($0) }), number > 0 {
                found = .compare("id", .equal, Int(number)) || found
            }
            all.append(found)
        }
        // A query without any condition: every ticket has an id.
        guard let first = all.first else { return .compare("id", .greater, 0) }
        return all.dropFirst().reduce(first, &&)
    }

    /// See ``PSAProvider``. The position is the ID of the oldest note and of the oldest time entry read, since each list
    /// continues from its own position.
    public func notes(
        on ticket: Ticket.ID, limit: Int, after position: String?
    ) async throws(PSAError) -> ListPage<TicketNote> {
        let number = try Self.number(ticket)
        let seen = position.map { ActivityCursor($0) }
        func before(_ id: Int?) -> Int? { id.flatMap { $0 > 0 ? $0 : nil } }
        async let notes = mapping { () throws(ConnectWiseError) in
            try await client.newestNotes(ofTicket: number, before: before(seen?.note), limit: limit + 1)
        }
        async let times = mapping { () throws(ConnectWiseError) -> [ConnectWise.TimeEntry] in
            do throws(ConnectWiseError) {
                return try await client.newestTimeEntries(
                    ofTicket: number, before: before(seen?.timeEntry), limit: limit + 1)
            } catch .permission {
                // Reading time entries is a right of its own, which the check of rights names; the notes are there.
                return []
            }
        }
        let both: (notes: [ConnectWise.Note], times: [ConnectWise.TimeEntry])
        do {
            both = (try await notes, try await times)
        } catch let error as PSAError {
            throw error
        } catch {
            throw .connection("\(error)", maybeDone: false)
        }
        let all = (both.notes.map(Self.note) + both.times.map(Self.entry))
            .sorted { ($0.createdAt ?? .distantPast) > ($1.createdAt ?? .distantPast) }
        let shown = Array(all.prefix(limit))
        guard all.count > limit else { return ListPage(shown, next: nil) }
        func oldest(_ letter: String, _ before: Int?) -> Int {
            shown.compactMap { $0.id.dropping(prefix: letter).flatMap { Int($0) } }.min() ?? before ?? 0
        }
        return ListPage(
            shown, next: ActivityCursor(note: oldest("n", seen?.note), timeEntry: oldest("t", seen?.timeEntry)).text)
    }

    /// See ``PSAProvider``.
    public func configurations(of ticket: Ticket.ID) async throws(PSAError) -> [TicketConfiguration] {
        let number = try Self.number(ticket)
        return try await mapping { () throws(ConnectWiseError) in
            try await client.configurations(ofTicket: number).map { configuration in
                TicketConfiguration(
                    id: "\(configuration.id)",
                    name: configuration.deviceIdentifier ?? configuration.name ?? "Configuration \(configuration.id)")
            }
        }
    }

    /// See ``PSAProvider``.
    public func statuses(of board: Board.ID) async throws(PSAError) -> [Board.Status] {
        guard let number = Int(board.rawValue) else { throw .notFound("board \(board)") }
        return try await mapping { () throws(ConnectWiseError) in
            try await client.statuses(ofBoard: number, priority: .interactive).map(Self.status)
        }
    }

    /// See ``PSAProvider``.
    public func companies(after position: String?) async throws(PSAError) -> ListPage<Company> {
        let pages = client.companies(priority: .interactive)
        let page = try await mapping { () throws(ConnectWiseError) in try await pages.page(after: position) }
        return ListPage(
            page.records.map { company in
                Company(
                    id: .init("\(company.id)"), identifier: company.identifier ?? "",
                    name: company.name ?? company.identifier ?? "Company \(company.id)")
            }, next: page.next)
    }

    /// See ``PSAProvider``.
    public func workRoles() async throws(PSAError) -> [WorkRole] {
        try await mapping { () throws(ConnectWiseError) in
            try await client.workRoles().map { role in
                WorkRole(
                    id: .init("\(role.id)"), name: role.name ?? "Work role \(role.id)", isInactive: role.inactive)
            }
        }
    }

    /// See ``PSAProvider``. Which location counts only ConnectWise knows, so it is asked for what it would fill in.
    public func workRoles(validOn ticket: Ticket) async throws(PSAError) -> [WorkRole] {
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let entry = NewTimeEntry(
            ticketID: try Self.number(ticket.id), isProjectTicket: ticket.isProject, start: now - 60, end: now)
        return try await mapping { () throws(ConnectWiseError) in
            let defaults = try await client.timeEntryDefaults(entry)
            guard let location = defaults.location?.id ?? defaults.locationID else { return [] }
            return try await client.workRoles(atLocation: location).filter { !$0.inactive }.map { enabled in
                WorkRole(id: .init("\(enabled.workRole.id)"), name: enabled.workRole.name ?? "\(enabled.workRole.id)")
            }
        }
    }

    /// See ``PSAProvider``.
    public func workTypes() async throws(PSAError) -> [WorkType] {
        try await mapping { () throws(ConnectWiseError) in
            try await client.workTypes().map { type in
                WorkType(
                    id: .init("\(type.id)"), name: type.name ?? "Work type \(type.id)", isInactive: type.inactive)
            }
        }
    }

    // MARK: Writing

    /// See ``PSAProvider``. ConnectWise names no limit; a library in wide use was seen to need this much.
    public var longestNote: Int { 50_000 }

    /// See ``PSAProvider``.
    public func post(_ note: NoteDraft, on ticket: Ticket) async throws(PSAError) -> String {
        let (number, new) = (try Self.number(ticket.id), Self.new(note))
        return try await mapping { () throws(ConnectWiseError) in
            "\(try await client.createNote(new, onTicket: number).id)"
        }
    }

    static func new(_ note: NoteDraft) -> NewNote {
        NewNote(
            note.text, kind: note.type.kind, memberID: note.author.flatMap { Int($0.rawValue) },
            processNotifications: note.type.notifies)
    }

    /// See ``PSAProvider``.
    public func find(
        _ note: NoteDraft, on ticket: Ticket, since instant: Date
    ) async throws(PSAError) -> [String] {
        let number = try Self.number(ticket.id)
        let notes = try await mapping { () throws(ConnectWiseError) in
            try await client.newestNotes(ofTicket: number, limit: Self.lookedThrough)
        }
        // The answer that just came says how far its clock is from ours.
        let earliest = instant.addingTimeInterval(
            client.clockAhead.map { $0 - Self.clockJitter } ?? -Self.unknownClockError)
        return notes.filter { Self.is($0, note, since: earliest) }.map(\.id).sorted().map(String.init)
    }

    /// What was written since an attempt that may have succeeded is among the newest.
    private static let lookedThrough = 200
    /// Times are cut to seconds, and clocks of its servers may differ. What an answer takes makes its clock seem slower, which
    /// only lets more be looked at.
    private static let clockJitter: TimeInterval = 10
    /// For a server that does not say what time it is.
    private static let unknownClockError: TimeInterval = 300
    /// No server was seen to cut shorter texts than this.
    private static let shortestCut = 4_000

    /// - Parameter earliest: by ConnectWise's clock.
    static func `is`(_ note: ConnectWise.Note, _ draft: NoteDraft, since earliest: Date) -> Bool {
        guard isText(note.text, draft.text) else { return false }
        guard
            note.discussion == (draft.type == .description), note.resolution == (draft.type == .resolution),
            note.internalAnalysis == (draft.type == .internalAnalysis)
        else { return false }
        if let author = draft.author, let member = note.member, author.rawValue != "\(member.id)" { return false }
        guard let made = note.dateCreated ?? note.info?.dateEntered else { return true }
        return made >= earliest
    }

    /// Whether ConnectWise made the one of the other: it may turn line breaks into spaces, trims, and cuts what is long.
    private static func isText(_ present: String?, _ sent: String?) -> Bool {
        let (present, sent) = (plain(present ?? ""), plain(sent ?? ""))
        return present == sent || (present.unicodeScalars.count >= shortestCut && sent.utf8.hasPrefix(present))
    }

    private static func plain(_ text: String) -> String {
        text.words.joined(separator: " ")
    }

    /// See ``PSAProvider``.
    public func log(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> String {
        let entry = try Self.new(time, on: ticket)
        return try await mapping { () throws(ConnectWiseError) in "\(try await client.createTimeEntry(entry).id)" }
    }

    static func new(_ time: TimeDraft, on ticket: Ticket) throws(PSAError) -> NewTimeEntry {
        var entry = NewTimeEntry(
            ticketID: try number(ticket.id), isProjectTicket: ticket.isProject, start: time.start, end: time.end,
            notes: time.notes)
        entry.memberID = time.member.flatMap { Int($0.rawValue) }
        entry.workRoleID = time.workRole.flatMap { Int($0.rawValue) }
        entry.workTypeID = time.workType.flatMap { Int($0.rawValue) }
        entry.billableOption =
            switch time.billable {
            case .billable: "Billable"
            case .doNotBill: "DoNotBill"
            case .noCharge: "NoCharge"
            case .noDefault: "NoDefault"
            case nil: nil
            }
        return entry
    }

    /// See ``PSAProvider``.
    public func find(_ time: TimeDraft, on ticket: Ticket) async throws(PSAError) -> [String] {
        let number = try Self.number(ticket.id)
        let entries = try await mapping { () throws(ConnectWiseError) in
            try await client.newestTimeEntries(ofTicket: number, limit: Self.lookedThrough)
        }
        return entries.filter { entry in
            entry.timeStart == time.start && entry.timeEnd == time.end
                && Self.isText(entry.notes, time.notes)
                && (time.member == nil || entry.member.map { "\($0.id)" } == time.member?.rawValue)
        }.map(\.id).sorted().map(String.init)
    }

    /// See ``PSAProvider``.
    public func setStatus(_ status: Board.Status.ID, of ticket: Ticket) async throws(PSAError) -> Ticket {
        let number = try Self.number(ticket.id)
        guard let id = Int(status.rawValue) else { throw .notFound("status \(status)") }
        return try await mapping { () throws(ConnectWiseError) in
            Self.ticket(try await client.patchTicket(number, [.replace("status", with: .reference(id: id))]))
        }
    }
}

extension NoteType {
    fileprivate var kind: NewNote.Kind {
        switch self {
        case .internalAnalysis: .internalAnalysis
        case .resolution: .resolution
        case .description: .discussion
        }
    }
}
