import BoundaryText
import Synchronization

/// Who else may use a database while it is open.
public enum Tenure: Sendable {
    /// A command beside the servers, which harms none of them.
    case guest
    /// A server: the only one of an SQLite file, one of several on PostgreSQL. Refused while another process is alone.
    case server
    /// What no server may go on beside, such as a change of the secret that they hold in memory. Refused while a server
    /// runs, and keeps servers from starting.
    case alone
}

/// What is laid beside a database for its transactions, one of each type.
final class Belongings: Sendable {
    private let values = Mutex<[ObjectIdentifier: any Sendable]>([:])

    func keep<Value: Sendable>(_ value: Value) {
        values.withLock { $0[ObjectIdentifier(Value.self)] = value }
    }

    func find<Value: Sendable>(_ type: Value.Type) -> Value? {
        values.withLock { $0[ObjectIdentifier(type)] } as? Value
    }
}
