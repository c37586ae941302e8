import BoundaryText

/// What can go wrong between us and the database, by what a caller can do about it.
public enum DatabaseError: Error, Sendable, Equatable {
    /// The server is down, unreachable, or cut the connection; a write may or may not have been committed.
    case unavailable(String)
    /// Somebody else holds the lock, or all connections are taken; worth trying again soon.
    case busy(String)
    /// The disk or the database's limit is reached.
    case full(String)
    /// A unique key is taken. `constraint` names the index or its columns.
    case duplicate(constraint: String)
    /// A row that is referred to is missing, or still referred to.
    case reference(constraint: String)
    /// Another transaction won; the engine asks to run the transaction again.
    case serialization(String)
    /// The statement is wrong: our defect.
    case statement(String)
    /// A column does not hold what the code expects: our defect, or a foreign hand in the database.
    case decoding(column: String, found: String)
    /// The database was written by a newer program.
    case newerSchema(database: Int, program: Int)
    /// The database cannot be used as it is set up; the text says what to change.
    case setup(String)
    /// The program is closing.
    case closed
}

extension DatabaseError {
    /// Whether nothing is wrong with the request itself, so that the same request can succeed later.
    public var isTransient: Bool {
        switch self {
        case .unavailable, .busy, .full, .serialization, .closed: true
        case .duplicate, .reference, .statement, .decoding, .newerSchema, .setup: false
        }
    }
}

extension DatabaseError: CustomStringConvertible {
    /// One line for the log.
    public var description: String {
        switch self {
        case .unavailable(let why): "database unavailable: \(why)"
        case .busy(let why): "database busy: \(why)"
        case .full(let why): "database full: \(why)"
        case .duplicate(let constraint): "already exists (\(constraint))"
        case .reference(let constraint): "refers to something missing or still in use (\(constraint))"
        case .serialization(let why): "transaction conflict: \(why)"
        case .statement(let why): "statement failed: \(why)"
        case .decoding(let column, let found): "column \(column) cannot be read: \(found)"
        case .newerSchema(let database, let program):
            "the database has schema \(database), this program knows \(program); use the newer program"
        case .setup(let what): what
        case .closed: "the database is closed"
        }
    }
}
