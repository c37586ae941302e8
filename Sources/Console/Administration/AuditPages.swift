import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func auditPages() -> [PageRoute] {
    typealias Filter = AuditEntries.Filter
    return [
        .get("/audit", AuditEntries.list.role) { visit in
            let filter: [Filter: String] = filter(visit)
            let page = try await visit.ask(AuditEntries.list(filter, limit: visit.limit, cursor: visit.cursor))
            let fields = [
                Field(filter: Filter.actor, "User", .text, placeholder: "E-mail"),
                Field(filter: Filter.action, "Action", .text, placeholder: "rule or rule.create"),
                Field(filter: Filter.target, "Target", .text, placeholder: "rule 12"),
                Field(filter: Filter.since, "From", .instant(visit.zone)),
                Field(filter: Filter.until, "To", .instant(visit.zone)),
            ]
            let rows = page.items.map { entry -> [Cell] in
                [
                    .when(entry.createdAt),
                    .main(
                        entry.actor,
                        sub: [authMethod(entry), entry.ipAddress].compactMap(\.self).joined(separator: ", ")),
                    .main(entry.action, "/audit/\(entry.number)", sub: entry.target), .badge(.result(entry.result)),
                ]
            }
            var export = visit.query.filter { Filter(rawValue: $0.key) != nil }
            export[AuditEntries.ExportFilter.format.rawValue] = AuditEntries.Format.csv.rawValue
            return Page(
                title: "Audit log",
                lead: "Who did what, and from where. Changes to entries are detected.",
                actions: [.link("Export with values", Visit.href("/audit/export", export), icon: "download")],
                blocks: [
                    Filters.block("/audit", fields, visit, clear: !filter.isEmpty),
                    Table(
                        caption: "Audit log", columns: ["When", "Who", "Action", "Result"], rows: rows,
                        empty: Empty(
                            icon: "journal-text", title: "No matching entries",
                            text: "Clear the filter to see all entries."),
                        pager: visit.pager(page)
                    ).block,
                ])
        },
        PageRoute(method: .get, path: "/audit/export", role: AuditEntries.export.role) { visit in
            var wanted: [AuditEntries.ExportFilter: String] = filter(visit)
            wanted[.format] = visit.query[AuditEntries.ExportFilter.format.rawValue] ?? AuditEntries.Format.csv.rawValue
            let call = AuditEntries.export(wanted)
            return .response(
                try await visit.table.call(
                    call.method, call.path, query: call.query, as: visit.principal, at: visit.visitor.address))
        },
        .get("/audit/{number}", AuditEntries.list.role) { visit in
            let number = try visit.parameter("number")
            // A page of one entry that begins behind the next number.
            guard let (next, isOver) = Int64(number)?.addingReportingOverflow(1), !isOver else {
                throw Problem.notFound("audit log entry")
            }
            let page = try await visit.ask(
                AuditEntries.list(limit: 1, cursor: Cursor(key: "\(next)").description))
            guard let entry = page.items.first, "\(entry.number)" == number else {
                throw Problem.notFound("audit log entry")
            }
            return Page(
                title: "Entry \(number)", heading: "\(entry.action) – \(entry.target)", crumb: ("Audit log", "/audit"),
                blocks: [
                    .card(
                        "Details",
                        [
                            .facts([
                                ("When", .when(entry.createdAt, exact: true)), ("Who", .text(entry.actor)),
                                ("Authentication", .text(authMethod(entry))), ("IP address", .text(entry.ipAddress)),
                                ("Result", .badge(.result(entry.result))),
                            ])
                        ]),
                    .grid(2, [.card("Before", [pretty(entry.before)]), .card("After", [pretty(entry.after)])]),
                ])
        },
    ]
}

/// How the actor was known, in words; older entries have other names for a browser.
private func authMethod(_ entry: AuditEntries.Answer) -> String {
    switch entry.authMethod {
    case "sign_in", "session", "sign-in": "sign-in"
    case let method where method.utf8.hasPrefix("key "): "API " + method
    case let method: method
    }
}

private func pretty(_ json: String?) -> Block {
    guard let text = json else { return .text("–", style: "muted") }
    let value = try? JSONSerialization.jsonObject(with: Data(text.utf8))
    let data = value.flatMap {
        try? JSONSerialization.data(
            withJSONObject: $0, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }
    return Block("code", ["text": data.map { String(decoding: $0, as: UTF8.self) } ?? text])
}

/// The filter as the API takes it: times of the viewer's zone as instants.
private func filter<Query: QueryName>(_ visit: Visit) -> [Query: String] {
    var filter: [Query: String] = [:]
    for (name, text) in visit.filters(AuditEntries.Filter.self) {
        guard let query = Query(rawValue: name.rawValue) else { continue }
        filter[query] =
            switch name {
            case .since, .until: LocalTime.instant(text, in: visit.zone).map(APIJSON.text) ?? text
            case .action: text.trimmingCharacters(in: .whitespaces)
            case .actor, .target, .installation: text
            }
    }
    return filter
}
