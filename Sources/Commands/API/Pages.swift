import BoundaryText
import WebSupport

extension APIClient {
    /// What the API gives at most in one page.
    static let largestPage = 200
    /// The note below a list that has more.
    static let thereAreMore = "There are more; show them with --all or a larger --limit."

    /// Follows the pages of a list.
    /// - Parameters:
    ///   - names: what is listed, for people.
    ///   - most: where to stop; nil to go to the end.
    ///   - call: asks for at most so many from a cursor on.
    /// - Returns: what was found, and where it goes on.
    func pages(
        of names: String, upTo most: Int?, _ call: (_ limit: Int, _ cursor: String?) throws -> APIRequest
    ) async throws -> (items: [JSON], next: String?) {
        let wanted = most ?? .max
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let call = try call(wanted - items.count, cursor)
            guard let page = try await send(call).body, case .list(let found) = page[ListMember.items] else {
                throw Failure.notPatchbay("\(address.url(of: call)) did not answer with a list.")
            }
            items += found
            let next = page[ListMember.nextCursor].string
            guard next == nil || next != cursor else {
                throw Failure.notPatchbay("The server repeats a page of \(names) without end.")
            }
            cursor = next
        } while cursor != nil && items.count < wanted
        return (items, cursor)
    }
}
