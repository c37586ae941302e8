import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func keyPages() -> [PageRoute] {
    let list = PageRoute.get("/keys", APIKeys.list.role) { visit in
        let page = try await visit.ask(APIKeys.list(limit: visit.limit, cursor: visit.cursor))
        let new: [Action] = [.link("New key", "/keys/new", style: "is-primary", icon: "plus-lg")]
        return Page(
            title: "API keys",
            lead: "A key lets a program act in a user's name, with that user's role at most.",
            actions: new,
            blocks: [
                Table(
                    caption: "API keys",
                    columns: [
                        "Key", "In the name of", "Role", "Access", "Last used", "Expires", .hidden("Actions"),
                    ],
                    rows: page.items.map(row),
                    empty: Empty(
                        icon: "key", title: "No API keys yet",
                        text: "A key lets a script or another program use the API.", actions: new),
                    pager: visit.pager(page)
                ).block
            ])
    }
    let new = PageRoute.form("/keys/new", APIKeys.create.role) { visit, entries, problem in
        Page(
            title: "New API key", crumb: ("API keys", "/keys"),
            blocks: [
                Form(
                    action: "/keys/new", fields: fields(visit), submit: "Create key", cancel: "/keys",
                    entries: entries ?? offered(visit), problem: problem
                ).block
            ])
    } send: { visit in
        var members: [Member: JSON] = Form(action: "", fields: fields(visit), entries: visit.entries).members()
        switch Access(rawValue: visit.entries[Access.field] ?? "") {
        case .full: members[.scopes] = nil
        case .chosen, nil: members[.scopes] = members[.scopes] ?? .list([])
        case let preset?: members[.scopes] = .list(preset.grants.map { .text($0.rawValue) })
        }
        let key = try await visit.send(APIKeys.create(members))
        return .page(
            Page(
                title: key.name, crumb: ("API keys", "/keys"),
                actions: [.link("Done", "/keys", style: "is-primary")],
                blocks: [
                    Block(
                        "secret",
                        [
                            "secretTitle": "Copy the key now.",
                            "secretNote": "Patchbay keeps no copy of it and cannot show it again.",
                            "secret": key.key?.text ?? "",
                        ])
                ]))
    }
    let delete = Deletion.page("/keys/{id}/delete", APIKeys.delete, back: "/keys", done: "API key deleted.") {
        visit, id in
        "Delete the API key \(try await visit.ask(APIKeys.show(id)).name)? Programs that use it stop working at once."
    }
    return [list] + new + delete
}

private typealias Member = APIKeys.New.CodingKeys

private func row(_ key: APIKeys.Answer) -> [Cell] {
    [
        .main(key.name, sub: "pb_\(key.id)_…"), .text(key.userEmail),
        .text(key.role.known?.label ?? key.role.text),
        .text(key.scopes.map { $0.map(\.text).joined(separator: ", ") } ?? "all that the role allows"),
        .when(key.lastUsedAt), .when(key.expiresAt, exact: true),
        .actions([
            .post(
                "Delete", "/keys/\(key.id)/delete", style: "is-small is-quiet is-danger", about: key.name,
                confirm: "Delete the API key \(key.name)? Programs that use it stop working at once.")
        ]),
    ]
}

/// What is often wanted of a key.
private enum Access: String, CaseIterable {
    case read, notifications, tickets, monitoring, users, full, chosen

    static let field = "_access"

    var label: String {
        switch self {
        case .read: "Read only"
        case .notifications: "Notifications: rules, forwards, recipients, deliveries, test messages"
        case .tickets: "Ticket updates: notes, time, status"
        case .monitoring: "Monitoring: dashboard, deliveries, alerts, syncs, connections; read only"
        case .users: "User management: users and API keys"
        case .full: "Everything the role allows"
        case .chosen: "Choose scopes"
        }
    }

    var grants: [Grant] {
        func all(_ writes: [Scope], reads: [Scope] = []) -> [Grant] {
            writes.map { .scope($0, readsOnly: false) } + reads.map { .scope($0, readsOnly: true) }
        }
        return switch self {
        case .read: [.read]
        case .notifications:
            all([.rules, .forwards, .recipients, .deliveries, .notices, .preview], reads: [.boards, .members])
        case .tickets: all([.tickets], reads: [.memberMappings, .events, .tenants])
        case .monitoring: all([], reads: [.overview, .deliveries, .notices, .sync, .connections])
        case .users: all([.users, .apiKeys])
        case .full, .chosen: []
        }
    }
}

/// As long as a key lasts unless something else is chosen.
private let days = 90.0

private func offered(_ visit: Visit) -> Entries {
    Entries([
        Member.role.stringValue: Role.viewer.rawValue, Access.field: Access.read.rawValue,
        Member.expiresAt.stringValue: APIJSON.text(Date(timeIntervalSinceNow: days * 86_400)),
    ])
}

/// What there is to choose from, by the names that people read.
private func scopes(_ visit: Visit) -> [Scope] {
    Scope.allCases.filter { $0 != .me && ($0 != .organizations || visit.principal.role == .superAdmin) }
        .sorted { $0.summary < $1.summary }
}

private func fields(_ visit: Visit) -> [Field] {
    let roles = Role.allCases.filter { $0 <= visit.principal.role }
    return [
        Field(Member.name, "Name", help: "What uses this key.", focused: true)
    ]
        + (visit.principal.role < .admin
            ? []
            : [
                Field(
                    Member.userEmail, "In the name of", .email,
                    help: "The e-mail address of a user whose role is smaller than yours. Leave empty for yourself.",
                    optional: true)
            ])
        + [
            Field(Member.role, "Role", .choice(roles.map { ($0.rawValue, $0.label) }), help: "At most the user's own."),
            Field(Access.field, "Access", .radios(Access.allCases.map { ($0.rawValue, $0.label, nil) })),
            Field(
                Member.scopes, "Scopes",
                .boxes(
                    columns: ["Read", "Write"],
                    rows: scopes(visit).map { scope in
                        (
                            scope.summary, scope.rawValue,
                            [
                                scope.hasReading ? Grant.scope(scope, readsOnly: true).rawValue : nil,
                                scope.hasWriting ? Grant.scope(scope, readsOnly: false).rawValue : nil,
                            ]
                        )
                    }),
                help: "Write includes read. The role still limits what the key can do."),
            Field(
                Member.expiresAt, "Expires", .instant(visit.zone),
                help: "Leave empty for a key that does not expire.", optional: true),
        ]
}
