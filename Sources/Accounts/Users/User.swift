import API
import BoundaryText
import Database
import Foundation

/// How an identity provider names a person: the one thing by which it is recognized again.
public struct UserIdentity: Sendable, Equatable, Codable {
    /// The provider, as it stands in its tokens.
    public let issuer: String
    /// The provider's own id of the person.
    public let subject: String

    init?(issuer: String?, subject: String?) {
        guard let issuer, let subject, !subject.isEmpty else { return nil }
        self.issuer = issuer
        self.subject = subject
    }

    init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }
}

/// A person who signs in, or in whose name a program does.
public struct User: Sendable, Equatable, RowDecodable {
    /// The type of a user's key.
    public typealias ID = Users.ID

    /// The key.
    public let id: ID
    /// The organization that the user belongs to.
    public let organization: Organization.ID
    /// As the person writes it; unique without case.
    public let email: String
    /// As shown to others.
    public let name: String
    /// What the user may do.
    public let role: Role
    /// Whether the user may sign in.
    public let isActive: Bool
    /// Whether the person came through an identity provider and waits for somebody to say yes.
    public let isPending: Bool
    /// Whether there is a password.
    public let hasPassword: Bool
    /// Whether there is a second factor.
    public let hasSecondFactor: Bool
    /// Whether the user is limited to some customers, perhaps to none that is left.
    public let isLimited: Bool
    /// Counts changes, so that a form that was open meanwhile is noticed.
    public let version: Int
    /// By which identity provider's subject the person is known; nil for somebody who comes with a password only.
    public let identity: UserIdentity?
    /// The subject with which somebody came who has this e-mail address, until an administrator says whether it is the
    /// same person.
    public let offer: UserIdentity?
    /// When the person last signed in.
    public let lastSignInAt: Date?
    /// When the user was made.
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
        identity = UserIdentity(issuer: try row["issuer"], subject: try row["subject"])
        offer = UserIdentity(issuer: try row["offered_issuer"], subject: try row["offered_subject"])
        let (hash, confirmed): (String?, Date?) = (try row["password_hash"], try row["totp_confirmed_at"])
        hasPassword = hash != nil
        hasSecondFactor = confirmed != nil
    }
}
