import BoundaryText
import HTTPTypes

/// A part of the API. Every operation belongs to one, and a key can be limited to some.
public enum Scope: String, Sendable, CaseIterable, Codable {
    case apiKeys = "api-keys"
    case audit
    case boards
    case config
    case connections
    case deliveries
    case events
    case featureFlags = "feature-flags"
    case forwards
    case identityProviders = "identity-providers"
    case jobs
    /// Who the caller is. Every key may ask that, so a key limited to it may do nothing else.
    case me
    case memberMappings = "member-mappings"
    case members
    case notices
    case organization
    case organizations
    case overview
    case preview
    case recipients
    case rules
    case sync
    case tenants
    case tickets
    case users

    /// What is in it, for people.
    public var summary: String {
        switch self {
        case .apiKeys: "API keys"
        case .audit: "Audit log"
        case .boards: "Boards"
        case .config: "Settings"
        case .connections: "Connections"
        case .deliveries: "Deliveries"
        case .events: "Events of tickets"
        case .featureFlags: "Feature flags"
        case .forwards: "Forwards"
        case .identityProviders: "Identity providers"
        case .jobs: "Background jobs"
        case .me: "Who I am"
        case .memberMappings: "Member mappings"
        case .members: "Members"
        case .notices: "Alerts and test messages"
        case .organization: "Your organization"
        case .organizations: "All organizations"
        case .overview: "Dashboard"
        case .preview: "Preview of notifications"
        case .recipients: "Recipients"
        case .rules: "Rules"
        case .sync: "Syncs"
        case .tenants: "Customers"
        case .tickets: "Tickets: notes, time, status"
        case .users: "Users and their limits"
        }
    }

    /// Whether anything in it only reads, so that a key can be limited to reading it.
    public var hasReading: Bool { self != .preview && self != .me }
    /// Whether anything in it writes.
    public var hasWriting: Bool { ![.audit, .boards, .events, .me, .members, .overview].contains(self) }
}

/// What a key may be given: a scope, for reading alone (`rules:read`) or for writing too (`rules`).
public enum Grant: Sendable, Hashable {
    /// Reads everything, of later scopes too.
    case read
    /// Of one scope.
    case scope(Scope, readsOnly: Bool)
    /// Of keys that were made before there were scopes. No other key is given any.
    case legacy(LegacyScope, readsOnly: Bool)
}

extension Grant: RawRepresentable, CaseIterable {
    public init?(rawValue: String) {
        guard let grant = Self.byName[rawValue] else { return nil }
        self = grant
    }

    public var rawValue: String {
        switch self {
        case .read: "read"
        case .scope(let scope, let readsOnly): scope.rawValue + (readsOnly ? ":read" : "")
        case .legacy(let scope, let readsOnly): scope.rawValue + (readsOnly ? ":read" : "")
        }
    }

    /// What new keys may be given.
    public static let offered: [Grant] =
        [.read]
        + Scope.allCases.flatMap { scope -> [Grant] in
            (scope.hasReading ? [.scope(scope, readsOnly: true)] : []) + [.scope(scope, readsOnly: false)]
        }

    public static let allCases: [Grant] =
        offered
        + LegacyScope.allCases.flatMap { [.legacy($0, readsOnly: true), .legacy($0, readsOnly: false)] }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// Whether it allows an operation, apart from who the caller is, which every key may ask.
    /// - Parameter id: the operation's.
    public func allows(_ id: String, of scope: Scope, _ method: HTTPRequest.Method) -> Bool {
        switch self {
        case .read: method == .get
        case .scope(let granted, let readsOnly): granted == scope && (!readsOnly || method == .get)
        case .legacy(let granted, let readsOnly): granted.operations.contains(id) && (!readsOnly || method == .get)
        }
    }
}

/// What the first word of a path was, before there were scopes: two of these words were of operations that belong to
/// several scopes now, of which each has more. So the keys that were limited to them keep exactly what they had.
public enum LegacyScope: String, Sendable, CaseIterable {
    /// What began with `/integrations`.
    case integrations = "legacy-integrations"
    /// What began with `/tenants`.
    case tenants = "legacy-tenants"

    /// The ids of its operations, and never of later ones.
    public var operations: Set<String> {
        switch self {
        case .integrations: Self.ofIntegrations
        case .tenants: Self.ofTenants
        }
    }

    private static let ofIntegrations: Set<String> = [
        "addNote", "autoMatchMembers", "createChatConnection", "createPSAConnection", "deleteChatConnection",
        "deletePSAConnection", "dismissPost", "listChatConnections", "listCompanies", "listMemberMappings",
        "listPSABoards", "listPSAConnections", "listPSAMembers", "listPSARights", "listPosts", "listRecentTickets",
        "listTicketConfigurations", "listTicketNotes", "listTicketStatuses", "listWorkRoles", "listWorkTypes",
        "logChange", "logTime", "retryPost", "rotateWebhookSecret", "saveMemberMappings", "searchTickets",
        "showChatConnection", "showPSAConnection", "showPSASettings", "showPost", "showTicket", "testChatConnection",
        "testPSAConnection", "updateChatConnection", "updatePSAConnection", "updatePSASettings", "updateTicketStatus",
    ]

    private static let ofTenants: Set<String> = [
        "addNoteForTenant", "autoMatchMembersForTenant", "createTenant", "createTenantConnection", "deleteTenant",
        "listCompaniesForTenant", "listMemberMappingsForTenant", "listPSABoardsForTenant", "listPSAMembersForTenant",
        "listRecentTicketsForTenant", "listTenants", "listTicketConfigurationsForTenant", "listTicketNotesForTenant",
        "listTicketStatusesForTenant", "listWorkRolesForTenant", "listWorkTypesForTenant", "logChangeForTenant",
        "logTimeForTenant", "saveMemberMappingsForTenant", "searchTicketsForTenant", "showTenant",
        "showTenantConnection", "showTenantPSA", "showTicketForTenant", "updateTenant", "updateTicketStatusForTenant",
    ]
}
