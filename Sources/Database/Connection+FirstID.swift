import BoundaryText
import Foundation

extension Connection {
    /// The id from which on rows are not older than an instant. Ids grow with time, so it is found by halving, and no
    /// index on time is needed, which every row would have to keep up.
    /// - Parameter table: has `id` and `created_at`.
    public func firstID(of table: SQL, since: Date) throws -> Int64 {
        let last: Int64 = try first("SELECT MAX(id) AS last FROM \(table)")?["last"] ?? nil ?? 0
        var (low, high): (Int64, Int64) = (1, last + 1)
        while low < high {
            let middle = low + (high - low) / 2
            let row = try first("SELECT id, created_at FROM \(table) WHERE id >= \(middle) ORDER BY id LIMIT 1")
            guard let row else {
                high = middle
                continue
            }
            let (id, at): (Int64, Date) = (try row["id"], try row["created_at"])
            if at < since { low = id + 1 } else { high = middle }
        }
        return low
    }
}
