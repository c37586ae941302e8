import API
import Accounts
import BoundaryText
import Foundation
import Hummingbird
import WebSupport

/// The operations on who is whom in the ticketing system.
/// - Parameters:
///   - path: `/integrations/psa`, or that of a tenant.
///   - flag: what has to be switched on for reading them.
func memberRoutes(
    _ desk: TicketDesk, _ mappings: MemberMappings, limits: TicketLimits, under path: String, flag: FeatureFlag?
) -> [Route] {
    [
        Route(
            .get, path + "/members", .engineer, "Lists the active members of the ticketing system",
            query: [
                QueryParameter("search", .text, "a part of the name or login name"),
                QueryParameter("refresh", .flag, "ask again, however new the copy is"),
            ], gives: .page(Members.Answer.self), flag: flag, reach: .tenants, limit: limits.refresh,
            limited: isRefreshing
        ) { request in
            let live = try await desk.live(for: request)
            let (refresh, page) = (try isRefresh(request), try request.page(PSALists.isKey))
            let members = try await asking {
                try await desk.lists.members(on: live, search: request.query("search"), refresh: refresh, page: page)
            }
            return .json(members.map(Members.Answer.init))
        },
        Route(
            .get, path + "/member-mappings", .engineer,
            "Lists the active users and which member each is; somebody who is no administrator sees himself",
            query: [QueryParameter("mapped", .flag, "only those who have one, or only the others")],
            gives: .page(MappingAnswer.self), flag: flag, reach: .tenants
        ) { request in
            let live = try await desk.live(for: request)
            let isMapped = try request.query("mapped", "true or false") { Bool($0) }
            let user = request.principal.role >= .admin ? nil : request.principal.user
            let page = try await mappings.list(
                on: live.connection, user: user, isMapped: isMapped, page: request.page())
            return .json(page.map(MappingAnswer.init))
        },
        Route(
            .post, path + "/member-mappings", .engineer,
            "Says which members users are, all or nothing; null takes a mapping away. Somebody who is no administrator says it of himself",
            takes: MappingsBody.self, gives: .list(MappingAnswer.self), flag: .connectWise, reach: .tenants
        ) { request in
            let live = try await desk.live(for: request)
            let wishes = try await request.body(MappingsBody.self).wishes(of: request.principal)
            let saved = try await asking { try await mappings.save(wishes, on: live, by: request) }
            return .json(Mappings(items: saved.map(MappingAnswer.init)))
        },
        Route(
            .post, path + "/member-mappings/auto-match", .admin,
            "Maps users to the members with the same e-mail address; leaves mappings that there are",
            gives: .one(ReportAnswer.self), flag: .connectWise
        ) { request in
            let live = try await desk.live(for: request)
            return .json(
                ReportAnswer(try await asking { try await mappings.autoMatch(on: live, by: request) }))
        },
    ]
}

private struct MappingsBody: JSONBody {
    struct Mapping: Decodable, Sendable {
        enum CodingKeys: String, CodingKey {
            case user = "user_id"
            case member = "member_id"
        }

        let user: User.ID
        let member: Member.ID?

        /// Null takes a mapping away, and so has to be said: a member that was forgotten must not.
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            user = try container.decode(User.ID.self, forKey: .user)
            member = try container.decode(Member.ID?.self, forKey: .member)
        }
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case mappings }

    let mappings: [Mapping]

    func wishes(of principal: Principal) throws(Problem) -> [MemberMappings.Wish] {
        func refuse(_ message: String) -> Problem {
            .invalid([.init(field: "mappings", code: "wrong_value", message: message)])
        }
        guard (1...500).contains(mappings.count) else { throw refuse("must be 1 to 500.") }
        guard Set(mappings.map(\.user)).count == mappings.count else { throw refuse("must name each user once.") }
        let members = mappings.compactMap(\.member)
        guard Set(members).count == members.count else { throw refuse("must name each member once.") }
        guard principal.role >= .admin || mappings.allSatisfy({ $0.user == principal.user }) else {
            throw Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail: "Only an administrator says who others are; you can say who you are.")
        }
        return mappings.map { .init(user: $0.user, member: $0.member) }
    }
}

private struct Mappings: Encodable {
    let items: [MappingAnswer]
}

private struct MappingAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case user = "user_id"
        case userName = "user_name"
        case userEmail = "user_email"
        case member = "member_id"
        case memberIdentifier = "member_identifier"
        case memberName = "member_name"
        case matchedBy = "matched_by"
        case hasLeft = "member_inactive"
    }

    let user: User.ID
    let userName: String
    let userEmail: String
    let member: Member.ID?
    let memberIdentifier: String?
    let memberName: String?
    let matchedBy: MemberMapping.Origin?
    let hasLeft: Bool

    init(_ person: MemberMappings.Person) {
        user = person.user
        userName = person.name
        userEmail = person.email
        member = person.mapping?.member
        memberIdentifier = person.mapping?.identifier
        memberName = person.mapping?.name
        matchedBy = person.mapping?.matchedBy
        hasLeft = person.hasLeft
    }
}

private struct ReportAnswer: Codable, Sendable {
    let matched: [MappingAnswer]
    let ambiguous: [MappingAnswer]
    let unmatched: [MappingAnswer]

    init(_ report: MemberMappings.Report) {
        matched = report.matched.map(MappingAnswer.init)
        ambiguous = report.ambiguous.map(MappingAnswer.init)
        unmatched = report.unmatched.map(MappingAnswer.init)
    }
}
