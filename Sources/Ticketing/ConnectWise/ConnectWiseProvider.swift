import API
import BoundaryText
import ConnectWise
import Connections
import Foundation
import Outbound

/// ConnectWise PSA as a ``PSAProvider``.
public struct ConnectWiseProvider: PSAProvider {
    /// One ticket's time entries after one of them.
    private struct EntriesWanted: Hashable, Sendable {
        let ticket: Int
        let after: Int
    }

    // Below this many concurrent reads there is no batching; above it, batches save calls.
    private static let singleReads = 6

    let client: ConnectWiseClient
    private let tickets: CallBatcher<Int, ConnectWise.Ticket, PSAError>
    private let ticketsToWrite: CallBatcher<Int, ConnectWise.Ticket, PSAError>
    private let entries: CallBatcher<EntriesWanted, [ConnectWise.TimeEntry], PSAError>

    /// - Parameters:
    ///   - client: calls the company.
    ///   - budget: calls a minute that may be made.
    public init(client: ConnectWiseClient, budget: Int = .max) {
        self.client = client
        // At this rate the calls of single tickets, three each, would use the budget up within the minute.
        let burst = max(4, budget / 180)
        tickets = Self.tickets(client, .background, burst: burst)
        ticketsToWrite = Self.tickets(client, .writing, burst: burst)
        entries = CallBatcher(atOnce: Self.singleReads, burst: burst) { wanted in
            do throws(ConnectWiseError) {
                // Apart: one ticket that is looked at for the first time would make the call return the whole history
                // of all the others.
                let (first, later) = (wanted.filter { $0.after == 0 }, wanted.filter { $0.after > 0 })
                var found: [ConnectWise.TimeEntry] = []
                for group in [first, later] where !group.isEmpty {
                    let after = group.map(\.after).min() ?? 0
                    found += try await client.timeEntries(ofTickets: group.map(\.ticket), after: after)
                }
                let byTicket = Dictionary(grouping: found) { $0.chargeToID ?? 0 }
                return .success(
                    Dictionary(
                        uniqueKeysWithValues: wanted.map { key in
                            (key, (byTicket[key.ticket] ?? []).filter { $0.id > key.after })
                        }))
            } catch {
                return .failure(PSAError(error))
            }
        }
    }

    private static func tickets(
        _ client: ConnectWiseClient, _ priority: CallPriority, burst: Int
    ) -> CallBatcher<Int, ConnectWise.Ticket, PSAError> {
        CallBatcher(atOnce: singleReads, burst: burst) { ids in
            do throws(ConnectWiseError) {
                guard ids.count > 1 else {
                    return .success([ids[0]: try await client.ticket(ids[0], priority: priority)])
                }
                let found = try await client.tickets(ids, priority: priority)
                return .success(Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { $1 }))
            } catch {
                return .failure(PSAError(error))
            }
        }
    }

    /// See ``PSAProvider``.
    public func withCalls<Value: Sendable>(
        _ calls: Int, _ priority: CallPriority, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await client.remote.withCalls(calls, priority, body)
        } catch let error as OutboundError {
            throw PSAError(ConnectWiseError(error))
        }
    }

    /// See ``PSAProvider``.
    public func ensureCall(patience: Duration) async throws(PSAError) {
        do throws(OutboundError) {
            try await CallAllowance.current?.ensureOne(patience: patience)
        } catch {
            throw PSAError(ConnectWiseError(error))
        }
    }

    /// See ``PSAProvider``.
    public func test() async throws(PSAError) {
        try await mapping { () throws(ConnectWiseError) in try await client.testCredentials() }
    }

    /// See ``PSAProvider``. A 404 may also mean wrong keys or a moved API on ConnectWise's cloud, so it is believed only
    /// when a call that needs the keys succeeds right after it.
    public func ticket(_ id: Ticket.ID) async throws(PSAError) -> Ticket? {
        try await ticket(id, from: tickets, .background)
    }

    /// See ``PSAProvider``.
    public func ticketToWrite(_ id: Ticket.ID) async throws(PSAError) -> Ticket? {
        try await ticket(id, from: ticketsToWrite, .writing)
    }

    private func ticket(
        _ id: Ticket.ID, from batcher: CallBatcher<Int, ConnectWise.Ticket, PSAError>, _ priority: CallPriority
    ) async throws(PSAError) -> Ticket? {
        let number = try Self.number(id)
        do throws(PSAError) {
            if let found = try await batcher.value(for: number) { return Self.ticket(found) }
        } catch .notFound {
            // Falls through to the confirmation.
        }
        return try await confirmed(number, priority)
    }

    /// See ``PSAProvider``. A single read: in a batch, a user would wait for other people's tickets.
    public func lookUp(_ id: Ticket.ID) async throws(PSAError) -> Ticket? {
        let number = try Self.number(id)
        do throws(ConnectWiseError) {
            return Self.ticket(try await client.ticket(number))
        } catch .notFound {
            return try await confirmed(number, .interactive)
        } catch {
            throw PSAError(error)
        }
    }

    private func confirmed(_ number: Int, _ priority: CallPriority) async throws(PSAError) -> Ticket? {
        try await test()
        do throws(ConnectWiseError) {
            return Self.ticket(try await client.ticket(number, priority: priority))
        } catch .notFound(_, isRecord: true) {
            return nil
        } catch {
            throw PSAError(error)
        }
    }

    /// See ``PSAProvider``. The cursor is the newest note's and the newest time entry's id.
    public func activity(of ticket: Ticket.ID, after cursor: String?) async throws(PSAError) -> TicketActivity {
        let number = try Self.number(ticket)
        let seen = ActivityCursor(cursor)
        async let notes = self.notes(on: number, after: seen.note)
        async let times = entries.value(for: EntriesWanted(ticket: number, after: seen.timeEntry))
        let newNotes: [ConnectWise.Note]
        var newTimes: [ConnectWise.TimeEntry] = []
        var lacks: String?
        do {
            newNotes = try await notes
            do {
                newTimes = try await times ?? []
            } catch PSAError.permission(let why) {
                // A right of its own, without which only the texts of time entries are missing.
                lacks = why
            }
        } catch let error as PSAError {
            throw error
        } catch {
            // Swift forgets that `async let` throws only what its function throws.
            throw .connection("\(error)", maybeDone: false)
        }
        let next = ActivityCursor(
            note: newNotes.map(\.id).max() ?? seen.note, timeEntry: newTimes.map(\.id).max() ?? seen.timeEntry)
        let all = newNotes.map(Self.note) + newTimes.compactMap(Self.note)
        return TicketActivity(
            notes: all.sorted { ($0.createdAt ?? .distantFuture) < ($1.createdAt ?? .distantFuture) },
            cursor: next.text, refusedTimes: lacks)
    }

    private func notes(on ticket: Int, after id: Int) async throws(PSAError) -> [ConnectWise.Note] {
        do throws(ConnectWiseError) {
            return try await client.notes(ofTicket: ticket, after: id)
        } catch {
            throw PSAError(error)
        }
    }

    /// See ``PSAProvider``.
    public func members(_ identifiers: [String]) async throws(PSAError) -> [Member] {
        try await mapping { () throws(ConnectWiseError) in
            try await client.members(identifiers).compactMap(Self.member)
        }
    }

    /// See ``PSAProvider``.
    public func boardNames() async throws(PSAError) -> [Board] {
        try await mapping { () throws(ConnectWiseError) in
            try await client.boards(priority: .interactive).map { board in
                Board(
                    id: .init("\(board.id)"), name: board.name ?? "Board \(board.id)", isInactive: board.inactive)
            }
        }
    }

    /// See ``PSAProvider``.
    public func isKey(_ text: String) -> Bool { Self.isKey(text) }

    /// See ``PSAProvider``.
    public func isNotePosition(_ text: String) -> Bool { ActivityCursor(text).text == text }

    /// Keys are numbers; `007` would name the same record as `7` but look like another one.
    static func isKey(_ text: String) -> Bool {
        Int32(text).map { $0 > 0 && "\($0)" == text } ?? false
    }

    /// See ``PSAProvider``.
    public func link(to ticket: Ticket.ID) -> String {
        client.site.ticketLink(Int(ticket.rawValue) ?? 0, companyID: client.credentials.companyID)
    }

    func mapping<Value>(
        _ body: () async throws(ConnectWiseError) -> Value
    ) async throws(PSAError) -> Value {
        do throws(ConnectWiseError) {
            return try await body()
        } catch {
            throw PSAError(error)
        }
    }

    static func number(_ id: Ticket.ID) throws(PSAError) -> Int {
        guard let number = Int(id.rawValue), number > 0 else { throw .notFound("ticket \(id)") }
        return number
    }
}

/// The newest note and time entry that were seen, as `n12,t7`.
struct ActivityCursor: Equatable {
    let note: Int
    let timeEntry: Int

    init(note: Int, timeEntry: Int) {
        self.note = note
        self.timeEntry = timeEntry
    }

    init(_ text: String?) {
        let parts = (text ?? "").splitBytes(on: ",")
        func number(_ letter: String) -> Int {
            parts.lazy.compactMap { $0.dropping(prefix: letter) }.first.flatMap { Int($0) } ?? 0
        }
        self.init(note: number("n"), timeEntry: number("t"))
    }

    var text: String { "n\(note),t\(timeEntry)" }
}

extension ConnectWiseProvider {
    static func ticket(_ ticket: ConnectWise.Ticket) -> Ticket {
        func reference(_ reference: ConnectWise.Reference?) -> Ticket.Reference? {
            reference.map { Ticket.Reference(id: "\($0.id)", name: $0.name ?? "") }
        }
        return Ticket(
            id: .init("\(ticket.id)"), summary: ticket.summary ?? "", board: reference(ticket.board),
            status: reference(ticket.status), isClosed: ticket.closed ?? false, company: reference(ticket.company),
            contact: reference(ticket.contact)
                ?? ticket.contactName.map { Ticket.Reference(id: "", name: $0) },
            priority: reference(ticket.priority), owner: ticket.owner?.identifier, resources: ticket.resources,
            enteredAt: ticket.info?.dateEntered, updatedAt: ticket.info?.lastUpdated, updatedBy: ticket.info?.updatedBy,
            isProject: ticket.recordType?.utf8.hasPrefix("Project") ?? false)
    }

    static func note(_ note: ConnectWise.Note) -> TicketNote {
        TicketNote(
            id: "n\(note.id)", kind: .note,
            author: note.member?.name ?? note.contact?.name ?? note.createdBy,
            authorIdentifier: note.member?.identifier ?? (note.contact == nil ? note.createdBy : nil),
            text: note.text ?? "", isInternal: !note.discussion,
            type: note.discussion
                ? .description : note.internalAnalysis ? .internalAnalysis : note.resolution ? .resolution : nil,
            createdAt: note.dateCreated ?? note.info?.dateEntered)
    }

    /// Nil for a time entry without text: nothing was written.
    static func note(_ entry: ConnectWise.TimeEntry) -> TicketNote? {
        entry.notes?.isEmpty ?? true ? nil : Self.entry(entry)
    }

    /// A time entry, also one without text: people want to see the time.
    static func entry(_ entry: ConnectWise.TimeEntry) -> TicketNote {
        TicketNote(
            id: "t\(entry.id)", kind: .timeEntry, author: entry.member?.name ?? entry.enteredBy,
            authorIdentifier: entry.member?.identifier ?? entry.enteredBy, text: entry.notes ?? "",
            isInternal: !entry.discussion, minutes: entry.minutes,
            createdAt: entry.dateEntered ?? entry.info?.dateEntered ?? entry.timeEnd ?? entry.timeStart)
    }

    static func status(_ status: BoardStatus) -> Board.Status {
        Board.Status(
            id: .init("\(status.id)"), name: status.name ?? "", isClosed: status.closed, isInactive: status.inactive,
            refusesTime: status.timeEntryNotAllowed, isDefault: status.isDefault, sortOrder: status.sortOrder ?? 0)
    }

    static func member(_ member: ConnectWise.Member) -> Member? {
        guard let identifier = member.identifier else { return nil }
        let name = [member.firstName, member.lastName].compactMap { $0 }.joined(separator: " ")
        return Member(
            id: .init("\(member.id)"), identifier: identifier, name: name.isEmpty ? identifier : name,
            email: member.email.flatMap { $0.isEmpty ? nil : $0 }, isInactive: member.inactive)
    }
}

extension PSAError {
    init(_ error: ConnectWiseError) {
        self =
            switch error {
            case .authentication(let message): .authentication(message)
            case .permission(let message): .permission(message)
            case .notFound(let message, _): .notFound(message)
            case .rateLimited(let wait): .rateLimited(wait)
            case .unavailable(let wait): .held(error.message, wait)
            case .server: .server(error.message)
            case .timeOut(let maybeSent): .timeOut(maybeDone: maybeSent)
            case .connection(let reason, let maybeSent): .connection(reason, maybeDone: maybeSent)
            case .certificate(let reason): .certificate(reason)
            case .rejected(let message, let fields):
                .rejected(Self.sentence(message, fields), fields: Self.fields(message, fields))
            case .undecodable(let reason): .undecodable(reason)
            // What came back could not be taken, but what was asked may have been done.
            case .refused(let refusal) where refusal.maybeSent: .undecodable(refusal.description)
            case .refused(let refusal): .notAllowed(refusal.description)
            case .cancelled(let maybeSent): .connection("cancelled", maybeDone: maybeSent)
            }
    }

    /// ConnectWise's own headline is often only "timeEntry object is invalid".
    private static func sentence(_ message: String, _ fields: [ConnectWiseError.FieldError]) -> String {
        let details = fields.map(\.message).filter { $0 != message }
        return details.isEmpty ? message : "\(message) (\(details.joined(separator: " ")))"
    }

    /// What it complains about, by our names of things.
    private static func fields(_ message: String, _ errors: [ConnectWiseError.FieldError]) -> [String: String] {
        var fields: [String: String] = [:]
        for error in errors { fields[name(of: error.field ?? "", error.message)] = error.message }
        // Live servers were seen to say it without naming the field.
        if fields.isEmpty, message.lowercased().utf8.contains("work role") { fields["work_role_id"] = message }
        return fields
    }

    private static func name(of field: String, _ message: String) -> String {
        if message.lowercased().utf8.contains("work role") { return "work_role_id" }
        return switch field.lowercased().splitBytes(on: "/").first.map(String.init) ?? "" {
        case "workrole": "work_role_id"
        case "worktype": "work_type_id"
        case "member": "member"
        case "status": "status_id"
        case "chargetoid": "ticket"
        case "timestart": "started_at"
        case "timeend": "minutes"
        case "billableoption": "billable"
        case "text", "notes": "text"
        case let other: other
        }
    }
}

extension TimeEntry {
    /// Nil also for what no clock measures: ConnectWise may answer any number.
    var minutes: Int? {
        if let timeStart, let timeEnd { return Int(exactly: (timeEnd.timeIntervalSince(timeStart) / 60).rounded()) }
        return actualHours.flatMap { Int(exactly: ($0 * 60).rounded()) }
    }
}
