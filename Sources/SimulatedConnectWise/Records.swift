import SimulatorStage

/// When a record was entered and last changed, and by whom.
struct Stamp: Sendable {
    var entered: Instant
    var enteredBy: String
    var updated: Instant
    var updatedBy: String

    init(_ instant: Instant, by name: String) {
        entered = instant
        enteredBy = name
        updated = instant
        updatedBy = name
    }

    mutating func touch(_ instant: Instant, by name: String) {
        updated = max(updated, instant)
        updatedBy = name
    }
}

/// Members that have no meaning here but keep the value that was put in.
typealias Extras = [String: PlayedJSON]

struct Board: Sendable {
    var id: Int
    var name: String
    var inactive = false
    var department: String
    var locationID = 11
    var workRoleID: Int?
    var stamp: Stamp
}

struct BoardStatus: Sendable {
    var id: Int
    var boardID: Int
    var name: String
    var sortOrder: Int
    var closed = false
    var inactive = false
    var timeEntryNotAllowed = false
    var isDefault = false
    var escalation = "NotResponded"
    var stamp: Stamp
}

struct Team: Sendable {
    var id: Int
    var boardID: Int
    var name: String
    var memberIDs: [Int]
    var leaderID: Int
    var stamp: Stamp
}

struct Member: Sendable {
    var id: Int
    var identifier: String
    var firstName: String
    var lastName: String
    var email: String?
    var title: String
    var inactive = false
    /// An API member or system account: no person, no e-mail.
    var isAPI = false
    var workRoleID: Int?
    var stamp: Stamp
    var name: String { lastName.isEmpty ? firstName : "\(firstName) \(lastName)" }
}

struct Company: Sendable {
    var id: Int
    var identifier: String
    var name: String
    var city: String
    var state: String
    var zip: String
    var street: String
    var phone: String
    var website: String
    var contactID: Int?
    var extras: Extras = [:]
    var stamp: Stamp
}

struct Contact: Sendable {
    var id: Int
    var firstName: String
    var lastName: String
    var companyID: Int
    var email: String
    var phone: String
    var title: String
    var isDefault = false
    var inactive = false
    var extras: Extras = [:]
    var stamp: Stamp
    var name: String { "\(firstName) \(lastName)" }
}

struct Priority: Sendable {
    var id: Int
    var name: String
    var sort: Int
}

struct TicketRecord: Sendable {
    var id: Int
    var summary: String
    var boardID: Int
    var statusID: Int
    var companyID: Int
    var contactID: Int?
    var ownerID: Int?
    /// Identifiers of the members assigned, in the order of assignment.
    var resources: [String] = []
    var priorityID: Int
    var closed = false
    var closedAt: Instant?
    var closedBy: String?
    var customerUpdated = false
    var recordType = "ServiceTicket"
    var configurationIDs: [Int] = []
    var extras: Extras = [:]
    var stamp: Stamp
}

struct NoteRecord: Sendable {
    var id: Int
    var ticketID: Int
    var text: String
    var discussion = false
    var internalAnalysis = false
    var resolution = false
    /// Whether ConnectWise was to send its e-mails.
    var notifies = true
    var memberID: Int?
    var contactID: Int?
    var extras: Extras = [:]
    var stamp: Stamp
}

struct TimeRecord: Sendable {
    var id: Int
    var chargeToID: Int?
    var chargeToType: String
    var companyID: Int?
    var memberID: Int
    var start: Instant
    var end: Instant?
    var hours: Double
    var notes: String?
    var internalNotes: String?
    var billable = "Billable"
    var discussion = false
    var internalAnalysis = false
    var resolution = false
    var extras: Extras = [:]
    var stamp: Stamp
}

struct ScheduleRecord: Sendable {
    var id: Int
    var objectID: Int
    var memberID: Int
    var name: String
    var start: Instant?
    var end: Instant?
    var done = false
    var extras: Extras = [:]
    var stamp: Stamp
}

struct CallbackRecord: Sendable {
    var id: Int
    var url: String
    var objectID: Int
    var type: String
    var level: String
    var description: String?
    var payloadVersion: String
    var inactive = false
    var selfSuppressed = false
    var memberID: Int
    var connectWiseID: String
    var stamp: Stamp
}
