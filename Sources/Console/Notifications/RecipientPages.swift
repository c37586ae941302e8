import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

private let kinds: [(Recipients.Kind?, String)] = [(nil, "All"), (.room, "Rooms"), (.person, "People")]

func recipientPages() -> [PageRoute] {
    let list = PageRoute.get("/recipients", .viewer) { visit in
        let page = try await visit.ask(Recipients.list(visit.filters(), limit: visit.limit, cursor: visit.cursor))
        let kind = visit.query["kind"] ?? ""
        let add = visit.allowed(
            Recipients.create, .link("Add a person", "/recipients/new", style: "is-primary", icon: "plus-lg"))
        return Page(
            title: "Recipients", lead: "Rooms and people that can be notified.", actions: add,
            blocks: [
                .segments(
                    "Kind",
                    kinds.map { choice, label in
                        let value = choice?.rawValue ?? ""
                        return (label, visit.href(["kind": value, "cursor": nil]), value == kind)
                    }),
                Filters.block(
                    "/recipients",
                    [
                        Field(filter: Recipients.Filter.kind, "", .hidden),
                        Field(filter: Recipients.Filter.search, "Search", placeholder: "Name or address"),
                    ], visit, clear: visit.filters(Recipients.Filter.self)[.search] != nil),
                Table(
                    caption: "Recipients", columns: ["Name", "Kind", "State", .hidden("Actions")],
                    rows: page.items.map { row($0, visit) },
                    empty: Empty(
                        icon: "people", title: "No recipients",
                        text: "Rooms appear once a chat connection exists and its bot is a member of them.",
                        actions: visit.allowed(
                            ChatConnections.create,
                            .link("Connect a chat system", "/connections/chat/new"))),
                    pager: visit.pager(page)
                ).block,
            ])
    }
    typealias Member = Recipients.New.CodingKeys
    let fields = [
        Field(Member.email, "E-mail", .email, help: "Their address in the chat system.", focused: true),
        Field(Member.name, "Name", .text, optional: true),
    ]
    let new = PageRoute.form("/recipients/new", Recipients.create.role) { visit, entries, problem in
        Page(
            title: "Add a person", crumb: ("Recipients", "/recipients"),
            blocks: [
                Form(
                    action: "/recipients/new", fields: fields, submit: "Add", cancel: "/recipients",
                    entries: entries ?? Entries(), problem: problem
                ).block
            ])
    } send: { visit in
        let form = Form(action: "", fields: fields, entries: visit.entries)
        let person = try await visit.send(Recipients.create(form.members()))
        return .redirect("/recipients?kind=person", "\(person.name) can now be notified.")
    }
    let test = PageRoute.post("/recipients/{id}/test", Notices.test.role) { visit in
        let recipient: Recipients.ID = try visit.place()
        let notice = try await visit.send(Notices.test([.recipient: .integer(recipient.rawValue)]))
        return .redirect("/recipients", "Sending a test message to \(notice.recipientName).")
    }
    return [list] + new + [test]
}

private func row(_ recipient: Recipients.Answer, _ visit: Visit) -> [Cell] {
    [
        .person(recipient.name, email: recipient.email), .text(recipient.kind.text),
        .badge(recipient.active ? Badge(.good, "reachable") : Badge(.muted, "gone")),
        .actions(
            visit.allowed(
                Notices.test,
                .post(
                    "Send test message", "/recipients/\(recipient.id)/test", style: "is-small is-quiet",
                    about: "to \(recipient.name)"))),
    ]
}
