import API
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebSupport

/// The operations on the audit log.
func auditRoutes(_ database: Database) -> [Route] {
    [
        Route(AuditEntries.list) { request in
            let (filter, organization) = try filter(request) { $0 }
            let page = try request.page()
            let found = try await database.read { db in
                try AuditLog.list(filter, of: organization, page: page, in: db)
            }
            return found.map(AuditEntries.Answer.init)
        },
        Route(
            AuditEntries.export,
            respond: { request in
                let (filter, organization) = try filter(request) { AuditEntries.ExportFilter(rawValue: $0.rawValue) }
                let format = try request.query(.format, "csv or jsonl") { AuditEntries.Format(rawValue: $0) } ?? .csv
                return format.response { page in
                    try await database.read { try AuditLog.list(filter, of: organization, page: page, in: $0) }
                }
            }),
    ]
}

/// The filter in a query, and whose log it selects.
/// - Parameter name: Maps a filter to its query parameter.
private func filter<Query>(
    _ request: OperationRequest<NoPlace, Query, NoBody>, _ name: (AuditEntries.Filter) -> Query?
) throws -> (AuditLog.Filter, Organization.ID) {
    func text(_ filter: AuditEntries.Filter) -> String? { name(filter).flatMap { request.query($0) } }
    var filter = AuditLog.Filter()
    filter.actor = text(.actor)
    filter.action = try name(.action).flatMap {
        try request.query($0, "an action such as rule.create, or rule") { text in
            text.utf8.allSatisfy { $0.isLetter || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") } ? text : nil
        }
    }.flatMap { $0.isEmpty ? nil : $0 }
    filter.target = text(.target)
    filter.since = try name(.since).flatMap { try request.instant($0) }
    filter.until = try name(.until).flatMap { try request.instant($0) }
    let isOfInstallation = try name(.installation).flatMap {
        try request.query($0, "true or false") { Bool($0) }
    }
    guard isOfInstallation ?? false else { return (filter, request.principal.organization) }
    guard request.principal.role == .superAdmin else {
        throw Problem(
            .forbidden, code: "forbidden", title: "Your role does not allow this",
            detail: "Only super administrators can see the audit log of the installation.")
    }
    return (filter, .installation)
}

extension AuditEntries.Answer {
    init(_ entry: AuditEntry) {
        self.init(
            number: entry.number, createdAt: entry.at, actor: entry.actor, authMethod: entry.authMethod,
            ipAddress: entry.address, action: entry.action, target: entry.target, before: entry.before,
            after: entry.after, result: entry.result)
    }

    fileprivate subscript(column: CodingKeys) -> String {
        switch column {
        case .number: "\(number)"
        case .createdAt: APIJSON.text(createdAt)
        case .actor: actor
        case .authMethod: authMethod
        case .ipAddress: ipAddress ?? ""
        case .action: action
        case .target: target
        case .before: before ?? ""
        case .after: after ?? ""
        case .result: result.text
        }
    }
}

extension AuditEntries.Format {
    private static var columns: [AuditEntries.Answer.CodingKeys] { AuditEntries.Answer.CodingKeys.allCases }

    /// Written page by page, so that logs of any length can be exported.
    fileprivate func response(
        _ read: @escaping @Sendable (PageRequest) async throws -> Page<AuditEntry>
    ) -> Response {
        let body = ResponseBody { writer in
            if self == .csv {
                let head = CSV.byteOrderMark + CSV.row(Self.columns.map(\.stringValue))
                try await writer.write(ByteBuffer(string: head))
            }
            var page = PageRequest(limit: PageRequest.largest)
            while true {
                let found = try await read(page)
                var text = ""
                for entry in found.items { text += try line(AuditEntries.Answer(entry)) }
                if !text.isEmpty { try await writer.write(ByteBuffer(string: text)) }
                guard let next = found.next else { break }
                page = PageRequest(limit: PageRequest.largest, after: next)
            }
            try await writer.finish(nil)
        }
        let type = self == .csv ? "text/csv; charset=utf-8" : "application/jsonl"
        return Response(
            status: .ok,
            headers: [.contentType: type, .contentDisposition: "attachment; filename=\"audit.\(rawValue)\""], body: body
        )
    }

    private func line(_ entry: AuditEntries.Answer) throws -> String {
        switch self {
        case .jsonl: String(decoding: try APIJSON.encode(entry), as: UTF8.self) + "\n"
        case .csv: CSV.row(Self.columns.map { entry[$0] })
        }
    }
}
