import BoundaryText
import Foundation

/// A record with an id. ConnectWise leaves null members out, so all else is optional, and a member of an unexpected
/// type reads as missing: a new model version must not stop the reading.
public protocol Record: Decodable, Sendable, Equatable {
    var id: Int { get }
}

/// A reference to another record; which members it has depends on the kind.
public struct Reference: Record {
    public let id: Int
    public let name: String?
    public let identifier: String?

    public init(id: Int, name: String? = nil, identifier: String? = nil) {
        self.id = id
        self.name = name
        self.identifier = identifier
    }

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        self.init(id: try fields.id(), name: fields["name"], identifier: fields["identifier"])
    }
}

/// Who made and changed a record, and when: the members of `_info` that matter.
public struct Info: Decodable, Sendable, Equatable {
    public let lastUpdated: Date?
    public let updatedBy: String?
    public let dateEntered: Date?
    public let enteredBy: String?

    public init(lastUpdated: Date? = nil, updatedBy: String? = nil, dateEntered: Date? = nil, enteredBy: String? = nil)
    {
        self.lastUpdated = lastUpdated
        self.updatedBy = updatedBy
        self.dateEntered = dateEntered
        self.enteredBy = enteredBy
    }

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        self.init(
            lastUpdated: fields.date("lastUpdated"), updatedBy: fields["updatedBy"],
            dateEntered: fields.date("dateEntered"), enteredBy: fields["enteredBy"])
    }
}

/// A service or project ticket.
public struct Ticket: Record {
    /// What is asked for; all of it exists in every version that we know.
    static let fields =
        "id,summary,recordType,board,status,company,contact,contactName,contactEmailAddress,contactPhoneNumber,type,"
        + "priority,severity,impact,owner,resources,closedFlag,closedDate,closedBy,customerUpdatedFlag,requiredDate,_info"

    public let id: Int
    public let summary: String?
    /// `ServiceTicket`, `ProjectTicket` or `ProjectIssue`.
    public let recordType: String?
    public let board: Reference?
    public let status: Reference?
    public let company: Reference?
    public let contact: Reference?
    public let contactName: String?
    public let contactEmailAddress: String?
    public let contactPhoneNumber: String?
    public let type: Reference?
    public let priority: Reference?
    public let severity: String?
    public let impact: String?
    public let owner: Reference?
    /// Identifiers of the assigned members, split.
    public let resources: [String]
    public let closed: Bool?
    public let closedDate: Date?
    public let closedBy: String?
    public let customerUpdated: Bool?
    public let requiredDate: Date?
    /// Creation and last change; tickets have them nowhere else.
    public let info: Info?

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        summary = fields["summary"]
        recordType = fields["recordType"]
        board = fields["board"]
        status = fields["status"]
        company = fields["company"]
        contact = fields["contact"]
        contactName = fields["contactName"]
        contactEmailAddress = fields["contactEmailAddress"]
        contactPhoneNumber = fields["contactPhoneNumber"]
        type = fields["type"]
        priority = fields["priority"]
        severity = fields["severity"]
        impact = fields["impact"]
        owner = fields["owner"]
        let resources: String? = fields["resources"]
        self.resources =
            resources?.splitBytes(on: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            ?? []
        closed = fields["closedFlag"]
        closedDate = fields.date("closedDate")
        closedBy = fields["closedBy"]
        customerUpdated = fields["customerUpdatedFlag"]
        requiredDate = fields.date("requiredDate")
        info = fields["_info"]
    }
}

/// A note of a ticket.
public struct Note: Record {
    static let fields =
        "id,ticketId,text,detailDescriptionFlag,internalAnalysisFlag,resolutionFlag,member,contact,dateCreated,"
        + "createdBy,_info"

    public let id: Int
    public let ticketID: Int?
    public let text: String?
    /// On the Discussion tab, which the customer sees.
    public let discussion: Bool
    public let internalAnalysis: Bool
    public let resolution: Bool
    /// The author on our side; a stub without an id reads as missing.
    public let member: Reference?
    /// The author on the customer's side.
    public let contact: Reference?
    public let dateCreated: Date?
    public let createdBy: String?
    public let info: Info?

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        ticketID = fields["ticketId"]
        text = fields["text"]
        discussion = fields["detailDescriptionFlag"] ?? false
        internalAnalysis = fields["internalAnalysisFlag"] ?? false
        resolution = fields["resolutionFlag"] ?? false
        member = fields["member"]
        contact = fields["contact"]
        dateCreated = fields.date("dateCreated")
        createdBy = fields["createdBy"]
        info = fields["_info"]
    }
}

/// Time spent, usually on a ticket.
public struct TimeEntry: Record {
    static let fields =
        "id,chargeToId,chargeToType,member,timeStart,timeEnd,actualHours,billableOption,notes,internalNotes,"
        + "addToDetailDescriptionFlag,addToInternalAnalysisFlag,addToResolutionFlag,workRole,workType,enteredBy,"
        + "dateEntered,_info"

    public let id: Int
    /// The ticket when `chargeToType` says so.
    public let chargeToID: Int?
    public let chargeToType: String?
    public let member: Reference?
    public let timeStart: Date?
    public let timeEnd: Date?
    public let actualHours: Double?
    public let billableOption: String?
    public let notes: String?
    public let internalNotes: String?
    public let discussion: Bool
    public let internalAnalysis: Bool
    public let resolution: Bool
    public let workRole: Reference?
    public let workType: Reference?
    public let enteredBy: String?
    public let dateEntered: Date?
    public let info: Info?

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        id = try fields.id()
        chargeToID = fields["chargeToId"]
        chargeToType = fields["chargeToType"]
        member = fields["member"]
        timeStart = fields.date("timeStart")
        timeEnd = fields.date("timeEnd")
        actualHours = fields["actualHours"]
        billableOption = fields["billableOption"]
        notes = fields["notes"]
        internalNotes = fields["internalNotes"]
        discussion = fields["addToDetailDescriptionFlag"] ?? false
        internalAnalysis = fields["addToInternalAnalysisFlag"] ?? false
        resolution = fields["addToResolutionFlag"] ?? false
        workRole = fields["workRole"]
        workType = fields["workType"]
        enteredBy = fields["enteredBy"]
        dateEntered = fields.date("dateEntered")
        info = fields["_info"]
    }
}
