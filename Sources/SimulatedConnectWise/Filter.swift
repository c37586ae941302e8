import SimulatorStage

/// A condition bound to a model: names and types checked once, then asked of many records.
struct Filter<Record: Sendable>: Sendable {
    private let accepts: @Sendable (Record, Ledger) -> Bool
    private let condition: Condition?
    private let model: Model<Record>

    init(_ condition: Condition?, _ model: Model<Record>) throws(Refusal) {
        self.condition = condition
        self.model = model
        guard let condition else {
            accepts = { _, _ in true }
            return
        }
        accepts = try Self.compile(condition, model)
    }

    func callAsFunction(_ record: Record, _ ledger: Ledger) -> Bool { accepts(record, ledger) }

    /// The ids among `ids` that can match, found without looking at records where the condition names an index.
    func candidates(among ids: ArraySlice<Int>, in ledger: Ledger) -> [Int] {
        guard let condition else { return Array(ids) }
        let parts: [Condition] = if case .all(let parts) = condition { parts } else { [condition] }
        for part in parts {
            guard let (field, numbers) = Self.numbers(part) else { continue }
            let wanted: [Int]? =
                field == "id" ? numbers : model.indexes[field].map { index in numbers.flatMap { index($0, ledger) } }
            guard let wanted else { continue }
            return Set(wanted).sorted().filter { id in ids.contains(sorted: id) }
        }
        return Array(ids)
    }

    private static func numbers(_ part: Condition) -> (String, [Int])? {
        switch part {
        case .compare(let field, .equal, .number(let number)):
            // A number that no id can be matches nothing.
            return (field.lowercased(), [Int(exactly: number)].compactMap { $0 })
        case .among(let field, let values, negated: false):
            let numbers = values.compactMap { value -> Int? in
                guard case .number(let number) = value else { return nil }
                return Int(exactly: number) ?? -1
            }
            return numbers.count == values.count ? (field.lowercased(), numbers) : nil
        case .all, .any, .compare, .among, .contains, .like: return nil
        }
    }

    // MARK: Names

    struct Path: Sendable {
        let kind: Field<Record>.Kind
        let read: @Sendable (Record, Ledger) -> PlayedJSON
    }

    /// What a path in `conditions` or `orderBy` stands for, or 400.
    static func path(_ path: String, _ model: Model<Record>) throws(Refusal) -> Path {
        let lower = path.lowercased()
        if let shortcut = model.shortcuts[lower] { return Path(kind: shortcut.kind, read: shortcut.read) }
        let unknown = Refusal.condition("\(path) is not a recognized name.")
        guard !model.notFilterable.contains(lower) else { throw unknown }
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = names.first, let field = model.field(anyCase: String(first)) else { throw unknown }
        switch field.kind {
        case .list, .writeOnly: throw unknown
        case .reference(let known):
            guard names.count == 2 else {
                guard names.count == 1 else { throw unknown }
                return Path(kind: field.kind, read: field.read)
            }
            guard let name = known.first(where: { $0.lowercased() == names[1].lowercased() }) else { throw unknown }
            return Path(kind: name == "id" ? .integer : .text(longest: nil)) { record, ledger in
                field.read(record, ledger)[name] ?? .null
            }
        case .text, .integer, .number, .flag, .instant, .choice:
            guard names.count == 1 else { throw unknown }
            return Path(kind: field.kind, read: field.read)
        }
    }

    // MARK: Compiling

    private static func compile(
        _ condition: Condition, _ model: Model<Record>
    ) throws(Refusal) -> @Sendable (Record, Ledger) -> Bool {
        switch condition {
        case .all(let parts):
            var compiled: [@Sendable (Record, Ledger) -> Bool] = []
            for part in parts { compiled.append(try compile(part, model)) }
            let all = compiled
            return { record, ledger in all.allSatisfy { $0(record, ledger) } }
        case .any(let parts):
            var compiled: [@Sendable (Record, Ledger) -> Bool] = []
            for part in parts { compiled.append(try compile(part, model)) }
            let any = compiled
            return { record, ledger in any.contains { $0(record, ledger) } }
        case .compare(let field, let comparison, let literal):
            let path = try path(field, model)
            let wanted = try value(literal, path.kind, field)
            return { record, ledger in matches(path.read(record, ledger), comparison, wanted) }
        case .among(let field, let literals, let negated):
            let path = try path(field, model)
            var wanted: [PlayedJSON] = []
            for literal in literals { wanted.append(try value(literal, path.kind, field)) }
            let values = wanted
            return { record, ledger in
                let found = path.read(record, ledger)
                guard found != .null else { return false }
                return values.contains { matches(found, .equal, $0) } != negated
            }
        case .contains(let field, let text, let negated):
            return try compilePattern(field, "*\(text)*", negated, model)
        case .like(let field, let text, let negated):
            return try compilePattern(field, text, negated, model)
        }
    }

    private static func compilePattern(
        _ field: String, _ pattern: String, _ negated: Bool, _ model: Model<Record>
    ) throws(Refusal) -> @Sendable (Record, Ledger) -> Bool {
        let path = try path(field, model)
        switch path.kind {
        case .text, .choice: break
        case .integer, .number, .flag, .instant, .reference, .list, .writeOnly:
            throw .condition("\(field) cannot be compared with a text.")
        }
        let like = LikePattern(pattern.lowercased())
        return { record, ledger in
            guard case .text(let found) = path.read(record, ledger) else { return false }
            return like.matches(found.lowercased()) != negated
        }
    }

    /// The literal in the form in which records answer the field; 400 if it cannot be compared with it.
    private static func value(_ literal: Condition.Literal, _ kind: Field<Record>.Kind, _ field: String) throws(Refusal)
        -> PlayedJSON
    {
        switch (literal, kind) {
        case (.null, _): return .null
        case (.text(let text), .text): return .text(text)
        case (.text(let text), .choice(let known)):
            guard let choice = known.first(where: { $0.lowercased() == text.lowercased() }) else {
                throw .condition("Enum value supplied was invalid.")
            }
            return .text(choice)
        case (.number(let number), .integer), (.number(let number), .number): return .number(number)
        case (.flag(let flag), .flag): return .flag(flag)
        case (.instant(let instant), .instant): return .text(instant.text)
        case (.text, _), (.number, _), (.flag, _), (.instant, _):
            throw .condition("The value of \(field) has the wrong type.")
        }
    }

    /// As SQL compares: without case, and nothing but `= null` and `!= null` holds of a missing value.
    private static func matches(_ found: PlayedJSON, _ comparison: Condition.Comparison, _ wanted: PlayedJSON) -> Bool {
        if wanted == .null || found == .null {
            guard wanted == .null else { return false }
            switch comparison {
            case .equal: return found == .null
            case .notEqual: return found != .null
            case .less, .lessOrEqual, .greater, .greaterOrEqual: return false
            }
        }
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
}

/// -1, 0 or 1 as `left` sorts before, with or after `right`; a missing value sorts first, text without case.
func compare(_ left: PlayedJSON, _ right: PlayedJSON) -> Int {
    func sign<Value: Comparable>(_ left: Value, _ right: Value) -> Int { left < right ? -1 : left == right ? 0 : 1 }
    if let left = left.double, let right = right.double { return sign(left, right) }
    if let left = left.string, let right = right.string {
        return left == right ? 0 : sign(left.lowercased(), right.lowercased())
    }
    if let left = left.bool, let right = right.bool { return sign(left ? 1 : 0, right ? 1 : 0) }
    return sign(left == .null ? 0 : 1, right == .null ? 0 : 1)
}

extension ArraySlice<Int> {
    /// Whether an ascending slice holds `id`.
    fileprivate func contains(sorted id: Int) -> Bool {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < endIndex && self[low] == id
    }
}
