import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What the ticket picker asks for while a user types.
func pickerPages() -> [PageRoute] {
    [
        PageRoute(method: .get, path: "/tickets/pick", role: .viewer) { visit in
            let text = (visit.query["q"] ?? "").trimmingCharacters(in: .whitespaces)
            do {
                let customer = try await visit.customer()
                let found =
                    text.isEmpty
                    ? try await visit.ask(Tickets.recent(for: customer)).items
                    : try await visit.ask(
                        Tickets.search(for: customer, [.text: text, .includeClosed: "true"], limit: 8)
                    ).items
                let nothing =
                    text.isEmpty
                    ? "Enter words of the summary, or the number." : "No tickets found. Try fewer words, or the number."
                return .fragment(
                    "picks",
                    Model([
                        "picks": found.map(UpdatePanel.card), "isRecent": text.isEmpty && !found.isEmpty,
                        "nothing": found.isEmpty ? nothing : nil,
                    ]))
            } catch let problem as Problem {
                return .fragment("picks", ["picks": [Model](), "nothing": problem.detail])
            }
        },
        PageRoute(method: .get, path: "/tickets/pick/{id}", role: .viewer) { visit in
            let id = try visit.parameter()
            do {
                let ticket = try await visit.ask(Tickets.show(Tickets.ID(id), for: visit.customer()))
                return .fragment("picked", UpdatePanel.card(ticket))
            } catch let problem as Problem {
                return .fragment(
                    "picked",
                    [
                        "pickProblem": problem.status == .notFound
                            ? "Ticket \(id) does not exist, or you may not see it." : problem.detail
                    ])
            }
        },
    ]
}
