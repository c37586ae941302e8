import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// The audit log: who did what.
public enum AuditEntries {
    /// How what was done ended.
    public enum Result: String, Sendable, CaseIterable, Codable {
        case done
        /// It was not allowed.
        case refused
        /// It was tried without success.
        case failed
    }

    /// An entry.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case number
            case createdAt = "created_at"
            case actor
            case authMethod = "auth_method"
            case ipAddress = "ip_address"
            case action, target, before, after, result
        }

        /// Counts an organization's entries from 1, without gaps.
        public var number: Int64
        public var createdAt: Date
        /// The user's e-mail address, or what else did it.
        public var actor: String
        /// How the actor was known: `sign_in`, `key 12`, `command`.
        public var authMethod: String
        /// Nil for what did not come over the network.
        public var ipAddress: String?
        /// `rule.create`.
        public var action: String
        /// `rule 12`.
        public var target: String
        /// JSON, as text: what it was depends on the action.
        public var before: String?
        public var after: String?
        public var result: Open<Result>

        public init(
            number: Int64, createdAt: Date, actor: String, authMethod: String, ipAddress: String?, action: String,
            target: String, before: String?, after: String?, result: Result
        ) {
            self.number = number
            self.createdAt = createdAt
            self.actor = actor
            self.authMethod = authMethod
            self.ipAddress = ipAddress
            self.action = action
            self.target = target
            self.before = before
            self.after = after
            self.result = .known(result)
        }
    }

    /// The most bytes of the names of who and what, so that any e-mail address matches.
    public static let longestName = 254

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case actor, action, target, since, until, installation

        public var parameter: Parameter {
            switch self {
            case .actor: Parameter(.text, "an e-mail address", longest: longestName)
            case .action: Parameter(.text, "an action such as rule.create, or rule for all of that kind")
            case .target: Parameter(.text, "a thing such as rule 12", longest: longestName)
            case .since: Parameter(.instant, "not before this time")
            case .until: Parameter(.instant, "not after this time")
            case .installation:
                Parameter(.flag, "entries that belong to no organization; super administrators only")
            }
        }
    }

    /// How a file is written.
    public enum Format: String, Sendable, CaseIterable {
        case csv
        case jsonl
    }

    /// What an exported file can be narrowed with, and how it is written.
    public enum ExportFilter: String, QueryName {
        case actor, action, target, since, until, installation, format

        public var parameter: Parameter {
            Filter(rawValue: rawValue)?.parameter
                ?? Parameter(.oneOf(Format.allCases.map(\.rawValue)), "csv by default")
        }
    }

    public static let list = Operation(
        "listAuditEntries", .get, "/audit", .admin, .audit, "List audit log entries", query: Filter.self,
        gives: Page<Answer>.self)
    public static let export = Operation(
        "exportAuditEntries", .get, "/audit/export", .admin, .audit, "Export audit log entries",
        query: ExportFilter.self, gives: File.self, success: .file(["text/csv", "application/jsonl"]))
}
