import BoundaryText
import Database

/// A kind of connection: where they are stored. Features that connect something have one each.
public struct ConnectionFamily: Sendable, Hashable {
    /// Of job lanes and budgets, such as `psa`.
    public let name: String
    private let tableName: String
    let columnName: String

    /// Has `id`, `organization_id`, `name`, `active`, `state` and `state_reason`.
    var table: SQL { SQL(unchecked: tableName) }
    /// The column of `syncs` that names one.
    var column: SQL { SQL(unchecked: columnName) }

    /// Describes a kind of connection. The names are ours, never a visitor's.
    /// - Parameters:
    ///   - table: where they are stored.
    ///   - column: of the table of syncs, which refers to that table.
    public init(_ name: String, table: String, column: String) {
        self.name = name
        tableName = table
        columnName = column
    }

    /// One connection.
    public func callAsFunction<Owner>(_ id: RowID<Owner>) -> ConnectionKey {
        ConnectionKey(family: self, id: id.rawValue)
    }

    /// Records a connection's state in a transaction. Many jobs may do so in one transaction; it costs once.
    /// - Parameter reason: why it is paused.
    public func record<Owner>(
        _ state: ConnectionState, reason: String?, of id: RowID<Owner>, in db: Connection
    ) throws {
        guard db.isNews(state, for: "\(name) connection \(id)") else { return }
        try db.send(
            """
            UPDATE \(table) SET state = \(state), state_reason = \(orNull: reason)
            WHERE id = \(id) AND state <> \(state)
            """)
    }
}

/// One connection of any kind.
public struct ConnectionKey: Sendable, Hashable {
    /// Which kind.
    public let family: ConnectionFamily
    /// Its id among those of its kind.
    public let id: Int64

    /// The group of all job lanes that call it.
    public var laneGroup: String { "\(family.name):\(id)" }
}
