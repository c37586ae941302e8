extension String {
    /// The text as it may stand in a pattern of SQL's `LIKE … ESCAPE '!'`, where it means itself.
    package var escapedForLike: String {
        replacing(bytes: "!", with: "!!").replacing(bytes: "%", with: "!%").replacing(bytes: "_", with: "!_")
    }
}
