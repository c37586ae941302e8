import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What the ticket picker asks for while somebody types.
func pickerPages() -> [PageRoute] {
    [
        PageRoute(method: .get, path: "/tickets/pick", role: .viewer) { visit in
            let text = (visit.query["q"] ?? "").trimmingCharacters(in: .whitespaces)
            do {
                let path = try await visit.tickets()
                let found =
                    text.isEmpty
                    ? try await visit.get(path + "/recent").items
                    : try await visit.get(path + "/search", ["q": text, "limit": "8", "open": "false"]).items
                let nothing =
                    text.isEmpty
                    ? "Type words of the summary, or the number." : "No tickets found. Try fewer words, or the number."
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
                let ticket = try await visit.get(try await visit.tickets() + "/\(id)")
                return .fragment("picked", UpdatePanel.card(ticket))
            } catch let problem as Problem {
                return .fragment(
                    "picked",
                    [
                        "pickProblem": problem.status == .notFound
                            ? "There is no ticket \(id), or none that you may see." : problem.detail
                    ])
            }
        },
    ]
}
