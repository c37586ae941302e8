import SimulatorStage

/// The official models, as far as they are played; names and lengths are those of the OpenAPI document.
enum Models {
    static let named = ["id", "name"]
    static let identified = ["id", "identifier", "name"]

    static func info(_ stamp: Stamp, entered: Bool = true, _ more: KeyValuePairs<String, String> = [:]) -> PlayedJSON {
        var members: [PlayedJSON.Member] = [
            .init("lastUpdated", .text(stamp.updated.text)), .init("updatedBy", .text(stamp.updatedBy)),
        ]
        if entered {
            members.append(.init("dateEntered", .text(stamp.entered.text)))
            members.append(.init("enteredBy", .text(stamp.enteredBy)))
        }
        for (name, value) in more { members.append(.init(name, .text(value))) }
        return .object(members)
    }

    static func stamps<Record>(_ stamp: @escaping @Sendable (Record) -> Stamp) -> [Field<Record>] {
        [
            Field("lastUpdated", .instant) { record, _ in .text(stamp(record).updated.text) },
            Field("dateEntered", .instant) { record, _ in .text(stamp(record).entered.text) },
            Field("_info/lastUpdated", .instant) { record, _ in .text(stamp(record).updated.text) },
        ]
    }

    static func kept<Record>(
        _ names: String, _ kind: Field<Record>.Kind, _ extras: @escaping @Sendable (Record) -> Extras
    ) -> [Field<Record>] {
        names.split(whereSeparator: \.isWhitespace).map { name in
            let name = String(name)
            return Field(name, kind) { record, _ in
                let extras = extras(record)
                return extras.isEmpty ? .null : extras[name] ?? .null
            }
        }
    }

    static func reference(_ id: Int, _ name: String, href: String, _ path: String, _ label: String) -> PlayedJSON {
        .object([
            .init("id", .integer(id)), .init("name", .text(name)),
            .init("_info", .object([.init(label, .text("\(href)/\(path)/\(id)"))])),
        ])
    }

    static func member(_ id: Int?, _ ledger: Ledger) -> PlayedJSON {
        guard let id else { return .null }
        // A deleted member leaves a reference behind that leads nowhere.
        guard let member = ledger.members[id] else { return .object([.init("id", .integer(id))]) }
        return .object([
            .init("id", .integer(id)), .init("identifier", .text(member.identifier)),
            .init("name", .text(member.name)),
            .init("_info", .object([.init("member_href", .text("\(ledger.hrefBase)/system/members/\(id)"))])),
        ])
    }

    static func company(_ id: Int?, _ ledger: Ledger) -> PlayedJSON {
        guard let id, let company = ledger.companies[id] else { return .null }
        return .object([
            .init("id", .integer(id)), .init("identifier", .text(company.identifier)),
            .init("name", .text(company.name)),
            .init("_info", .object([.init("company_href", .text("\(ledger.hrefBase)/company/companies/\(id)"))])),
        ])
    }

    static func contact(_ id: Int?, _ ledger: Ledger) -> PlayedJSON {
        guard let id, let contact = ledger.contacts[id] else { return .null }
        return reference(id, contact.name, href: ledger.hrefBase, "company/contacts", "contact_href")
    }

    static func board(_ id: Int, _ ledger: Ledger) -> PlayedJSON {
        reference(id, ledger.boards[id]?.name ?? "", href: ledger.hrefBase, "service/boards", "board_href")
    }

    static func ticket(_ id: Int?, _ ledger: Ledger) -> PlayedJSON {
        guard let id, let ticket = ledger.tickets[id] else { return .null }
        return .object([
            .init("id", .integer(id)), .init("summary", .text(ticket.summary)),
            .init("_info", .object([.init("ticket_href", .text("\(ledger.hrefBase)/service/tickets/\(id)"))])),
        ])
    }
}
