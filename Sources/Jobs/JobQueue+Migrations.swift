import BoundaryText
import Database

extension JobQueue {
    /// What makes the queue's tables, with the numbers that these steps have in the product.
    public static let migrations: [Migration] = [.jobs02, .jobs21, .jobs22, .jobs23, .jobs24]
}
