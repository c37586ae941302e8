import SimulatorStage

/// Boards, members, companies, contacts and callbacks.
extension Models {
    static let board = Model<Board>(
        typeName: "Board", resource: "board",
        fields: [
            Field("id", .integer) { board, _ in .integer(board.id) },
            Field("name", .text(longest: 50)) { board, _ in .text(board.name) },
            Field("location", .reference(named)) { board, ledger in
                ledger.locations[board.locationID].map { ["id": .integer($0.id), "name": .text($0.name)] } ?? .null
            },
            Field("department", .reference(["id", "identifier", "name"])) { board, _ in
                ["id": 10, "identifier": .text(board.department), "name": .text(board.department)]
            },
            Field("inactiveFlag", .flag) { board, _ in .flag(board.inactive) },
            Field("projectFlag", .flag) { _, _ in false },
            Field("billTime", .text(longest: nil)) { _, _ in "NoDefault" },
            Field("discussionsLockedFlag", .flag) { _, _ in false },
            Field("timeEntryLockedFlag", .flag) { _, _ in false },
            Field("timeEntryDiscussionFlag", .flag) { _, _ in true },
            Field("timeEntryResolutionFlag", .flag) { _, _ in false },
            Field("timeEntryInternalAnalysisFlag", .flag) { _, _ in false },
            Field("autoAssignTicketOwnerFlag", .flag) { _, _ in false },
            Field("markFirstNoteIssueFlag", .flag) { _, _ in false },
            Field("workRole", .reference(named)) { board, ledger in
                board.workRoleID.flatMap { ledger.workRoles[$0] }
                    .map { ["id": .integer($0.id), "name": .text($0.name)] } ?? .null
            }, Field("workType", .reference(named)),
        ],
        shortcuts: stamps(\.stamp), info: { board, _ in info(board.stamp, entered: false) })

    static let status = Model<BoardStatus>(
        typeName: "BoardStatus", resource: "boardStatus",
        fields: [
            Field("id", .integer) { status, _ in .integer(status.id) },
            Field("name", .text(longest: 50)) { status, _ in .text(status.name) },
            Field("board", .reference(named)) { status, ledger in board(status.boardID, ledger) },
            Field("sortOrder", .integer) { status, _ in .integer(status.sortOrder) },
            Field("displayOnBoard", .flag) { status, _ in .flag(!status.closed && !status.inactive) },
            Field("inactive", .flag) { status, _ in .flag(status.inactive) },
            Field("closedStatus", .flag) { status, _ in .flag(status.closed) },
            Field("timeEntryNotAllowed", .flag) { status, _ in .flag(status.timeEntryNotAllowed) },
            Field("defaultFlag", .flag) { status, _ in .flag(status.isDefault) },
            Field(
                "escalationStatus",
                .choice(["NotResponded", "Responded", "ResolutionPlan", "Resolved", "NoEscalation"])
            ) { status, _ in .text(status.escalation) },
            Field("customerPortalFlag", .flag) { _, _ in true },
            Field("saveTimeAsNote", .flag) { _, _ in false },
        ],
        shortcuts: stamps(\.stamp), info: { status, _ in info(status.stamp, entered: false) })

    static let team = Model<Team>(
        typeName: "BoardTeam", resource: "boardTeam",
        fields: [
            Field("id", .integer) { team, _ in .integer(team.id) },
            Field("name", .text(longest: 50)) { team, _ in .text(team.name) },
            Field("teamLeader", .reference(identified)) { team, ledger in member(team.leaderID, ledger) },
            Field("members", .list) { team, _ in .list(team.memberIDs.map { .integer($0) }) },
            Field("defaultFlag", .flag) { _, _ in true },
            Field("boardId", .integer) { team, _ in .integer(team.boardID) },
            Field("locationId", .integer) { _, _ in 11 },
        ],
        info: { team, _ in info(team.stamp, entered: false) })

    static let member = Model<Member>(
        typeName: "Member", resource: "member",
        fields: [
            Field("id", .integer) { member, _ in .integer(member.id) },
            Field("identifier", .text(longest: 15)) { member, _ in .text(member.identifier) },
            Field("licenseClass", .text(longest: nil)) { member, _ in .text(member.isAPI ? "A" : "F") },
            Field("inactiveFlag", .flag) { member, _ in .flag(member.inactive) },
            Field("firstName", .text(longest: 30)) { member, _ in .text(member.firstName) },
            Field("lastName", .text(longest: 30)) { member, _ in .text(member.lastName) },
            Field("officeEmail", .text(longest: 250)) { member, _ in .optional(member.email) },
            Field("primaryEmail", .text(longest: 250)) { member, _ in .optional(member.email) },
            Field("defaultEmail", .choice(["Office", "Mobile", "Home"])) { _, _ in "Office" },
            Field("defaultPhone", .choice(["Office", "Mobile", "Home"])) { _, _ in "Office" },
            Field("title", .text(longest: nil)) { member, _ in member.title.isEmpty ? .null : .text(member.title) },
            Field("adminFlag", .flag) { _, _ in false },
            // Without meaning here, but foreign clients insist on them.
            Field("agreementInvoicingDisplayOptions", .text(longest: nil)) { _, _ in "RemainOnInvoicingScreen" },
            Field("invoicingDisplayOptions", .text(longest: nil)) { _, _ in "RemainOnInvoicingScreen" },
            Field("invoiceScreenDefaultTabFormat", .text(longest: nil)) { _, _ in "ShowInvoicingTab" },
            Field("hireDate", .instant) { member, _ in .text(member.stamp.entered.text) },
            Field("serviceDefaultBoard", .reference(named)), Field("defaultLocation", .reference(named)),
            Field("workRole", .reference(named)), Field("workType", .reference(named)),
            Field("mobileEmail", .text(longest: 250)), Field("homeEmail", .text(longest: 250)),
            Field("officePhone", .text(longest: 15)), Field("mobilePhone", .text(longest: 15)),
            Field("notes", .text(longest: nil)), Field("lastLogin", .instant), Field("inactiveDate", .instant),
        ],
        shortcuts: stamps(\.stamp), info: { member, _ in info(member.stamp, entered: false) })

    static let company = Model<Company>(
        typeName: "Company", resource: "company",
        fields: [
            Field("id", .integer) { company, _ in .integer(company.id) },
            Field("identifier", .text(longest: 156)) { company, _ in .text(company.identifier) },
            Field("name", .text(longest: 156)) { company, _ in .text(company.name) },
            Field("status", .reference(named)) { _, _ in ["id": 1, "name": "Active"] },
            Field("addressLine1", .text(longest: 50)) { company, _ in .text(company.street) },
            Field("city", .text(longest: 50)) { company, _ in .text(company.city) },
            Field("state", .text(longest: 50)) { company, _ in .text(company.state) },
            Field("zip", .text(longest: 12)) { company, _ in .text(company.zip) },
            Field("phoneNumber", .text(longest: 30)) { company, _ in .text(company.phone) },
            Field("website", .text(longest: 255)) { company, _ in .text(company.website) },
            Field("defaultContact", .reference(named)) { company, ledger in contact(company.contactID, ledger) },
            Field("deletedFlag", .flag) { _, _ in false },
            Field("leadFlag", .flag) { _, _ in false }, Field("unsubscribeFlag", .flag) { _, _ in false },
            Field("types", .list) { _, _ in [["id": 1, "name": "Client"]] },
        ]
            + kept("faxNumber addressLine2 accountNumber taxIdentifier vendorIdentifier", .text(longest: nil), \.extras)
            + kept("country territory market parentCompany timeZoneSetup site currency", .reference(named), \.extras)
            + kept("customFields integratorTags", .list, \.extras),
        shortcuts: stamps(\.stamp), info: { company, _ in info(company.stamp) })

    static let contact = Model<Contact>(
        typeName: "Contact", resource: "contact",
        fields: [
            Field("id", .integer) { contact, _ in .integer(contact.id) },
            Field("firstName", .text(longest: 30)) { contact, _ in .text(contact.firstName) },
            Field("lastName", .text(longest: 30)) { contact, _ in .text(contact.lastName) },
            Field("company", .reference(identified)) { contact, ledger in company(contact.companyID, ledger) },
            Field("inactiveFlag", .flag) { contact, _ in .flag(contact.inactive) },
            Field("title", .text(longest: 100)) { contact, _ in .text(contact.title) },
            Field("defaultPhoneType", .text(longest: nil)) { _, _ in "Direct" },
            Field("defaultPhoneNbr", .text(longest: nil)) { contact, _ in .text(contact.phone) },
            Field("defaultFlag", .flag) { contact, _ in .flag(contact.isDefault) },
            Field("communicationItems", .list) { contact, _ in communications(contact) },
        ]
            + kept("nickName addressLine1 city state zip", .text(longest: nil), \.extras)
            + kept("site department relationship country managerContact", .reference(named), \.extras)
            + kept("customFields types integratorTags", .list, \.extras),
        shortcuts: stamps(\.stamp), info: { contact, _ in info(contact.stamp) })

    private static func communications(_ contact: Contact) -> PlayedJSON {
        [
            [
                "id": .integer(contact.id * 10 + 1), "type": ["id": 1, "name": "Email"], "value": .text(contact.email),
                "defaultFlag": true, "domain": .text("@" + (contact.email.split(separator: "@").last ?? "")),
                "communicationType": "Email",
            ],
            [
                "id": .integer(contact.id * 10 + 2), "type": ["id": 2, "name": "Direct"], "value": .text(contact.phone),
                "defaultFlag": true, "communicationType": "Phone",
            ],
        ]
    }

    static let callback = Model<CallbackRecord>(
        typeName: "CallbackEntry", resource: "callbackEntry",
        fields: [
            Field("id", .integer) { entry, _ in .integer(entry.id) },
            Field("description", .text(longest: 100)) { entry, _ in .optional(entry.description) },
            Field("url", .text(longest: nil)) { entry, _ in .text(entry.url) },
            Field("objectId", .integer) { entry, _ in .integer(entry.objectID) },
            Field("type", .text(longest: nil)) { entry, _ in .text(entry.type) },
            Field("level", .text(longest: nil)) { entry, _ in .text(entry.level) },
            Field("memberId", .integer) { entry, _ in .integer(entry.memberID) },
            Field("payloadVersion", .text(longest: nil)) { entry, _ in .text(entry.payloadVersion) },
            Field("inactiveFlag", .flag) { entry, _ in .flag(entry.inactive) },
            Field("isSoapCallbackFlag", .flag) { _, _ in false },
            Field("isSelfSuppressedFlag", .flag) { entry, _ in .flag(entry.selfSuppressed) },
            Field("connectWiseID", .text(longest: nil)) { entry, _ in .text(entry.connectWiseID) },
        ],
        shortcuts: stamps(\.stamp), info: { entry, _ in info(entry.stamp, entered: false) })
}
