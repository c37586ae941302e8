import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// Writes to tickets.
enum Posts: Noun {
    static let short = [
        .id, Column("kind"), Column("state", .state), Column("minutes", .number), Column("member_name", "written as"),
        Column("record_id", "record"), Column("error"),
    ]

    static let resource = Resource(
        singular: "post", plural: "posts", about: "A note, time entry or status that Patchbay writes to a ticket.",
        list: Endpoint(API.Posts.list), show: Endpoint(API.Posts.show),
        columns: [
            .id, Column("ticket_id", "ticket").key, Column("kind").key, Column("note_type", "type").extra,
            Column("state", .state).key, Column("requested_by"), Column("created_at", "requested", .instant),
            Column("attempts", .number).extra, Column("error"),
        ],
        details: [
            Column("content"), Column("member_name", "written as"), Column("minutes", .number),
            Column("record_id", "record"), Column("origin"), Column("last_attempt_at", "last attempt", .instant),
            Column("settled_at", "finished", .instant),
        ],
        filters: [
            Field("ticket_id", option: "ticket", help: "Only to this ticket."),
            Field("state", .choice(["queued", "sent", "failed", "skipped", "dismissed"]), help: "Only in this state."),
            Field("kind", .choice(["note", "time", "status"]), help: "Only of this kind."),
            Field(
                "user_id", option: "user", .thing(Users.resource.reference), help: "Only what this user requested."),
            Field("mine", .sets(true), help: "Only what you requested."),
            Field("since", .instant(.back), help: "Requested at this time or later."),
            Field("until", .instant(.back), help: "Requested before this time."),
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
    static let resource = Resource(
        singular: "member-mapping", plural: "member-mappings", about: "Which member of the PSA a user is.",
        list: Endpoint(API.MemberMappings.list.main),
        columns: [
            Column("user_id", "user", .number).key, Column("user_name", "name").key,
            Column("user_email", "e-mail").extra, Column("member_id", "member", .number),
            Column("member_identifier", "login name"), Column("member_name", "member's name"),
            Column("matched_by", "matched by").extra,
        ],
        filters: Field.onOff(
            "mapped", off: "unmapped", onHelp: "Only users with a mapping.", offHelp: "Only users without a mapping."),
        sample: .init(list: "--unmapped"))

    static let more: [any ParsableCommand.Type] = [SetMapping.self, DeleteMapping.self, AutoMatchMembers.self]

    /// Users by their names, as everybody may see them who maps.
    static let users = Lookup(
        name: "user", names: "users", list: Endpoint(API.MemberMappings.list.main),
        naming: ["user_name", "user_email"], id: "user_id")
    /// The PSA's members by their names.
    static let members = Lookup(
        name: "member", names: "members", list: Endpoint(API.PSA.Members.list.main),
        naming: ["name", "identifier", "email"], isNumber: false, search: "search")
}

/// Companies in the PSA.
enum Companies: Noun {
    static let resource = Resource(
        singular: "company", plural: "companies", about: "A company in the PSA.",
        list: Endpoint(API.Companies.list.main), naming: ["name"], hasNumbers: false, search: "search",
        columns: [.id, Column("name").key],
        filters: [Field("search", help: "Only companies whose name contains this text.")],
        sample: .init(list: "--search kettle"))
}

/// As what time is logged.
enum WorkRoles: Noun {
    static let resource = Resource(
        singular: "work-role", plural: "work-roles", about: "A work role in the PSA, for --work-role.",
        list: Endpoint(API.WorkRoles.list.main), naming: ["name"], hasNumbers: false,
        columns: [.id, Column("name").key])
}

/// What kind of work time is logged as.
enum WorkTypes: Noun {
    static let resource = Resource(
        singular: "work-type", plural: "work-types", about: "A work type in the PSA, for --work-type.",
        list: Endpoint(API.WorkTypes.list.main), naming: ["name"], hasNumbers: false,
        columns: [.id, Column("name").key])
}

/// What applies to writes unless a request says otherwise.
enum WriteDefaults: Noun {
    static let resource = Resource(
        singular: "psa-settings", plural: "psa-settings",
        about: "A PSA connection's defaults for notes and time, unless a request says otherwise.",
        show: Endpoint(API.PSA.Settings.show),
        update: Endpoint(API.PSA.Settings.update), part: PSAConnections.resource.reference,
        columns: [
            Column("default_minutes", "minutes", .number), Column("note_type", "type of notes"),
            Column("work_role.name", "work role"), Column("work_role.id", "work role's id", .number),
            Column("work_type.name", "work type"), Column("work_type.id", "work type's id", .number),
            Column("member.name", "member"), Column("member.id", "member's id", .number),
            Column("auto_update_status", "updates the status", .yesNo),
        ],
        sections: [
            Section(
                title: "New statuses by board", member: "board_statuses",
                columns: [
                    Column("board_id", "board", .number), Column("status_id", "status", .number),
                    Column("status_name", "name"),
                ])
        ],
        change: [
            Field("default_minutes", .integer, help: "Minutes of a logged change."),
            Field(
                "note_type", .choice(["internal_analysis", "resolution", "description"]), help: "The type of notes."),
            Field("work_role", .reference(WorkRoles.resource.reference), help: "The work role of time entries."),
            Field("work_role", option: "no-work-role", .clears, help: "Leave the work role to the PSA."),
            Field("work_type", .reference(WorkTypes.resource.reference), help: "The work type of time entries."),
            Field("work_type", option: "no-work-type", .clears, help: "Leave the work type to the PSA."),
            Field(
                "member", .reference(MemberMappings.members),
                help: "The member that users without a mapping write as."),
            Field(
                "member", option: "no-member", .clears, help: "Users without a mapping write as the API member."),
        ]
            + Field.onOff(
                "auto_update_status", onHelp: "Update the ticket's status when a change is logged.",
                offHelp: "Leave the ticket's status as it is."),
        isReplaced: true, sample: .init(subject: "Main", update: "--default-minutes 30 --work-role Engineer"))
}

/// Customers.
enum Tenants: Noun {
    static let resource = Resource(
        singular: "tenant", plural: "tenants", title: "customer", titles: "customers",
        about: "A customer; its company's tickets are its tickets.",
        list: Endpoint(API.Tenants.list), show: Endpoint(API.Tenants.show), create: Endpoint(API.Tenants.create),
        update: Endpoint(API.Tenants.update), delete: Endpoint(API.Tenants.delete), naming: ["name"],
        columns: [
            .id, Column("name").key, Column("psa_company_id", "company", .number),
            Column("psa_company_name", "company's name"), Column("active", .yesNo),
        ],
        details: [Column("created_at", "created", .instant)],
        filters: [Field("search", help: "Only customers whose name contains this text.")],
        creation: [Field("name", help: "The customer's name.").required] + company,
        change: [Field("name", help: "The customer's name.")] + company
            + Field.onOff("active", off: "inactive", onHelp: "Activate it.", offHelp: "Deactivate it."),
        switching: .activating(on: "Activate a customer.", off: "Deactivate a customer."),
        sample: .init(
            subject: "\"Copper Kettle\"", list: "--search kettle",
            create: "--name \"Copper Kettle\" --company \"Copper Kettle Bakeries\"", update: "--name \"Copper Pot\""))

    static let more: [any ParsableCommand.Type] = [TenantConnection.self]

    private static let company = [
        Field(
            "psa_company_id", option: "company", .thing(Companies.resource.reference),
            help: "Its company in the PSA, by its id or name."),
        Field("psa_company_name", option: "company-name", help: "The company's name, to show."),
    ]
}
