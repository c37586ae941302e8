import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// A ticket's number as people type it.
enum TicketNumber {
    /// `10042` of `10042`, `#10042` and `# 10042`; nil for anything else.
    static func typed(_ text: String?) -> String? {
        let text = (text ?? "").trimmingCharacters(in: .whitespaces)
        let number = (text.dropping(prefix: "#") ?? text[...]).trimmingCharacters(in: .whitespaces)
        return !number.isEmpty && number.utf8.allSatisfy(\.isDigit) ? number : nil
    }
}

func ticketPages() -> [PageRoute] {
    [
        PageRoute(method: .get, path: "/tickets", role: .viewer) { visit in
            // A number that is typed is a ticket that is wanted.
            if let number = TicketNumber.typed(visit.query["q"]), visit.query["cursor"] == nil,
                visit.query["list"] == nil
            {
                return .redirect("/tickets/\(number)")
            }
            return .page(try await TicketSearch.page(visit))
        },
        companyOptions("/tickets/companies", .engineer),
        .get("/tickets/{id}", .viewer, topics: ["deliveries", "events", "posts"]) { visit in
            visit.query["part"] == "history"
                ? Page(title: "Ticket", blocks: [try await TicketHistory.block(visit)], isStill: true)
                : try await TicketView.page(visit)
        },
    ]
}

/// Searching tickets.
private enum TicketSearch {
    static func page(_ visit: Visit) async throws -> Page {
        let tenant = try await visit.tenant()
        var page = Page(
            title: "Tickets",
            lead: tenant.map { "Only tickets of \($0.name)." }
                ?? "Find a ticket by its number or by words, and update it.",
            blocks: Block.switchedOff(visit))
        let update = visit.allowed(
            Tickets.logChange.main,
            .link("Update a ticket", "/tickets/update", style: "is-primary", icon: "pencil-square"))
        let searching = [Tickets.Filter.text, .board, .company, .mine, .includeClosed].map(\.rawValue)
        let isSearch = (searching + ["cursor", "list"]).contains { !(visit.query[$0] ?? "").isEmpty }
        page.blocks.append(
            Filters.block("/tickets", try await filters(visit), visit, clear: isSearch, submit: "Search"))
        do {
            page.blocks.append(isSearch ? try await found(visit) : try await recent(visit))
            page.actions = update
        } catch let problem as Problem where problem.isDisconnection {
            page.blocks.append(.notConnected(visit, problem))
        } catch let problem as Problem {
            page.blocks.append(.notice(.warning, problem.title + ".", problem.detail))
            page.actions = update
        }
        return page
    }

    private static func filters(_ visit: Visit) async throws -> [Field] {
        typealias Filter = Tickets.Filter
        var fields = [
            Field(Filter.text.rawValue, "Number or words", .text, placeholder: "10042, or printer", focused: true),
            Field(filter: Filter.board, "Board", .choice(try await boards(visit))),
        ]
        // A customer that is looked at is its company already.
        if try await visit.customer() == nil, let companies = try await companies(visit) { fields.append(companies) }
        if let statuses = await statuses(visit) {
            fields.append(Field(filter: Filter.status, "Status", .choice(statuses)))
        }
        return fields + [
            Field(filter: Filter.mine, "Assigned", .choice([("", "To anyone"), ("true", "To me")])),
            Field(filter: Filter.includeClosed, "State", .choice([("", "Open"), ("true", "Open and closed")])),
        ]
    }

    private static func companies(_ visit: Visit) async throws -> Field? {
        guard visit.may(Companies.list.main) else { return nil }
        let name = Tickets.Filter.company.rawValue
        let chosen = visit.query[name] ?? ""
        let label = chosen.isEmpty ? nil : (try? await Choices.company(chosen, visit)) ?? nil
        let found = try await Choices.companies(
            visit, chosen: chosen.isEmpty ? nil : (chosen, label ?? "Company \(chosen)"))
        guard let found, case .choice(let all) = found.kind else { return nil }
        var field = Field(name, "Company", .choice([("", "All companies")] + all.dropFirst()))
        field.search = found.search == nil ? nil : "/tickets/companies"
        return field
    }

    /// Those of the board that is chosen: a status belongs to its board.
    private static func statuses(_ visit: Visit) async -> [(value: String, label: String)]? {
        guard let board = visit.query[Tickets.Filter.board.rawValue], Int(board) != nil, visit.may(Boards.show),
            let found = try? await visit.ask(Boards.show(Boards.ID(board))).statuses, !found.isEmpty
        else { return nil }
        return [("", "Any")] + found.filter { !$0.inactive }.map { ($0.id.description, $0.name) }
    }

    private static func boards(_ visit: Visit) async throws -> [(value: String, label: String)] {
        guard visit.may(Boards.list) else { return [("", "All boards")] }
        return try await Choices.boards(visit, "All boards")
    }

    private static func found(_ visit: Visit) async throws -> Block {
        var filters: [Tickets.Filter: String] = visit.filters()
        let customer = try await visit.customer()
        if customer != nil { filters[.company] = nil }
        // Of another board, or of none, it would find nothing.
        if let status = filters[.status], await statuses(visit)?.contains(where: { $0.value == status }) != true {
            filters[.status] = nil
        }
        let tickets = try await visit.ask(
            Tickets.search(for: customer, filters, limit: visit.limit ?? 25, cursor: visit.cursor))
        return table(
            "Tickets", tickets.items,
            Empty(
                icon: "search", title: "No tickets found",
                text:
                    "Try fewer or other words, include closed tickets, or enter the number. Only summaries are searched."
            ), visit.pager(tickets))
    }

    private static func recent(_ visit: Visit) async throws -> Block {
        let own = try await visit.ask(Tickets.recent(for: visit.customer())).items
        guard own.isEmpty, visit.may(Overview.show) else {
            return table(
                "Tickets you last updated", own,
                Empty(
                    icon: "ticket-detailed", title: "Nothing yet",
                    text: "Search above. Tickets that you update are listed here."), nil)
        }
        let news = try await visit.ask(Overview.show()).recentEvents
        return Table(
            caption: "Recently changed tickets", title: "Recently changed tickets",
            columns: ["Ticket", "Latest event", "When"],
            rows: news.map { event in
                [
                    .main("#\(event.ticket) \(event.summary)", "/tickets/\(event.ticket)"),
                    .text(EventWords.of(event.kind)), .when(event.createdAt),
                ]
            },
            empty: Empty(
                icon: "ticket-detailed", title: "Nothing yet",
                text: "Search above. Tickets also appear here when they change.")
        ).block
    }

    private static func table(
        _ title: String, _ tickets: [Tickets.Answer], _ empty: Empty, _ pager: Pager?
    ) -> Block {
        Table(
            caption: title, title: title, columns: ["Ticket", "Company", "Board", "Status", "Priority", "Changed"],
            rows: tickets.map { ticket in
                [
                    .main("#\(ticket.id) \(ticket.summary)", "/tickets/\(ticket.id)"), .text(ticket.company?.name),
                    .text(ticket.board?.name), .badge(.status(ticket.status, closed: ticket.closed)),
                    .badge(.priority(ticket.priority)), .when(ticket.updatedAt),
                ]
            }, empty: empty, pager: pager, isStacking: true
        ).block
    }
}

/// One ticket: as it is in the PSA, and what happened to it here.
private enum TicketView {
    static func page(_ visit: Visit) async throws -> Page {
        let id = try visit.parameter()
        var page = Page(
            title: "Ticket \(id)", heading: "#\(id)", crumb: ("Tickets", "/tickets"), blocks: [], isStill: true)
        do {
            let ticket = try await visit.ask(Tickets.show(Tickets.ID(id), for: visit.customer()))
            page.heading = "#\(id) \(ticket.summary)"
            page.actions = actions(ticket, visit)
            page.blocks =
                Block.switchedOff(visit) + [
                    card(ticket), .grid(2, [try await notes(ticket.id, visit), try await TicketHistory.block(visit)]),
                ]
        } catch let problem as Problem {
            let isGone = problem.status == .notFound
            if isGone, let number = TicketNumber.typed(id) {
                page.actions = [
                    .link(
                        "Search summaries for \(number)", Visit.href("/tickets", ["q": number, "list": "1"]),
                        icon: "search")
                ]
            }
            if isGone, let tenant = try await visit.tenant() {
                page.blocks = [
                    .notice(
                        .warning, nil,
                        "\(tenant.name) has no ticket \(id). To search all customers, choose All customers at the top."
                    )
                ]
                page.status = .notFound
                return page
            }
            // Without the PSA, what is known here is still of use, and updates are accepted all the same.
            if !isGone, !problem.isDisconnection { page.actions = update(id, visit) }
            let history = try await TicketHistory.block(visit)
            page.blocks = [
                isGone
                    ? .notice(.warning, nil, "Ticket \(id) does not exist in ConnectWise, or you may not see it.")
                    : problem.isDisconnection
                        ? .notConnected(visit, problem) : .notice(.warning, problem.title + ".", problem.detail),
                history,
            ]
            page.status = isGone && history.model["isKnown"] as? Bool != true ? .notFound : .ok
        }
        return page
    }

    private static func actions(_ ticket: Tickets.Details, _ visit: Visit) -> [Action] {
        let id = ticket.id.description
        return
            (visit.may(Deliveries.list)
            ? [
                .link("Deliveries", Visit.href("/deliveries", ["ticket_id": id]), icon: "send"),
                .link("Who gets notified?", Visit.href("/rules/preview", ["ticket_id": id]), icon: "question-circle"),
            ] : [])
            + [.link("Open in ConnectWise", ticket.link, icon: "box-arrow-up-right")]
            + update(id, visit)
    }

    private static func update(_ id: String, _ visit: Visit) -> [Action] {
        visit.allowed(
            Tickets.logChange.main,
            .link("Update ticket", "/tickets/\(id)/update", style: "is-primary", icon: "pencil-square"))
    }

    private static func card(_ ticket: Tickets.Details) -> Block {
        let things = (ticket.configurations ?? []).map(\.name).joined(separator: ", ")
        let people =
            (ticket.owner.map { ["\($0) (owner)"] } ?? [])
            + ticket.resources.filter { $0.lowercased() != ticket.owner?.lowercased() }
        return .card(
            "Ticket",
            [
                .grid(
                    2,
                    [
                        .facts([
                            ("Status", .badge(.status(ticket.status, closed: ticket.closed))),
                            ("Priority", .badge(.priority(ticket.priority))), ("Board", .text(ticket.board?.name)),
                            ("Company", .text(ticket.company?.name, sub: ticket.contact?.name)),
                        ]),
                        .facts([
                            ("Assigned", .text(people.isEmpty ? "No one" : people.joined(separator: ", "))),
                            ("Configurations", .text(things.isEmpty ? "–" : things)),
                            ("Entered", .when(ticket.enteredAt)), ("Changed", .when(ticket.updatedAt)),
                        ]),
                    ])
            ])
    }

    private static func notes(_ ticket: Tickets.ID, _ visit: Visit) async throws -> Block {
        let found: WebSupport.Page<Tickets.Note>
        do {
            found = try await visit.ask(
                Tickets.notes(ticket, for: visit.customer(), limit: 20, cursor: visit.cursor))
        } catch let problem as Problem {
            return .card("Notes and time", [.notice(.warning, nil, problem.detail)])
        }
        let texts = await visit.markdown.html(found.items.map(\.text))
        let entries = zip(found.items, texts).map { note, text -> Model in
            let isTime = note.kind == .timeEntry
            let kind =
                isTime ? PostWords.minutes(note.minutes) : note.noteType.map { NoteWords.title($0.text) } ?? "Note"
            return Model([
                "tone": note.isInternal ? "is-muted" : "is-good", "stamp": note.createdAt.map { Stamp($0).model },
                "entryTitle": note.author.map { "\(kind) by \($0)" } ?? kind,
                "entryHTML": note.text.isEmpty ? nil : text,
                "entryNote": note.isInternal || isTime ? nil : "Visible to the customer.",
            ])
        }
        let parts: [Block] =
            entries.isEmpty
            ? [.emptyState("chat-left-text", "No notes yet", "This ticket has no notes or time entries.")]
            : [Block("timeline", ["entries": entries])]
        let pager = Block.pager(
            first: visit.query["cursor"] == nil ? nil : visit.ticketHref(["cursor": nil]),
            next: found.next.map { visit.ticketHref(["cursor": $0.description]) })
        return .card("Notes and time", parts + [pager])
    }
}

extension Visit {
    /// The ticket's page, with its notes and events as far back as they are shown now.
    func ticketHref(_ changes: [String: String?] = [:]) -> String {
        var kept = query.filter { ["cursor", "events"].contains($0.key) }
        for (name, value) in changes { kept[name] = value }
        return Self.href(path, kept)
    }
}

extension Block {
    /// Only the ways to the first and the next page, below something that is no table.
    static func pager(first: String?, next: String?) -> Block {
        .actions(
            [
                first.map { Action.link("First page", $0, style: "is-small") },
                next.map { Action.link("Older", $0, style: "is-small") },
            ].compactMap(\.self))
    }
}

func searchPages() -> [PageRoute] {
    [
        PageRoute(method: .get, path: "/search", role: .viewer) { visit in
            let text = (visit.query["q"] ?? "").trimmingCharacters(in: .whitespaces)
            var results: [Model] = []
            if let number = TicketNumber.typed(text) {
                results.append([
                    "href": "/tickets/\(number)", "icon": "ticket-detailed", "label": "Ticket #\(number)",
                    "hint": "timeline",
                ])
                if visit.may(Deliveries.list) {
                    results.append([
                        "href": Visit.href("/deliveries", ["ticket_id": number]), "icon": "send",
                        "label": "Deliveries about #\(number)", "hint": "messages",
                    ])
                }
            }
            let words = text.lowercased()
            results += Navigation.links(for: visit).filter {
                words.isEmpty || $0.label.lowercased().utf8.contains(words)
            }
            .map {
                ["href": $0.href, "icon": $0.icon, "label": $0.label, "hint": $0.jump.map { "g \($0)" } ?? ""]
            }
            if words.unicodeScalars.count >= 2, visit.may(Recipients.list) {
                let found = try await visit.ask(Recipients.list([.search: text], limit: 6)).items
                results += found.map {
                    [
                        "href": Visit.href("/rules", [Rules.Filter.recipient.rawValue: "\($0.id)"]), "icon": "people",
                        "label": $0.name, "hint": "rules for this \($0.kind.text)",
                    ]
                }
            }
            let block = Block("found", ["results": results])
            guard visit.query["fragment"] == nil else { return .fragment("results", block.model) }
            return .page(
                Page(
                    title: "Search",
                    blocks: [
                        Filters.block(
                            "/search", [Field("q", "Search or go to", .text, focused: true)], visit, clear: false,
                            submit: "Search"),
                        block,
                    ]))
        }
    ]
}
