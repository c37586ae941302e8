import API
import BoundaryText
import Database

/// What a key is limited to: at least one grant, each once, in the order of their names.
public struct KeyScopes: Sendable, Equatable, CustomStringConvertible {
    /// What it may do.
    public let grants: [Grant]

    /// Nil without any: a key without limits has no scopes.
    public init?(_ grants: some Sequence<Grant>) {
        let all = Set(grants)
        // Who may write may read.
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

    /// As it is stored and shown: names with blanks between them.
    public var description: String { grants.map(\.rawValue).joined(separator: " ") }

    /// Whether a route lies within. Every key may ask who it is.
    func allows(_ route: Route) -> Bool {
        route.scope == .me || grants.contains { $0.allows(route.id, of: route.scope, route.method) }
    }
}

extension KeyScopes: SQLConvertible, SQLDecodable {
    /// Text.
    public var sqlValue: SQLValue { .text(description) }

    /// From a text column. A name that is not known allows nothing, so that no key has more than it was given.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        let grants = text.splitBytes(on: " ").compactMap { Grant(rawValue: String($0)) }
        self.init(grants.isEmpty ? [.scope(.me, readsOnly: false)] : grants)
    }
}
