import API
import BoundaryText
import ConnectWise

extension ConnectWiseProvider {
    /// One right as ConnectWise's screen of security roles names it, what it is for, and how to see whether it is there.
    struct Right: Sendable {
        let setting: String
        /// Nil for what Patchbay does not need.
        let purpose: String?
        /// Nil for what cannot be tried without changing something.
        let probe: ConnectWiseClient.Probe?

        init(_ setting: String, _ purpose: String?, _ probe: ConnectWiseClient.Probe?) {
            self.setting = setting
            self.purpose = purpose
            self.probe = probe
        }
    }

    /// What we do with ConnectWise, and some rights that a role copied from another often has too much. `All`, because
    /// `My` would show only the API member's own records.
    static let rights: [Right] = [
        Right(
            "Service Desk › Service Tickets › Inquire: All", "read, search and watch tickets",
            .inquire("service/tickets")),
        Right(
            "Service Desk › Service Tickets › Edit: All", "add notes, update statuses",
            .edit("service/tickets")),
        Right("Service Desk › Close Service Tickets › Edit: All", "close tickets, update closed ones", nil),
        Right(
            "Time & Expense › Time Entry › Inquire: All",
            "show logged time, check whether time was logged after a lost connection",
            .inquire("time/entries")),
        Right("Time & Expense › Time Entry › Add: All", "log time", .add("time/entries")),
        Right(
            "Companies › Company Maintenance › Inquire: All", "list companies and match them with customers",
            .inquire("company/companies")),
        Right(
            "Companies › Configurations › Inquire: All", "show a ticket's configurations",
            .inquire("company/configurations")),
        Right(
            "System › Member Maintenance › Inquire: All", "find members, so that notes carry the engineer's name",
            .inquire("system/members")),
        Right(
            "System › Table Setup › Inquire: All (customize: Service Board, Priority)",
            "list boards and their statuses", .inquire("service/boards")),
        Right(
            "System › Table Setup › Inquire: All (customize: Work Role, Work Type)", "list work roles and work types",
            .inquire("time/workRoles")),
        Right(
            "System › My Company › Inquire: All", "find the work roles that a location allows",
            .inquire("system/locations")),
        Right(
            "Callbacks › Inquire (ConnectWise does not document which setting; other vendors name System › Table Setup)",
            "check the callback", .inquire("system/callbacks")),
        Right(
            "Callbacks › Add (ConnectWise does not document which setting; other vendors name System › Table Setup)",
            "register the callback", .add("system/callbacks")),
        Right("Service Desk › Service Tickets › Add", nil, .add("service/tickets")),
        Right("Service Desk › Service Tickets › Delete", nil, .delete("service/tickets")),
        Right("Time & Expense › Time Entry › Edit", nil, .edit("time/entries")),
        Right("Time & Expense › Time Entry › Delete", nil, .delete("time/entries")),
        Right("Companies › Company Maintenance › Add", nil, .add("company/companies")),
        Right("Companies › Company Maintenance › Delete", nil, .delete("company/companies")),
        Right("Finance › Invoicing › Inquire", nil, .inquire("finance/invoices")),
        Right("Finance › Agreements › Inquire", nil, .inquire("finance/agreements")),
        Right("Procurement › Product Catalog › Inquire", nil, .inquire("procurement/catalog")),
        Right("Sales › Opportunity › Inquire", nil, .inquire("sales/opportunities")),
    ]

    /// See ``PSAProvider``.
    public func rights() async throws(PSAError) -> [RightCheck] {
        // Wrong keys would make every line a puzzle of its own; a right that is missing is one of the lines.
        do throws(PSAError) {
            try await test()
        } catch {
            guard case .permission = error else { throw error }
        }
        var checks: [RightCheck] = []
        for right in Self.rights {
            guard let probe = right.probe else {
                checks.append(
                    RightCheck(
                        setting: right.setting, purpose: right.purpose, finding: .unknown,
                        detail: "This cannot be checked without closing a ticket."))
                continue
            }
            do throws(ConnectWiseError) {
                let isThere = try await client.allows(probe)
                checks.append(
                    RightCheck(setting: right.setting, purpose: right.purpose, finding: isThere ? .granted : .missing))
            } catch {
                checks.append(
                    RightCheck(
                        setting: right.setting, purpose: right.purpose, finding: .unknown, detail: error.message))
            }
        }
        return checks
    }
}
