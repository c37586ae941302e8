import BoundaryText

/// ConnectWise's boards as Patchbay knows them.
enum Boards: Noun {
    static let resource = Resource(
        singular: "board", plural: "boards", path: "/api/v1/cw/boards",
        about: "A service board of ConnectWise, as last read.",
        columns: [.id, Column("name"), Column("inactive", .yesNo), Column("deleted", .yesNo)],
        sections: [
            Section(
                title: "Statuses", member: "statuses",
                columns: [.id, Column("name"), Column("closed", .yesNo), Column("inactive", .yesNo)])
        ])
}

/// ConnectWise's members as Patchbay knows them.
enum Members: Noun {
    static let resource = Resource(
        singular: "member", plural: "members", path: "/api/v1/cw/members",
        about: "A member of ConnectWise: somebody who works on tickets.",
        columns: [
            .id, Column("identifier"), Column("name"), Column("email", "e-mail"), Column("inactive", .yesNo),
        ])
}
