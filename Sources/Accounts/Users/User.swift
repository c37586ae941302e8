import API
import BoundaryText
import Database
import Foundation

/// Who signs in, or as whom an API key acts.
public struct User: Sendable, Equatable, RowDecodable {
    /// The type of a user's key.
    public typealias ID = Users.ID

    /// The key.
    public let id: ID
    /// The organization that the user belongs to.
    public let organization: Organization.ID
    /// As it was entered; unique without case.
    public let email: String
    /// As shown to others.
    public let name: String
    /// What the user may do.
    public let role: Role
    /// Whether the user may sign in.
    public let isActive: Bool
    /// Whether the user came through an identity provider and is not approved yet.
    public let isPending: Bool
    /// Whether there is a password.
    public let hasPassword: Bool
    /// Whether there is a second factor.
    public let hasSecondFactor: Bool
    /// Whether the user is limited to some customers, perhaps to none that is left.
    public let isLimited: Bool
    /// Counts changes, so that a form that was open during another change is noticed.
    public let version: Int
    /// By which the user is recognized at an identity provider; nil for a user with a password only.
    public let identity: Users.Identity?
    /// The identity that came with this user's e-mail address, until an administrator says whether it is the same user.
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
