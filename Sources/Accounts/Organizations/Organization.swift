import Database

/// The MSP: owns users, connections and rules.
public struct Organization: Sendable {
    /// The type of an organization's key.
    public typealias ID = RowID<Organization>
}
