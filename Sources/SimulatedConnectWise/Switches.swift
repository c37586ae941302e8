import SimulatorStage

/// What can be changed about how the played ConnectWise behaves while it runs.
public struct Switches: Sendable, Equatable {
    /// A PATCH of a ticket's status answers 200 and changes nothing.
    public var ignoresStatusPatches = false
    /// Wrong keys answer 404 as on cloud instead of 401.
    public var hidesBadKeys = false
    /// Line breaks of notes become spaces.
    public var collapsesNewlines = false
    /// Rights that the API member lacks, as `Module/Row/Operation` of the screen of security roles.
    public var deniedRights: Set<String> = []

    /// Everything allowed, everything as documented.
    public init() {}
}

extension ConnectWiseSimulator {
    /// How it behaves at the moment.
    public var switches: Switches {
        get { ledger.read { $0.switches } }
        set { ledger.change { $0.switches = newValue } }
    }
}

extension Switches {
    var json: PlayedJSON {
        [
            "ignores_status_patches": .flag(ignoresStatusPatches), "hides_bad_keys": .flag(hidesBadKeys),
            "collapses_newlines": .flag(collapsesNewlines),
            "denied_rights": .list(deniedRights.sorted().map { .text($0) }),
        ]
    }

    mutating func apply(_ body: PlayedJSON) {
        ignoresStatusPatches = body["ignores_status_patches"]?.bool ?? ignoresStatusPatches
        hidesBadKeys = body["hides_bad_keys"]?.bool ?? hidesBadKeys
        collapsesNewlines = body["collapses_newlines"]?.bool ?? collapsesNewlines
        if case .list(let rights)? = body["denied_rights"] { deniedRights = Set(rights.compactMap(\.string)) }
    }
}

/// Which right of the security role a call needs.
enum Rights {
    /// By the first two segments of the path, in lower case.
    private static let rows: [String: String] = [
        "service/tickets": "Service Desk/Service Tickets", "time/entries": "Time & Expense/Time Entry",
        "schedule/entries": "Service Desk/Resource Scheduling", "company/companies": "Companies/Company Maintenance",
        "company/contacts": "Companies/Contacts", "company/configurations": "Companies/Configurations",
        "system/members": "System/Member Maintenance", "service/boards": "System/Table Setup",
        "service/priorities": "System/Table Setup", "time/workroles": "System/Table Setup",
        "time/worktypes": "System/Table Setup", "system/callbacks": "System/Table Setup",
        "system/locations": "System/My Company", "finance/invoices": "Finance/Invoicing",
        "finance/agreements": "Finance/Agreements", "procurement/catalog": "Procurement/Product Catalog",
        "sales/opportunities": "Sales/Opportunity",
    ]

    static func needed(_ method: String, _ path: [Substring]) -> String? {
        guard path.count >= 2, let row = rows["\(path[0])/\(path[1])".lowercased()] else { return nil }
        // Writing a note is an edit of its ticket; a search is no addition.
        let isBelow = path.count > 3
        let operation =
            switch method {
            case "GET": "Inquire"
            case "POST" where path.last?.lowercased() == "search": "Inquire"
            case "POST": isBelow ? "Edit" : "Add"
            case "DELETE": isBelow ? "Edit" : "Delete"
            default: "Edit"
            }
        return "\(row)/\(operation)"
    }

    static let close = "Service Desk/Close Service Tickets/Edit"
}
