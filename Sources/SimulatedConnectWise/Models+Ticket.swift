import SimulatorStage

extension Models {
    static let ticket = Model<TicketRecord>(
        typeName: "Ticket", resource: "ticket", fields: ticketFields,
        shortcuts: stamps(\.stamp) + [
            Field("board/id", .integer) { ticket, _ in .integer(ticket.boardID) },
            Field("status/id", .integer) { ticket, _ in .integer(ticket.statusID) },
            Field("company/id", .integer) { ticket, _ in .integer(ticket.companyID) },
            Field("contact/id", .integer) { ticket, _ in .optional(ticket.contactID) },
            Field("owner/id", .integer) { ticket, _ in .optional(ticket.ownerID) },
            Field("board/name", .text(longest: nil)) { ticket, ledger in .optional(ledger.boards[ticket.boardID]?.name)
            },
            Field("status/name", .text(longest: nil)) { ticket, ledger in
                .optional(ledger.statuses[ticket.statusID]?.name)
            },
            // Singular: `configurations/id` is refused by the real system.
            Field("configuration/id", .integer) { ticket, _ in .optional(ticket.configurationIDs.first) },
        ],
        info: { ticket, ledger in
            info(ticket.stamp, ["tasks_href": "\(ledger.hrefBase)/service/tickets/\(ticket.id)/tasks"])
        })

    private static let levels = Field<TicketRecord>.Kind.choice(["Low", "Medium", "High"])

    private static var ticketFields: [Field<TicketRecord>] {
        let what: [Field<TicketRecord>] = [
            Field("id", .integer) { ticket, _ in .integer(ticket.id) },
            Field("summary", .text(longest: 100)) { ticket, _ in .text(ticket.summary) },
            Field("recordType", .choice(["ServiceTicket", "ProjectTicket", "ProjectIssue"])) { ticket, _ in
                .text(ticket.recordType)
            },
            Field("board", .reference(named)) { ticket, ledger in board(ticket.boardID, ledger) },
            Field("status", .reference(named)) { ticket, ledger in
                reference(
                    ticket.statusID, ledger.statuses[ticket.statusID]?.name ?? "", href: ledger.hrefBase,
                    "service/boards/\(ticket.boardID)/statuses", "status_href")
            },
            Field("company", .reference(identified)) { ticket, ledger in company(ticket.companyID, ledger) },
            Field("contact", .reference(named)) { ticket, ledger in contact(ticket.contactID, ledger) },
            Field("contactName", .text(longest: 62)) { ticket, ledger in
                .optional(ticket.contactID.flatMap { ledger.contacts[$0]?.name })
            },
            Field("contactPhoneNumber", .text(longest: 20)) { ticket, ledger in
                .optional(ticket.contactID.flatMap { ledger.contacts[$0]?.phone })
            },
            Field("contactEmailAddress", .text(longest: 250)) { ticket, ledger in
                .optional(ticket.contactID.flatMap { ledger.contacts[$0]?.email })
            },
            Field("owner", .reference(identified)) { ticket, ledger in member(ticket.ownerID, ledger) },
            Field("priority", .reference(named)) { ticket, ledger in
                guard let priority = ledger.priorities[ticket.priorityID] else { return .null }
                return .object([
                    .init("id", .integer(priority.id)), .init("name", .text(priority.name)),
                    .init("sort", .integer(priority.sort)),
                ])
            },
        ]
        let state: [Field<TicketRecord>] = [
            Field("severity", levels) { ticket, _ in ticket.extras["severity"] ?? "Medium" },
            Field("impact", levels) { ticket, _ in ticket.extras["impact"] ?? "Medium" },
            Field("customerUpdatedFlag", .flag) { ticket, _ in .flag(ticket.customerUpdated) },
            Field("closedDate", .instant) { ticket, _ in .optional(ticket.closedAt?.text) },
            Field("closedBy", .text(longest: nil)) { ticket, _ in .optional(ticket.closedBy) },
            Field("closedFlag", .flag) { ticket, _ in .flag(ticket.closed) },
            Field("resources", .text(longest: nil)) { ticket, _ in
                ticket.resources.isEmpty ? .null : .text(ticket.resources.joined(separator: ","))
            },
            Field("hasChildTicket", .flag) { _, _ in false },
            Field("location", .reference(named)) { _, _ in ["id": 11, "name": "Main office"] },
        ]
        let write = """
            initialDescription initialInternalAnalysis initialResolution initialDescriptionFrom contactEmailLookup \
            processNotifications skipCallback
            """
        return what + state + write.split(separator: " ").map { Field(String($0), .writeOnly) } + ticketExtras
    }

    private static var ticketExtras: [Field<TicketRecord>] {
        let reference = Field<TicketRecord>.Kind.reference(named)
        return kept(
            """
            siteName addressLine1 addressLine2 city stateIdentifier zip contactPhoneExtension agreementType externalXRef \
            poNumber automaticEmailCc billingMethod subBillingMethod knowledgeBaseLinkType billTime billExpenses \
            billProducts predecessorType mobileGuid slaStatus respondedBy resplanBy resolvedBy
            """, .text(longest: nil), \.extras)
            + kept(
                """
                workRole workType site country type subType item team serviceLocation source opportunity agreement \
                department sla currency mergedParentTicket
                """, reference, \.extras)
            + kept(
                """
                allowAllClientsPortalView automaticEmailContactFlag automaticEmailResourceFlag automaticEmailCcFlag \
                approved isInSla hasMergedChildTicketFlag predecessorClosedFlag lagNonworkingDaysFlag requestForChangeFlag
                """, .flag, \.extras)
            + kept(
                """
                knowledgeBaseCategoryId knowledgeBaseSubCategoryId resolveMinutes resPlanMinutes respondMinutes \
                escalationLastUpdateMinutes knowledgeBaseLinkId parentTicketId predecessorId lagDays duration \
                escalationLevel minutesBeforeWaiting respondedSkippedMinutes resplanSkippedMinutes minutesWaiting
                """, .integer, \.extras)
            + kept(
                """
                budgetHours actualHours estimatedExpenseCost estimatedExpenseRevenue estimatedProductCost \
                estimatedProductRevenue estimatedTimeCost estimatedTimeRevenue billingAmount hourlyRate subBillingAmount \
                respondedHours resplanHours resolutionHours
                """, .number, \.extras)
            + kept(
                """
                requiredDate subDateAccepted dateResolved dateResplan dateResponded respondByGoalUTC resplanGoalUTC \
                resolutionGoalUTC estimatedStartDate escalationStartDateUTC
                """, .instant, \.extras)
            + kept("integratorTags customFields", .list, \.extras)
    }
}
