import HTTPTypes
import SimulatorStage

/// What a list call asks for, from its query or from the body of a `POST …/search`.
struct Terms: Sendable {
    var conditions: String?
    var childConditions: String?
    var customFieldConditions: String?
    var orderBy: String?
    var fields: String?
    var page = 1
    var pageSize = 25
    var pageID: Int?
    var forwardOnly = false

    /// The documented maximum; more is capped silently.
    static let largestPage = 1000

    init(_ call: Call) {
        let query = call.query
        conditions = query["conditions"]
        childConditions = query["childConditions"]
        customFieldConditions = query["customFieldConditions"]
        orderBy = query["orderBy"]
        fields = query["fields"]
        page = min(1_000_000_000, max(1, query["page"].flatMap { Int($0) } ?? 1))
        pageSize = min(Self.largestPage, max(1, query["pageSize"].flatMap { Int($0) } ?? 25))
        pageID = query["pageId"].flatMap { Int($0) }
        forwardOnly = call.header(.paginationType)?.lowercased() == "forward-only"
    }

    /// The members of `FilterValues`, whose names are compared without case.
    mutating func take(search body: PlayedJSON) throws(Refusal) {
        let known = ["conditions", "orderby", "childconditions", "customfieldconditions"]
        for member in body.members where !known.contains(member.name.lowercased()) {
            throw .unknownMember(member.name, type: "FilterValues")
        }
        conditions = body.member(anyCase: "conditions")?.string ?? conditions
        orderBy = body.member(anyCase: "orderBy")?.string ?? orderBy
        childConditions = body.member(anyCase: "childConditions")?.string ?? childConditions
        customFieldConditions = body.member(anyCase: "customFieldConditions")?.string ?? customFieldConditions
    }
}

extension HTTPField.Name {
    static let paginationType = HTTPField.Name("pagination-type") ?? .accept
    static let clientID = HTTPField.Name("clientId") ?? .accept
    static let contentSignature = HTTPField.Name("x-content-signature") ?? .accept
}

/// What a list matched when the ledger was at that revision.
struct Matches: Sendable {
    let revision: Int
    let ids: ArraySlice<Int>
}

/// Lists, counts and pages of a table.
struct Listing<Record: Sendable> {
    let model: Model<Record>
    let table: Table<Record>
    /// Ids of the records that the path leads to, ascending.
    let ids: ArraySlice<Int>
    let ledger: Ledger
    private let matches: Recent<Matches>?

    init(
        _ model: Model<Record>, _ table: Table<Record>, ids: [Int]? = nil, _ ledger: Ledger,
        matches: Recent<Matches>? = nil
    ) {
        self.matches = matches
        self.model = model
        self.table = table
        self.ids = (ids ?? table.ids)[...]
        self.ledger = ledger
    }

    func count(_ terms: Terms) throws(Refusal) -> Answer {
        Answer(200, ["count": .integer(try matching(terms, among: ids).count)])
    }

    func page(_ terms: Terms, _ call: Call, scheme: String) throws(Refusal) -> Answer {
        let selection = try terms.fields.map { fields throws(Refusal) in try model.selection(fields) }
        if terms.forwardOnly {
            guard terms.orderBy == nil else { throw .orderByWithForwardOnly }
            return try forward(terms, selection, call, scheme: scheme)
        }
        let matching = try ordered(terms)
        let start = min(matching.count, (terms.page - 1) * terms.pageSize)
        let page = matching[start..<min(matching.count, start + terms.pageSize)]
        var answer = body(page, selection)
        let last = max(1, (matching.count + terms.pageSize - 1) / terms.pageSize)
        var links: [String] = []
        if terms.page < last { links.append(link("next", page: terms.page + 1, terms, call, scheme)) }
        if terms.page > 1, last > 1 { links.append(link("prev", page: min(terms.page - 1, last), terms, call, scheme)) }
        if last > 1 {
            links.append(link("first", page: 1, terms, call, scheme))
            links.append(link("last", page: last, terms, call, scheme))
        }
        if !links.isEmpty { answer.headers[.link] = links.joined(separator: ", ") }
        return answer
    }

    /// All that match, in order; remembered until the ledger changes.
    private func ordered(_ terms: Terms) throws(Refusal) -> ArraySlice<Int> {
        let asked = [terms.conditions, terms.childConditions, terms.customFieldConditions, terms.orderBy]
        let key = "\(model.typeName)|" + asked.map { $0 ?? "" }.joined(separator: "|")
        if let known = matches?[key], known.revision == ledger.revision { return known.ids }
        let ids = try sorted(try matching(terms, among: ids), by: terms.orderBy)
        matches?[key] = Matches(revision: ledger.revision, ids: ids)
        return ids
    }

    /// `page=N` ends each address: known clients find pages by that alone.
    private func link(_ relation: String, page: Int, _ terms: Terms, _ call: Call, _ scheme: String) -> String {
        var parts = call.query.parts(without: ["page"]).map(String.init)
        if call.query["pageSize"] == nil { parts.append("pageSize=\(terms.pageSize)") }
        return
            "<\(scheme)://\(call.authority)\(call.path)?\(parts.joined(separator: "&"))&page=\(page)>; rel=\"\(relation)\""
    }

    /// The header is always there and empty at the end; `page` and the order of ids are not the caller's choice.
    private func forward(
        _ terms: Terms, _ selection: Selection<Record>?, _ call: Call, scheme: String
    ) throws(Refusal) -> Answer {
        let after = terms.pageID ?? 0
        let rest = ids.drop { $0 <= after }
        let matching = try matching(terms, among: rest, atMost: terms.pageSize + 1)
        let page = matching.prefix(terms.pageSize)
        var answer = body(page, selection)
        if matching.count > page.count, let last = page.last {
            let parts = call.query.parts(without: ["page", "pageid"]) + ["pageId=\(last)"]
            let address = "\(scheme)://\(call.authority)\(call.path)?\(parts.joined(separator: "&"))"
            answer.headers[.link] = "<\(address)>; rel=\"next\""
        } else {
            answer.headers[.link] = ""
        }
        return answer
    }

    private func body(_ page: ArraySlice<Int>, _ selection: Selection<Record>?) -> Answer {
        var writer = JSONWriter(capacity: 64 + page.count * 512)
        writer.byte(UInt8(ascii: "["))
        var first = true
        for id in page {
            guard let record = table[id] else { continue }
            if !first { writer.byte(UInt8(ascii: ",")) }
            first = false
            writer.write(selection.map { model.json(record, ledger, $0) } ?? model.json(record, ledger))
        }
        writer.byte(UInt8(ascii: "]"))
        return Answer(200, body: writer.bytes, type: "application/json")
    }

    private func matching(
        _ terms: Terms, among ids: ArraySlice<Int>, atMost limit: Int = .max
    ) throws(Refusal) -> [Int] {
        let filter = try Filter(try Self.read(terms.conditions), model)
        let children = try Self.read(terms.childConditions).map { condition throws(Refusal) in
            try ChildFilter(condition, model)
        }
        let custom = try Self.read(terms.customFieldConditions).map { ChildFilter<Record>(customFields: $0) }
        var found: [Int] = []
        for id in filter.candidates(among: ids, in: ledger) {
            guard let record = table[id], filter(record, ledger) else { continue }
            guard children?.accepts(model, record, ledger) ?? true, custom?.accepts(model, record, ledger) ?? true
            else {
                continue
            }
            found.append(id)
            if found.count == limit { break }
        }
        return found
    }

    private static func read(_ text: String?) throws(Refusal) -> Condition? {
        guard let text, text.contains(where: { $0 != " " }) else { return nil }
        do throws(ConditionRefusal) {
            return try ConditionReader.read(text)
        } catch {
            throw .condition(error.message)
        }
    }

    private func sorted(_ ids: [Int], by orderBy: String?) throws(Refusal) -> ArraySlice<Int> {
        guard let orderBy, !orderBy.isEmpty else { return ids[...] }
        var keys: [(path: Filter<Record>.Path, descending: Bool)] = []
        for part in orderBy.split(separator: ",") {
            let words = part.split(separator: " ")
            guard let name = words.first, words.count <= 2,
                let descending = ["asc": false, "desc": true][words.count == 2 ? words[1].lowercased() : "asc"]
            else { throw .condition("\(part) is not a recognized order.") }
            keys.append((try Filter.path(String(name), model), descending))
        }
        let rows = ids.map { id in
            (id: id, values: keys.map { key in table[id].map { key.path.read($0, ledger) } ?? .null })
        }
        return rows.sorted { left, right in
            for (index, key) in keys.enumerated() {
                let order = compare(left.values[index], right.values[index])
                if order != 0 { return (order < 0) != key.descending }
            }
            return left.id < right.id
        }.map(\.id)[...]
    }
}

/// `childConditions`: a condition that one element of a record's list has to meet. `in` is not supported, as documented.
struct ChildFilter<Record: Sendable>: Sendable {
    private let list: String
    private let condition: Condition
    /// How many leading names of each path lead to the list.
    private let prefix: Int

    init(_ condition: Condition, _ model: Model<Record>) throws(Refusal) {
        let names = Set(condition.fields.map { $0.split(separator: "/").first.map { $0.lowercased() } ?? "" })
        guard names.count == 1, let name = names.first, let field = model.field(anyCase: name), field.kind == .list,
            !Self.hasList(condition)
        else { throw .condition("\(condition.fields.first ?? "") is not a recognized name.") }
        list = field.name
        self.condition = condition
        prefix = 1
    }

    /// Conditions on `caption` and `value` of the custom fields.
    init(customFields condition: Condition) {
        list = "customFields"
        self.condition = condition
        prefix = 0
    }

    func accepts(_ model: Model<Record>, _ record: Record, _ ledger: Ledger) -> Bool {
        let elements = model.field(exactly: list)?.read(record, ledger).elements ?? []
        return elements.contains { accepts(condition, $0) }
    }

    private func accepts(_ condition: Condition, _ element: PlayedJSON) -> Bool {
        switch condition {
        case .all(let parts): parts.allSatisfy { accepts($0, element) }
        case .any(let parts): parts.contains { accepts($0, element) }
        case .compare(let field, let comparison, let literal): accepts(value(field, element), comparison, literal)
        case .among: false
        case .contains(let field, let text, let negated):
            value(field, element).string.map { glob("*\(text)*".lowercased(), $0.lowercased()) != negated } ?? false
        case .like(let field, let text, let negated):
            value(field, element).string.map {
                glob(text.lowercased().replacing("%", with: "*"), $0.lowercased()) != negated
            }
                ?? false
        }
    }

    private func accepts(_ found: PlayedJSON, _ comparison: Condition.Comparison, _ literal: Condition.Literal) -> Bool
    {
        let wanted: PlayedJSON
        switch literal {
        case .null: return (found == .null) == (comparison == .equal)
        case .text(let text): wanted = .text(text)
        case .number(let number): wanted = .number(number)
        case .flag(let flag): wanted = .flag(flag)
        case .instant(let instant): wanted = .text(instant.text)
        }
        guard found != .null else { return false }
        let order = compare(found, wanted)
        switch comparison {
        case .equal: return order == 0
        case .notEqual: return order != 0
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        case .greaterOrEqual: return order >= 0
        }
    }

    private func value(_ field: String, _ element: PlayedJSON) -> PlayedJSON {
        field.split(separator: "/").dropFirst(prefix).reduce(element) { $0.member(anyCase: String($1)) ?? .null }
    }

    private static func hasList(_ condition: Condition) -> Bool {
        switch condition {
        case .all(let parts), .any(let parts): parts.contains(where: hasList)
        case .among: true
        case .compare, .contains, .like: false
        }
    }
}

extension PlayedJSON {
    /// The member of that name whatever its case, since ConnectWise reads names without case.
    fileprivate func member(anyCase name: String) -> PlayedJSON? {
        let wanted = name.lowercased()
        return members.first { $0.name == name || $0.name.lowercased() == wanted }?.value
    }
}
