import BoundaryText

/// A part of the API that a key can be limited to, for reading alone or for writing as well. Every operation belongs to one.
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
}
