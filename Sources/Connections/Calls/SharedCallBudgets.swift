import BoundaryText
import Database
import Synchronization

/// This server's share in the budgets of all connections. A connection that is read again, because it was tested or
/// changed, keeps the calls already reserved for it.
public final class SharedCallBudgets: Sendable {
    private let database: Database
    private let limit: Int
    private let budgets = Mutex<[String: SharedCallBudget]>([:])

    /// - Parameter limit: calls to one connection in any 60 seconds, all servers together.
    public init(database: Database, limit: Int) {
        self.database = database
        self.limit = limit
    }

    /// The budget of a connection.
    /// - Parameter name: the same on all servers, such as `psa:3`.
    public func budget(named name: String) -> SharedCallBudget {
        budgets.withLock { budgets in
            if let present = budgets[name] { return present }
            let budget = SharedCallBudget(database: database, name: name, limit: limit)
            budgets[name] = budget
            return budget
        }
    }
}
