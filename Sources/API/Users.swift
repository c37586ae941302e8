import BoundaryText

/// Users.
public enum Users {
    /// The type of a user's key.
    public typealias ID = RowID<Users>
}
