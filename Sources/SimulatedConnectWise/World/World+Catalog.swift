import SimulatedWorld
import SimulatorStage

extension World {
    private static let places = ["Main office", "Field office"]

    /// Name, where it is enabled (11: main office, 12: field office; none: everywhere), whether it is still offered.
    private static let roles: [(name: String, locations: [Int], inactive: Bool)] = [
        ("Engineer", [11, 12], false), ("Senior Engineer", [11], false), ("Project Manager", [12], false),
        ("Voice Engineer", [12], false), ("Security Analyst", [11], false), ("Dispatcher", [], false),
        ("Field Technician", [12], false), ("Pager Duty", [11], true),
    ]

    private static let kinds: [(name: String, billTime: String, inactive: Bool)] = [
        ("Remote", "Billable", false), ("On-site", "Billable", false), ("After hours", "Billable", false),
        ("Travel", "NoCharge", false), ("Training", "DoNotBill", false), ("Fax support", "Billable", true),
    ]

    /// The work role of each board. That of Voice is not enabled where the board is, as it happens in real life.
    private static let rolesOfBoards = [
        "Engineer", "Engineer", "Security Analyst", "Voice Engineer", "Project Manager",
    ]

    func addCatalog(to ledger: inout Ledger, _ stamp: Stamp) {
        for name in Self.places { _ = ledger.locations.add { Location(id: $0, name: name, stamp: stamp) } }
        for role in Self.roles {
            _ = ledger.workRoles.add { id in
                WorkRole(
                    id: id, name: role.name, inactive: role.inactive, locationIDs: role.locations,
                    isEverywhere: role.locations.isEmpty, stamp: stamp)
            }
        }
        for kind in Self.kinds {
            _ = ledger.workTypes.add { id in
                WorkType(id: id, name: kind.name, billTime: kind.billTime, inactive: kind.inactive, stamp: stamp)
            }
        }
        for (board, name) in zip(ledger.boards.ids, Self.rolesOfBoards) {
            let role = ledger.workRoles.all.first { $0.name == name }?.id
            _ = ledger.boards.update(board) { board in
                board.workRoleID = role
                board.locationID = board.name == "Projects" ? 12 : 11
            }
        }
    }

    /// Statuses beside the usual ones, behind them: one that is no longer offered, one in which no time is logged.
    func addFurtherStatuses(to ledger: inout Ledger, _ stamp: Stamp) {
        for board in ledger.boards.ids {
            var place = Self.statuses.count
            func add(_ name: String, _ change: (inout BoardStatus) -> Void) {
                let added = ledger.statuses.add { id in
                    var status = BoardStatus(id: id, boardID: board, name: name, sortOrder: place, stamp: stamp)
                    change(&status)
                    return status
                }
                ledger.statusesByBoard[board, default: []].append(added.id)
                place += 1
            }
            add("On Hold") { $0.timeEntryNotAllowed = true }
            add("Archived") { ($0.inactive, $0.closed) = (true, true) }
            guard board == ledger.boards.ids.first else { continue }
            for number in 0..<extraStatuses { add("Stage \(number + 1)") { _ in } }
        }
    }

    func addConfigurations(to ledger: inout Ledger, _ stamp: Stamp) {
        let kinds = ["Workstation", "Server", "Firewall"]
        for company in ledger.companies.ids.prefix(Self.customers.count) {
            for number in 0...(company % 3) {
                _ = ledger.configurations.add { id in
                    Configuration(
                        id: id, name: "\(kinds[number].uppercased().prefix(2))-\(company)-\(number + 1)",
                        type: kinds[number], companyID: company, serialNumber: "SN\(10_000 + id * 37)", stamp: stamp)
                }
            }
        }
        let byCompany = Dictionary(grouping: ledger.configurations.all, by: \.companyID).mapValues { $0.map(\.id) }
        for ticket in ledger.tickets.ids where ticket % 3 == 0 {
            _ = ledger.tickets.update(ticket) { ticket in
                ticket.configurationIDs = Array((byCompany[ticket.companyID] ?? []).prefix(1 + ticket.id % 2))
            }
        }
    }

    /// Companies and members by the thousand, for those who want to see lists of many pages.
    func addCrowds(to ledger: inout Ledger, _ stamp: Stamp) {
        for number in 0..<extraCompanies {
            _ = ledger.companies.add { id in
                Company(
                    id: id, identifier: "Crowd\(number)", name: "Crowd \(number) Ltd", city: "Albany", state: "NY",
                    zip: "12207", street: "\(number) State Street", phone: "5550200000",
                    website: "crowd\(number).example", stamp: stamp)
            }
        }
        for number in 0..<extraMembers {
            let added = ledger.members.add { id in
                Member(
                    id: id, identifier: "crowd\(number)", firstName: "Crowd", lastName: "Member \(number)",
                    email: "crowd\(number)@rivermark.example", title: "Engineer", stamp: stamp)
            }
            ledger.memberByIdentifier[added.identifier.lowercased()] = added.id
        }
    }
}
