import Foundation
import SimulatorStage

/// What each resource answers; the generic parts read, the rest writes.
extension PlayedConnectWise {
    /// `GET` of a table: list, count, search and one by id.
    func read<Record: Sendable>(
        _ call: Call, _ rest: [Substring], _ model: Model<Record>,
        _ table: any KeyPath<Ledger, Table<Record>> & Sendable,
        kind: String
    ) throws(Refusal) -> Answer {
        let scheme = options.listening.tls ? "https" : "http"
        var terms = Terms(call)
        switch (call.method, rest.count, rest.first) {
        case ("GET", 0, _), ("GET", 1, "count"): break
        case ("POST", 1, "search"): try terms.take(search: try body(call))
        case ("GET", 1, _): return try one(call, rest[0], model, table, kind: kind)
        default: throw .noEndpoint
        }
        let wanted = terms
        return try simulator.ledger.read { ledger throws(Refusal) in
            let listing = Listing(model, ledger[keyPath: table], ledger, matches: matches)
            return rest.first == "count" ? try listing.count(wanted) : try listing.page(wanted, call, scheme: scheme)
        }
    }

    /// One record by its id: no condition, no scan.
    func one<Record: Sendable>(
        _ call: Call, _ id: Substring, _ model: Model<Record>, _ table: any KeyPath<Ledger, Table<Record>> & Sendable,
        kind: String, where belongs: @Sendable (Record) -> Bool = { _ in true }
    ) throws(Refusal) -> Answer {
        guard let number = Int(id) else { throw .noEndpoint }
        let selection = try call.query["fields"].map { fields throws(Refusal) in try model.selection(fields) }
        let json = try simulator.ledger.read { ledger throws(Refusal) -> PlayedJSON in
            guard let record = ledger[keyPath: table][number], belongs(record) else {
                throw .noRecord(kind: kind, id: String(id))
            }
            return selection.map { model.json(record, ledger, $0) } ?? model.json(record, ledger)
        }
        return Answer(200, json)
    }

    func body(_ call: Call) throws(Refusal) -> PlayedJSON {
        do throws(JSONReader.Malformed) {
            return try call.json()
        } catch {
            throw .malformed("The request body is not valid JSON (byte \(error.offset)).")
        }
    }

    private var hand: Hand { Hand(name: simulator.options.apiMember, at: Instant(simulator.options.now())) }
    private var options: ConnectWiseOptions { simulator.options }

    /// Writes, then answers the whole record as it is now.
    private func write<Record: Sendable>(
        _ status: Int, _ model: Model<Record>, _ table: any KeyPath<Ledger, Table<Record>> & Sendable,
        _ change: (inout Ledger) throws(Refusal) -> Int
    ) throws(Refusal) -> Answer {
        let json = try simulator.change { ledger throws(Refusal) -> PlayedJSON in
            let id = try change(&ledger)
            return ledger[keyPath: table][id].map { model.json($0, ledger) } ?? .null
        }
        return Answer(status, json)
    }

    private func gone(_ change: (inout Ledger) throws(Refusal) -> Void) throws(Refusal) -> Answer {
        try simulator.change { ledger throws(Refusal) in try change(&ledger) }
        return Answer(204)
    }

    func tickets(_ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        let hand = hand
        if rest.count >= 2, let id = Int(rest[0]) { return try below(ticket: id, call, Array(rest.dropFirst())) }
        switch (call.method, rest.count) {
        case ("POST", 0):
            let body = try body(call)
            return try write(201, Models.ticket, \.tickets) { ledger throws(Refusal) in
                try ledger.post(ticket: body, by: hand)
            }
        case ("PATCH", 1):
            guard let id = Int(rest[0]) else { throw .noEndpoint }
            let body = try body(call)
            return try write(200, Models.ticket, \.tickets) { ledger throws(Refusal) in
                try ledger.patch(ticket: id, body, by: hand)
                return id
            }
        case ("DELETE", 1):
            return try gone { ledger throws(Refusal) in
                guard let id = Int(rest[0]), ledger.tickets[id] != nil else {
                    throw .noRecord(kind: "Ticket", id: String(rest[0]))
                }
                ledger.remove(ticket: id, by: hand)
            }
        default: return try read(call, rest, Models.ticket, \.tickets, kind: "Ticket")
        }
    }

    private func below(ticket id: Int, _ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        let scheme = options.listening.tls ? "https" : "http"
        if rest[0].lowercased() == "configurations" { return try configurations(of: id, call, rest) }
        switch (call.method, rest[0].lowercased(), rest.count) {
        case ("GET", "notes", _) where rest.count == 1 || (rest.count == 2 && rest[1] == "count"):
            return try simulator.ledger.read { ledger throws(Refusal) in
                guard ledger.tickets[id] != nil else { throw .noRecord(kind: "Ticket", id: String(id)) }
                let listing = Listing(Models.note, ledger.notes, ids: ledger.notesByTicket[id] ?? [], ledger)
                return rest.count == 2
                    ? try listing.count(Terms(call)) : try listing.page(Terms(call), call, scheme: scheme)
            }
        case ("GET", "allnotes", 1):
            return try simulator.ledger.read { ledger throws(Refusal) in
                guard ledger.tickets[id] != nil else { throw .noRecord(kind: "Ticket", id: String(id)) }
                return try Listing(Models.anyNote, ledger.anyNotes(of: id), ledger).page(
                    Terms(call), call, scheme: scheme)
            }
        case ("GET", "notes", 2):
            return try one(call, rest[1], Models.note, \.notes, kind: "ServiceNote") { $0.ticketID == id }
        case (_, "notes", _): return try write(noteOf: id, call, rest)
        default: throw .noEndpoint
        }
    }

    private func write(noteOf id: Int, _ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        let hand = hand
        switch (call.method, rest.count) {
        case ("POST", 1):
            let body = try body(call)
            return try write(201, Models.note, \.notes) { ledger throws(Refusal) in
                try ledger.post(note: body, to: id, by: hand)
            }
        case ("PATCH", 2):
            guard let note = Int(rest[1]) else { throw .noEndpoint }
            let body = try body(call)
            return try write(200, Models.note, \.notes) { ledger throws(Refusal) in
                try ledger.patch(note: note, of: id, body, by: hand)
                return note
            }
        case ("DELETE", 2):
            guard let note = Int(rest[1]) else { throw .noEndpoint }
            return try gone { ledger throws(Refusal) in try ledger.delete(note: note, of: id, by: hand) }
        default: throw .noEndpoint
        }
    }

    private func configurations(of ticket: Int, _ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        let (scheme, hand) = (options.listening.tls ? "https" : "http", hand)
        let ids = try simulator.ledger.read { ledger throws(Refusal) -> [Int] in
            guard let found = ledger.tickets[ticket] else { throw .noRecord(kind: "Ticket", id: String(ticket)) }
            return found.configurationIDs.sorted()
        }
        switch (call.method, rest.count) {
        case ("GET", 1):
            return try simulator.ledger.read { ledger throws(Refusal) in
                try Listing(Models.configurationReference, ledger.configurations, ids: ids, ledger).page(
                    Terms(call), call, scheme: scheme)
            }
        case ("POST", 1):
            let body = try body(call)
            return try write(201, Models.configurationReference, \.configurations) { ledger throws(Refusal) in
                try ledger.attach(configuration: body, to: ticket, by: hand)
            }
        case ("DELETE", 2):
            return try gone { ledger throws(Refusal) in
                try ledger.detach(configuration: Int(rest[1]) ?? 0, from: ticket, by: hand)
            }
        default: throw .noEndpoint
        }
    }

    func workRoles(_ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        guard call.method == "GET", rest.count == 2, rest[1].lowercased() == "locations", let id = Int(rest[0]) else {
            return try read(call, rest, Models.workRole, \.workRoles, kind: "WorkRole")
        }
        return try simulator.ledger.read { ledger throws(Refusal) in
            guard let role = ledger.workRoles[id] else { throw .noRecord(kind: "WorkRole", id: String(id)) }
            return try enabled(ledger.locations.all.map { LocationWorkRole(location: $0, role: role) }, call, ledger)
        }
    }

    func locations(_ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        guard call.method == "GET", rest.count == 2, rest[1].lowercased() == "workroles", let id = Int(rest[0]) else {
            return try read(call, rest, Models.location, \.locations, kind: "Location")
        }
        return try simulator.ledger.read { ledger throws(Refusal) in
            guard let location = ledger.locations[id] else { throw .noRecord(kind: "Location", id: String(id)) }
            return try enabled(
                ledger.workRoles.all.map { LocationWorkRole(location: location, role: $0) }, call, ledger)
        }
    }

    /// Those roles that are enabled at those locations.
    private func enabled(
        _ pairs: [LocationWorkRole], _ call: Call, _ ledger: Ledger
    ) throws(Refusal) -> Answer {
        var table = Table<LocationWorkRole>()
        for pair in pairs where pair.role.isEnabled(at: pair.location.id) { _ = table.add { _ in pair } }
        return try Listing(Models.locationWorkRole, table, ledger).page(
            Terms(call), call, scheme: options.listening.tls ? "https" : "http")
    }

    func time(_ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        let hand = hand
        if call.method == "POST", rest.count == 1, rest[0].lowercased() == "defaults" {
            let body = try body(call)
            return Answer(
                200,
                try simulator.ledger.read { ledger throws(Refusal) -> PlayedJSON in
                    Models.time.json(try ledger.defaults(time: body, by: hand), ledger)
                })
        }
        switch (call.method, rest.count) {
        case ("POST", 0):
            let body = try body(call)
            return try write(201, Models.time, \.time) { ledger throws(Refusal) in try ledger.post(time: body, by: hand)
            }
        case ("PATCH", 1):
            guard let id = Int(rest[0]) else { throw .noEndpoint }
            let body = try body(call)
            return try write(200, Models.time, \.time) { ledger throws(Refusal) in
                try ledger.patch(time: id, body, by: hand)
                return id
            }
        default: return try read(call, rest, Models.time, \.time, kind: "TimeEntry")
        }
    }

    func schedule(_ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        let hand = hand
        switch (call.method, rest.count) {
        case ("POST", 0):
            let body = try body(call)
            return try write(201, Models.schedule, \.schedule) { ledger throws(Refusal) in
                try ledger.post(schedule: body, by: hand)
            }
        case ("PATCH", 1):
            guard let id = Int(rest[0]) else { throw .noEndpoint }
            let body = try body(call)
            return try write(200, Models.schedule, \.schedule) { ledger throws(Refusal) in
                try ledger.patch(schedule: id, body, by: hand)
                return id
            }
        case ("DELETE", 1):
            guard let id = Int(rest[0]) else { throw .noEndpoint }
            return try gone { ledger throws(Refusal) in try ledger.delete(schedule: id, by: hand) }
        default: return try read(call, rest, Models.schedule, \.schedule, kind: "ScheduleEntry")
        }
    }

    func callbacks(_ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        let hand = hand
        switch (call.method, rest.count) {
        case ("POST", 0):
            let body = try body(call)
            return try write(201, Models.callback, \.callbacks) { ledger throws(Refusal) in
                try ledger.post(callback: body, connectWiseID: UUID().uuidString.lowercased(), by: hand)
            }
        case ("PATCH", 1), ("PUT", 1):
            guard let id = Int(rest[0]) else { throw .noEndpoint }
            let body = try body(call)
            return try write(200, Models.callback, \.callbacks) { ledger throws(Refusal) in
                if call.method == "PUT" {
                    try ledger.put(callback: id, body, by: hand)
                } else {
                    try ledger.patch(callback: id, body, by: hand)
                }
                return id
            }
        case ("DELETE", 1):
            return try gone { ledger throws(Refusal) in
                guard let id = Int(rest[0]), ledger.callbacks[id] != nil else {
                    throw .noRecord(kind: "CallbackEntry", id: String(rest[0]))
                }
                ledger.callbacks.remove(id)
            }
        default: return try read(call, rest, Models.callback, \.callbacks, kind: "CallbackEntry")
        }
    }

    func boards(_ call: Call, _ rest: [Substring]) throws(Refusal) -> Answer {
        guard rest.count >= 2, let id = Int(rest[0]), call.method == "GET" else {
            return try read(call, rest, Models.board, \.boards, kind: "Board")
        }
        let scheme = options.listening.tls ? "https" : "http"
        if rest.count == 3, rest[1].lowercased() == "statuses", rest[2] != "count" {
            return try one(call, rest[2], Models.status, \.statuses, kind: "BoardStatus") { $0.boardID == id }
        }
        return try simulator.ledger.read { ledger throws(Refusal) in
            guard ledger.boards[id] != nil else { throw .noRecord(kind: "Board", id: String(id)) }
            let terms = Terms(call)
            switch rest[1].lowercased() {
            case "statuses":
                let listing = Listing(Models.status, ledger.statuses, ids: ledger.statusesByBoard[id] ?? [], ledger)
                return rest.count == 3 ? try listing.count(terms) : try listing.page(terms, call, scheme: scheme)
            case "teams" where rest.count == 2:
                let ids = ledger.teams.all.filter { $0.boardID == id }.map(\.id)
                return try Listing(Models.team, ledger.teams, ids: ids, ledger).page(terms, call, scheme: scheme)
            default: throw .noEndpoint
            }
        }
    }
}

extension Ledger {
    /// Notes and time entries of a ticket together, oldest first, numbered by place since their own ids can coincide.
    func anyNotes(of ticketID: Int) -> Table<AnyNote> {
        let plain = (notesByTicket[ticketID] ?? []).compactMap { notes[$0] }.map { AnyNote(note: $0, time: nil) }
        let timed = (timeByTicket[ticketID] ?? []).compactMap { time[$0] }
            .filter { $0.notes?.isEmpty == false }.map { AnyNote(note: nil, time: $0) }
        var table = Table<AnyNote>()
        for note in (plain + timed).sorted(by: { $0.stamp.entered < $1.stamp.entered }) { _ = table.add { _ in note } }
        return table
    }
}
