/// Runs an operation for each item, a few at a time.
package func concurrently<Item: Sendable>(
    _ items: [Item], atOnce: Int = 3, _ body: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (number, item) in items.enumerated() {
            if number >= atOnce { try await group.next() }
            group.addTask { try await body(item) }
        }
        try await group.waitForAll()
    }
}
