import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

func auditPages() -> [PageRoute] {
    let names = ["actor", "action", "target", "since", "until"]
    return [
        .get("/audit", .admin) { visit in
            let page = try await visit.get("/audit", try query(visit, names))
            let fields = [
                Field("actor", "Person", .text, placeholder: "E-mail"),
                Field("action", "What", .text, placeholder: "rule or rule.create"),
                Field("target", "Thing", .text, placeholder: "rule 12"),
                Field("since", "From", .instant(visit.zone)), Field("until", "To", .instant(visit.zone)),
            ]
            let isFiltered = names.contains { visit.query[$0]?.isEmpty == false }
            let rows = page.items.map { entry -> [Cell] in
                [
                    .when(entry["at"].date),
                    .main(
                        entry["actor"].words,
                        sub: [entry["means"].string, entry["address"].string].compactMap(\.self).joined(separator: ", ")
                    ),
                    .main(entry["action"].words, "/audit/\(entry["number"].words)", sub: entry["target"].words),
                    .badge(.result(entry["result"].words)),
                ]
            }
            var export = visit.query.filter { names.contains($0.key) }
            export["format"] = "csv"
            return Page(
                title: "Audit log",
                lead: "Who did what, from where. Entries are never changed, and are chained so that it would show.",
                actions: [.link("Export with values", Visit.href("/audit/export", export), icon: "download")],
                blocks: [
                    Filters.block("/audit", fields, visit, clear: isFiltered),
                    Table(
                        caption: "Audit log", columns: ["When", "Who", "What", "Result"], rows: rows,
                        empty: Empty(
                            icon: "journal-text", title: "Nothing fits", text: "Clear the filter to see everything."),
                        pager: visit.pager(page)
                    ).block,
                ])
        },
        PageRoute(method: .get, path: "/audit/export", role: .admin) { visit in
            var wanted = try query(visit, names)
            wanted["format"] = visit.query["format"] ?? "csv"
            return .response(
                try await visit.table.call(
                    .get, "/audit/export", query: wanted, as: visit.principal, at: visit.visitor.address))
        },
        .get("/audit/{number}", .admin) { visit in
            let number = try visit.parameter("number")
            // A page of one entry that begins behind the next number.
            guard let (next, isOver) = Int64(number)?.addingReportingOverflow(1), !isOver else {
                throw Problem.notFound("entry of the audit log")
            }
            let behind = Cursor(key: "\(next)")
            let page = try await visit.get("/audit", ["limit": "1", "cursor": behind.description])
            guard let entry = page.items.first, entry["number"].words == number else {
                throw Problem.notFound("entry of the audit log")
            }
            func pretty(_ name: String) -> Block {
                guard let text = entry[name].string else { return .text("–", style: "muted") }
                let value = try? JSONSerialization.jsonObject(with: Data(text.utf8))
                let data = value.flatMap {
                    try? JSONSerialization.data(
                        withJSONObject: $0, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
                }
                return Block("code", ["text": data.map { String(decoding: $0, as: UTF8.self) } ?? text])
            }
            return Page(
                title: "Entry \(number)", heading: "\(entry["action"].words) – \(entry["target"].words)",
                crumb: ("Audit log", "/audit"),
                blocks: [
                    .card(
                        "What happened",
                        [
                            .facts([
                                ("When", .when(entry["at"].date, exact: true)), ("Who", .text(entry["actor"].words)),
                                ("By", .text(entry["means"].words)), ("From", .text(entry["address"].string)),
                                ("Result", .badge(.result(entry["result"].words))),
                            ])
                        ]), .grid(2, [.card("Before", [pretty("before")]), .card("After", [pretty("after")])]),
                ])
        },
    ]
}

/// The filter as the API takes it: times of the viewer's zone as instants.
private func query(_ visit: Visit, _ names: [String]) throws(Problem) -> [String: String] {
    var query = visit.listQuery(names)
    for name in ["since", "until"] {
        guard let text = query[name] else { continue }
        if let instant = LocalTime.instant(text, in: visit.zone) { query[name] = APIJSON.text(instant) }
    }
    query["action"] = query["action"]?.trimmingCharacters(in: .whitespaces)
    return query
}
