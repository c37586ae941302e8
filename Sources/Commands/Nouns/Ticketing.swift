import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Writes to tickets.
enum Posts: Noun {
    private typealias Answer = API.Posts.Answer.CodingKeys
    private typealias Filter = API.Posts.Filter

    static let short = [
        .id, Column(Answer.kind), Column(Answer.state, .state), Column(Answer.minutes, .number),
        Column(Answer.memberName, "written as"),
        Column(Answer.record, "record"), Column(Answer.error),
    ]

    static let resource = Resource(
        singular: "post", plural: "posts", about: "A note, time entry or status that Patchbay writes to a ticket.",
        list: Endpoint(API.Posts.list), show: Endpoint(API.Posts.show),
        columns: [
            .id, Column(Answer.ticket, "ticket").key, Column(Answer.kind).key, Column(Answer.noteType, "type").extra,
            Column(Answer.state, .state).key, Column(Answer.requestedBy),
            Column(Answer.createdAt, "requested", .instant),
            Column(Answer.attempts, .number).extra, Column(Answer.error),
        ],
        details: [
            Column(Answer.content), Column(Answer.memberName, "written as"), Column(Answer.minutes, .number),
            Column(Answer.record, "record"), Column(Answer.origin),
            Column(Answer.lastAttemptAt, "last attempt", .instant),
            Column(Answer.settledAt, "finished", .instant),
        ],
        filters: [
            Field(filter: Filter.ticket, option: "ticket", help: "Only to this ticket."),
            Field(
                filter: Filter.state, .choice(["queued", "sent", "failed", "skipped", "dismissed"]),
                help: "Only in this state."),
            Field(filter: Filter.kind, .choice(["note", "time", "status"]), help: "Only of this kind."),
            Field(
                filter: Filter.user, option: "user", .thing(Users.resource.reference),
                help: "Only what this user requested."),
            Field(filter: Filter.mine, .sets(true), help: "Only what you requested."),
            Field(filter: Filter.since, .instant(.back), help: "Requested at this time or later."),
            Field(filter: Filter.until, .instant(.back), help: "Requested before this time."),
        ],
        sample: .init(subject: "17", list: "--state failed --mine"))

    static let more: [any ParsableCommand.Type] = [RetryPost.self, DismissPost.self]

    /// The command that retries a post; nil for the address of something else.
    static func retry(_ address: String) -> String? {
        guard let prefix = resource.list.map({ $0().path + "/" }),
            let id = address.dropping(prefix: prefix).flatMap({ Int($0) })
        else { return nil }
        return "patchbay post retry \(id)"
    }
}

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

/// Companies in the PSA.
enum Companies: Noun {
    private typealias Answer = API.Reference.CodingKeys
    private typealias Filter = API.Companies.Filter

    static let resource = Resource(
        singular: "company", plural: "companies", about: "A company in the PSA.",
        list: Endpoint(API.Companies.list.main), naming: .members(Answer.name), hasNumbers: false,
        search: Member(Filter.search),
        columns: [.id, Column(Answer.name).key],
        filters: [Field(filter: Filter.search, help: "Only companies whose name contains this text.")],
        sample: .init(list: "--search kettle"))
}

/// As what time is logged.
enum WorkRoles: Noun {
    private typealias Answer = API.Reference.CodingKeys

    static let resource = Resource(
        singular: "work-role", plural: "work-roles", about: "A work role in the PSA, for --work-role.",
        list: Endpoint(API.WorkRoles.list.main), naming: .members(Answer.name), hasNumbers: false,
        columns: [.id, Column(Answer.name).key])
}

/// What kind of work time is logged as.
enum WorkTypes: Noun {
    private typealias Answer = API.Reference.CodingKeys

    static let resource = Resource(
        singular: "work-type", plural: "work-types", about: "A work type in the PSA, for --work-type.",
        list: Endpoint(API.WorkTypes.list.main), naming: .members(Answer.name), hasNumbers: false,
        columns: [.id, Column(Answer.name).key])
}

/// What applies to writes unless a request says otherwise.
enum WriteDefaults: Noun {
    private typealias Answer = API.PSA.Settings.Answer.CodingKeys
    private typealias BoardStatus = API.PSA.Settings.BoardStatus.CodingKeys
    private typealias Reference = API.Reference.CodingKeys
    private typealias Change = API.PSA.Settings.Change.CodingKeys

    static let resource = Resource(
        singular: "psa-settings", plural: "psa-settings",
        about: "A PSA connection's defaults for notes and time, unless a request says otherwise.",
        show: Endpoint(API.PSA.Settings.show),
        update: Endpoint(API.PSA.Settings.update), part: PSAConnections.resource.reference,
        columns: [
            Column(Answer.minutes, "minutes", .number), Column(Answer.noteType, "note type"),
            Column(Answer.workRole, Reference.name, "work role"),
            Column(Answer.workRole, Reference.id, "work role's ID", .number),
            Column(Answer.workType, Reference.name, "work type"),
            Column(Answer.workType, Reference.id, "work type's ID", .number),
            Column(Answer.member, Reference.name, "member"),
            Column(Answer.member, Reference.id, "member's ID", .number),
            Column(Answer.updatesStatus, "updates the status", .yesNo),
        ],
        sections: [
            Section(
                title: "New statuses by board", member: Answer.boardStatuses,
                columns: [
                    Column(BoardStatus.board, "board", .number), Column(BoardStatus.status, "status", .number),
                    Column(BoardStatus.name, "name"),
                ])
        ],
        change: [
            Field(Change.minutes, .integer, help: "Minutes of a logged change."),
            Field(
                Change.noteType, .choice(["internal_analysis", "resolution", "description"]), help: "The type of notes."
            ),
            Field(Change.workRole, .reference(WorkRoles.resource.reference), help: "The work role of time entries."),
            Field(Change.workRole, option: "no-work-role", .clears, help: "Leave the work role to the PSA."),
            Field(Change.workType, .reference(WorkTypes.resource.reference), help: "The work type of time entries."),
            Field(Change.workType, option: "no-work-type", .clears, help: "Leave the work type to the PSA."),
            Field(
                Change.member, .reference(MemberMappings.members),
                help: "The member that users without a mapping write as."),
            Field(
                Change.member, option: "no-member", .clears, help: "Users without a mapping write as the API member."),
        ]
            + Field.onOff(
                Change.updatesStatus, onHelp: "Update the ticket's status when a change is logged.",
                offHelp: "Leave the ticket's status unchanged."),
        isReplaced: true, sample: .init(subject: "Main", update: "--default-minutes 30 --work-role Engineer"))
}

/// Customers.
enum Tenants: Noun {
    private typealias Answer = API.Tenants.Answer.CodingKeys
    private typealias Change = API.Tenants.Change.CodingKeys
    private typealias Filter = API.Tenants.Filter
    private typealias New = API.Tenants.New.CodingKeys

    static let resource = Resource(
        singular: "tenant", plural: "tenants", title: "customer", titles: "customers",
        about: "A customer; its company's tickets are its tickets.",
        list: Endpoint(API.Tenants.list), show: Endpoint(API.Tenants.show), create: Endpoint(API.Tenants.create),
        update: Endpoint(API.Tenants.update), delete: Endpoint(API.Tenants.delete), naming: .members(Answer.name),
        columns: [
            .id, Column(Answer.name).key, Column(Answer.psaCompany, "company", .number),
            Column(Answer.psaCompanyName, "company's name"), Column(Answer.active, .yesNo),
        ],
        details: [Column(Answer.createdAt, "created", .instant)],
        filters: [Field(filter: Filter.search, help: "Only customers whose name contains this text.")],
        creation: [Field(New.name, help: "The customer's name.").required] + company,
        change: [Field(Change.name, help: "The customer's name.")] + company
            + Field.onOff(Change.active, off: "inactive", onHelp: "Activate it.", offHelp: "Deactivate it."),
        switching: .activating(Change.active, on: "Activate a customer.", off: "Deactivate a customer."),
        sample: .init(
            subject: "\"Copper Kettle\"", list: "--search kettle",
            create: "--name \"Copper Kettle\" --company \"Copper Kettle Bakeries\"", update: "--name \"Copper Pot\""))

    static let more: [any ParsableCommand.Type] = [TenantConnection.self]

    private static let company = [
        Field(
            New.psaCompany, option: "company", .thing(Companies.resource.reference),
            help: "Its company in the PSA, by its id or name."),
        Field(New.psaCompanyName, option: "company-name", help: "The company's name, to show."),
    ]
}
