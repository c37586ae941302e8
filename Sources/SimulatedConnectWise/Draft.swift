import SimulatorStage

/// The members of a POST body or the operations of a PATCH, checked against the model before anything is changed.
struct Draft<Record: Sendable> {
    let model: Model<Record>
    private(set) var values: [(name: String, value: PlayedJSON)] = []

    /// The members of a POST body. An unknown one refuses the whole call.
    init(post body: PlayedJSON, _ model: Model<Record>) throws(Refusal) {
        self.model = model
        guard case .object(let members) = body else { throw .malformed("The request body is not an object.") }
        for member in members where member.name.lowercased() != "_info" {
            guard let field = model.field(anyCase: member.name) else {
                throw .unknownMember(member.name, type: model.typeName)
            }
            guard member.value != .null else { continue }
            values.append((field.name, try Self.checked(member.value, field, model)))
        }
    }

    /// The operations of a JSON Patch: a bare array, its paths compared with case, `/summary` like `summary`.
    ///
    /// A path into a reference (`company/identifier`) is answered with 200 and changes nothing, as ConnectWise warns.
    init(patch body: PlayedJSON, _ model: Model<Record>) throws(Refusal) {
        self.model = model
        guard case .list(let operations) = body else { throw .malformed("The patch is not an array of operations.") }
        for operation in operations {
            guard let verb = operation["op"]?.string?.lowercased(), ["add", "replace", "remove"].contains(verb),
                let path = operation["path"]?.string
            else { throw .malformed("A patch operation needs op (add, replace, remove) and path.") }
            let names = path.split(separator: "/").map(String.init)
            guard let first = names.first, let field = model.field(exactly: first) else {
                throw .malformed("The target location specified by path segment '\(path)' was not found.")
            }
            guard names.count == 1 else { continue }
            let value = verb == "remove" ? PlayedJSON.null : operation["value"] ?? .null
            values.append((field.name, value == .null ? .null : try Self.checked(value, field, model)))
        }
    }

    subscript(_ name: String) -> PlayedJSON? { values.last { $0.name == name }?.value }

    func string(_ name: String) -> String? { self[name]?.string }
    func flag(_ name: String) -> Bool? { self[name]?.bool }

    /// The values of members that are only kept, to be merged into what a record keeps.
    func extras(keeping played: Set<String>) -> Extras {
        var extras: Extras = [:]
        for (name, value) in values where !played.contains(name) {
            if model.field(exactly: name)?.kind != .writeOnly { extras[name] = value }
        }
        return extras
    }

    func instant(_ name: String) throws(Refusal) -> Instant? {
        guard let text = string(name) else { return nil }
        guard let instant = Instant(body: text) else {
            throw .invalidField(name, "Unsupported format applied to \(name)", resource: model.resource)
        }
        return instant
    }

    private static func checked(_ value: PlayedJSON, _ field: Field<Record>, _ model: Model<Record>) throws(Refusal)
        -> PlayedJSON
    {
        func wrong(_ message: String) -> Refusal { .invalidField(field.name, message, resource: model.resource) }
        switch field.kind {
        case .text(let longest):
            guard let text = value.string ?? value.int.map(String.init) else {
                throw wrong("\(field.name) must be a string.")
            }
            if let longest, text.count > longest {
                throw wrong("The field \(field.name) must be a string with a maximum length of \(longest).")
            }
            return .text(text)
        case .integer:
            guard let number = value.int else { throw wrong("\(field.name) must be an integer.") }
            return .integer(number)
        case .number:
            guard let number = value.double else { throw wrong("\(field.name) must be a number.") }
            return .number(number)
        case .flag:
            if let flag = value.bool { return .flag(flag) }
            guard let text = value.string?.lowercased(), text == "true" || text == "false" else { throw .badFlag }
            return .flag(text == "true")
        case .instant:
            guard let text = value.string, let instant = Instant(body: text) else {
                throw wrong("Unsupported format applied to \(field.name)")
            }
            return .text(instant.text)
        case .choice(let known):
            guard let text = value.string, let choice = known.first(where: { $0.lowercased() == text.lowercased() })
            else { throw wrong("\(field.name) is not one of \(known.joined(separator: ", ")).") }
            return .text(choice)
        case .reference:
            guard case .object = value else { throw wrong("\(field.name) must be an object.") }
            return value
        case .list:
            guard case .list = value else { throw wrong("\(field.name) must be an array.") }
            return value
        case .writeOnly: return value
        }
    }
}

// MARK: References in bodies: by any unique key

extension Ledger {
    func board(_ reference: PlayedJSON?, resource: String) throws(Refusal) -> Board? {
        try find(reference, "board", resource: resource, in: boards.all, id: \.id, keys: [("name", \.name)])
    }

    func company(_ reference: PlayedJSON?, resource: String) throws(Refusal) -> Company? {
        try find(
            reference, "company", resource: resource, in: companies.all, id: \.id,
            keys: [("identifier", \.identifier), ("name", \.name)])
    }

    func contact(_ reference: PlayedJSON?, resource: String) throws(Refusal) -> Contact? {
        try find(reference, "contact", resource: resource, in: contacts.all, id: \.id, keys: [("name", \.name)])
    }

    func priority(_ reference: PlayedJSON?, resource: String) throws(Refusal) -> Priority? {
        try find(reference, "priority", resource: resource, in: priorities.all, id: \.id, keys: [("name", \.name)])
    }

    /// Members by id or identifier; an e-mail address is not an identifier.
    func member(_ reference: PlayedJSON?, field: String = "member", resource: String) throws(Refusal) -> Member? {
        try find(
            reference, field, resource: resource, in: members.all, id: \.id, keys: [("identifier", \.identifier)])
    }

    /// A status of the board; one of another board is refused, as are unknown ones.
    func status(_ reference: PlayedJSON?, of board: Board, resource: String) throws(Refusal) -> BoardStatus? {
        guard let reference, reference != .null else { return nil }
        let known = (statusesByBoard[board.id] ?? []).compactMap { statuses[$0] }
        if let id = reference["id"]?.int, id != 0 {
            if let status = known.first(where: { $0.id == id }) { return status }
        } else if let name = reference["name"]?.string,
            let status = known.first(where: { $0.name.lowercased() == name.lowercased() })
        {
            return status
        }
        let named = reference["id"]?.int.map(String.init) ?? reference["name"]?.string ?? ""
        throw .invalid(
            resource: resource,
            [
                .init(
                    code: "NotFound", message: "Service Status \(named) not found for Service Board \(board.name)",
                    field: "status")
            ])
    }

    private func find<Record>(
        _ reference: PlayedJSON?, _ field: String, resource: String, in records: some Sequence<Record>,
        id: KeyPath<Record, Int>,
        keys: [(String, KeyPath<Record, String>)]
    ) throws(Refusal) -> Record? {
        guard let reference, reference != .null else { return nil }
        if let wanted = reference["id"]?.int, wanted != 0 {
            guard let record = records.first(where: { $0[keyPath: id] == wanted }) else {
                throw .notFound("\(field) \(wanted)", resource: resource, field: field)
            }
            return record
        }
        for (key, path) in keys {
            guard let wanted = reference[key]?.string else { continue }
            guard let record = records.first(where: { $0[keyPath: path].lowercased() == wanted.lowercased() }) else {
                throw .notFound("\(field) \(wanted)", resource: resource, field: field)
            }
            return record
        }
        throw .missing("\(field)/id", resource: resource)
    }
}
