import API
import BoundaryText
import Database
import Foundation
import Hummingbird
import NIOCore
import WebSupport

/// The operations on the audit log.
func auditRoutes(_ database: Database) -> [Route] {
    let filters = [
        QueryParameter("actor", .text, "an e-mail address", longest: AuditEntry.longestName),
        QueryParameter("action", .text, "an action such as rule.create, or rule for all of that kind"),
        QueryParameter("target", .text, "a thing such as rule 12", longest: AuditEntry.longestName),
        QueryParameter("since", .instant, "not before this instant"),
        QueryParameter("until", .instant, "not after this instant"),
        QueryParameter("installation", .flag, "what belongs to no organization; super administrators only"),
    ]
    return [
        Route(
            .get, "/audit", .admin, "Lists who did what, newest first", query: filters, gives: .page(AuditAnswer.self)
        ) { request in
            let (filter, organization) = (try AuditLog.Filter(request), try whose(request))
            let page = try request.page()
            let found = try await database.read { db in
                try AuditLog.list(filter, of: organization, page: page, in: db)
            }
            return .json(found.map(AuditAnswer.init))
        },
        Route(
            .get, "/audit/export", .admin, "The entries that fit, newest first, as CSV or as JSON lines",
            query: filters + [QueryParameter("format", .oneOf(["csv", "jsonl"]), "csv unless told otherwise")],
            gives: .file(["text/csv", "application/jsonl"])
        ) { request in
            let (filter, organization) = (try AuditLog.Filter(request), try whose(request))
            let format = try request.query("format", "csv or jsonl") { AuditExport(rawValue: $0) } ?? .csv
            return format.response { page in
                try await database.read { try AuditLog.list(filter, of: organization, page: page, in: $0) }
            }
        },
    ]
}

private func whose(_ request: SignedInRequest) throws -> Organization.ID {
    let installation = try request.query("installation", "true or false") { Bool($0) } ?? false
    guard installation else { return request.principal.organization }
    guard request.principal.role == .superAdmin else {
        throw Problem(
            .forbidden, code: "forbidden", title: "Your role does not allow this",
            detail: "The record of the installation is for super administrators.")
    }
    return .installation
}

extension AuditLog.Filter {
    fileprivate init(_ request: SignedInRequest) throws(Problem) {
        self.init()
        actor = request.query("actor")?.lowercased()
        action = try request.query("action", "an action such as rule.create, or rule") { text in
            text.utf8.allSatisfy { $0.isLetter || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") } ? text : nil
        }
        target = request.query("target")
        since = try request.instant("since")
        until = try request.instant("until")
    }
}

struct AuditAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case number, at, actor, means, address, action, target, before, after, result
    }

    let number: Int64
    let at: Date
    let actor: String
    let means: String
    let address: String?
    let action: String
    let target: String
    /// JSON, as text: what it was depends on the action.
    let before: String?
    let after: String?
    let result: AuditEntry.Result

    init(_ entry: AuditEntry) {
        number = entry.number
        at = entry.at
        actor = entry.actor
        means = entry.means
        address = entry.address
        action = entry.action
        target = entry.target
        before = entry.before
        after = entry.after
        result = entry.result
    }
}

private enum AuditExport: String, Sendable {
    case csv
    case jsonl

    private static let columns = AuditAnswer.CodingKeys.allCases

    /// Written page by page, so that any length can be exported.
    func response(_ read: @escaping @Sendable (PageRequest) async throws -> Page<AuditEntry>) -> Response {
        let body = ResponseBody { writer in
            if self == .csv {
                let head = CSV.byteOrderMark + CSV.row(Self.columns.map(\.stringValue))
                try await writer.write(ByteBuffer(string: head))
            }
            var page = PageRequest(limit: PageRequest.largest)
            while true {
                let found = try await read(page)
                var text = ""
                for entry in found.items { text += try line(AuditAnswer(entry)) }
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

    private func line(_ entry: AuditAnswer) throws -> String {
        switch self {
        case .jsonl: String(decoding: try APIJSON.encode(entry), as: UTF8.self) + "\n"
        case .csv:
            CSV.row(Self.columns.map { entry[$0] })
        }
    }
}

extension AuditAnswer {
    fileprivate subscript(column: CodingKeys) -> String {
        switch column {
        case .number: "\(number)"
        case .at: APIJSON.text(at)
        case .actor: actor
        case .means: means
        case .address: address ?? ""
        case .action: action
        case .target: target
        case .before: before ?? ""
        case .after: after ?? ""
        case .result: result.rawValue
        }
    }
}
