extension String {
    /// The text escaped so that it matches literally in SQL's `LIKE … ESCAPE '!'`.
    package var escapedForLike: String {
        replacing(bytes: "!", with: "!!").replacing(bytes: "%", with: "!%").replacing(bytes: "_", with: "!_")
    }
}
