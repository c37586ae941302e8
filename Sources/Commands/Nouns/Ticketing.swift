import API
import BoundaryText

/// What was written to tickets, or waits to be.
enum Posts: Noun {
    static let short = [
        .id, Column("kind"), Column("state"), Column("minutes", .number), Column("member_name", "written as"),
        Column("record_id", "record"), Column("error"),
    ]

    static let resource = Resource(
        singular: "post", plural: "posts", path: "/api/v1/integrations/psa/posts",
        about: "A note, time or status that was written to a ticket, or waits to be.",
        columns: [
            .id, Column("ticket_id", "ticket"), Column("kind"), Column("note_type", "type"), Column("state"),
            Column("requested_by", "by"), Column("created_at", "requested", .instant), Column("attempts", .number),
            Column("error"),
        ],
        details: [
            Column("content"), Column("member_name", "written as"), Column("minutes", .number),
            Column("record_id", "record"), Column("origin"), Column("last_attempt_at", "last attempt", .instant),
            Column("settled_at", "settled", .instant),
        ],
        filters: [
            Field("ticket_id", option: "ticket", help: "Only to this ticket."),
            Field("state", .choice(["queued", "sent", "failed", "skipped", "dismissed"]), help: "Only in this state."),
            Field("kind", .choice(["note", "time", "status"]), help: "Only of this kind."),
            Field("user_id", option: "user", .integer, help: "Only what this user asked for, by its id."),
            Field("mine", .sets(true), help: "Only what you asked for."),
            Field("since", .instant(.back), help: "Asked for at this time or later."),
            Field("until", .instant(.back), help: "Asked for before this time."),
        ])

    /// The command that tries a post again; nil for the address of something else.
    static func retry(_ address: String) -> String? {
        let prefix = resource.path + "/"
        guard let id = address.dropping(prefix: prefix).flatMap({ Int($0) }) else { return nil }
        return "patchbay post retry \(id)"
    }
}

/// Who is whom in the ticketing system.
enum MemberMappings: Noun {
    static let resource = Resource(
        singular: "member-mapping", plural: "member-mappings", path: "/api/v1/integrations/psa/member-mappings",
        about: "A user, and the member of the ticketing system that he is.",
        columns: [
            Column("user_id", "user", .number), Column("user_name", "name"), Column("user_email", "e-mail"),
            Column("member_id", "member", .number), Column("member_identifier", "login name"),
            Column("member_name", "member's name"), Column("matched_by", "matched by"),
        ],
        filters: Field.onOff(
            "mapped", off: "unmapped", onHelp: "Only those of whom it is known.",
            offHelp: "Only those of whom it is not known."))
}

/// The members of the ticketing system, as they are now.
enum PSAMembers: Noun {
    static let resource = Resource(
        singular: "psa-member", plural: "psa-members", path: "/api/v1/integrations/psa/members",
        about: "A member of the ticketing system.",
        columns: [.id, Column("identifier", "login name"), Column("name"), Column("email", "e-mail")],
        filters: [Field("search", help: "Only those with this in name or login name.")])
}

/// Companies of the ticketing system.
enum PSACompanies: Noun {
    static let resource = Resource(
        singular: "psa-company", plural: "psa-companies", path: "/api/v1/integrations/psa/companies",
        about: "A company of the ticketing system.", columns: [.id, Column("name")],
        filters: [Field("search", help: "Only those with this in the name.")])
}

/// As what time is logged.
enum WorkRoles: Noun {
    static let resource = Resource(
        singular: "work-role", plural: "work-roles", path: "/api/v1/integrations/psa/work-roles",
        about: "As what somebody works; --work-role wants its id.", columns: [.id, Column("name")])
}

/// What kind of work time is logged as.
enum WorkTypes: Noun {
    static let resource = Resource(
        singular: "work-type", plural: "work-types", path: "/api/v1/integrations/psa/work-types",
        about: "What kind of work something is; --work-type wants its id.", columns: [.id, Column("name")])
}

/// What applies to writes where nobody says anything.
enum WriteDefaults: Noun {
    static let resource = Resource(
        singular: "psa-settings", plural: "psa-settings", path: PSAConnections.resource.path, below: "/settings",
        about: "What applies to writes through a connection, named by its id, where a request says nothing else.",
        columns: [
            Column("default_minutes", "minutes", .number), Column("note_type", "type of notes"),
            Column("work_role.name", "work role"), Column("work_role.id", "work role's id", .number),
            Column("work_type.name", "work type"), Column("work_type.id", "work type's id", .number),
            Column("member.name", "member"), Column("member.id", "member's id", .number),
            Column("auto_update_status", "moves the status", .yesNo),
        ],
        sections: [
            Section(
                title: "Statuses that tickets are moved to", member: "board_statuses",
                columns: [
                    Column("board_id", "board", .number), Column("status_id", "status", .number),
                    Column("status_name", "name"),
                ])
        ],
        change: [
            Field("default_minutes", .integer, help: "How long a logged change took, in minutes."),
            Field(
                "note_type", .choice(["internal_analysis", "resolution", "description"]), help: "What kind notes are."),
            Field("work_role", .reference, help: "As what time is logged: an id of list work-roles."),
            Field("work_role", option: "no-work-role", .clears, help: "Leave the work role to the ticketing system."),
            Field("work_type", .reference, help: "What kind of work it is: an id of list work-types."),
            Field("work_type", option: "no-work-type", .clears, help: "Leave the work type to the ticketing system."),
            Field(
                "member", .reference, help: "In whose name people write who are no member: an id of list psa-members."),
            Field("member", option: "no-member", .clears, help: "They write in the name of the API member."),
        ]
            + Field.onOff(
                "auto_update_status", onHelp: "Move a ticket whose change is logged to its board's status.",
                offHelp: "Leave it where it is."),
        isReplaced: true)
}

/// Customers.
enum Tenants: Noun {
    static let resource = Resource(
        singular: "tenant", plural: "tenants", path: "/api/v1/tenants",
        about: "A customer of the MSP; its company's tickets are its tickets.",
        columns: [
            .id, Column("name"), Column("psa_company_id", "company", .number),
            Column("psa_company_name", "company's name"), Column("active", .yesNo),
        ],
        details: [Column("created_at", "created", .instant)],
        filters: [Field("search", help: "Only those with this in the name.")],
        creation: [Field("name", help: "As people call it.").required] + company,
        change: [Field("name", help: "As people call it.")] + company
            + Field.onOff("active", off: "inactive", onHelp: "Offer it.", offHelp: "Stop offering it."))

    private static let company = [
        Field("psa_company_id", option: "company", help: "Its company in the ticketing system, by its id."),
        Field("psa_company_name", option: "company-name", help: "That company's name."),
    ]
}
