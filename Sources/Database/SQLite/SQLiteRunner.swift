import BoundaryText
import Foundation
import GRDB

/// Runs statements on a GRDB connection; prepared statements come from GRDB's cache.
final class SQLiteRunner: StatementRunner {
    private let db: GRDB.Database

    init(db: GRDB.Database) {
        self.db = db
    }

    func all(_ rendered: SQL.Rendered) throws -> [Row] {
        do {
            let statement = try prepared(rendered)
            let columns = Row.Columns(statement.columnNames)
            let width = columns.names.count
            let cursor = try GRDB.Row.fetchCursor(statement)
            var rows: [Row] = []
            while let row = try cursor.next() {
                var decoded: [SQLValue] = []
                decoded.reserveCapacity(width)
                for index in 0..<width { decoded.append(SQLValue(row[index] as DatabaseValue)) }
                rows.append(Row(columns: columns, values: decoded))
            }
            return rows
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(sqlite: error)
        }
    }

    func execute(_ rendered: SQL.Rendered) throws -> Int {
        do {
            let before = db.totalChangesCount
            try prepared(rendered).execute()
            return db.totalChangesCount - before
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(sqlite: error)
        }
    }

    private func prepared(_ rendered: SQL.Rendered) throws -> Statement {
        let statement = try db.cachedStatement(sql: rendered.text)
        if !rendered.values.isEmpty {
            // As existentials: for a sequence of one type GRDB maps with a key path, which is created each time.
            let arguments: [(any DatabaseValueConvertible)?] = rendered.values.map { $0.databaseValue }
            try statement.setArguments(StatementArguments(arguments))
        }
        return statement
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .bytes(let value): Data(value).databaseValue
        }
    }

    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .bytes([UInt8](value))
        }
    }
}

extension DatabaseError {
    /// Sorts SQLite's result codes by what a caller can do about them.
    init(sqlite error: any Error) {
        guard let error = error as? GRDB.DatabaseError else {
            self = (error as? DatabaseError) ?? .statement(String(describing: error))
            return
        }
        let message = error.message ?? "no message"
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            self = .duplicate(constraint: message)
            return
        case .SQLITE_CONSTRAINT_FOREIGNKEY:
            self = .reference(constraint: message)
            return
        default:
            break
        }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(message)
        case .SQLITE_FULL: self = .full(message)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: self = .unavailable(message)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .setup("the database file is damaged or no database: \(message)")
        default: self = .statement(error.description)
        }
    }
}
