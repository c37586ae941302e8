import BoundaryText
import Database
import Synchronization

/// This server's share in the budgets of all connections. A connection that is read anew, because it was tested or
/// changed, goes on with the calls that are reserved for it already.
public final class SharedCallBudgets: Sendable {
    private let database: Database
    private let limit: Int
    private let budgets = Mutex<[PSAConnection.ID: SharedCallBudget]>([:])

    /// - Parameter limit: calls to one connection in any 60 seconds, all servers together.
    public init(database: Database, limit: Int) {
        self.database = database
        self.limit = limit
    }

    /// The budget of a connection.
    public func budget(of connection: PSAConnection.ID) -> SharedCallBudget {
        budgets.withLock { budgets in
            if let present = budgets[connection] { return present }
            let budget = SharedCallBudget(database: database, name: "psa:\(connection)", limit: limit)
            budgets[connection] = budget
            return budget
        }
    }
}
