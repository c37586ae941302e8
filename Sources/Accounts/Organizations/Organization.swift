import Database

/// The MSP: owns users, connections and rules.
public struct Organization: Sendable {
    /// The type of an organization's key.
    public typealias ID = RowID<Organization>

    /// As people call it; nil when there is no such organization.
    static func name(of id: ID, in db: Connection) throws -> String? {
        try db.first("SELECT name FROM organizations WHERE id = \(id)")?["name"]
    }
}
