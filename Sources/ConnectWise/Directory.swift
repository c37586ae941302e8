import BoundaryText
import Foundation

/// A service board.
public struct Board: Record {
    public let id: Int
    public let name: String?
    public let inactive: Bool
    public let project: Bool

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        name = fields["name"]
        inactive = fields["inactiveFlag"] ?? false
        project = fields["projectFlag"] ?? false
    }
}

/// A status of one board.
public struct BoardStatus: Record {
    public let id: Int
    public let name: String?
    public let board: Reference?
    public let sortOrder: Int?
    public let inactive: Bool
    public let closed: Bool
    public let timeEntryNotAllowed: Bool
    public let isDefault: Bool

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        name = fields["name"]
        board = fields["board"]
        sortOrder = fields["sortOrder"]
        inactive = fields["inactive"] ?? false
        closed = fields["closedStatus"] ?? false
        timeEntryNotAllowed = fields["timeEntryNotAllowed"] ?? false
        isDefault = fields["defaultFlag"] ?? false
    }
}

/// A customer.
public struct Company: Record {
    static let fields = "id,identifier,name,status,phoneNumber,deletedFlag,_info"

    public let id: Int
    public let identifier: String?
    public let name: String?
    public let status: Reference?
    public let phoneNumber: String?
    /// Companies are not removed but flagged.
    public let deleted: Bool
    public let info: Info?

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        identifier = fields["identifier"]
        name = fields["name"]
        status = fields["status"]
        phoneNumber = fields["phoneNumber"]
        deleted = fields["deletedFlag"] ?? false
        info = fields["_info"]
    }
}

/// A person on our side.
public struct Member: Record {
    static let fields = "id,identifier,firstName,lastName,officeEmail,primaryEmail,inactiveFlag,_info"

    public let id: Int
    /// Login name, at most 15 characters; not an e-mail address.
    public let identifier: String?
    public let firstName: String?
    public let lastName: String?
    public let email: String?
    public let inactive: Bool
    public let info: Info?

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        identifier = fields["identifier"]
        firstName = fields["firstName"]
        lastName = fields["lastName"]
        let office: String? = fields["officeEmail"]
        email = (office?.isEmpty == false ? office : nil) ?? fields["primaryEmail"]
        inactive = fields["inactiveFlag"] ?? false
        info = fields["_info"]
    }
}

/// A registered callback.
public struct CallbackEntry: Record {
    public let id: Int
    public let url: String?
    public let type: String?
    public let level: String?
    public let objectID: Int?
    public let description: String?
    /// ConnectWise sets it after three days of failures.
    public let inactive: Bool

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        url = fields["url"]
        type = fields["type"]
        level = fields["level"]
        objectID = fields["objectId"]
        description = fields["description"]
        inactive = fields["inactiveFlag"] ?? false
    }
}

/// What a person does, as far as it is billed by; enabled by location.
public struct WorkRole: Record {
    public let id: Int
    public let name: String?
    public let inactive: Bool

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        name = fields["name"]
        inactive = fields["inactiveFlag"] ?? false
    }
}

/// A kind of work, such as remote or on site.
public struct WorkType: Record {
    public let id: Int
    public let name: String?
    public let inactive: Bool

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        name = fields["name"]
        inactive = fields["inactiveFlag"] ?? false
    }
}

/// That a work role is enabled at a location.
public struct LocationWorkRole: Record {
    public let id: Int
    public let workRole: Reference
    public let inactive: Bool

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        guard let role: Reference = fields["workRole"] else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no work role"))
        }
        workRole = role
        id = fields["id"] ?? role.id
        inactive = fields["workRoleInactiveFlag"] ?? false
    }
}

/// A thing that a ticket is about.
public struct ConfigurationReference: Record {
    public let id: Int
    public let deviceIdentifier: String?
    public let name: String?

    private struct Info: Decodable {
        let name: String?

        init(from decoder: any Decoder) throws { name = try Fields(decoder)["name"] }
    }

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        deviceIdentifier = fields["deviceIdentifier"]
        let info: Info? = fields["_info"]
        name = info?.name
    }
}

/// What ConnectWise would fill in.
public struct TimeEntryDefaults: Decodable, Sendable {
    public let location: Reference?
    public let locationID: Int?
    public let workRole: Reference?

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        location = fields["location"]
        locationID = fields["locationId"]
        workRole = fields["workRole"]
    }
}
