import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What can be chosen in selects.
enum Choices {
    static func boards(_ visit: Visit, _ none: String) async throws -> [(value: String, label: String)] {
        let boards = try await all(visit) { Boards.list(limit: $0, cursor: $1) }
        return [("", none)] + boards.map { ($0.id.description, $0.name) }.sorted { $0.1 < $1.1 }
    }

    static func recipients(
        _ visit: Visit, _ none: String = "Choose a room or person"
    ) async throws -> [(value: String, label: String)] {
        let recipients = try await all(visit) { Recipients.list(limit: $0, cursor: $1) }.filter(\.active)
        return [("", none)]
            + recipients.map { ($0.id.description, "\($0.name) (\($0.email ?? $0.kind.text))") }
            .sorted { $0.1.lowercased() < $1.1.lowercased() }
    }

    // A select with more than this would be of no use.
    private static let most = 1_000

    /// All things of a list, as far as anybody would choose among them.
    /// - Parameter call: asks for a page of at most so many behind a cursor.
    static func all<Item: Decodable>(
        _ visit: Visit, _ call: (Int, String?) -> API.Call<WebSupport.Page<Item>>
    ) async throws -> [Item] {
        var found: [Item] = []
        var cursor: String?
        while found.count < most {
            let page = try await visit.ask(call(PageRequest.largest, cursor))
            found += page.items
            guard let next = page.next else { break }
            cursor = next.description
        }
        return found
    }

    static func users(_ visit: Visit) async throws -> [(value: String, label: String)] {
        try await all(visit) { Users.list(limit: $0, cursor: $1) }.map { ($0.id.description, $0.name) }
            .sorted { $0.1.lowercased() < $1.1.lowercased() }
    }

    // More are searched for sooner than scrolled to.
    private static let mostWithoutSearch = 20

    /// The companies of the PSA, with the one that is chosen already whether it is among them or not; nil when they cannot be
    /// loaded.
    static func companies(_ visit: Visit, chosen: (value: String, label: String)?) async throws -> Field? {
        guard var found = try? await references(visit, { Companies.list(for: nil, limit: $0, cursor: $1) }) else {
            return nil
        }
        if let chosen, !found.contains(where: { $0.value == chosen.value }) { found.insert(chosen, at: 0) }
        var field = Field(
            "psa_company_id", "Company in ConnectWise", .choice([("", "None")] + found),
            help: "Only this company's tickets are shown for the customer.", optional: true)
        if found.count > mostWithoutSearch { field.search = "/tenants/companies" }
        return field
    }

    /// The name of a company.
    static func company(_ id: String, _ visit: Visit) async throws -> String? {
        try await visit.ask(Companies.list(for: nil, [.id: id])).items.first?.name
    }

    static func tenants(_ visit: Visit) async throws -> [(value: String, label: String)] {
        try await all(visit) { Tenants.list(limit: $0, cursor: $1) }.map { ($0.id.description, $0.name) }.sorted {
            $0.1.lowercased() < $1.1.lowercased()
        }
    }

    /// Things of the PSA, by name.
    static func references(
        _ visit: Visit, _ call: (Int, String?) -> API.Call<WebSupport.Page<Reference>>
    ) async throws -> [(value: String, label: String)] {
        try await all(visit, call).map { ($0.id, $0.name) }.sorted { $0.1.lowercased() < $1.1.lowercased() }
    }

    /// The members of the PSA that a customer uses, with their login names.
    static func members(_ visit: Visit, for customer: Tenants.ID?) async throws -> [(value: String, label: String)] {
        try await all(visit) { PSA.Members.list(for: customer, limit: $0, cursor: $1) }
            .map { ($0.id.description, "\($0.name) (\($0.identifier))") }
            .sorted { $0.1.lowercased() < $1.1.lowercased() }
    }

    /// Work roles or types of the PSA that a customer uses, by name.
    static func work(
        _ visit: Visit, _ operation: PSAOperation<NoPlace, Refresh, NoBody, Few<Reference>>, for customer: Tenants.ID?
    ) async throws -> [(value: String, label: String)] {
        try await visit.ask(operation(for: customer)).items.map { ($0.id, $0.name) }
            .sorted { $0.1.lowercased() < $1.1.lowercased() }
    }

    static func roles(_ visit: Visit) -> [(value: String, label: String)] {
        let largest: Role = visit.principal.role >= .owner ? visit.principal.role : .admin
        return Role.allCases.filter { $0 <= largest }.map {
            ($0.rawValue, $0.label.sentenceCased)
        }
    }
}

/// The companies that match what is typed into the search of a select.
func companyOptions(_ path: String, _ role: Role) -> PageRoute {
    PageRoute(method: .get, path: path, role: role) { visit in
        let text = visit.query["q"] ?? ""
        let filter: [Companies.Filter: String] = text.isEmpty ? [:] : [.search: text]
        let found = (try? await visit.ask(Companies.list(for: nil, filter, limit: 50)).items) ?? []
        return .fragment(
            "options",
            ["options": found.map { ["optionValue": $0.id, "optionLabel": $0.name] as Model }])
    }
}

/// A list's filter bar.
enum Filters {
    static func block(
        _ action: String, _ fields: [Field], _ visit: Visit, clear: Bool, submit: String = "Filter"
    ) -> Block {
        block(action, fields, entries: Entries(visit.query.mapValues { $0 }), clear: clear, submit: submit)
    }

    static func block(_ action: String, _ fields: [Field], entries: Entries, clear: Bool, submit: String) -> Block {
        Block(
            "filters",
            [
                "filterAction": action, "fields": fields.map { $0.model(entries, errors: [:], isFilter: true) },
                "hasFields": !fields.isEmpty, "clearHref": clear ? action : nil, "filterLabel": submit,
            ])
    }
}

/// Deleting a thing: asked for by a button, confirmed in a dialog, or on a page of its own where no script runs.
enum Deletion {
    static func page<Place: PathPlace>(
        _ path: String, _ operation: API.Operation<Place, NoQuery, NoBody, Nothing>, back: String, done: String,
        question: @escaping @Sendable (Visit, Place) async throws -> String
    ) -> [PageRoute] {
        confirmed(path, operation.role, label: "Delete", back: back) { visit, _ in
            try await question(visit, visit.place())
        } act: { visit, _ in
            try await visit.send(operation(visit.place()))
            return .redirect(back, done)
        }
    }

    static func confirmed(
        _ path: String, _ role: Role, label: String, back: String,
        question: @escaping @Sendable (Visit, String) async throws -> String,
        act: @escaping @Sendable (Visit, String) async throws -> Outcome
    ) -> [PageRoute] {
        [
            .post(path, role) { visit in
                let id = try visit.parameter()
                if visit.entries["confirmed"] == "yes" { return try await act(visit, id) }
                let fields = [Field("confirmed", "", .hidden)]
                let form = Form(
                    action: path.replacing(bytes: "{id}", with: id), fields: fields, submit: label, cancel: back,
                    entries: Entries(["confirmed": "yes"]), isDanger: true)
                return .page(
                    Page(
                        title: "Are you sure?",
                        blocks: [.text(try await question(visit, id), style: "section"), form.block]))
            }
        ]
    }
}
