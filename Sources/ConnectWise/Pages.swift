import BoundaryText
import Foundation
import Outbound

/// A list, page by page; each page is one call, made when it is asked for.
public struct Pages<Item: Record>: AsyncSequence, Sendable {
    /// How ConnectWise walks through a list.
    enum Mode: Sendable {
        /// By page number, in any order.
        case navigable
        /// By `id > last id`; always in the order of ids, and safe while records come and go.
        case forwardOnly
    }

    let client: ConnectWiseClient
    var call: ConnectWiseClient.Call
    let mode: Mode
    let pageSize: Int

    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// All records of all pages.
    public func all() async throws(ConnectWiseError) -> [Item] {
        var records: [Item] = []
        var iterator = makeAsyncIterator()
        while let page = try await iterator.next(isolation: nil) { records += page }
        return records
    }

    /// One page.
    ///
    /// - Parameter position: what the page before named as `next`; nil for the first page.
    /// - Returns: the records, and where the next page starts; nil after the last.
    public func page(
        after position: String? = nil
    ) async throws(ConnectWiseError) -> (records: [Item], next: String?) {
        var call = call
        if mode == .forwardOnly { call.headers.append(.init("pagination-type", "forward-only")) }
        call.query.append(("pageSize", "\(pageSize)"))
        if let position { call.query.append((mode == .navigable ? "page" : "pageId", position)) }
        let response = try await client.send(call)
        let records: [Item] = try client.decode(response)
        guard let next = try next(records, response.headers("link")), !records.isEmpty else { return (records, nil) }
        // A server that points to the page just read would be followed forever.
        guard next != position else { throw .undecodable(reason: "the next page is the same page") }
        return (records, next)
    }

    private func next(_ records: [Item], _ links: [String]) throws(ConnectWiseError) -> String? {
        let parameter = mode == .navigable ? "page" : "pageId"
        if let linked = try PageLink.next(links, parameter: parameter, site: client.site) { return linked }
        guard mode == .forwardOnly, links.isEmpty, records.count >= pageSize else { return nil }
        return records.last.map { "\($0.id)" }
    }

    public struct Iterator: AsyncIteratorProtocol {
        let pages: Pages
        private var position: String?
        private var isFinished = false

        init(_ pages: Pages) {
            self.pages = pages
        }

        /// The next page, nil after the last. Empty only when the whole list is.
        public mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(ConnectWiseError)
            -> [Item]?
        {
            guard !isFinished else { return nil }
            // A failed page ends the sequence: going on would leave a hole.
            isFinished = true
            let isFirst = position == nil
            let page = try await pages.page(after: position)
            position = page.next
            isFinished = page.next == nil
            return page.records.isEmpty && !isFirst ? nil : page.records
        }
    }
}

enum PageLink {
    /// The parameter of the `rel="next"` link, nil when there is no next page. Only the position is taken from the
    /// link, never the address, and only from a link to the site itself: credentials do not follow it elsewhere.
    static func next(_ headers: [String], parameter: String, site: Site) throws(ConnectWiseError) -> String? {
        for link in headers.flatMap({ $0.splitBytes(on: "<") }) {
            guard let end = link.utf8.firstIndex(of: UInt8(ascii: ">")) else { continue }
            let attributes = link[link.utf8.index(after: end)...].lowercased().replacing(bytes: " ", with: "")
            guard attributes.utf8.contains("rel=\"next\"") || attributes.utf8.contains("rel=next") else { continue }
            guard let parts = URLComponents(string: String(link[..<end])) else {
                throw .undecodable(reason: "the link to the next page is no URL")
            }
            // A link may leave the host out; one that names it has to name the site, at a port that is one.
            if parts.host != nil || parts.port != nil,
                !site.owns(host: parts.host ?? "") || !(1...65_535).contains(parts.port ?? 443)
            {
                throw .undecodable(reason: "the link to the next page leads to another host")
            }
            let position = parts.queryItems?.last { $0.name.lowercased() == parameter.lowercased() }?.value
            guard let position, Int(position) != nil else {
                throw .undecodable(reason: "the link to the next page has no position")
            }
            return position
        }
        return nil
    }
}
