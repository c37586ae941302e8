import API
import BoundaryText
import Crypto
import Database
import Foundation
import WebSupport

/// An entry of the audit log: who did what.
public struct AuditEntry: Sendable, Equatable, RowDecodable {
    /// See ``API/AuditEntries``.
    public typealias Result = AuditEntries.Result

    /// Counts an organization's entries from 1, without gaps.
    public let number: Int64
    /// When.
    public let at: Date
    /// The user; nil when nobody was signed in.
    public let actorID: Int64?
    /// The user's e-mail, or what else did it.
    public let actor: String
    /// How the actor was known: `sign_in`, `key 12`, `command`. Older entries have `session` or `sign-in` instead of `sign_in`.
    public let authMethod: String
    /// From where, if over the network.
    public let address: String?
    /// What was done: `rule.create`.
    public let action: String
    /// To what: `rule 12`.
    public let target: String
    /// JSON of what was there before; secrets as hints.
    public let before: String?
    /// JSON of what is there now; secrets as hints.
    public let after: String?
    /// How it ended.
    public let result: Result

    /// Reads a row of `audit_entries`.
    public init(row: Row) throws {
        number = try row["number"]
        at = try row["at"]
        actorID = try row["actor_id"]
        actor = try row["actor"]
        authMethod = try row["means"]
        address = try row["address"]
        action = try row["action"]
        target = try row["target"]
        before = try row["before_value"]
        after = try row["after_value"]
        result = try row["result"]
    }

    init(
        number: Int64, at: Date, by actor: Actor, action: String, target: String, before: String?, after: String?,
        result: Result
    ) {
        self.number = number
        self.at = at
        actorID = actor.user?.rawValue
        // What is on record stays for good, and strangers choose some of it: names, paths, addresses.
        self.actor = Self.kept(actor.name, Self.longestName)
        authMethod = Self.kept(actor.authMethod, 60)
        address = actor.address.map { Self.kept($0, 60) }
        self.action = Self.kept(action, 60)
        self.target = Self.kept(target, Self.longestName)
        self.before = before.map(Self.bounded)
        self.after = after.map(Self.bounded)
        self.result = result
    }

    /// The most bytes of the names of who and what, so that any e-mail address fits.
    static let longestName = AuditEntries.longestName
    /// The most bytes of what was there before, and of what is there now.
    static let longestValue = 16_384

    /// A text as it is stored: databases take no NUL, and what is hashed must be what is read again.
    private static func kept(_ text: String, _ bytes: Int) -> String {
        text.replacing(bytes: "\0", with: "").cut(toBytes: bytes)
    }

    /// JSON that is too long becomes JSON that holds the beginning of it.
    private static func bounded(_ json: String) -> String {
        guard json.utf8.count > longestValue else { return json }
        // Quoting may double it.
        let beginning = ["cut": json.cut(toBytes: longestValue / 2 - 100)]
        let data = try? APIJSON.encode(beginning)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// The link to the entry before it: SHA-256 over that one's hash and all of this one's fields, each with its length,
    /// so that no two entries give the same bytes.
    func hash(after previous: [UInt8], of organization: Organization.ID) -> [UInt8] {
        let milliseconds: String
        if case .integer(let value) = at.sqlValue { milliseconds = "\(value)" } else { milliseconds = "" }
        let fields: [String?] = [
            "\(organization)", "\(number)", milliseconds, actorID.map { "\($0)" }, actor, authMethod, address, action,
            target,
            before, after, result.rawValue,
        ]
        var bytes = previous
        for field in fields {
            bytes += field.map { Array("\($0.utf8.count):\($0)".utf8) } ?? [UInt8(ascii: "-")]
        }
        return Array(SHA256.hash(data: bytes))
    }
}

/// Who did something, for the audit log.
public struct Actor: Sendable, Equatable {
    /// The user; nil when it was none.
    public let user: User.ID?
    /// The user's e-mail, or what else did it.
    public let name: String
    /// How it is known: `sign_in`, `key 12`, `command`.
    public let authMethod: String
    /// From where.
    public let address: String?
    /// The key of the request in which it is done, if it is to be done once.
    var hold: Idempotency.Hold?

    /// Names an actor.
    public init(user: User.ID?, name: String, authMethod: String, address: String?) {
        self.user = user
        self.name = name
        self.authMethod = authMethod
        self.address = address
    }

    /// Whoever runs `patchbay` beside the database.
    public static let command = Actor(user: nil, name: "patchbay", authMethod: "command", address: nil)
}

extension AuditEntries.Result: SQLConvertible, SQLDecodable {}
