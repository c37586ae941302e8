import BoundaryText
import HTTPTypes
import WebSupport

/// What a list that is kept for a while can be asked.
public enum Refresh: String, QueryName {
    case refresh

    public var parameter: Parameter { .refresh }
}

/// Work roles of the PSA.
public enum WorkRoles {
    /// The type of a role's id.
    public typealias ID = ExternalID<WorkRoles>

    public static let list = PSAOperation(
        "listWorkRoles", .get, "/work-roles", .engineer, .tickets, "List work roles", query: Refresh.self,
        gives: Few<Reference>.self)
}

/// Work types of the PSA.
public enum WorkTypes {
    /// The type of a work type's id.
    public typealias ID = ExternalID<WorkTypes>

    public static let list = PSAOperation(
        "listWorkTypes", .get, "/work-types", .engineer, .tickets, "List work types", query: Refresh.self,
        gives: Few<Reference>.self)
}

/// Companies of the PSA.
public enum Companies {
    /// The type of a company's id.
    public typealias ID = ExternalID<Companies>

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case search, id, refresh

        public var parameter: Parameter {
            switch self {
            case .search: Parameter(.text, "a part of the name")
            case .id: Parameter(.text, "only this company")
            case .refresh: .refresh
            }
        }
    }

    public static let list = PSAOperation(
        "listCompanies", .get, "/companies", .engineer, .tickets, "List companies", query: Filter.self,
        gives: Page<Reference>.self)
}

extension PSA {
    /// Boards as they are in the PSA now; ``Boards`` outside of here are the copy.
    public enum Boards {
        public static let list = PSAOperation(
            "listPSABoards", .get, "/boards", .engineer, .tickets, "List boards in the PSA", query: Refresh.self,
            gives: Page<Reference>.self)
    }
}
