import BoundaryText

/// The SQL engines that Patchbay speaks.
public enum Engine: String, Sendable, CaseIterable {
    /// Embedded, one process.
    case sqlite
    /// PostgreSQL 14 or newer, shared by several servers.
    case postgres
}

/// A piece of SQL with its values. Interpolated values are bound, never pasted:
///
///     try db.all("SELECT * FROM rules WHERE board_id = \(board)")
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    enum Part: Sendable {
        case text(String)
        case value(SQLValue)
        case perEngine(sqlite: SQL, postgres: SQL)
        case rows([[SQLValue]], areInserted: Bool)
    }

    /// A statement for one engine.
    struct Rendered {
        /// With the engine's placeholders.
        var text = ""
        /// In order.
        var values: [SQLValue] = []
        /// Whether the columns of a table tell the types of the values.
        var isInsertion = false
    }

    var parts: [Part]

    /// An empty piece, to be added to.
    public init() {
        parts = []
    }

    /// Constant text. For texts that are not literals see ``init(unchecked:)``.
    public init(stringLiteral text: String) {
        parts = [.text(text)]
    }

    /// Takes over what the interpolation collected.
    public init(stringInterpolation: StringInterpolation) {
        parts = stringInterpolation.parts
    }

    /// Two texts for one thing, where the dialects differ. They stand side by side on purpose.
    public init(sqlite: SQL, postgres: SQL) {
        parts = [.perEngine(sqlite: sqlite, postgres: postgres)]
    }

    /// Text that the compiler cannot see is constant; only for names and lists made by our own code.
    public init(unchecked text: String) {
        parts = [.text(text)]
    }

    /// Appends a further piece.
    public static func += (left: inout SQL, right: SQL) {
        left.parts += right.parts
    }

    /// Joins two pieces.
    public static func + (left: SQL, right: SQL) -> SQL {
        var joined = left
        joined += right
        return joined
    }

    /// The statement as the engine takes it.
    func render(for engine: Engine) -> Rendered {
        var rendered = Rendered()
        append(to: &rendered, engine: engine)
        return rendered
    }

    private func append(to rendered: inout Rendered, engine: Engine) {
        for part in parts {
            switch part {
            case .text(let piece):
                rendered.text += piece
            case .value(let value):
                rendered.bind(value, engine)
            case .rows(let rows, let areInserted):
                if areInserted { rendered.isInsertion = true }
                for (number, row) in rows.enumerated() {
                    rendered.text += number == 0 ? "(" : ", ("
                    for column in row.indices {
                        if column > 0 { rendered.text += ", " }
                        rendered.bind(row[column], engine)
                    }
                    rendered.text += ")"
                }
            case .perEngine(let sqlite, let postgres):
                switch engine {
                case .sqlite: sqlite.append(to: &rendered, engine: engine)
                case .postgres: postgres.append(to: &rendered, engine: engine)
                }
            }
        }
    }

    /// Collects the pieces of an interpolated literal.
    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var parts: [Part] = []

        /// Makes room.
        public init(literalCapacity: Int, interpolationCount: Int) {
            parts.reserveCapacity(interpolationCount * 2 + 1)
        }

        /// Takes the constant text between values.
        public mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { parts.append(.text(literal)) }
        }

        /// Binds a value.
        public mutating func appendInterpolation(_ value: some SQLConvertible) {
            parts.append(.value(value.sqlValue))
        }

        /// Binds a value that may be missing. Has a label because the compiler takes an optional in a literal without
        /// one for a mistake.
        public mutating func appendInterpolation<Value: SQLConvertible>(orNull value: Value?) {
            parts.append(.value(value.sqlValue))
        }

        /// Inserts a further piece of SQL.
        public mutating func appendInterpolation(_ sql: SQL) {
            parts += sql.parts
        }

        /// Binds rows as `(?, ?), (?, ?)`, for VALUES with which a statement reckons; each value tells its own type.
        public mutating func appendInterpolation(rows: [[SQLValue]]) {
            parts.append(.rows(rows, areInserted: false))
        }

        /// Binds rows that an INSERT puts into a table as they are; its columns tell their types. See ``Swift/Array/portions``.
        public mutating func appendInterpolation(inserted rows: [[SQLValue]]) {
            parts.append(.rows(rows, areInserted: true))
        }

        /// Binds a list for `IN` as `?, ?, ?`; an empty list as `NULL`, which equals nothing. Filled up; see `column`.
        public mutating func appendInterpolation(list values: some Collection<some SQLConvertible>) {
            if values.isEmpty { parts.append(.text("NULL")) }
            for (index, value) in Self.filled(values).enumerated() {
                if index > 0 { parts.append(.text(", ")) }
                parts.append(.value(value))
            }
        }

        /// Binds values as rows `(?), (?)`, for VALUES in which something is looked up. The last is repeated until there are a
        /// power of two, so that there are few statements to prepare and plan.
        public mutating func appendInterpolation(column values: some Collection<some SQLConvertible>) {
            parts.append(.rows(Self.filled(values).map { [$0] }, areInserted: false))
        }

        private static func filled(_ values: some Collection<some SQLConvertible>) -> [SQLValue] {
            // A closure: a key path to a generic member is created each time.
            var filled = values.map { $0.sqlValue }
            guard let last = filled.last else { return [] }
            while filled.count & (filled.count - 1) != 0 { filled.append(last) }
            return filled
        }
    }
}

extension SQL.Rendered {
    fileprivate mutating func bind(_ value: SQLValue, _ engine: Engine) {
        values.append(value)
        switch engine {
        case .sqlite:
            text += "?"
        case .postgres:
            text += "$"
            text += String(values.count)
        }
    }
}

extension Array where Element == [SQLValue] {
    /// The rows in portions of 64, and the rest in smaller powers of two: statements for few numbers of rows are prepared
    /// and planned.
    public var portions: [[[SQLValue]]] {
        var portions: [[[SQLValue]]] = []
        var (start, size) = (0, 64)
        while start < count {
            while size > count - start { size /= 2 }
            portions.append(Array(self[start..<start + size]))
            start += size
        }
        return portions
    }
}

extension Collection where Element == SQL {
    /// The pieces with a separator between them.
    public func joined(_ separator: String) -> SQL {
        var joined = SQL()
        for (index, piece) in enumerated() {
            if index > 0 { joined += SQL(unchecked: separator) }
            joined += piece
        }
        return joined
    }
}

extension SQL {
    /// Column definition of a key that the database hands out, ascending and never used twice.
    public static let primaryKey = SQL(
        sqlite: "INTEGER PRIMARY KEY AUTOINCREMENT",
        postgres: "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")

    /// Column type for bytes.
    public static let bytes = SQL(sqlite: "BLOB", postgres: "BYTEA")
}
