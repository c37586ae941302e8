import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// Which user is which member of ConnectWise.
let memberPages: [PageRoute] = [memberTab] + memberActs

private let home = "/integrations/members"

private let memberTab = PageRoute.get(home, MemberMappings.list.main.role) { visit in
    let choice = try await ConnectionChoice(visit)
    var page = Page(
        title: "Member mapping", heading: "Integrations",
        lead: "The member that ConnectWise shows as the author of what a user writes.",
        crumb: nil, blocks: [integrationTabs(visit)] + Block.switchedOff(visit))
    let isFiltered = !(visit.query[MemberMappings.Filter.mapped.rawValue] ?? "").isEmpty
    let seesAll = visit.may(MemberMappings.autoMatch.main)
    let mapped = Field(
        filter: MemberMappings.Filter.mapped, "Show",
        .choice([("", "Everyone"), ("true", "Mapped"), ("false", "Not mapped")]))
    func filters(_ fields: [Field]) async -> [Block] {
        await choice.filters(home, fields, visit, submit: "Filter", clear: isFiltered)
    }
    let mappings: WebSupport.Page<MemberMappings.Answer>
    var members: [(value: String, label: String)] = []
    do {
        if let owner = choice.owner, !owner.isInUse {
            page.blocks += await filters([]) + [disabled(owner, choice)]
            return page
        }
        mappings = try await visit.ask(
            MemberMappings.list(for: choice.customer, visit.filters(), limit: visit.limit, cursor: visit.cursor))
        members = try await Choices.members(visit, for: choice.customer)
    } catch let problem as Problem where problem.isDisconnection {
        page.blocks += await filters([])
        page.blocks.append(
            .emptyState(
                "people", "Set up a connection first", "Then you can map users to its members.",
                [.link("Connection", choice.href("/integrations"))]))
        return page
    } catch let problem as Problem where problem.status != .notFound {
        page.blocks += await filters([]) + [.notice(.bad, nil, problem.detail)]
        return page
    }
    page.actions = visit.allowed(
        MemberMappings.autoMatch.main,
        .post(
            "Match by e-mail", home + "/auto-match", style: "is-primary", icon: "magic",
            hidden: ["tenant": choice.value]))
    page.blocks += await filters(seesAll || isFiltered ? [mapped] : [])
    let substitute = await substitute(choice, visit)
    if members.isEmpty {
        page.blocks.append(
            .notice(
                .warning, nil, "No members found in ConnectWise. The API member may lack the right to see them."))
    } else if mappings.items.allSatisfy({ $0.member == nil }), visit.cursor == nil, !isFiltered {
        page.blocks.append(.notice(.info, nil, "No user is mapped yet. Match by e-mail, or choose members below."))
    }
    page.blocks.append(
        Table(
            caption: "Member mapping", columns: ["User", "Member in ConnectWise", "Matched by", .hidden("Choice")],
            rows: mappings.items.map { mappingRow($0, members, substitute, choice, visit) },
            empty: Empty(icon: "people", title: "No matching users", text: "Try another filter."),
            pager: visit.pager(mappings), isStacking: true
        ).block)
    return page
}

private func disabled(_ owner: ConnectionChoice.Owner, _ choice: ConnectionChoice) -> Block {
    .emptyState(
        "people", "The connection of \(owner.name) is disabled",
        "Enable it to map its members. Existing mappings are kept.",
        [.link("Connection", choice.href("/integrations"))])
}

/// As whom users without a mapping write through the connection; nil for those who may not see it.
private func substitute(_ choice: ConnectionChoice, _ visit: Visit) async -> String? {
    guard let id = choice.connection?.id, let settings = try? await visit.ask(PSA.Settings.show(id)) else { return nil }
    return settings.member?.name ?? "the API member"
}

private func matched(by origin: Open<MemberMappings.Origin>?) -> String {
    switch origin?.known {
    case .email: "E-mail address"
    case .user: "The user"
    case .administrator: "An administrator"
    case nil: origin?.text ?? "–"
    }
}

/// - Parameter substitute: as whom users without a mapping write; nil for those who may not know.
private func mappingRow(
    _ mapping: MemberMappings.Answer, _ members: [(value: String, label: String)], _ substitute: String?,
    _ choice: ConnectionChoice, _ visit: Visit
) -> [Cell] {
    let name = mapping.memberName ?? ""
    let member: Cell =
        mapping.member == nil
        ? .badge(
            Badge(.muted, "unmapped"),
            sub: "Writes as \(substitute ?? "the connection's default member"), with a line that names the user.")
        : mapping.memberInactive
            ? .badge(Badge(.bad, "inactive in ConnectWise"), sub: name) : .text(name, sub: mapping.memberIdentifier)
    var choices = members
    if let id = mapping.member?.description, !choices.contains(where: { $0.value == id }) { choices.append((id, name)) }
    typealias Member = MemberMappings.Change.Mapping.CodingKeys
    return [
        .person(mapping.userName, email: mapping.userEmail), member, .text(matched(by: mapping.matchedBy)),
        visit.may(MemberMappings.save.main)
            ? .choice(
                Choosing(
                    href: home, name: Member.member.rawValue, label: "Member of \(mapping.userName)",
                    choices: [("", "Unmapped")] + choices, chosen: mapping.member?.description ?? "",
                    hidden: [Member.user.rawValue: mapping.user.description, "tenant": choice.value])) : .text(""),
    ]
}

private let memberActs: [PageRoute] = [
    .post(home, MemberMappings.save.main.role) { visit in
        typealias Member = MemberMappings.Change.Mapping.CodingKeys
        let choice = try await ConnectionChoice(visit)
        let back = choice.href(home)
        let member = visit.entries[Member.member.rawValue] ?? ""
        let mapping: JSON = .object([
            Member.user.rawValue: JSON(typed: visit.entries[Member.user.rawValue]),
            Member.member.rawValue: member.isEmpty ? .null : .text(member),
        ])
        do {
            try choice.requireInUse()
            let saved = try await visit.send(MemberMappings.save(for: choice.customer, [.mappings: .list([mapping])]))
                .items.first
            let name = saved?.userName ?? ""
            return .redirect(
                back, member.isEmpty ? "\(name) is unmapped." : "\(name) is mapped to \(saved?.memberName ?? "").")
        } catch let problem as Problem {
            return .page(
                Page(
                    title: "Not saved", crumb: ("Member mapping", back),
                    blocks: [.notice(.bad, nil, problem.detail), .actions([.link("Back", back)])],
                    status: problem.status))
        }
    },
    .post(home + "/auto-match", MemberMappings.autoMatch.main.role) { visit in
        let choice = try await ConnectionChoice(visit)
        let back = choice.href(home)
        let report: MemberMappings.Report
        do {
            try choice.requireInUse()
            report = try await visit.send(MemberMappings.autoMatch(for: choice.customer))
        } catch let problem as Problem {
            return .page(
                Page(
                    title: "Not matched", crumb: ("Member mapping", back),
                    blocks: [.notice(.bad, nil, problem.detail)], status: problem.status))
        }
        func table(_ title: String, _ users: [MemberMappings.Answer], _ note: String) -> Block {
            Table(
                caption: title, title: "\(title): \(users.count)", columns: ["User", "Member"],
                rows: users.map { [.person($0.userName, email: $0.userEmail), .text($0.memberName ?? note)] },
                empty: Empty(icon: "people", title: "None", text: note)
            ).block
        }
        return .page(
            Page(
                title: "Matched by e-mail", crumb: ("Member mapping", back),
                actions: [.link("Done", back, style: "is-primary")],
                blocks: [
                    table("Matched", report.matched, "No new matches"),
                    table(
                        "Ambiguous", report.ambiguous,
                        "Several members have this address, or the member is already mapped"),
                    table("Not found", report.unmatched, "No member has this address"),
                ]))
    },
]
