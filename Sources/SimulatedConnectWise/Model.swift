import SimulatorStage

/// What the official model says of one kind of record: its members, and how they are read from ours.
///
/// Members that the simulator gives no meaning are declared too, so that they are not refused; they keep what is put in.
struct Model<Record: Sendable>: Sendable {
    /// As in "Could not find member 'x' on object of type 'ServiceNote'."
    let typeName: String
    /// As in "callbackEntry object is invalid".
    let resource: String
    let fields: [Field<Record>]
    /// Ways to a value that are much used or not members of the record, by lower-case path.
    let shortcuts: [String: Field<Record>]
    /// Ids of the records whose value at a lower-case path is that number, where an index is kept.
    let indexes: [String: @Sendable (Int, Ledger) -> [Int]]
    /// Members that are answered but refused in conditions, in lower case.
    let notFilterable: Set<String>
    let info: @Sendable (Record, Ledger) -> PlayedJSON
    /// Callers ask for few different selections again and again.
    private let selections = Recent<Selection<Record>>(capacity: 64)
    private let byName: [String: Int]
    private let byExactName: [String: Int]

    init(
        typeName: String, resource: String, fields: [Field<Record>],
        shortcuts: [Field<Record>] = [], indexes: [String: @Sendable (Int, Ledger) -> [Int]] = [:],
        notFilterable: Set<String> = [],
        info: @escaping @Sendable (Record, Ledger) -> PlayedJSON
    ) {
        self.typeName = typeName
        self.resource = resource
        self.fields = fields
        self.shortcuts = Dictionary(
            shortcuts.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        self.indexes = indexes
        self.notFilterable = notFilterable
        self.info = info
        byName = Dictionary(
            fields.enumerated().map { ($1.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        byExactName = Dictionary(fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func field(anyCase name: String) -> Field<Record>? { byName[name.lowercased()].map { fields[$0] } }
    func field(exactly name: String) -> Field<Record>? { byExactName[name].map { fields[$0] } }

    /// The whole record, null members left out.
    func json(_ record: Record, _ ledger: Ledger) -> PlayedJSON {
        var members: [PlayedJSON.Member] = []
        members.reserveCapacity(fields.count + 1)
        for field in fields {
            let value = field.read(record, ledger)
            if value != .null { members.append(PlayedJSON.Member(field.name, value)) }
        }
        members.append(PlayedJSON.Member("_info", info(record, ledger)))
        return .object(members)
    }

    /// The members that a `fields` text names, or 400.
    func selection(_ fields: String) throws(Refusal) -> Selection<Record> {
        if let known = selections[fields] { return known }
        let selection = try Selection(fields, self)
        selections[fields] = selection
        return selection
    }

    /// Only the members that `selection` names.
    func json(_ record: Record, _ ledger: Ledger, _ selection: Selection<Record>) -> PlayedJSON {
        var members: [PlayedJSON.Member] = []
        for part in selection.parts {
            let value: PlayedJSON
            switch part.source {
            case .field(let field): value = field.read(record, ledger)
            case .info: value = info(record, ledger)
            }
            let kept = part.names.isEmpty ? value : value.keeping(part.names)
            if kept != .null { members.append(PlayedJSON.Member(part.name, kept)) }
        }
        return .object(members)
    }
}

/// One member of a record.
struct Field<Record: Sendable>: Sendable {
    enum Kind: Sendable, Equatable {
        case text(longest: Int?)
        case integer
        case number
        case flag
        case instant
        case choice([String])
        /// An object that refers to another record, with the names by which it can be filtered.
        case reference([String])
        case list
        /// Accepted in a POST and never answered.
        case writeOnly
    }

    let name: String
    let kind: Kind
    let read: @Sendable (Record, Ledger) -> PlayedJSON

    init(_ name: String, _ kind: Kind, _ read: @escaping @Sendable (Record, Ledger) -> PlayedJSON = { _, _ in .null }) {
        self.name = name
        self.kind = kind
        self.read = read
    }
}

/// The members that `fields=` asks for.
struct Selection<Record: Sendable>: Sendable {
    enum Source: Sendable {
        case field(Field<Record>)
        case info
    }

    struct Part: Sendable {
        let name: String
        let source: Source
        /// The members of the member that are wanted; empty: the whole.
        var names: [[String]]
    }

    private(set) var parts: [Part] = []

    init(_ text: String, _ model: Model<Record>) throws(Refusal) {
        for path in text.split(separator: ",") {
            let names = path.split(separator: "/").map { $0.trimmed }
            guard let first = names.first, !first.isEmpty else { continue }
            let rest = Array(names.dropFirst())
            let name: String
            let source: Source
            if first.lowercased() == "_info" {
                (name, source) = ("_info", .info)
            } else if let field = model.field(anyCase: first), field.kind != .writeOnly {
                (name, source) = (field.name, .field(field))
            } else {
                throw .condition("\(path) is not a recognized name.")
            }
            if let index = parts.firstIndex(where: { $0.name == name }) {
                if rest.isEmpty {
                    parts[index].names = []
                } else if !parts[index].names.isEmpty {
                    parts[index].names.append(rest)
                }
            } else {
                parts.append(Part(name: name, source: source, names: rest.isEmpty ? [] : [rest]))
            }
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension PlayedJSON {
    fileprivate func keeping(_ paths: [[String]]) -> PlayedJSON {
        if case .list(let elements) = self { return .list(elements.map { $0.keeping(paths) }) }
        guard case .object(let members) = self else { return self }
        return .object(
            members.compactMap { member in
                let matching = paths.filter { $0.first?.lowercased() == member.name.lowercased() }
                guard !matching.isEmpty else { return nil }
                let deeper = matching.map { Array($0.dropFirst()) }
                guard !deeper.contains([]) else { return member }
                return PlayedJSON.Member(member.name, member.value.keeping(deeper))
            })
    }
}

/// A table of records by id, in the order of their ids.
struct Table<Record: Sendable>: Sendable {
    private(set) var ids: [Int] = []
    private var records: [Int: Record] = [:]
    private var lastID: Int

    init(firstID: Int = 1) { lastID = firstID - 1 }

    var count: Int { ids.count }

    subscript(_ id: Int) -> Record? { records[id] }

    /// Adds the record that `make` makes of the next id.
    mutating func add(_ make: (Int) -> Record) -> Record {
        lastID += 1
        let record = make(lastID)
        ids.append(lastID)
        records[lastID] = record
        return record
    }

    /// Changes a record in place; nil if there is none.
    mutating func update<Result>(_ id: Int, _ change: (inout Record) -> Result) -> Result? {
        guard let index = records.index(forKey: id) else { return nil }
        return change(&records.values[index])
    }

    mutating func remove(_ id: Int) {
        guard records.removeValue(forKey: id) != nil, let index = position(atLeast: id) else { return }
        ids.remove(at: index)
    }

    /// Where the first id at or above `id` stands in ``ids``.
    func position(atLeast id: Int) -> Int? {
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < ids.count ? low : nil
    }

    var all: some Sequence<Record> { ids.lazy.compactMap { records[$0] } }
}
