import API
import BoundaryText
import Database
import Foundation

/// A user, who signs in or on whose behalf an API key acts.
public struct User: Sendable, Equatable, RowDecodable {
    /// The ID of a user.
    public typealias ID = Users.ID

    /// The ID.
    public let id: ID
    /// The organization that the user belongs to.
    public let organization: Organization.ID
    /// The e-mail address as entered; unique, ignoring case.
    public let email: String
    /// The display name.
    public let name: String
    /// The role.
    public let role: Role
    /// Whether the user may sign in.
    public let isActive: Bool
    /// Whether the user signed in through an identity provider and is not yet approved.
    public let isPending: Bool
    /// Whether the user has a password.
    public let hasPassword: Bool
    /// Whether the user has a second factor.
    public let hasSecondFactor: Bool
    /// Whether the user has a customer limit, possibly without any customers left.
    public let isLimited: Bool
    /// Incremented on each change, so that concurrent edits are detected.
    public let version: Int
    /// The user's identity at an identity provider; nil for a user with only a password.
    public let identity: Users.Identity?
    /// An identity with this user's e-mail address that an administrator must confirm or reject.
    public let pendingIdentity: Users.Identity?
    /// When the user last signed in.
    public let lastSignInAt: Date?
    /// When the user was created.
    public let createdAt: Date

    /// Reads a row of `users`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        email = try row["email"]
        name = try row["name"]
        role = try row["role"]
        isActive = try row["active"]
        isPending = try row["pending"]
        isLimited = try row["limited"]
        version = try row["version"]
        lastSignInAt = try row["last_sign_in_at"]
        createdAt = try row["created_at"]
        identity = Self.identity(try row["issuer"], try row["subject"])
        pendingIdentity = Self.identity(try row["offered_issuer"], try row["offered_subject"])
        let (hash, confirmed): (String?, Date?) = (try row["password_hash"], try row["totp_confirmed_at"])
        hasPassword = hash != nil
        hasSecondFactor = confirmed != nil
    }

    private static func identity(_ issuer: String?, _ subject: String?) -> Users.Identity? {
        guard let issuer, let subject, !subject.isEmpty else { return nil }
        return Users.Identity(issuer: issuer, subject: subject)
    }
}
