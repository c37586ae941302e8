/// Who makes a request, proved.
public struct Principal: Sendable, Equatable {
    /// The user.
    public let user: User.ID
    /// All that a request sees belongs to this organization.
    public let organization: Organization.ID
    /// For people to read.
    public let email: String
    /// What may be done.
    public let role: Role

    /// States who it is; only what has checked a credential does so.
    public init(user: User.ID, organization: Organization.ID, email: String, role: Role) {
        self.user = user
        self.organization = organization
        self.email = email
        self.role = role
    }
}
