import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Who is whom in ConnectWise.
let memberPages: [PageRoute] = [memberTab] + memberActs

private let memberTab = PageRoute.get("/integrations/members", .engineer) { visit in
    let choice = try await ConnectionChoice(visit)
    var page = Page(
        title: "Member mapping", heading: "Integrations",
        lead: "Whom ConnectWise names as the author of what somebody writes here.",
        crumb: nil, blocks: [integrationTabs(visit)] + Block.switchedOff(visit))
    let isFiltered = !(visit.query["mapped"] ?? "").isEmpty
    let isForAll = visit.may(.post, integrationBase + "/member-mappings/auto-match")
    let mapped = Field("mapped", "Show", .choice([("", "Everybody"), ("true", "Mapped"), ("false", "Not mapped")]))
    func filters(_ fields: [Field]) async -> [Block] {
        await choice.filters("/integrations/members", fields, visit, submit: "Filter", clear: isFiltered)
    }
    let mappings: Value
    var members: [(value: String, label: String)] = []
    do {
        if let owner = choice.owner, !owner.isInUse {
            page.blocks += await filters([]) + [switchedOff(owner, choice)]
            return page
        }
        mappings = try await visit.get(choice.psa + "/member-mappings", visit.listQuery(["mapped"]))
        members = try await Choices.members(visit, of: choice.psa)
    } catch let problem as Problem where problem.isDisconnection {
        page.blocks += await filters([])
        page.blocks.append(
            .emptyState(
                "people", "Set up a connection first", "Then its members can be matched with the people here.",
                [.link("Connection", choice.href("/integrations"))]))
        return page
    } catch let problem as Problem where problem.status != .notFound {
        page.blocks += await filters([]) + [.notice(.bad, nil, problem.detail)]
        return page
    }
    page.actions = visit.allowed(
        .post, integrationBase + "/member-mappings/auto-match",
        .post(
            "Match by e-mail", "/integrations/members/auto-match", style: "is-primary", icon: "magic",
            hidden: ["tenant": choice.value]))
    page.blocks += await filters(isForAll || isFiltered ? [mapped] : [])
    let stand = await inWhoseName(choice, visit)
    if members.isEmpty {
        page.blocks.append(
            .notice(
                .warning, nil, "No members are found in ConnectWise. The API member may lack the right to see them."))
    } else if mappings.items.allSatisfy({ $0["member_id"] == .null }), visit.query["cursor"] == nil, !isFiltered {
        page.blocks.append(.notice(.info, nil, "Nobody is mapped yet. Match by e-mail, or choose members below."))
    }
    page.blocks.append(
        Table(
            caption: "Member mapping", columns: ["Person", "Member in ConnectWise", "Matched by", .hidden("Choice")],
            rows: mappings.items.map { mappingRow($0, members, stand, choice, visit) },
            empty: Empty(icon: "people", title: "Nobody fits", text: "No active person is like that."),
            pager: visit.pager(mappings), isStacking: true
        ).block)
    return page
}

private func switchedOff(_ owner: ConnectionChoice.Owner, _ choice: ConnectionChoice) -> Block {
    .emptyState(
        "people", "The connection of \(owner.name) is switched off",
        "Its members can be matched when it is in use. Who was mapped stays so.",
        [.link("Connection", choice.href("/integrations"))])
}

/// As whom unmapped people write through the connection; nil for those who may not know.
private func inWhoseName(_ choice: ConnectionChoice, _ visit: Visit) async -> String? {
    guard let id = choice.connection?["id"].string,
        let settings = try? await visit.get("\(integrationBase)/connections/\(id)/settings")
    else { return nil }
    return settings["member"]["name"].string ?? "the API member"
}

/// - Parameter stand: in whose name unmapped people write; nil for those who may not know.
private func mappingRow(
    _ mapping: Value, _ members: [(value: String, label: String)], _ stand: String?, _ choice: ConnectionChoice,
    _ visit: Visit
) -> [Cell] {
    let isMapped = mapping["member_id"] != .null
    let matched =
        switch mapping["matched_by"].words {
        case "auto_email": "e-mail address"
        case "manual_self": "the person"
        case "manual_admin": "an administrator"
        default: "–"
        }
    let member: Cell =
        !isMapped
        ? .badge(
            Badge(.muted, "unmapped"),
            sub: "writes as \(stand ?? "the connection has it"), with a line that names the person")
        : mapping["member_inactive"].isTrue
            ? .badge(Badge(.bad, "has left ConnectWise"), sub: mapping["member_name"].string)
            : .text(mapping["member_name"].words, sub: mapping["member_identifier"].string)
    var choices = members
    if isMapped, !choices.contains(where: { $0.value == mapping["member_id"].words }) {
        choices.append((mapping["member_id"].words, mapping["member_name"].words))
    }
    return [
        .person(mapping["user_name"].words, email: mapping["user_email"].string), member, .text(matched),
        visit.may(.post, integrationBase + "/member-mappings")
            ? .choice(
                Choosing(
                    href: "/integrations/members", name: "member_id",
                    label: "Member of \(mapping["user_name"].words)",
                    choices: [("", "Unmapped")] + choices, chosen: mapping["member_id"].words,
                    hidden: ["user_id": mapping["user_id"].words, "tenant": choice.value])) : .text(""),
    ]
}

private let memberActs: [PageRoute] = [
    .post("/integrations/members", .engineer) { visit in
        let choice = try await ConnectionChoice(visit)
        let home = choice.href("/integrations/members")
        let member = visit.entries["member_id"] ?? ""
        let mapping: Value = .object([
            "user_id": Value(typed: visit.entries["user_id"]),
            "member_id": member.isEmpty ? .null : .text(member),
        ])
        do {
            try choice.requireInUse()
            let saved = try await visit.send(.post, choice.psa + "/member-mappings", ["mappings": .list([mapping])])
            let name = saved.items.first?["user_name"].words ?? ""
            return .redirect(
                home,
                member.isEmpty
                    ? "\(name) is unmapped." : "\(name) is \(saved.items.first?["member_name"].words ?? "") now.")
        } catch let problem as Problem {
            return .page(
                Page(
                    title: "Not saved", crumb: ("Member mapping", home),
                    blocks: [.notice(.bad, nil, problem.detail), .actions([.link("Back", home)])],
                    status: problem.status))
        }
    },
    .post("/integrations/members/auto-match", .admin) { visit in
        let choice = try await ConnectionChoice(visit)
        let home = choice.href("/integrations/members")
        let report: Value
        do {
            try choice.requireInUse()
            report = try await visit.send(.post, choice.psa + "/member-mappings/auto-match")
        } catch let problem as Problem {
            return .page(
                Page(
                    title: "Not matched", crumb: ("Member mapping", home),
                    blocks: [.notice(.bad, nil, problem.detail)], status: problem.status))
        }
        func table(_ title: String, _ name: String, _ note: String) -> Block {
            Table(
                caption: title, title: "\(title): \(report[name].elements.count)", columns: ["Person", "Member"],
                rows: report[name].elements.map { person in
                    [
                        .person(person["user_name"].words, email: person["user_email"].string),
                        .text(person["member_name"].string ?? note),
                    ]
                }, empty: Empty(icon: "people", title: "Nobody", text: note)
            ).block
        }
        return .page(
            Page(
                title: "Matched by e-mail", crumb: ("Member mapping", home),
                actions: [.link("Done", home, style: "is-primary")],
                blocks: [
                    table("Matched", "matched", "nobody new"),
                    table("Ambiguous", "ambiguous", "the address fits several, or the member is taken"),
                    table("Not found", "unmatched", "no member has this address"),
                ]))
    },
]
