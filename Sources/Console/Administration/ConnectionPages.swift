import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func connectionPages() -> [PageRoute] {
    let list = PageRoute.get("/connections", .viewer, topics: ["connections"]) { visit in
        let psa = try await visit.get("/integrations/psa/connections").items
        let chat = try await visit.get("/integrations/chat/connections").items
        let owners = psa.allSatisfy { $0["tenant_id"] == .null } ? [] : try await Choices.tenants(visit)
        func rows(_ connections: [Value], _ kind: String, _ place: String) -> [[Cell]] {
            connections.map { connection in
                let owner = owners.first { $0.value == connection["tenant_id"].string }?.label
                return [
                    .main(
                        connection["name"].words, "/connections/\(kind)/\(connection["id"].words)",
                        sub: [owner.map { "for \($0)" }, connection[place].string].compactMap(\.self).joined(
                            separator: ", ")),
                    .badge(
                        .connection(connection["state"].words, isActive: connection["active"].isTrue),
                        sub: connection["state_reason"].string),
                    .when(connection["last_validated_at"].date),
                ]
            }
        }
        let newPSA = visit.allowed(
            .post, "/integrations/psa/connections",
            .link("Connect ConnectWise", "/connections/psa/new", style: "is-primary", icon: "plus-lg"))
        let newChat = visit.allowed(
            .post, "/integrations/chat/connections",
            .link("Connect a chat system", "/connections/chat/new", icon: "plus-lg"))
        return Page(
            title: "Connections", lead: "The outside systems that Patchbay speaks with.", actions: newChat + newPSA,
            blocks: Block.switchedOff(visit) + [
                Table(
                    caption: "Ticketing systems", title: "Ticketing systems", columns: ["Name", "State", "Tested"],
                    rows: rows(psa, "psa", "site"),
                    empty: Empty(
                        icon: "plug", title: "No ticketing system yet",
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

private let psaFields = [
    Field("name", "Name", .text, help: "How it is called here.", focused: true),
    Field(
        "site", "Site", .text, help: "The host you sign in to, such as na.myconnectwise.net.",
        placeholder: "na.myconnectwise.net"),
    Field("company", "Company", .text, help: "The company id of the sign-in page."),
    Field("public_key", "Public key", .text, help: "Of an API member made for Patchbay.", autocomplete: "off"),
    Field("private_key", "Private key", .password),
    Field("client_id", "Client id", .text, help: "From developer.connectwise.com.", autocomplete: "off"),
]

private let psaPages: [PageRoute] = {
    let base = "/integrations/psa/connections"
    let new = PageRoute.form("/connections/psa/new", .admin) { visit, entries, problem in
        let fields = try await NewOwner(visit).fields + psaFields
        return Page(
            title: "Connect ConnectWise", lead: "The keys are tested first, and stored sealed.",
            crumb: ("Connections", "/connections"),
            blocks: [
                Form(
                    action: "/connections/psa/new", fields: fields, submit: "Test and connect", cancel: "/connections",
                    entries: entries ?? Entries(["name": "ConnectWise", "tenant": visit.query["tenant"]]),
                    problem: problem
                ).block
            ])
    } send: { visit in
        let made = try await visit.send(
            .post, try await NewOwner(visit).path(visit.entries) ?? base,
            Form(action: "", fields: psaFields, entries: visit.entries).body)
        return .redirect("/connections/psa/\(made["id"].words)", "\(made["name"].words) is connected.")
    }
    let one = PageRoute.get("/connections/psa/{id}", .viewer) { visit in
        let id = try visit.parameter()
        let connection = try await visit.get("\(base)/\(id)")
        let name = connection["name"].words
        let owner = try await visit.owner(of: connection).map { [("Used for", Cell.text($0))] } ?? []
        var blocks: [Block] = []
        if let reason = connection["state_reason"].string { blocks.append(.notice(.warning, nil, reason)) }
        blocks.append(
            .card(
                "How it stands",
                [
                    .facts(
                        owner + connectionFacts(connection) + [
                            ("Last call from ConnectWise", .when(connection["last_hook_at"].date)),
                            ("Nothing is told from before", .when(connection["baseline_at"].date, exact: true)),
                            ("Address for callbacks", .mono(connection["hook_url"].words)),
                        ])
                ]))
        return Page(
            title: name, crumb: ("Connections", "/connections"),
            actions: psaActions(visit, connection), blocks: Block.switchedOff(visit) + blocks)
    }
    let changed = [
        Field("name", "Name"), Field("site", "Site", help: "Another site needs all keys again."),
        Field("company", "Company"),
        Field("public_key", "Public key", .secret, help: "Empty: stays as it is.", optional: true),
        Field("private_key", "Private key", .secret, help: "Empty: stays as it is.", optional: true),
        Field("client_id", "Client id", .secret, help: "Empty: stays as it is.", optional: true),
        Field("active", "Switched on", .flag),
    ]
    let edit = changing("psa", base, changed)
    return [one, psaSwitch] + new + edit + acting("psa", base, psaLoss)
}()

/// For whom a new connection may be: the organization, or a customer, whoever has none in use.
private struct NewOwner {
    private let customers: [(value: String, label: String)]
    private let isOrganizationFree: Bool

    init(_ visit: Visit) async throws {
        let choice = try await ConnectionChoice(visit)
        isOrganizationFree = choice.organization?["active"].isTrue != true
        let owners = choice.owners.filter(\.isInUse).map(\.id)
        customers = try await Choices.tenants(visit).filter { !owners.contains($0.value) }
    }

    /// Nothing where there is nobody else to choose.
    var fields: [Field] {
        guard !customers.isEmpty else { return [] }
        let nobody = (value: "", label: isOrganizationFree ? "The organization" : "Choose a customer")
        return [
            Field(
                "tenant", "For", .choice([nobody] + customers),
                help: "Through a customer's own connection all tickets are that customer's.")
        ]
    }

    /// Where the API makes it; nil for the organization's.
    /// - Throws: 422 for whoever has one: the API would switch a customer's off, which nobody was asked about.
    func path(_ entries: Entries) throws(Problem) -> String? {
        guard let tenant = entries["tenant"] else { return nil }
        if tenant.isEmpty {
            guard isOrganizationFree else {
                throw Self.refusal("Choose a customer: the organization has a connection.")
            }
            return nil
        }
        guard customers.contains(where: { $0.value == tenant }) else {
            throw Self.refusal("Has a connection already, or is gone. Change that connection, or switch it off first.")
        }
        return "/tenants/\(tenant)/connectwise/credentials"
    }

    private static func refusal(_ message: String) -> Problem {
        .invalid([.init(field: "tenant", code: "already_connected", message: message)])
    }
}

/// What goes with a connection.
private let psaLoss =
    "Its rules, deliveries, mirrored tickets and member mappings are deleted with it, for good. What was written to tickets stays in the post history."

/// What can be done to a connection to ConnectWise.
func psaActions(_ visit: Visit, _ connection: Value) -> [Action] {
    let (base, path) = ("/integrations/psa/connections", "/connections/psa/\(connection["id"].words)")
    let isOn = connection["active"].isTrue
    let isOwn = connection["tenant_id"] != .null
    let off =
        isOwn
        ? "The customer's tickets are read and written through the organization's connection then;"
        : "Nothing is read or written any more;"
    let loss = isOwn ? psaLoss + " The organization's connection is used for the customer then." : psaLoss
    let onOrOff = visit.allowed(
        .patch, base + "/{id}",
        .post(
            isOn ? "Switch off" : "Switch on", path + "/switch", icon: "toggles",
            confirm: isOn
                ? "Switch \(connection["name"].words) off? \(off) everything that is stored stays, and what waits goes on when it is switched on again within a day."
                : nil, hidden: ["active": isOn ? "false" : "true"]))
    return connectionActions(
        visit, base, path, connection, isOn ? loss + " Switching it off instead keeps everything." : loss,
        between: onOrOff)
}

private let psaSwitch = PageRoute.post("/connections/psa/{id}/switch", .admin) { visit in
    let id = try visit.parameter()
    let path = "/integrations/psa/connections/\(id)"
    let connection = try await visit.get(path)
    guard let wanted = visit.entries["active"], !wanted.isEmpty else { return .redirect("/connections/psa/\(id)") }
    let isOn = wanted == "true"
    do {
        try await visit.send(.patch, path, ["active": .flag(isOn)])
        return .redirect(
            "/connections/psa/\(id)", "\(connection["name"].words) is switched \(isOn ? "on" : "off").")
    } catch let problem as Problem where problem.status != .notFound {
        return .page(
            Page(
                title: "Not switched", crumb: ("Connection", "/connections/psa/\(id)"),
                actions: [.link("Back", "/connections/psa/\(id)")], blocks: [.notice(.bad, nil, problem.detail)],
                status: problem.status))
    }
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
