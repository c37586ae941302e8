import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebSupport

/// Lists beyond one page: sorted by a column, or as a file. Both put the pages of the API together.
extension Console {
    // A file with more rows is of little use; the API has everything.
    private static var mostExported: Int { 10_000 }
    // Lists come in the order in which things were made. By another column they are sorted here, as far as this.
    private static var mostSorted: Int { 1_000 }

    /// A page with the rows of all its pages in its first list.
    private func whole(_ route: PageRoute, _ visit: Visit, most: Int) async throws -> (Page, Table) {
        var visit = visit
        for name in ["export", "sort", "cursor"] { visit.query[name] = nil }
        visit.query["limit"] = "200"
        var (first, rows): (Page?, [[Cell]]) = (nil, [])
        while true {
            guard case .page(let page) = try await route.handle(visit), let table = page.list else {
                throw Problem.notFound("list on this page")
            }
            rows += table.rows
            let whole = first ?? page
            first = whole
            guard let cursor = table.pager?.cursor, rows.count < most else {
                var list = whole.list ?? table
                list.rows = rows
                list.pager?.cursor = table.pager?.cursor
                return (whole, list)
            }
            visit.query["cursor"] = cursor
        }
    }

    /// A page with its first list by a column.
    func sorted(_ route: PageRoute, _ visit: Visit, _ order: Table.Order) async throws -> Page {
        var (page, table) = try await whole(route, visit, most: Self.mostSorted)
        let isCut = table.pager?.cursor != nil
        // Where the head of a column leads depends on the query without our own limit.
        table.pager = visit.pager(count: 0, next: nil)
        page.blocks = page.blocks.map { $0.table?.caption == table.caption ? table.sorted(by: order).block : $0 }
        if isCut {
            page.blocks.insert(
                .notice(.info, nil, "Only the first \(table.rows.count) are sorted. Narrow the list with the filter."),
                at: 0)
        }
        page.isStill = true
        return page
    }

    /// The list of a page as CSV, with all its pages.
    func export(_ route: PageRoute, _ visit: Visit) async throws -> Response {
        let (_, table) = try await whole(route, visit, most: Self.mostExported)
        let shown = table.columns.indices.filter { table.columns[$0].hidden == nil || table.columns[$0].isExported }
        var text = CSV.byteOrderMark + CSV.row(shown.map { table.columns[$0].title })
        for row in table.rows { text += CSV.row(shown.map { row[$0].exported }) }
        let name = visit.path.splitBytes(on: "/").first ?? "list"
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8",
                .contentDisposition: "attachment; filename=\"patchbay-\(name).csv\"",
            ], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
