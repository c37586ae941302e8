import BoundaryText
import Database
import HTTPTypes

/// The parts of the API to which a key is limited: `notifiers`, `sync:read`.
public struct KeyScope: Sendable, Equatable, LosslessStringConvertible, SQLConvertible, SQLDecodable {
    private struct Part: Sendable, Equatable {
        let area: String
        let readsOnly: Bool
    }

    private let parts: [Part]

    /// Reads names of areas, each with or without `:read`, with spaces or commas between them; `read` alone is all areas.
    public init?(_ description: String) {
        let names = description.splitScalars { $0 == " " || $0 == "," }
        parts = names.compactMap { text in
            let pieces = text.splitBytes(on: ":", omittingEmpty: false).map(String.init)
            if text == "read" { return Part(area: "", readsOnly: true) }
            guard pieces.count <= 2, pieces.count == 1 || pieces[1] == "read",
                pieces[0].utf8.allSatisfy({ $0.isLetter || "-_".utf8.contains($0) }), !pieces[0].isEmpty
            else { return nil }
            return Part(area: pieces[0], readsOnly: pieces.count == 2)
        }
        guard !parts.isEmpty, parts.count == names.count, names.count <= 30 else { return nil }
    }

    /// As stored and shown.
    public var description: String {
        parts.map { $0.area.isEmpty ? "read" : $0.readsOnly ? "\($0.area):read" : $0.area }.joined(separator: " ")
    }

    /// The names of the areas.
    var areas: [String] { parts.map(\.area).filter { !$0.isEmpty } }

    /// Whether a route lies within. Whose key it is may be asked with every key.
    func allows(_ route: Route) -> Bool {
        route.area == "authtest"
            || parts.contains { part in
                (part.area.isEmpty || part.area == route.area) && (!part.readsOnly || route.method == .get)
            }
    }

    /// Text.
    public var sqlValue: SQLValue { .text(description) }

    /// From a text column.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self.init(text)
    }
}
