import API
import BoundaryText
import Crypto
import Database
import Foundation
import WebSupport

/// An entry of the audit log: who did what.
public struct AuditEntry: Sendable, Equatable, RowDecodable {
    /// The outcome of an action.
    public typealias Result = AuditEntries.Result

    /// The entry's position in the organization's log, counting from 1 without gaps.
    public let number: Int64
    /// When it happened.
    public let at: Date
    /// The user; nil if no user was signed in.
    public let actorID: Int64?
    /// The user's e-mail address, or the name of whatever else acted.
    public let actor: String
    /// How the actor was authenticated: `sign_in`, `key 12`, `command`. Older entries have `session` or `sign-in`
    /// instead of `sign_in`.
    public let authMethod: String
    /// The client address, if the action came over the network.
    public let address: String?
    /// The action, such as `rule.create`.
    public let action: String
    /// The object of the action, such as `rule 12`.
    public let target: String
    /// JSON of the state before; secrets appear as hints.
    public let before: String?
    /// JSON of the state after; secrets appear as hints.
    public let after: String?
    /// The outcome.
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
        // Entries are permanent, and strangers choose some of their text (names, paths, addresses), so limit its
        // length.
        self.actor = Self.kept(actor.name, Self.longestName)
        authMethod = Self.kept(actor.authMethod, 60)
        address = actor.address.map { Self.kept($0, 60) }
        self.action = Self.kept(action, 60)
        self.target = Self.kept(target, Self.longestName)
        self.before = before.map(Self.bounded)
        self.after = after.map(Self.bounded)
        self.result = result
    }

    /// The maximum bytes of actor and target, enough for any e-mail address.
    static let longestName = AuditEntries.longestName
    /// The maximum bytes of the state before and after.
    static let longestValue = 16_384

    /// A text as stored: databases reject NUL, and the hashed text must equal the text read back.
    private static func kept(_ text: String, _ bytes: Int) -> String {
        text.replacing(bytes: "\0", with: "").cut(toBytes: bytes)
    }

    /// Replaces JSON that is too long with JSON that contains its beginning.
    private static func bounded(_ json: String) -> String {
        guard json.utf8.count > longestValue else { return json }
        // Escaping may double the length.
        let beginning = ["cut": json.cut(toBytes: longestValue / 2 - 100)]
        let data = try? APIJSON.encode(beginning)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// The link to the previous entry: SHA-256 over its hash and all fields of this entry, each prefixed with its
    /// length so that no two entries produce the same bytes.
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

/// The actor of an audit entry.
public struct Actor: Sendable, Equatable {
    /// The user; nil if the actor is not a user.
    public let user: User.ID?
    /// The user's e-mail address, or the name of whatever else acted.
    public let name: String
    /// How the actor was authenticated: `sign_in`, `key 12`, `command`.
    public let authMethod: String
    /// The client address.
    public let address: String?
    /// The idempotency key that the request holds, if any.
    var hold: Idempotency.Hold?

    /// Creates an actor.
    public init(user: User.ID?, name: String, authMethod: String, address: String?) {
        self.user = user
        self.name = name
        self.authMethod = authMethod
        self.address = address
    }

    /// The operator who runs `patchbay` with direct access to the database.
    public static let command = Actor(user: nil, name: "patchbay", authMethod: "command", address: nil)
}

extension AuditEntries.Result: SQLConvertible, SQLDecodable {}
