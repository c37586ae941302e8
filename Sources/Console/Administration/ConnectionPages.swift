import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func connectionPages() -> [PageRoute] {
    let list = PageRoute.get("/connections", .viewer, topics: ["connections"]) { visit in
        let psa = try await visit.ask(PSA.Connections.list()).items
        let chat = try await visit.ask(ChatConnections.list()).items
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
        func chatRow(_ connection: ChatConnections.Answer) -> [Cell] {
            [
                .main(connection.name, connection.page, sub: connection.url),
                .badge(
                    .connection(connection.state.text, isActive: connection.enabled), sub: connection.stateReason),
                .when(connection.lastValidatedAt),
            ]
        }
        let newPSA = visit.allowed(
            PSA.Connections.create,
            .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg"))
        let newChat = visit.allowed(
            ChatConnections.create,
            .link("Connect a chat system", "/connections/chat/new", icon: "plus-lg"))
        return Page(
            title: "Connections", lead: "The outside systems that Patchbay is connected to.", actions: newChat + newPSA,
            blocks: Block.switchedOff(visit) + [
                Table(
                    caption: "PSA", title: "PSA", columns: ["Name", "State", "Tested"], rows: psa.map(psaRow),
                    empty: Empty(
                        icon: "plug", title: "No PSA connected yet",
                        text: "Connect ConnectWise PSA with the keys of an API member.", actions: newPSA)
                ).block,
                Table(
                    caption: "Chat systems", title: "Chat systems", columns: ["Name", "State", "Tested"],
                    rows: chat.map(chatRow),
                    empty: Empty(
                        icon: "chat-dots", title: "No chat systems yet",
                        text: "Connect a Webex bot or your own webhook.", actions: newChat)
                ).block,
            ])
    }
    return [list] + psaPages + chatPages
}

extension ChatConnections.Answer {
    /// Where the console shows it.
    var page: String { "/connections/chat/\(id)" }
}

private let chatPages: [PageRoute] = {
    typealias Member = ChatConnections.New.CodingKeys
    let providers: [(ChatConnections.Provider, String)] = [(.webex, "Webex bot"), (.webhook, "Signed webhook")]
    let fields = [
        Field(Member.provider, "System", .choice(providers.map { ($0.0.rawValue, $0.1) })),
        Field(Member.name, "Name", focused: true),
        Field(
            Member.url, "Address", .url, help: "For a webhook: where messages are posted. For Webex: leave blank.",
            optional: true),
        Field(
            Member.token, "Access token", .password,
            help: "The Webex bot's token. For a webhook leave it blank: Patchbay generates the secret.",
            optional: true),
    ]
    let new = PageRoute.form("/connections/chat/new", ChatConnections.create.role) { _, entries, problem in
        let start = Entries(["provider": ChatConnections.Provider.webex.rawValue, "name": "Webex"])
        return Page(
            title: "Connect a chat system", lead: "It is tested first; the token is stored encrypted.",
            crumb: ("Connections", "/connections"),
            blocks: [
                Form(
                    action: "/connections/chat/new", fields: fields, submit: "Test and connect", cancel: "/connections",
                    entries: entries ?? start, problem: problem
                ).block
            ])
    } send: { visit in
        let form = Form(action: "", fields: fields, entries: visit.entries)
        let connection = try await visit.send(ChatConnections.create(form.members()))
        guard let secret = connection.secret else {
            return .redirect(connection.page, "\(connection.name) is connected.")
        }
        return .page(secretPage(connection, secret.text))
    }
    let one = PageRoute.get("/connections/chat/{id}", ChatConnections.show.role) { visit in
        let connection = try await visit.ask(ChatConnections.show(visit.place()))
        var blocks: [Block] = []
        if let reason = connection.stateReason { blocks.append(.notice(.warning, nil, reason)) }
        blocks.append(
            .card(
                "Status",
                [
                    .facts([
                        ("State", .badge(.connection(connection.state.text, isActive: connection.enabled))),
                        ("System", .text(connection.provider == .webex ? "Webex" : "Signed webhook")),
                        ("Address", .text(connection.url)),
                        ("Bot", .text(connection.botName, sub: connection.botEmail)),
                        ("Token", .mono(connection.tokenHint)),
                        ("Tested", .when(connection.lastValidatedAt)),
                    ])
                ]))
        return Page(
            title: connection.name, crumb: ("Connections", "/connections"), actions: actions(visit, connection),
            blocks: blocks)
    }
    let rotate = Deletion.confirmed(
        "/connections/chat/{id}/rotate", ChatConnections.rotateSecret.role, label: "Rotate secret",
        back: "/connections"
    ) { _, _ in
        "Rotate the secret? For a day messages are signed with both secrets."
    } act: { visit, _ in
        let connection = try await visit.send(ChatConnections.rotateSecret(visit.place()))
        return .page(secretPage(connection, connection.secret?.text ?? ""))
    }
    let delete = Deletion.page(
        "/connections/chat/{id}/delete", ChatConnections.delete, back: "/connections", done: "Connection deleted."
    ) { visit, id in
        "Delete \(try await visit.ask(ChatConnections.show(id)).name)? \(chatLoss)"
    }
    return [one] + new + chatEdit + rotate + [chatTest] + delete
}()

/// The form that changes a connection; what is tested depends on what is changed.
private let chatEdit: [PageRoute] = {
    typealias Member = ChatConnections.Change.CodingKeys
    let fields = [
        Field(Member.name, "Name"), Field(Member.url, "Address", .url, help: "A new address needs the token again."),
        Field(Member.token, "Access token", .secret, help: "Leave blank to keep it.", optional: true),
        Field(Member.enabled, "Enabled", .flag),
    ]
    return PageRoute.form("/connections/chat/{id}/edit", ChatConnections.update.role) { visit, entries, problem in
        let connection = try await visit.ask(ChatConnections.show(visit.place()))
        let form = Form(
            action: connection.page + "/edit", fields: fields, submit: "Test and save", cancel: connection.page,
            entries: try entries ?? Entries(connection, fields), problem: problem)
        return Page(
            title: "Edit \(connection.name)", crumb: (connection.name, connection.page), blocks: [form.block])
    } send: { visit in
        let old = try await visit.ask(ChatConnections.show(visit.place()))
        let stored = try Entries(old, fields)
        // What is not changed need not be tested.
        let changes = Form(action: "", fields: fields, entries: visit.entries).members(Member.self).filter {
            stored[$0.key.stringValue] == nil || stored[$0.key.stringValue] != $0.value.string
        }
        let changed = changes.filter { $0.key != .enabled || $0.value != .flag(old.enabled) }
        try await visit.send(ChatConnections.update(old.id, changed))
        return .redirect(old.page, "Connection saved.")
    }
}()

private let chatTest = PageRoute.post("/connections/chat/{id}/test", ChatConnections.test.role) { visit in
    let id: ChatConnections.ID = try visit.place()
    do {
        let connection = try await visit.send(ChatConnections.test(id))
        return .redirect(connection.page, "\(connection.name) works. Waiting messages are being sent.")
    } catch let problem as Problem where problem.status != .notFound {
        let page = "/connections/chat/\(id)"
        return .page(
            Page(
                title: "The test failed", crumb: ("Connection", page), actions: [.link("Back", page)],
                blocks: [.notice(.bad, nil, problem.detail)], status: problem.status))
    }
}

private let chatLoss = "Its rooms and people are deleted too, with their rules."

private func actions(_ visit: Visit, _ connection: ChatConnections.Answer) -> [Action] {
    let rotate =
        connection.provider == .webhook
        ? visit.allowed(
            ChatConnections.rotateSecret,
            .post(
                "Rotate secret", connection.page + "/rotate", icon: "key",
                confirm: "Rotate the secret? For a day messages are signed with both secrets.")) : []
    return rotate
        + visit.allowed(
            ChatConnections.delete,
            .post(
                "Delete", connection.page + "/delete", style: "is-danger", icon: "trash",
                confirm: "Delete \(connection.name)? \(chatLoss)"))
        + visit.allowed(ChatConnections.update, .link("Edit", connection.page + "/edit", icon: "pencil"))
        + visit.allowed(
            ChatConnections.test, .post("Test", connection.page + "/test", style: "is-primary", icon: "check2"))
}

private func secretPage(_ connection: ChatConnections.Answer, _ secret: String) -> Page {
    Page(
        title: "Secret of \(connection.name)", crumb: ("Connections", "/connections"),
        actions: [.link("Done", connection.page, style: "is-primary")],
        blocks: [
            Block(
                "secret",
                [
                    "secretTitle": "Copy it now.",
                    "secretNote": "It verifies the signatures of messages, and is not shown again.",
                    "secret": secret,
                ])
        ])
}
