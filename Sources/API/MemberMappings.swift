import BoundaryText
import HTTPTypes
import WebSupport

/// Member mappings: which user is which member of the PSA.
public enum MemberMappings {
    /// How a mapping came about.
    public enum Origin: String, Sendable, Codable, CaseIterable {
        /// User and member have the same e-mail address.
        case email = "auto_email"
        case administrator = "manual_admin"
        /// The user did it.
        case user = "manual_self"
    }

    /// A user with the member that they are mapped to.
    public struct Answer: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case user = "user_id"
            case userName = "user_name"
            case userEmail = "user_email"
            case member = "member_id"
            case memberIdentifier = "member_identifier"
            case memberName = "member_name"
            case matchedBy = "matched_by"
            case memberInactive = "member_inactive"
        }

        public var user: Users.ID
        public var userName: String
        public var userEmail: String
        /// Nil without a mapping.
        public var member: Members.ID?
        public var memberIdentifier: String?
        public var memberName: String?
        public var matchedBy: Open<Origin>?
        /// Whether the member has left the PSA.
        public var memberInactive: Bool

        public init(
            user: Users.ID, userName: String, userEmail: String, member: Members.ID?, memberIdentifier: String?,
            memberName: String?, matchedBy: Origin?, memberInactive: Bool
        ) {
            self.user = user
            self.userName = userName
            self.userEmail = userEmail
            self.member = member
            self.memberIdentifier = memberIdentifier
            self.memberName = memberName
            self.matchedBy = matchedBy.map(Open.known)
            self.memberInactive = memberInactive
        }
    }

    /// What matching by e-mail address found.
    public struct Report: Codable, Sendable {
        public enum CodingKeys: String, CodingKey, CaseIterable {
            case matched, ambiguous, unmatched
        }

        public var matched: [Answer]
        /// The address belongs to several members, or the member is taken.
        public var ambiguous: [Answer]
        public var unmatched: [Answer]

        public init(matched: [Answer], ambiguous: [Answer], unmatched: [Answer]) {
            self.matched = matched
            self.ambiguous = ambiguous
            self.unmatched = unmatched
        }
    }

    /// Mappings to save, all or nothing.
    public struct Change: JSONBody {
        public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
            case mappings
        }

        public struct Mapping: Codable, Sendable {
            public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
                case user = "user_id"
                case member = "member_id"
            }

            public let user: Users.ID
            public let member: Members.ID?

            public init(user: Users.ID, member: Members.ID?) {
                self.user = user
                self.member = member
            }

            /// Null deletes a mapping and has to be said: a member that was left out by mistake must not.
            public init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                user = try container.decode(Users.ID.self, forKey: .user)
                member = try container.decode(Members.ID?.self, forKey: .member)
            }

            public func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(user, forKey: .user)
                try container.encode(member, forKey: .member)
            }
        }

        public let mappings: [Mapping]
    }

    /// What a list can be narrowed with.
    public enum Filter: String, QueryName {
        case mapped

        public var parameter: Parameter { Parameter(.flag, "only users with a mapping, or only those without") }
    }

    public static let list = PSAOperation(
        "listMemberMappings", .get, "/member-mappings", .engineer, .memberMappings, "List member mappings",
        query: Filter.self, gives: Page<Answer>.self)
    public static let save = PSAOperation(
        "saveMemberMappings", .post, "/member-mappings", .engineer, .memberMappings, "Save member mappings",
        takes: Change.self, gives: Few<Answer>.self)
    public static let autoMatch = PSAOperation(
        "autoMatchMembers", .post, "/member-mappings/auto-match", .admin, .memberMappings, "Match members by e-mail",
        gives: Report.self)
}

extension PSA {
    /// Members as they are in the PSA now; ``Members`` outside of here are the copy.
    public enum Members {
        /// What a list can be narrowed with.
        public enum Filter: String, QueryName {
            case search, refresh

            public var parameter: Parameter {
                switch self {
                case .search: Parameter(.text, "a part of the name or login name")
                case .refresh: .refresh
                }
            }
        }

        public static let list = PSAOperation(
            "listPSAMembers", .get, "/members", .engineer, .memberMappings, "List members in the PSA",
            query: Filter.self, gives: Page<API.Members.Answer>.self)
    }
}

extension Parameter {
    /// Of lists that are kept for a while.
    static let refresh = Parameter(.flag, "true to ask the PSA again, however new the copy is")
}
