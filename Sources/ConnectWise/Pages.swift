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

    public func makeAsyncIterator() -> Iterator {
        var first = call
        if mode == .forwardOnly { first.headers.append(.init("pagination-type", "forward-only")) }
        return Iterator(client: client, call: first, mode: mode, pageSize: pageSize)
    }

    /// All records of all pages.
    public func all() async throws(ConnectWiseError) -> [Item] {
        var records: [Item] = []
        var iterator = makeAsyncIterator()
        while let page = try await iterator.next(isolation: nil) { records += page }
        return records
    }

    public struct Iterator: AsyncIteratorProtocol {
        let client: ConnectWiseClient
        let call: ConnectWiseClient.Call
        let mode: Mode
        let pageSize: Int
        private var position: String?
        private var isFinished = false

        init(client: ConnectWiseClient, call: ConnectWiseClient.Call, mode: Mode, pageSize: Int) {
            self.client = client
            self.call = call
            self.mode = mode
            self.pageSize = pageSize
        }

        /// The next page, nil after the last. Empty only when the whole list is.
        public mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(ConnectWiseError)
            -> [Item]?
        {
            guard !isFinished else { return nil }
            // A failed page ends the sequence: going on would leave a hole.
            isFinished = true
            var call = call
            call.query.append(("pageSize", "\(pageSize)"))
            if let position { call.query.append((mode == .navigable ? "page" : "pageId", position)) }
            let response = try await client.send(call)
            let page: [Item] = try client.decode(response)
            let isFirst = position == nil
            let links = response.headers("link")
            if let next = try PageLink.next(links, parameter: mode == .navigable ? "page" : "pageId", site: client.site)
            {
                // A server that points to the page just read would be followed for ever.
                guard next != position else { throw .undecodable(reason: "the next page is the same page") }
                position = next
                isFinished = page.isEmpty
            } else if mode == .forwardOnly, links.isEmpty, page.count >= pageSize, let last = page.last {
                // An endpoint that ignores the position would give the same page for ever.
                guard "\(last.id)" != position else { throw .undecodable(reason: "the next page is the same page") }
                position = "\(last.id)"
                isFinished = false
            }
            return page.isEmpty && !isFirst ? nil : page
        }
    }
}

enum PageLink {
    /// The parameter of the `rel="next"` link, nil when there is no next page. Only the position is taken from the
    /// link, never the address, and only from a link to the site itself: credentials do not follow it elsewhere.
    static func next(_ headers: [String], parameter: String, site: Site) throws(ConnectWiseError) -> String? {
        for link in headers.flatMap({ $0.split(separator: "<") }) {
            guard let end = link.firstIndex(of: ">") else { continue }
            let attributes = link[link.index(after: end)...].lowercased().replacing(" ", with: "")
            guard attributes.contains("rel=\"next\"") || attributes.contains("rel=next") else { continue }
            guard let parts = URLComponents(string: String(link[..<end])) else {
                throw .undecodable(reason: "the link to the next page is no URL")
            }
            if let host = parts.host, !site.owns(host: host) {
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
