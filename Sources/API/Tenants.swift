import BoundaryText

/// Tenants.
public enum Tenants {
    /// The type of a customer's key.
    public typealias ID = RowID<Tenants>
}
