import Database

extension Connection {
    /// The one value of the one row of a query.
    public func one<Value: SQLDecodable>(_ sql: SQL, _ column: String = "id") throws -> Value {
        guard let row = try first(sql) else { throw DatabaseError.statement("no row") }
        return try row[column]
    }
}
