import SimulatorStage

/// What tickets and time refer to: locations, work roles, work types and configurations.
struct Location: Sendable {
    var id: Int
    var name: String
    var stamp: Stamp
}

struct WorkRole: Sendable {
    var id: Int
    var name: String
    var inactive = false
    /// Where it is enabled.
    var locationIDs: [Int] = []
    var isEverywhere = false
    var stamp: Stamp

    func isEnabled(at location: Int) -> Bool { isEverywhere || locationIDs.contains(location) }
}

struct WorkType: Sendable {
    var id: Int
    var name: String
    var billTime: String
    var inactive = false
    var stamp: Stamp
}

struct Configuration: Sendable {
    var id: Int
    var name: String
    var type: String
    var companyID: Int
    var serialNumber: String
    var stamp: Stamp
}

/// That a work role is enabled at a location.
struct LocationWorkRole: Sendable {
    let location: Location
    let role: WorkRole
}

extension Ledger {
    /// Where work on a ticket is done: as sent, else as the ticket or its board has it.
    func location(_ draft: Draft<TimeRecord>, _ ticket: TicketRecord?) throws(Refusal) -> Location? {
        let sent = draft["location"]?["id"]?.int ?? draft["locationId"]?.int
        if let sent, locations[sent] == nil {
            throw .notFound("location \(sent)", resource: "timeEntry", field: "location")
        }
        let id = sent ?? ticket?.extras["location"]?["id"]?.int ?? ticket.flatMap { boards[$0.boardID]?.locationID }
        return (id ?? locations.ids.first).flatMap { locations[$0] }
    }

    /// As what time is logged: as sent, else the board's, else the member's.
    /// - Parameter checksPlace: whether a role that is not enabled at the location is refused.
    func workRole(
        _ draft: Draft<TimeRecord>, _ ticket: TicketRecord?, _ member: Member, at location: Location?,
        checksPlace: Bool = true
    ) throws(Refusal) -> WorkRole? {
        let sent = try named(draft["workRole"], "workRole", workRoles.all, id: \.id, name: \.name, isOff: \.inactive)
        let byDefault = ticket.flatMap { boards[$0.boardID]?.workRoleID } ?? member.workRoleID
        guard let role = sent ?? byDefault.flatMap({ workRoles[$0] }) else { return nil }
        if checksPlace, let location, !role.isEnabled(at: location.id) {
            let which = sent == nil ? "The default Work Role" : "The Work Role"
            throw .invalidField("workRole", "\(which) is not valid for the selected location", resource: "timeEntry")
        }
        return role
    }

    func workType(_ draft: Draft<TimeRecord>) throws(Refusal) -> WorkType? {
        try named(draft["workType"], "workType", workTypes.all, id: \.id, name: \.name, isOff: \.inactive)
    }

    /// A record by id or name; one that is no longer offered is as good as none.
    private func named<Record>(
        _ reference: PlayedJSON?, _ field: String, _ records: some Sequence<Record>, id: KeyPath<Record, Int>,
        name: KeyPath<Record, String>, isOff: KeyPath<Record, Bool>
    ) throws(Refusal) -> Record? {
        guard let reference, reference != .null else { return nil }
        let (wanted, named) = (reference["id"]?.int, reference["name"]?.string?.lowercased())
        let found = records.first { record in
            wanted.map { $0 == record[keyPath: id] } ?? (named == record[keyPath: name].lowercased())
        }
        guard let found, !found[keyPath: isOff] else {
            throw .notFound("\(field) \(wanted.map(String.init) ?? named ?? "")", resource: "timeEntry", field: field)
        }
        return found
    }

    /// Puts what was found out into an entry, as its answer shows it.
    func place(_ entry: inout TimeRecord, _ location: Location?, _ role: WorkRole?, _ type: WorkType?) {
        func reference(_ id: Int, _ name: String) -> PlayedJSON { ["id": .integer(id), "name": .text(name)] }
        entry.extras["location"] = location.map { reference($0.id, $0.name) }
        entry.extras["locationId"] = location.map { .integer($0.id) }
        entry.extras["workRole"] = role.map { reference($0.id, $0.name) }
        entry.extras["workType"] = type.map { reference($0.id, $0.name) }
    }

    /// `POST /time/entries/defaults`: the entry as it would become; nothing is stored, and the role is not checked.
    func defaults(time body: PlayedJSON, by hand: Hand) throws(Refusal) -> TimeRecord {
        let draft = try Draft(post: body, Models.time)
        var (entry, ticket, author) = try begin(time: draft, by: hand)
        let location = try location(draft, ticket)
        let role = try workRole(draft, ticket, author, at: location, checksPlace: false)
        place(&entry, location, role, try workType(draft))
        return entry
    }

    // MARK: Configurations of tickets

    mutating func attach(configuration body: PlayedJSON, to ticket: Int, by hand: Hand) throws(Refusal) -> Int {
        guard let id = body["id"]?.int, configurations[id] != nil else {
            throw .notFound("configuration \(body["id"]?.int ?? 0)", resource: "configuration", field: "id")
        }
        edit(ticket, by: hand) { if !$0.configurationIDs.contains(id) { $0.configurationIDs.append(id) } }
        return id
    }

    mutating func detach(configuration id: Int, from ticket: Int, by hand: Hand) throws(Refusal) {
        guard tickets[ticket]?.configurationIDs.contains(id) == true else {
            throw .noRecord(kind: "Configuration", id: String(id))
        }
        edit(ticket, by: hand) { $0.configurationIDs.removeAll { $0 == id } }
    }
}
