import BoundaryText
import Foundation

/// A note to be made. Exactly one flag is set, because what ConnectWise does without any is not known.
public struct NewNote: Sendable, Equatable, Encodable {
    /// Where the note appears.
    public enum Kind: Sendable, Equatable {
        /// Seen by the customer.
        case discussion
        case internalAnalysis
        case resolution
    }

    public var text: String
    public var kind: Kind
    /// The author; nil means the API member.
    public var memberID: Int?
    /// Lets ConnectWise send its e-mails.
    public var processNotifications: Bool

    public init(_ text: String, kind: Kind, memberID: Int? = nil, processNotifications: Bool = false) {
        self.text = text
        self.kind = kind
        self.memberID = memberID
        self.processNotifications = processNotifications
    }

    private enum Key: String, CodingKey {
        case text, detailDescriptionFlag, internalAnalysisFlag, resolutionFlag, member, processNotifications
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(text, forKey: .text)
        try container.encode(kind == .discussion, forKey: .detailDescriptionFlag)
        try container.encode(kind == .internalAnalysis, forKey: .internalAnalysisFlag)
        try container.encode(kind == .resolution, forKey: .resolutionFlag)
        try container.encodeIfPresent(memberID.map { ["id": $0] }, forKey: .member)
        // Always said: what ConnectWise does without it is not the same on all boards.
        try container.encode(processNotifications, forKey: .processNotifications)
    }
}

/// Time to be logged on a ticket.
public struct NewTimeEntry: Sendable, Equatable, Encodable {
    public var ticketID: Int
    /// Project tickets and issues are both charged as `ProjectTicket`.
    public var isProjectTicket: Bool
    public var start: Date
    public var end: Date
    public var notes: String?
    public var internalNotes: String?
    public var memberID: Int?
    /// `Billable`, `DoNotBill`, `NoCharge` or `NoDefault`.
    public var billableOption: String?
    public var locationID: Int?
    public var workRoleID: Int?
    public var workTypeID: Int?
    public var addToDiscussion = false
    public var addToInternalAnalysis = false
    public var addToResolution = false

    public init(ticketID: Int, isProjectTicket: Bool = false, start: Date, end: Date, notes: String? = nil) {
        self.ticketID = ticketID
        self.isProjectTicket = isProjectTicket
        self.start = start
        self.end = end
        self.notes = notes
    }

    private enum Key: String, CodingKey {
        case chargeToId, chargeToType, timeStart, timeEnd, notes, internalNotes, member, billableOption, location
        case workRole, workType, addToDetailDescriptionFlag, addToInternalAnalysisFlag, addToResolutionFlag
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ticketID, forKey: .chargeToId)
        try container.encode(isProjectTicket ? "ProjectTicket" : "ServiceTicket", forKey: .chargeToType)
        try container.encode(ConnectWiseDate.format(start), forKey: .timeStart)
        try container.encode(ConnectWiseDate.format(end), forKey: .timeEnd)
        try container.encodeIfPresent(notes, forKey: .notes)
        try container.encodeIfPresent(internalNotes, forKey: .internalNotes)
        try container.encodeIfPresent(memberID.map { ["id": $0] }, forKey: .member)
        try container.encodeIfPresent(billableOption, forKey: .billableOption)
        try container.encodeIfPresent(locationID.map { ["id": $0] }, forKey: .location)
        try container.encodeIfPresent(workRoleID.map { ["id": $0] }, forKey: .workRole)
        try container.encodeIfPresent(workTypeID.map { ["id": $0] }, forKey: .workType)
        try container.encode(addToDiscussion, forKey: .addToDetailDescriptionFlag)
        try container.encode(addToInternalAnalysis, forKey: .addToInternalAnalysisFlag)
        try container.encode(addToResolution, forKey: .addToResolutionFlag)
    }
}

/// A callback to be registered.
public struct NewCallback: Sendable, Equatable, Encodable {
    /// Ends with a parameter name and `=`; ConnectWise appends the record's id and the action.
    public var url: String
    /// 1 for level `owner`, else the id of the board, status or record.
    public var objectId: Int
    public var type: String
    public var level: String
    /// At most 100 characters.
    public var description: String

    public init(url: String, type: String = "ticket", level: String = "owner", objectId: Int = 1, description: String) {
        self.url = url
        self.type = type
        self.level = level
        self.objectId = objectId
        self.description = description.cut(toScalars: 100)
    }
}

/// One operation of a JSON Patch.
public struct PatchOperation: Sendable, Equatable, Encodable {
    /// A value of a field.
    public enum Value: Sendable, Equatable, Encodable {
        case text(String)
        case number(Int)
        case flag(Bool)
        /// A reference, replaced as a whole: a path such as `status/id` may get a false 200.
        case reference(id: Int)

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            case .reference(let id): try container.encode(["id": id])
            }
        }
    }

    public let op: String
    public let path: String
    public let value: Value?

    /// Sets a top-level field; its name is case-sensitive.
    public static func replace(_ field: String, with value: Value) -> PatchOperation {
        PatchOperation(op: "replace", path: field, value: value)
    }

    /// Sets a top-level field to null or its default.
    public static func remove(_ field: String) -> PatchOperation {
        PatchOperation(op: "remove", path: field, value: nil)
    }
}
