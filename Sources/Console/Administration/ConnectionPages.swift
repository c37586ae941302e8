import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func connectionPages() -> [PageRoute] {
    let list = PageRoute.get("/connections", .viewer, topics: ["connections"]) { visit in
        let psa = try await visit.ask(PSA.Connections.list()).items
        let chat = try await visit.get("/integrations/chat/connections").items
        let owners = psa.allSatisfy { $0.tenant == nil } ? [] : try await Choices.tenants(visit)
        func psaRow(_ connection: PSA.Connections.Answer) -> [Cell] {
            let owner = owners.first { $0.value == connection.tenant?.description }?.label
            return [
                .main(
                    connection.name, connection.page,
                    sub: [owner.map { "for \($0)" }, connection.site].compactMap(\.self).joined(separator: ", ")),
                .badge(
                    .connection(connection.state.text, isActive: connection.enabled), sub: connection.stateReason),
                .when(connection.lastValidatedAt),
            ]
        }
        func rows(_ connections: [Value], _ kind: String, _ place: String) -> [[Cell]] {
            connections.map { connection in
                [
                    .main(
                        connection["name"].words, "/connections/\(kind)/\(connection["id"].words)",
                        sub: connection[place].string),
                    .badge(
                        .connection(connection["state"].words, isActive: connection["active"].isTrue),
                        sub: connection["state_reason"].string),
                    .when(connection["last_validated_at"].date),
                ]
            }
        }
        let newPSA = visit.allowed(
            PSA.Connections.create,
            .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg"))
        let newChat = visit.allowed(
            .post, "/integrations/chat/connections",
            .link("Connect a chat system", "/connections/chat/new", icon: "plus-lg"))
        return Page(
            title: "Connections", lead: "The outside systems that Patchbay speaks with.", actions: newChat + newPSA,
            blocks: Block.switchedOff(visit) + [
                Table(
                    caption: "PSA", title: "PSA", columns: ["Name", "State", "Tested"], rows: psa.map(psaRow),
                    empty: Empty(
                        icon: "plug", title: "No PSA connected yet",
                        text: "Connect ConnectWise PSA with the keys of an API member.", actions: newPSA)
                ).block,
                Table(
                    caption: "Chat systems", title: "Chat systems", columns: ["Name", "State", "Tested"],
                    rows: rows(chat, "chat", "url"),
                    empty: Empty(
                        icon: "chat-dots", title: "No chat system yet",
                        text: "Connect a Webex bot, or a webhook of your own.", actions: newChat)
                ).block,
            ])
    }
    return [list] + psaPages + chatPages
}

private let chatPages: [PageRoute] = {
    let base = "/integrations/chat/connections"
    let fields = [
        Field("provider", "System", .choice([("webex", "Webex bot"), ("webhook", "Signed webhook")])),
        Field("name", "Name", focused: true),
        Field(
            "url", "Address", .url, help: "For a webhook: where messages are posted. For Webex: leave it empty.",
            optional: true),
        Field(
            "token", "Access token", .password,
            help: "Of the Webex bot. For a webhook leave it empty: Patchbay makes the secret.", optional: true),
    ]
    let new = PageRoute.form("/connections/chat/new", .admin) { _, entries, problem in
        Page(
            title: "Connect a chat system", lead: "It is tested first; the token is stored sealed.",
            crumb: ("Connections", "/connections"),
            blocks: [
                Form(
                    action: "/connections/chat/new", fields: fields, submit: "Test and connect", cancel: "/connections",
                    entries: entries ?? Entries(["provider": "webex", "name": "Webex"]), problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(.post, base, Form(action: "", fields: fields, entries: visit.entries).body)
        guard let secret = made["secret"].string else {
            return .redirect("/connections/chat/\(made["id"].words)", "\(made["name"].words) is connected.")
        }
        return .page(secretPage(made, secret))
    }
    let one = PageRoute.get("/connections/chat/{id}", .viewer) { visit in
        let id = try visit.parameter()
        let connection = try await visit.get("\(base)/\(id)")
        var blocks: [Block] = []
        if let reason = connection["state_reason"].string { blocks.append(.notice(.warning, nil, reason)) }
        blocks.append(
            .card(
                "How it stands",
                [
                    .facts([
                        (
                            "State",
                            .badge(.connection(connection["state"].words, isActive: connection["active"].isTrue))
                        ),
                        ("System", .text(connection["provider"].words == "webex" ? "Webex" : "Signed webhook")),
                        ("Address", .text(connection["url"].words)),
                        ("Bot", .text(connection["bot_name"].string, sub: connection["bot_email"].string)),
                        ("Token", .mono(connection["token_hint"].words)),
                        ("Tested", .when(connection["last_validated_at"].date)),
                    ])
                ]))
        let rotate =
            connection["provider"].words == "webhook"
            ? visit.allowed(
                .post, base + "/{id}/rotate-secret",
                .post(
                    "New secret", "/connections/chat/\(id)/rotate", icon: "key",
                    confirm: "Make a new secret? For a day both sign."))
            : []
        return Page(
            title: connection["name"].words, crumb: ("Connections", "/connections"),
            actions: rotate + connectionActions(visit, base, "/connections/chat/\(id)", connection, chatLoss),
            blocks: blocks)
    }
    let changed = [
        Field("name", "Name"), Field("url", "Address", .url, help: "Another address needs the token again."),
        Field("token", "Access token", .secret, help: "Empty: stays as it is.", optional: true),
        Field("active", "Switched on", .flag),
    ]
    let edit = changing("chat", base, changed)
    let rotate = Deletion.confirmed(
        "/connections/chat/{id}/rotate", .admin, label: "Make a new secret", back: "/connections"
    ) { _, _ in
        "Make a new secret? For a day messages are signed with both."
    } act: { visit, id in
        let made = try await visit.send(.post, "\(base)/\(id)/rotate-secret")
        return .page(secretPage(made, made["secret"].words))
    }
    return [one] + new + edit + rotate + acting("chat", base, chatLoss)
}()

private let chatLoss = "Its rooms and people go as well, with their rules."

private func secretPage(_ connection: Value, _ secret: String) -> Page {
    Page(
        title: "Secret of \(connection["name"].words)", crumb: ("Connections", "/connections"),
        actions: [.link("Done", "/connections/chat/\(connection["id"].words)", style: "is-primary")],
        blocks: [
            Block(
                "secret",
                [
                    "secretTitle": "Copy it now.",
                    "secretNote": "It checks the signatures of messages, and is not shown again.",
                    "secret": secret,
                ])
        ])
}

private func connectionActions(
    _ visit: Visit, _ base: String, _ path: String, _ connection: Value, _ loss: String, between: [Action] = []
) -> [Action] {
    let name = connection["name"].words
    return visit.allowed(
        .delete, base + "/{id}",
        .post("Delete", path + "/delete", style: "is-danger", icon: "trash", confirm: "Delete \(name)? \(loss)"))
        + between
        + visit.allowed(.patch, base + "/{id}", .link("Change", path + "/edit", icon: "pencil"))
        + visit.allowed(.post, base + "/{id}/test", .post("Test", path + "/test", style: "is-primary", icon: "check2"))
}

/// The form that changes a connection; what is tested depends on what is changed.
private func changing(_ kind: String, _ base: String, _ fields: [Field]) -> [PageRoute] {
    PageRoute.form("/connections/\(kind)/{id}/edit", .admin) { visit, entries, problem in
        let id = try visit.parameter()
        let connection = try await visit.get("\(base)/\(id)")
        let (name, home) = (connection["name"].words, "/connections/\(kind)/\(id)")
        let form = Form(
            action: home + "/edit", fields: fields, submit: "Test and save", cancel: home,
            entries: entries ?? Entries(connection, fields), problem: problem)
        return Page(title: "Change \(name)", crumb: (name, home), blocks: [form.block])
    } send: { visit in
        let id = try visit.parameter()
        let old = try await visit.get("\(base)/\(id)")
        try await visit.send(
            .patch, "\(base)/\(id)", Form(action: "", fields: fields, entries: visit.entries).changes(from: old))
        return .redirect("/connections/\(kind)/\(id)", "The connection is changed.")
    }
}

private func acting(_ kind: String, _ base: String, _ loss: String) -> [PageRoute] {
    let test = PageRoute.post("/connections/\(kind)/{id}/test", .admin) { visit in
        let id = try visit.parameter()
        do {
            let connection = try await visit.send(.post, "\(base)/\(id)/test")
            return .redirect(
                "/connections/\(kind)/\(id)", "\(connection["name"].words) answers, and what waited for it goes on.")
        } catch let problem as Problem where problem.status != .notFound {
            return .page(
                Page(
                    title: "The test failed", crumb: ("Connection", "/connections/\(kind)/\(id)"),
                    actions: [.link("Back", "/connections/\(kind)/\(id)")],
                    blocks: [.notice(.bad, nil, problem.detail)], status: problem.status))
        }
    }
    return [test]
        + Deletion.page(
            "/connections/\(kind)/{id}/delete", .admin, api: base + "/{id}", back: "/connections",
            done: "The connection is deleted."
        ) { visit, id in
            "Delete \(try await visit.get("\(base)/\(id)")["name"].words)? \(loss)"
        }
}

extension Form {
    /// The request's members without those that are as they were: what is not changed need not be tested.
    func changes(from old: Value) -> [String: Value] {
        body.filter { old[$0.key] == .null || old[$0.key] != $0.value }
    }
}
