import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Which member of the PSA each user is.
enum MemberMappings: Noun {
    private typealias Answer = API.MemberMappings.Answer.CodingKeys
    private typealias Filter = API.MemberMappings.Filter

    static let resource = Resource(
        singular: "member-mapping", plural: "member-mappings", about: "Which member of the PSA a user is.",
        list: Endpoint(API.MemberMappings.list.main),
        columns: [
            Column(Answer.user, "user", .number).key, Column(Answer.userName, "name").key,
            Column(Answer.userEmail, "e-mail").extra, Column(Answer.member, "member", .number),
            Column(Answer.memberIdentifier, "login name"), Column(Answer.memberName, "member's name"),
            Column(Answer.matchedBy, "matched by").extra,
        ],
        filters: Field.onOff(
            filter: Filter.mapped, off: "unmapped", onHelp: "Only users with a mapping.",
            offHelp: "Only users without a mapping."),
        sample: .init(list: "--unmapped"))

    static let more: [any ParsableCommand.Type] = [SetMapping.self, DeleteMapping.self, AutoMatchMembers.self]

    /// Users by their names, as everybody may see them who maps.
    static let users = Lookup(
        name: "user", names: "users", list: Endpoint(API.MemberMappings.list.main),
        naming: .members(Answer.userName, Answer.userEmail), id: Member(Answer.user))
    /// The PSA's members by their names.
    static let members = Lookup(
        name: "member", names: "members", list: Endpoint(API.PSA.Members.list.main),
        naming: .members(
            API.Members.Answer.CodingKeys.name, API.Members.Answer.CodingKeys.identifier,
            API.Members.Answer.CodingKeys.email), isNumber: false, search: Member(API.PSA.Members.Filter.search))
}
