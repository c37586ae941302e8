import BoundaryText
import CPostgres
import Foundation

/// One libpq connection with its prepared statements.
///
/// `@unchecked Sendable`: libpq allows a connection to be used from any thread, but by one at a time; the pool in
/// ``PostgresEngine`` hands each connection to one thread at a time.
final class PostgresConnection: StatementRunner, @unchecked Sendable {
    private static let mostPrepared = 400
    /// PostgreSQL's type numbers (catalog/pg_type.dat).
    private enum TypeNumber {
        static let unknown: Oid = 0
        static let bool: Oid = 16
        static let bytea: Oid = 17
        static let int8: Oid = 20
        static let int2: Oid = 21
        static let int4: Oid = 23
        static let text: Oid = 25
        static let float4: Oid = 700
        static let float8: Oid = 701
        static let numeric: Oid = 1700
    }

    /// A prepared statement with its values, on its way.
    private struct Statement {
        let name: String
        let values: [SQLValue]
    }

    // Beyond this many the socket's buffers could fill on both sides, and both would wait for the other to read.
    private static let mostPending = 100

    // Plans of prepared statements stay, and most are made while tables are small, when reading all of a table costs less
    // than its index: in a burst they would read all of it each time. What is asked for here has an index; so reading a
    // table in order counts as ten times as expensive as PostgreSQL takes it for, and reading by an index as what it is
    // when the pages are in memory. Compiling pays off for no statement of ours.
    private static let planning = "SET seq_page_cost = 10; SET random_page_cost = 1.1; SET jit = off"

    private let handle: OpaquePointer
    private var prepared: [String: String] = [:]
    private var pending: [Statement] = []
    /// Whether the server has begun the transaction, which it does with the first statement.
    private(set) var hasBegun = false

    /// Connects, blocking for at most five seconds.
    init(url: String) throws {
        let parameters = [
            ("dbname", url), ("connect_timeout", "5"), ("client_encoding", "UTF8"),
            // Unless the address or the environment names another.
            ("fallback_application_name", "patchbay"),
            // A peer that vanished without a word is noticed within 15 s.
            ("keepalives_idle", "10"), ("keepalives_interval", "3"), ("keepalives_count", "2"),
            ("tcp_user_timeout", "15000"),
        ]
        let handle = Self.withCStrings(parameters.map(\.0)) { keywords in
            Self.withCStrings(parameters.map(\.1)) { values in
                PQconnectdbParams(keywords, values, 1)
            }
        }
        guard let handle else { throw DatabaseError.unavailable("libpq has no memory") }
        self.handle = handle
        // What is thrown from here on runs `deinit`, which frees the handle.
        guard PQstatus(handle) == CONNECTION_OK else { throw DatabaseError.unavailable(Self.message(handle)) }
        // Notices ("already exists, skipping") would go to standard error past our log.
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        // lock_timeout: below the 5 s after which ConnectWise gives up on a hook.
        try command(
            "SET statement_timeout = '30s'; SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '60s'; "
                + "SET bytea_output = 'hex'; SET extra_float_digits = 1; " + Self.planning)
    }

    deinit {
        PQfinish(handle)
    }

    /// Whether the connection is open, as far as libpq knows.
    private var isAlive: Bool { PQstatus(handle) == CONNECTION_OK }
    /// Whether another transaction can use it: it is open, and nothing of the last one is left.
    var isReusable: Bool {
        isAlive && PQtransactionStatus(handle) == PQTRANS_IDLE && PQpipelineStatus(handle) == PQ_PIPELINE_OFF
    }
    /// The server's version as 150004 for 15.4.
    var serverVersion: Int { Int(PQserverVersion(handle)) }
    /// The socket, to wait on for notifications.
    var socket: Int32 { PQsocket(handle) }

    /// Runs statements without values and drops their rows.
    func command(_ text: String) throws {
        let result = PQexec(handle, text)
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        default: throw failure(result)
        }
    }

    /// For what is not said through a ``Connection``.
    func all(_ sql: SQL) throws -> [Row] { try all(sql.render(for: .postgres)) }

    func all(_ statement: SQL.Rendered) throws -> [Row] {
        let result = try run(statement)
        defer { PQclear(result) }
        let width = Int(PQnfields(result))
        let names = (0..<width).map { String(cString: PQfname(result, Int32($0))) }
        let types = (0..<width).map { PQftype(result, Int32($0)) }
        let columns = Row.Columns(names)
        return (0..<PQntuples(result)).map { row in
            Row(
                columns: columns,
                values: (0..<width).map { Self.decode(result, row: row, column: Int32($0), type: types[$0]) })
        }
    }

    func execute(_ statement: SQL.Rendered) throws -> Int {
        let result = try run(statement)
        defer { PQclear(result) }
        return Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    func send(_ statement: SQL.Rendered) throws {
        pending.append(try prepared(statement))
        if pending.count >= Self.mostPending { try flush() }
    }

    /// Begins a transaction together with its first statement.
    func begin() throws {
        hasBegun = false
        try send(SQL.Rendered(text: "BEGIN"))
    }

    /// Has run all that was sent.
    func flush() throws {
        if !pending.isEmpty { PQclear(try runPending()) }
    }

    /// Makes the transaction durable, with what was sent before.
    func commit() throws {
        let result = try run(SQL.Rendered(text: "COMMIT"))
        defer { PQclear(result) }
        // After a swallowed failure the server answers ROLLBACK, without an error.
        guard String(cString: PQcmdStatus(result)) == "COMMIT" else {
            throw DatabaseError.statement("a statement of the transaction had failed")
        }
    }

    /// Ends a transaction that failed.
    func rollBack() {
        pending = []
        if hasBegun { try? command("ROLLBACK") }
    }

    /// Takes what the server sent and returns the payloads of others' notifications among it.
    func takeNotifications() throws -> [String] {
        guard PQconsumeInput(handle) == 1 else { throw DatabaseError.unavailable(Self.message(handle)) }
        var payloads: [String] = []
        while let notification = PQnotifies(handle) {
            if notification.pointee.be_pid != PQbackendPID(handle) {
                payloads.append(String(cString: notification.pointee.extra))
            }
            PQfreemem(notification)
        }
        return payloads
    }

    private func run(_ statement: SQL.Rendered) throws -> OpaquePointer? {
        let statement = try prepared(statement)
        if !pending.isEmpty {
            pending.append(statement)
            return try runPending()
        }
        let result = Self.withParameters(statement.values) { pointers in
            PQexecPrepared(handle, statement.name, Int32(statement.values.count), pointers, nil, nil, 0)
        }
        return try checked(result)
    }

    /// Runs what is pending in one round trip (libpq manual, pipeline mode). After a failure the server skips the rest.
    /// - Returns: the last statement's result.
    private func runPending() throws -> OpaquePointer? {
        let statements = pending
        pending = []
        guard PQenterPipelineMode(handle) == 1 else { throw DatabaseError.unavailable(Self.message(handle)) }
        for statement in statements {
            let isSent = Self.withParameters(statement.values) { pointers in
                PQsendQueryPrepared(
                    handle, statement.name, Int32(statement.values.count), pointers, nil, nil, 0)
            }
            guard isSent == 1 else { throw DatabaseError.unavailable(Self.message(handle)) }
        }
        guard PQpipelineSync(handle) == 1 else { throw DatabaseError.unavailable(Self.message(handle)) }
        var last: OpaquePointer?
        var failed: OpaquePointer?
        defer { PQclear(failed) }
        for _ in statements {
            PQclear(last)
            last = PQgetResult(handle)
            switch PQresultStatus(last) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK: break
            case PGRES_PIPELINE_ABORTED where failed != nil: break
            default:
                PQclear(failed)
                failed = last
                last = nil
                guard isAlive else { throw failure(failed) }
            }
            // Each statement's results end with a NULL.
            while let more = PQgetResult(handle) { PQclear(more) }
        }
        PQclear(PQgetResult(handle))  // the synchronization point
        guard PQexitPipelineMode(handle) == 1 else {
            PQclear(last)
            throw DatabaseError.unavailable(Self.message(handle))
        }
        // Also when a statement failed: there is a transaction to be rolled back.
        hasBegun = true
        if failed != nil {
            PQclear(last)
            throw failure(failed)
        }
        return last
    }

    private func checked(_ result: OpaquePointer?) throws -> OpaquePointer? {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return result
        default:
            defer { PQclear(result) }
            throw failure(result)
        }
    }

    /// A statement is prepared for a text and the types of its values; NULL leaves the type to the server.
    private func prepared(_ statement: SQL.Rendered) throws -> Statement {
        let (text, values) = (statement.text, statement.values)
        var key = text
        // NULLs here and there would make each statement that inserts rows one of its own.
        if !statement.isInsertion {
            key += "|"
            for value in values { key += value.typeLetter }
        }
        if let name = prepared[key] { return Statement(name: name, values: values) }
        if prepared.count >= Self.mostPrepared, pending.isEmpty {
            try command("DEALLOCATE ALL")
            prepared = [:]
        }
        let name = "s\(prepared.count)"
        let types = values.map { value -> Oid in
            if statement.isInsertion { return TypeNumber.unknown }
            return switch value {
            case .null: TypeNumber.unknown
            case .integer: TypeNumber.int8
            case .real: TypeNumber.float8
            case .text: TypeNumber.text
            case .bytes: TypeNumber.bytea
            }
        }
        let result = PQprepare(handle, name, text, Int32(types.count), types)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure(result) }
        prepared[key] = name
        return Statement(name: name, values: values)
    }

    private static func decode(_ result: OpaquePointer?, row: Int32, column: Int32, type: Oid) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0, let text = PQgetvalue(result, row, column) else { return .null }
        switch type {
        case TypeNumber.int8, TypeNumber.int4, TypeNumber.int2:
            return .integer(strtoll(text, nil, 10))
        case TypeNumber.bool:
            return .integer(text.pointee == UInt8(ascii: "t") ? 1 : 0)
        case TypeNumber.float4, TypeNumber.float8:
            return .real(strtod(text, nil))
        case TypeNumber.numeric:
            // sum() of whole numbers answers numeric.
            let string = String(cString: text)
            return Int64(string).map(SQLValue.integer) ?? .real(strtod(text, nil))
        case TypeNumber.bytea:
            return .bytes(bytes(hex: UnsafeRawPointer(text), count: Int(PQgetlength(result, row, column))))
        default:
            return .text(String(cString: text))
        }
    }

    /// `\x00ff…` as bytes.
    private static func bytes(hex pointer: UnsafeRawPointer, count: Int) -> [UInt8] {
        func digit(_ offset: Int) -> UInt8 {
            let character = pointer.load(fromByteOffset: offset, as: UInt8.self)
            return character <= UInt8(ascii: "9") ? character - UInt8(ascii: "0") : character - UInt8(ascii: "a") + 10
        }
        return stride(from: 2, to: count - 1, by: 2).map { digit($0) << 4 | digit($0 + 1) }
    }

    private static func message(_ handle: OpaquePointer) -> String {
        String(cString: PQerrorMessage(handle)).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func failure(_ result: OpaquePointer?) -> DatabaseError {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue else { return nil }
            return PQresultErrorField(result, Int32(ascii)).map { String(cString: $0) }
        }
        let message = field("M") ?? Self.message(handle)
        guard isAlive, let state = field("C") else { return .unavailable(message) }
        return DatabaseError(sqlState: state, message: message, constraint: field("n"))
    }
}

extension PostgresConnection {
    /// The values as C strings, all in one buffer.
    private static func withParameters<Result>(
        _ values: [SQLValue], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        var buffer: [CChar] = []
        var offsets: [Int?] = []
        offsets.reserveCapacity(values.count)
        func append(_ text: String) {
            offsets.append(buffer.count)
            text.utf8.withContiguousStorageIfAvailable { bytes in
                buffer.append(contentsOf: UnsafeRawBufferPointer(bytes).bindMemory(to: CChar.self))
            } ?? buffer.append(contentsOf: text.utf8.map { CChar(bitPattern: $0) })
            buffer.append(0)
        }
        for value in values {
            switch value {
            case .null: offsets.append(nil)
            case .integer(let number): append(String(number))
            case .real(let number): append(String(number))
            case .text(let text): append(text)
            case .bytes(let bytes): append(hex(bytes))
            }
        }
        return buffer.withUnsafeBufferPointer { buffer in
            let pointers = offsets.map { offset in offset.flatMap { buffer.baseAddress?.advanced(by: $0) } }
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = Array("\\x".utf8)
        text.reserveCapacity(bytes.count * 2 + 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A NULL-terminated array of C strings.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

extension SQLValue {
    fileprivate var typeLetter: String {
        switch self {
        case .null: "n"
        case .integer: "i"
        case .real: "r"
        case .text: "t"
        case .bytes: "b"
        }
    }
}

extension DatabaseError {
    /// Sorts SQLSTATE classes (PostgreSQL manual, appendix A) by what a caller can do about them.
    init(sqlState: String, message: String, constraint: String?) {
        switch sqlState {
        case "23505": self = .duplicate(constraint: constraint ?? message)
        case "23503": self = .reference(constraint: constraint ?? message)
        case "40001", "40P01": self = .serialization(message)
        case "53100", "53200": self = .full(message)
        case "55P03", "57014", "53300": self = .busy(message)
        case "25006": self = .unavailable(message)
        default:
            switch sqlState.cut(toBytes: 2) {
            case "08", "57", "58", "XX": self = .unavailable(message)
            default: self = .statement("\(message) (\(sqlState))")
            }
        }
    }
}
