import API
import Accounts
import BoundaryText
import Database
import Foundation
import WebSupport

extension API.MemberMappings.Origin: SQLConvertible, SQLDecodable {}

/// That a user and a member of the PSA are one person.
public struct MemberMapping: Sendable, Equatable, RowDecodable {
    /// How it came about.
    public typealias Origin = API.MemberMappings.Origin

    /// The user.
    public let user: User.ID
    /// The member's id there.
    public let member: Member.ID
    /// The member's login name there.
    public let identifier: String
    /// As people see the member.
    public let name: String
    /// How it came about.
    public let matchedBy: Origin

    /// Reads a row of `psa_member_mappings`.
    public init(row: Row) throws {
        user = try row["user_id"]
        member = try row["member_id"]
        identifier = try row["member_identifier"]
        name = try row["member_name"]
        matchedBy = try row["matched_by"]
    }
}

/// Finds members by e-mail address. Pure.
struct AutoMatch: Sendable, Equatable {
    /// A user to be matched.
    struct Candidate: Sendable, Equatable {
        let user: User.ID
        let email: String
    }

    /// Who is whom.
    let matched: [(user: User.ID, member: Member)]
    /// Users whose address several members have, or a member whose address several users have.
    let ambiguous: [User.ID]
    /// Users whose address no member has.
    let unmatched: [User.ID]

    /// - Parameters:
    ///   - users: those who have no member yet.
    ///   - members: the active ones.
    ///   - taken: members that are already mapped.
    init(_ users: [Candidate], _ members: [Member], taken: Set<Member.ID>) {
        func key(_ email: String) -> String { email.trimmingCharacters(in: .whitespaces).asciiLowercased }
        let byEmail = Dictionary(
            grouping: members.filter { $0.email?.isEmpty == false }, by: { key($0.email ?? "") })
        let wanted = Dictionary(grouping: users, by: { key($0.email) })
        var (matched, ambiguous, unmatched): ([(User.ID, Member)], [User.ID], [User.ID]) = ([], [], [])
        for user in users {
            let found = byEmail[key(user.email)] ?? []
            switch found.count {
            case 0: unmatched.append(user.user)
            case 1 where wanted[key(user.email)]?.count == 1 && !taken.contains(found[0].id):
                matched.append((user.user, found[0]))
            default: ambiguous.append(user.user)
            }
        }
        (self.matched, self.ambiguous, self.unmatched) = (matched, ambiguous, unmatched)
    }

    static func == (left: AutoMatch, right: AutoMatch) -> Bool {
        left.matched.elementsEqual(right.matched) { $0.user == $1.user && $0.member == $1.member }
            && left.ambiguous == right.ambiguous && left.unmatched == right.unmatched
    }
}
