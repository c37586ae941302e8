import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func recipientPages() -> [PageRoute] {
    let list = PageRoute.get("/recipients", .viewer) { visit in
        let page = try await visit.get("/webex/rooms", visit.listQuery(["kind", "q"]))
        let kind = visit.query["kind"] ?? ""
        let add = visit.allowed(
            .post, "/webex/rooms", .link("Add a person", "/recipients/new", style: "is-primary", icon: "plus-lg"))
        let rows = page.items.map { recipient -> [Cell] in
            let (id, name) = (recipient["id"].words, recipient["name"].words)
            return [
                .person(name, email: recipient["email"].string), .text(recipient["kind"].words),
                .badge(recipient["active"].isTrue ? Badge(.good, "reachable") : Badge(.muted, "gone")),
                .actions(
                    visit.allowed(
                        .post, "/notifiers/test",
                        .post(
                            "Send a test", "/recipients/\(id)/test", style: "is-small is-quiet",
                            about: "message to \(name)"))),
            ]
        }
        return Page(
            title: "Recipients", lead: "Rooms and people that can be told.", actions: add,
            blocks: [
                .segments(
                    "Kind",
                    [("", "All"), ("room", "Rooms"), ("person", "People")].map {
                        ($0.1, visit.href(["kind": $0.0, "cursor": nil]), $0.0 == kind)
                    }),
                Filters.block(
                    "/recipients",
                    [Field("kind", "", .hidden), Field("q", "Search", .text, placeholder: "Name or address")],
                    visit, clear: visit.query["q"]?.isEmpty == false),
                Table(
                    caption: "Recipients", columns: ["Name", "Kind", "State", .hidden("Actions")], rows: rows,
                    empty: Empty(
                        icon: "people", title: "Nobody is here",
                        text: "Rooms appear when a chat connection is made and its bot is a member of them.",
                        actions: visit.allowed(
                            .post, "/integrations/chat/connections",
                            .link("Connect a chat system", "/connections/chat/new"))),
                    pager: visit.pager(page)
                ).block,
            ])
    }
    let fields = [
        Field("email", "E-mail", .email, help: "As the chat system knows the person.", focused: true),
        Field("name", "Name", .text, optional: true),
    ]
    let new = PageRoute.form("/recipients/new", .admin) { visit, entries, problem in
        Page(
            title: "Add a person", crumb: ("Recipients", "/recipients"),
            blocks: [
                Form(
                    action: "/recipients/new", fields: fields, submit: "Add", cancel: "/recipients",
                    entries: entries ?? Entries(), problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(
            .post, "/webex/rooms", Form(action: "", fields: fields, entries: visit.entries).body)
        return .redirect("/recipients?kind=person", "\(made["name"].words) can be told now.")
    }
    let test = PageRoute.post("/recipients/{id}/test", .admin) { visit in
        let id = try visit.parameter()
        let notice = try await visit.send(
            .post, "/notifiers/test", ["recipient_id": Value(typed: id)])
        return .redirect("/recipients", "A test message goes to \(notice["recipient_name"].string ?? "the recipient").")
    }
    return [list] + new + [test]
}
