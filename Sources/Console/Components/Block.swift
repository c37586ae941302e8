import API
import Accounts
import BoundaryText
import Foundation
import WebSupport

/// A piece of a page: the name of its template and what fills it.
struct Block {
    /// The name of its template.
    let kind: String
    let model: Model
    /// The list that it shows, if it shows one; to be exported.
    var table: Table?

    init(_ kind: String, _ values: [String: Any?] = [:]) {
        self.kind = kind
        model = Model(values).with(["kind": kind])
    }

    static func notice(
        _ tone: Badge.Tone, _ title: String? = nil, _ text: String, href: String? = nil, link: String? = nil
    ) -> Block {
        let icon =
            switch tone {
            case .good: "check-circle"
            case .bad, .warning: "exclamation-triangle"
            case .info, .muted: "info-circle"
            }
        return Block(
            "notice",
            [
                "noticeTone": tone.rawValue, "noticeRole": tone == .bad ? "alert" : "status", "icon": icon,
                "noticeTitle": title, "noticeText": text, "noticeHref": href, "noticeLink": link,
            ])
    }

    /// Why something is missing from a page.
    static func switchedOff(_ visit: Visit) -> [Block] {
        guard visit.isOff(.connectWise) else { return [] }
        return [
            .notice(
                .info, "ConnectWise is disabled for your organization.",
                "You cannot update tickets or connections. Nothing was deleted. Ask an administrator to enable the feature flag.",
                href: "/flags", link: "Feature flags")
        ]
    }

    static func text(_ text: String, style: String = "") -> Block {
        Block("text", ["text": text, "textStyle": style])
    }

    static func facts(_ facts: [(String, Cell)]) -> Block {
        Block("facts", ["facts": facts.map { $0.1.model.with(["factLabel": $0.0]) }])
    }

    static func card(_ title: String, actions: [Action] = [], flush: Bool = false, _ parts: [Block]) -> Block {
        Block(
            "card",
            [
                "cardTitle": title, "cardActions": actions.map(\.model), "isFlush": flush,
                "parts": parts.map(\.model),
            ])
    }

    /// Not as a whole closed to htmx, since a part may fetch itself again; cards are.
    static func grid(_ columns: Int, _ parts: [Block]) -> Block {
        Block("grid", ["gridStyle": "is-\(columns)", "parts": parts.map(\.model), "holdsRegion": true])
    }

    static func actions(_ actions: [Action]) -> Block {
        Block("actions", ["items": actions.map(\.model)])
    }

    static func emptyState(_ icon: String, _ title: String, _ text: String, _ actions: [Action] = []) -> Block {
        Block("empty", Empty(icon: icon, title: title, text: text, actions: actions).model)
    }

    static func segments(_ label: String, _ segments: [(label: String, href: String, isCurrent: Bool)])
        -> Block
    {
        Block(
            "segments",
            [
                "segmentsLabel": label,
                "segments": segments.map { ["label": $0.label, "href": $0.href, "isCurrent": $0.isCurrent] as Model },
            ])
    }
}

/// What a list shows when there is nothing in it: what it is for, and what to do.
struct Empty {
    let icon: String
    let title: String
    let text: String
    var actions: [Action] = []

    var model: Model {
        ["icon": icon, "emptyTitle": title, "emptyText": text, "emptyActions": actions.map(\.model)]
    }
}

/// A list.
struct Table {
    struct Column: ExpressibleByStringLiteral {
        let label: String
        var isNumber = false
        /// Said, but not shown.
        var hidden: String?
        /// Whether it holds something else than buttons.
        var isExported: Bool { hidden != nil && hidden != "Actions" }
        /// Its name in an exported list.
        var title: String { hidden ?? label }

        init(stringLiteral value: String) { label = value }

        private init(label: String, isNumber: Bool = false, hidden: String? = nil) {
            (self.label, self.isNumber, self.hidden) = (label, isNumber, hidden)
        }

        static func number(_ label: String) -> Column { Column(label: label, isNumber: true) }
        static func hidden(_ label: String) -> Column { Column(label: "", hidden: label) }
    }

    let caption: String
    var title: String?
    let columns: [Column]
    var rows: [[Cell]]
    var empty: Empty?
    var pager: Pager?
    /// The column by which it is sorted.
    var order: Order?
    /// Whether the cells of a row stand below each other on a narrow screen: what is chosen in them is in sight there.
    var isStacking = false

    /// By which column a list is sorted.
    struct Order: Equatable {
        let column: Int
        let isDescending: Bool

        init(column: Int, isDescending: Bool) {
            (self.column, self.isDescending) = (column, isDescending)
        }

        /// From the query: `2`, or `-2` for descending. No list has a hundred columns.
        init(asked text: String) throws(Problem) {
            guard let number = Int(text), number != 0, number.magnitude < 100 else {
                throw .badRequest(
                    "sort must be the number of a column, with a minus for descending.",
                    errors: [.init(field: "sort", code: "wrong_value", message: "must be the number of a column")])
            }
            self.init(column: Int(number.magnitude) - 1, isDescending: number < 0)
        }
    }

    /// The rows by a column: numbers as numbers, times as times, all else as people read it.
    func sorted(by order: Order) -> Table {
        guard columns.indices.contains(order.column) else { return self }
        var table = self
        table.order = order
        table.rows = rows.map { ($0, $0[order.column].exported) }.sorted { left, right in
            let comparison = left.1.compare(right.1, options: [.caseInsensitive, .numeric])
            return order.isDescending ? comparison == .orderedDescending : comparison == .orderedAscending
        }.map(\.0)
        return table
    }

    /// Where the head of a column leads: sorted by it, the other way round when it is sorted by it already.
    private func sortHref(_ column: Int) -> String? {
        guard let pager, columns[column].hidden == nil, rows.count > 1 else { return nil }
        let isAscending = order == Order(column: column, isDescending: false)
        return pager.sortHref(isAscending ? -(column + 1) : column + 1)
    }

    var block: Block {
        var block = Block(
            "table",
            [
                "tableTitle": title, "caption": caption, "isStacking": isStacking, "hasRows": !rows.isEmpty,
                "columns": columns.enumerated().map { index, column in
                    let isSorted = order?.column == index
                    return Model([
                        "columnLabel": column.label, "columnStyle": column.isNumber ? "num" : nil,
                        "columnHidden": column.hidden, "sortHref": sortHref(index),
                        "sorted": isSorted ? (order?.isDescending == true ? "descending" : "ascending") : nil,
                        "sortIcon": isSorted ? (order?.isDescending == true ? "arrow-down" : "arrow-up") : nil,
                    ])
                },
                "rows": rows.map { ["cells": $0.map(\.model)] as Model }, "empty": empty?.model,
                "pager": pager?.model, "exportHref": pager.map(\.exportHref),
            ])
        block.table = self
        return block
    }
}

/// Where a list goes on.
struct Pager {
    let note: String
    let firstHref: String?
    let nextHref: String?
    /// What the API gave to go on with.
    var cursor: String?
    /// The whole list as a file.
    let exportHref: String
    /// The list by a column.
    let sortHref: (Int) -> String

    var model: Model? {
        firstHref == nil && nextHref == nil
            ? nil : Model(["pagerNote": note, "firstHref": firstHref, "nextHref": nextHref])
    }
}
