import API
import Accounts
import BoundaryText
import Connections
import Foundation
import Sealing
import WebSupport

struct EnabledAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case enabled
        case connection = "connection_id"
        case isOwn = "own"
        case company = "psa_company_id"
    }

    let enabled: Bool
    let connection: PSAConnection.ID?
    let isOwn: Bool
    let company: String?
}

struct RightList: Encodable {
    let items: [RightAnswer]
}

struct RightAnswer: Codable, Sendable {
    let setting: String
    let purpose: String?
    let needed: Bool
    let finding: RightCheck.Finding
    let detail: String?

    init(_ check: RightCheck) {
        setting = check.setting
        purpose = check.purpose
        needed = check.purpose != nil
        finding = check.finding
        detail = check.detail
    }
}

struct PSAConnectionAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, provider, name, site, company, active, state
        case tenant = "tenant_id"
        case stateReason = "state_reason"
        case lastHookAt = "last_hook_at"
        case silentSince = "silent_since"
        case lastValidatedAt = "last_validated_at"
        case baselineAt = "baseline_at"
        case publicKeyHint = "public_key_hint"
        case privateKeyHint = "private_key_hint"
        case clientIDHint = "client_id_hint"
        case hookURL = "hook_url"
        case createdAt = "created_at"
    }

    let id: PSAConnection.ID
    let tenant: Tenant.ID?
    let provider: String
    let name: String
    let site: String
    let company: String
    let active: Bool
    let state: String
    let stateReason: String?
    let lastHookAt: Date?
    let silentSince: Date?
    let lastValidatedAt: Date?
    let baselineAt: Date
    let publicKeyHint: String
    let privateKeyHint: String
    let clientIDHint: String
    let hookURL: String
    let createdAt: Date

    /// - Parameter reader: who is told; only administrators see the key of the hooks' address.
    init(_ connection: PSAConnection, publicURL: String, for reader: Role) {
        id = connection.id
        tenant = connection.tenant
        provider = connection.provider
        name = connection.name
        site = connection.site
        company = connection.company
        active = connection.isActive
        // It answers, but it is not well: shown as such wherever the state is.
        if connection.state == .ok, connection.silentSince != nil {
            state = "silent"
            stateReason = "It changes tickets without calling us; catch-up finds the changes, some minutes late."
        } else {
            state = connection.state.rawValue
            stateReason = connection.stateReason
        }
        lastHookAt = connection.lastHookAt
        silentSince = connection.silentSince
        lastValidatedAt = connection.lastValidatedAt
        baselineAt = connection.baselineAt
        publicKeyHint = connection.hints.publicKey
        privateKeyHint = connection.hints.privateKey
        clientIDHint = connection.hints.clientID
        let key = reader >= .admin ? connection.hookKey : Hint(of: connection.hookKey).description
        hookURL = "\(publicURL)/hooks/cw/tickets?c=\(key)&recordId="
        createdAt = connection.createdAt
    }
}
