import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation

extension ConnectionFamily {
    /// To ticketing systems.
    public static let psa = ConnectionFamily("psa", table: "psa_connections", column: "psa_connection_id")
}

/// Stored credentials to one ticketing system, without the credentials themselves.
public struct PSAConnection: Sendable, Equatable, RowDecodable {
    /// The type of a connection's key.
    public typealias ID = PSA.Connections.ID

    /// The key.
    public let id: ID
    /// Whose it is.
    public let organization: Organization.ID
    /// The customer whose own it is; nil for the MSP's.
    public let tenant: Tenant.ID?
    /// Which kind of system: `connectwise`.
    public let provider: String
    /// As people call it.
    public let name: String
    /// Host, or host and port.
    public let site: String
    /// The company name typed on the login screen.
    public let company: String
    /// Part of the callback address; identifies the connection.
    public let hookKey: String
    /// Hints at the credentials, for people who compare.
    public let hints: Hints
    /// Whether it is used at all.
    public let isActive: Bool
    /// Its state.
    public let state: ConnectionState
    /// Why it is paused.
    public let stateReason: String?
    /// When a test last succeeded.
    public let lastValidatedAt: Date?
    /// What happened before is stored silently.
    public let baselineAt: Date
    /// When the last callback arrived, accurate to some seconds.
    public let lastHookAt: Date?
    /// Since when it has sent no callbacks although it should have; nil while it does.
    public let silentSince: Date?
    /// What applies where a request says nothing else.
    public let settings: PSASettings
    /// Grows with each change of the settings.
    public let settingsVersion: Int
    /// When it was made.
    public let createdAt: Date

    /// Six bullets and the last four characters of each credential.
    public struct Hints: Sendable, Equatable {
        /// Of the public key.
        public let publicKey: String
        /// Of the private key.
        public let privateKey: String
        /// Of the client id.
        public let clientID: String
    }

    /// Reads a row of `psa_connections`.
    public init(row: Row) throws {
        id = try row["id"]
        organization = try row["organization_id"]
        tenant = try row["tenant_id"]
        provider = try row["provider"]
        name = try row["name"]
        site = try row["site"]
        company = try row["company"]
        hookKey = try row["hook_key"]
        hints = Hints(
            publicKey: try row["public_key_hint"], privateKey: try row["private_key_hint"],
            clientID: try row["client_id_hint"])
        isActive = try row["active"]
        state = try row["state"]
        stateReason = try row["state_reason"]
        lastValidatedAt = try row["last_validated_at"]
        baselineAt = try row["baseline_at"]
        lastHookAt = try row["last_hook_at"]
        silentSince = try row["silent_since"]
        let stored: String? = try row["settings"]
        settings = try stored.map { try JSONDecoder().decode(PSASettings.self, from: Data($0.utf8)) } ?? PSASettings()
        settingsVersion = try row["settings_version"]
        createdAt = try row["created_at"]
    }

    /// The group of all job lanes that read from a connection.
    public static func laneGroup(_ id: ID) -> String { ConnectionFamily.psa(id).laneGroup }
}

/// What a ticketing system is called with.
public struct PSACredentials: Sendable, Equatable, Codable {
    /// Names the API member's key.
    public var publicKey: String
    /// Its secret.
    public var privateKey: String
    /// Names this integration to ConnectWise.
    public var clientID: String

    /// Collects them.
    public init(publicKey: String, privateKey: String, clientID: String) {
        self.publicKey = publicKey
        self.privateKey = privateKey
        self.clientID = clientID
    }
}

/// Where a ticketing system is and with what it is called: all that a provider is made of.
public struct PSATarget: Sendable, Equatable {
    /// The connection; nil while it is tested before it is saved.
    public let connection: PSAConnection.ID?
    /// Host, or host and port.
    public let site: String
    /// The company name typed on the login screen.
    public let company: String
    /// The credentials.
    public let credentials: PSACredentials
    /// The address of the key that last verified a callback; nil before the first one.
    public let callbackKey: String?

    /// Collects them.
    public init(
        connection: PSAConnection.ID?, site: String, company: String, credentials: PSACredentials,
        callbackKey: String? = nil
    ) {
        self.connection = connection
        self.site = site
        self.company = company
        self.credentials = credentials
        self.callbackKey = callbackKey
    }

    /// What is called to test a connection before it is saved.
    init(_ draft: PSAConnectionDraft) throws {
        guard let credentials = draft.credentials else {
            throw DatabaseError.statement("a connection without credentials is not tested")
        }
        self.init(connection: nil, site: draft.site, company: draft.company, credentials: credentials)
    }
}

/// A connection in use.
public struct LiveConnection: Sendable {
    /// What is stored of it.
    public let connection: PSAConnection
    /// Speaks to its ticketing system.
    public let provider: any PSAProvider
    /// Checks what claims to come from there.
    public let callbacks: any CallbackVerifier
}

/// Tells real callbacks from forged ones.
public protocol CallbackVerifier: Sendable {
    /// Checks a callback's signature over its raw body.
    /// - Parameters:
    ///   - keyURL: where the callback itself says the signing key is; not to be trusted.
    ///   - isAddressed: whether it came to the connection's own address, which strangers do not know.
    func verify(body: Data, signature: String, keyURL: String, isAddressed: Bool) async -> CallbackVerdict
}

/// Whether a callback is real.
public enum CallbackVerdict: Sendable, Equatable {
    case genuine
    /// It is not, and why. For the log only: the reason may hold what the ticketing system answered.
    case forged(String)
    /// It cannot be verified at the moment, with the reason, also for the log only.
    case unknown(String)
}
