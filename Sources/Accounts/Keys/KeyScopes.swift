import API
import BoundaryText
import Database

/// The scopes of an API key: at least one grant, without duplicates, sorted by name.
public struct KeyScopes: Sendable, Equatable, CustomStringConvertible {
    /// The grants.
    public let grants: [Grant]

    /// Returns nil if there are none: a key without limits has no scopes.
    public init?(_ grants: some Sequence<Grant>) {
        let all = Set(grants)
        // Write access includes read access.
        let wider = all.filter { grant in
            switch grant {
            case .read: true
            case .scope(let scope, let readsOnly): !readsOnly || !all.contains(.scope(scope, readsOnly: false))
            case .legacy(let scope, let readsOnly): !readsOnly || !all.contains(.legacy(scope, readsOnly: false))
            }
        }
        guard !wider.isEmpty else { return nil }
        self.grants = wider.sorted { $0.rawValue < $1.rawValue }
    }

    /// The stored and displayed form: names separated by spaces.
    public var description: String { grants.map(\.rawValue).joined(separator: " ") }

    /// Whether the scopes allow a route. Every key may request its own details (`me`).
    func allows(_ route: Route) -> Bool {
        route.scope == .me || grants.contains { $0.allows(route.id, of: route.scope, route.method) }
    }
}

extension KeyScopes: SQLConvertible, SQLDecodable {
    /// The text form.
    public var sqlValue: SQLValue { .text(description) }

    /// Parses a text column. An unknown name grants nothing, so that no key gains rights.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        let grants = text.splitBytes(on: " ").compactMap { Grant(rawValue: String($0)) }
        self.init(grants.isEmpty ? [.scope(.me, readsOnly: false)] : grants)
    }
}
