import SimulatorStage

/// Notes, time entries and schedule entries: what people do on tickets.
extension Models {
    static let note = Model<NoteRecord>(
        typeName: "ServiceNote", resource: "serviceNote",
        fields: [
            Field("id", .integer) { note, _ in .integer(note.id) },
            Field("ticketId", .integer) { note, _ in .integer(note.ticketID) },
            Field("text", .text(longest: nil)) { note, _ in .text(note.text) },
            Field("detailDescriptionFlag", .flag) { note, _ in .flag(note.discussion) },
            Field("internalAnalysisFlag", .flag) { note, _ in .flag(note.internalAnalysis) },
            Field("resolutionFlag", .flag) { note, _ in .flag(note.resolution) },
            Field("issueFlag", .flag) { note, _ in note.extras["issueFlag"] ?? false },
            Field("member", .reference(identified)) { note, ledger in member(note.memberID, ledger) },
            Field("contact", .reference(named)) { note, ledger in contact(note.contactID, ledger) },
            Field("customerUpdatedFlag", .flag) { note, _ in .flag(note.contactID != nil && note.memberID == nil) },
            Field("processNotifications", .flag) { note, _ in .flag(note.notifies) },
            Field("dateCreated", .instant) { note, _ in .text(note.stamp.entered.text) },
            Field("createdBy", .text(longest: nil)) { note, _ in .text(note.stamp.enteredBy) },
            Field("internalFlag", .flag) { note, _ in .flag(note.internalAnalysis) },
            Field("externalFlag", .flag) { note, _ in .flag(note.discussion) },
            Field("sentimentScore", .number) { note, _ in note.extras["sentimentScore"] ?? .null },
        ],
        shortcuts: stamps(\.stamp), info: { note, _ in info(note.stamp, entered: false) })

    /// Notes and the texts of time entries together, as `/allNotes` lists them.
    static let anyNote = Model<AnyNote>(
        typeName: "ServiceTicketNote", resource: "serviceTicketNote",
        fields: [
            Field("id", .integer) { note, _ in .integer(note.id) },
            Field("noteType", .choice(["TicketNote", "TimeEntryNote", "MeetingNote"])) { note, _ in
                note.time == nil ? "TicketNote" : "TimeEntryNote"
            },
            Field("ticket", .reference(["id", "summary"])) { note, ledger in ticket(note.ticketID, ledger) },
            Field("text", .text(longest: nil)) { note, _ in .optional(note.note?.text ?? note.time?.notes) },
            Field("isMarkdownFlag", .flag) { _, _ in false },
            Field("detailDescriptionFlag", .flag) { note, _ in
                .flag(note.note?.discussion ?? note.time?.discussion ?? false)
            },
            Field("internalAnalysisFlag", .flag) { note, _ in
                .flag(note.note?.internalAnalysis ?? note.time?.internalAnalysis ?? false)
            },
            Field("resolutionFlag", .flag) { note, _ in
                .flag(note.note?.resolution ?? note.time?.resolution ?? false)
            },
            Field("timeStart", .instant) { note, _ in .optional(note.time?.start.text) },
            Field("timeEnd", .instant) { note, _ in .optional(note.time?.end?.text) },
            Field("bundledFlag", .flag) { _, _ in false },
            Field("mergedFlag", .flag) { _, _ in false },
            Field("issueFlag", .flag) { _, _ in false },
            Field("originalAuthor", .text(longest: nil)) { note, _ in .text(note.stamp.enteredBy) },
            Field("createdByParentFlag", .flag) { _, _ in false },
            Field("member", .reference(identified)) { note, ledger in
                member(note.note?.memberID ?? note.time?.memberID, ledger)
            },
            Field("contact", .reference(named)) { note, ledger in contact(note.note?.contactID, ledger) },
        ],
        notFilterable: ["notetype"], info: { note, _ in info(note.stamp, entered: false) })

    static let time = Model<TimeRecord>(
        typeName: "TimeEntry", resource: "timeEntry", fields: timeFields, shortcuts: stamps(\.stamp),
        indexes: ["chargetoid": { id, ledger in ledger.timeByTicket[id] ?? [] }],
        info: { entry, _ in info(entry.stamp, entered: false) })

    static let billable = ["Billable", "DoNotBill", "NoCharge", "NoDefault"]
    static let chargeTypes = ["Company", "ServiceTicket", "ProjectTicket", "ChargeCode", "Activity"]

    private static var timeFields: [Field<TimeRecord>] {
        [
            Field("id", .integer) { entry, _ in .integer(entry.id) },
            Field("company", .reference(identified)) { entry, ledger in company(entry.companyID, ledger) },
            Field("chargeToId", .integer) { entry, _ in .optional(entry.chargeToID) },
            Field("chargeToType", .choice(chargeTypes)) { entry, _ in .text(entry.chargeToType) },
            Field("member", .reference(identified)) { entry, ledger in member(entry.memberID, ledger) },
            Field("timeStart", .instant) { entry, _ in .text(entry.start.text) },
            Field("timeEnd", .instant) { entry, _ in .optional(entry.end?.text) },
            Field("actualHours", .number) { entry, _ in .number(entry.hours) },
            Field("billableOption", .choice(billable)) { entry, _ in .text(entry.billable) },
            Field("notes", .text(longest: nil)) { entry, _ in .optional(entry.notes) },
            Field("internalNotes", .text(longest: nil)) { entry, _ in .optional(entry.internalNotes) },
            Field("addToDetailDescriptionFlag", .flag) { entry, _ in .flag(entry.discussion) },
            Field("addToInternalAnalysisFlag", .flag) { entry, _ in .flag(entry.internalAnalysis) },
            Field("addToResolutionFlag", .flag) { entry, _ in .flag(entry.resolution) },
            Field("enteredBy", .text(longest: nil)) { entry, _ in .text(entry.stamp.enteredBy) },
            Field("dateEntered", .instant) { entry, _ in .text(entry.stamp.entered.text) },
            Field(
                "status",
                .choice([
                    "Open", "Rejected", "PendingApproval", "ErrorsCorrected", "ReadyToBill", "Billed", "WrittenOff",
                ])
            ) { _, _ in "Open" },
            Field("ticket", .reference(["id", "summary"])) { entry, ledger in ticket(entry.chargeToID, ledger) },
        ]
            + "emailResourceFlag emailContactFlag emailCcFlag".split(separator: " ")
            .map { Field(String($0), .writeOnly) }
            + kept(
                """
                companyType businessGroupDesc agreementType projectActivity territory emailCc hourlyCost mobileGuid \
                ticketBoard ticketStatus ticketType ticketSubType locationName
                """, .text(longest: nil), \.extras)
            + kept(
                "location department workType workRole agreement activity invoice timeSheet project phase taxCode",
                .reference(named), \.extras)
            + kept("locationId businessUnitId opportunityRecid invoiceReady", .integer, \.extras)
            + kept(
                """
                hoursDeduct hoursBilled invoiceHours hourlyRate overageRate agreementHours agreementAmount \
                agreementAdjustment adjustment extendedInvoiceAmount
                """, .number, \.extras)
            + kept("invoiceFlag", .flag, \.extras) + kept("customFields", .list, \.extras)
    }

    static let schedule = Model<ScheduleRecord>(
        typeName: "ScheduleEntry", resource: "schedule",
        fields: [
            Field("id", .integer) { entry, _ in .integer(entry.id) },
            Field("objectId", .integer) { entry, _ in .integer(entry.objectID) },
            Field("name", .text(longest: 250)) { entry, _ in .text(entry.name) },
            Field("member", .reference(identified)) { entry, ledger in member(entry.memberID, ledger) },
            Field("dateStart", .instant) { entry, _ in .optional(entry.start?.text) },
            Field("dateEnd", .instant) { entry, _ in .optional(entry.end?.text) },
            Field("type", .reference(["id", "name", "identifier"])) { _, _ in
                ["id": 4, "name": "Service", "identifier": "S"]
            },
            Field("status", .reference(named)) { _, _ in ["id": 2, "name": "Firm"] },
            Field("doneFlag", .flag) { entry, _ in .flag(entry.done) },
            Field("acknowledgedFlag", .flag) { _, _ in false },
            Field("ownerFlag", .flag) { entry, ledger in
                .flag(ledger.tickets[entry.objectID]?.ownerID == entry.memberID)
            },
            Field("meetingFlag", .flag) { _, _ in false },
        ]
            + kept("ticketType mobileGuid notificationResponse", .text(longest: nil), \.extras)
            + kept("where reminder span", .reference(named), \.extras)
            + kept(
                """
                allowScheduleConflictsFlag addMemberToProjectFlag notifyResource notificationSent startTimeSet endTimeSet
                """, .flag, \.extras)
            + kept("projectRoleId", .integer, \.extras) + kept("hours", .number, \.extras)
            + kept("acknowledgedDate closeDate", .instant, \.extras),
        shortcuts: stamps(\.stamp), indexes: ["objectid": { id, ledger in ledger.scheduleByTicket[id] ?? [] }],
        info: { entry, _ in info(entry.stamp, entered: false) })
}

/// A note or a time entry's text, as `/allNotes` mixes them.
struct AnyNote: Sendable {
    let note: NoteRecord?
    let time: TimeRecord?

    var id: Int { note?.id ?? time?.id ?? 0 }
    var ticketID: Int? { note?.ticketID ?? time?.chargeToID }
    var stamp: Stamp { note?.stamp ?? time?.stamp ?? Stamp(Instant(seconds: 0), by: "") }
}
