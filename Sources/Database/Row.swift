import BoundaryText

/// One row of a result. Columns are read by name: `try row["board_id"]`.
public struct Row: Sendable {
    /// The names of a result's columns, shared by its rows.
    final class Columns: Sendable {
        let names: [String]
        private let positions: [String: Int]

        init(_ names: [String]) {
            self.names = names
            positions = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }

        func position(of name: String) -> Int? {
            // A short result is searched faster than it is hashed.
            names.count <= 8 ? names.firstIndex(of: name) : positions[name]
        }
    }

    let columns: Columns
    let values: [SQLValue]

    /// The value of a column.
    /// - Throws: ``DatabaseError/decoding(column:found:)`` when there is no such column or it holds another type.
    public subscript<Value: SQLDecodable>(name: String) -> Value {
        get throws {
            guard let position = columns.position(of: name) else {
                throw DatabaseError.decoding(column: name, found: "no such column")
            }
            guard let value = Value(sqlValue: values[position]) else {
                throw DatabaseError.decoding(column: name, found: String(describing: values[position]))
            }
            return value
        }
    }
}

/// A value that is made from a row.
public protocol RowDecodable: Sendable {
    /// Reads the columns by name.
    init(row: Row) throws
}
