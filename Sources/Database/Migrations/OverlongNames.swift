import BoundaryText

extension SQL {
    /// Cuts names that are longer than is accepted today. What is left ends with the row's id, so that no two become the
    /// same.
    /// - Parameters:
    ///   - columns: the names, and what they are looked for by.
    ///   - table: with a key `id`.
    ///   - longest: how many Unicode scalars a name has at most.
    public static func cutNames(_ columns: String..., of table: String, to longest: Int) -> SQL {
        let changes = columns.map { "\($0) = substr(\($0), 1, \(longest - 23)) || ' … ' || id" }
        // Measured by the first: the others are made of it.
        return SQL(
            unchecked: "UPDATE \(table) SET \(changes.joined(separator: ", ")) WHERE length(\(columns[0])) > \(longest)"
        )
    }
}
