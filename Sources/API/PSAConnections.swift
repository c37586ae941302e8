import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

extension PSA {
    /// Connections: stored credentials to one PSA each.
    public enum Connections {
        /// The type of a connection's key.
        public typealias ID = RowID<Connections>

        /// Whether a connection works.
        public enum State: String, Sendable, CaseIterable, Codable {
            /// Not used yet.
            case untested
            case ok
            /// The PSA rejects us, or the credentials cannot be opened; the connection says why.
            case paused
            /// It works, but changes tickets without calling us.
            case silent
        }

        /// A connection, without its credentials.
        public struct Answer: Codable, Sendable, Identifiable {
            public enum CodingKeys: String, CodingKey, CaseIterable {
                case id, provider, name, site, company, enabled, state
                case tenant = "tenant_id"
                case stateReason = "state_reason"
                case lastCallbackAt = "last_callback_at"
                case silentSince = "silent_since"
                case lastValidatedAt = "last_validated_at"
                case baselineAt = "baseline_at"
                case publicKeyHint = "public_key_hint"
                case privateKeyHint = "private_key_hint"
                case clientIDHint = "client_id_hint"
                case callbackURL = "callback_url"
                case createdAt = "created_at"
            }

            public var id: ID
            /// The customer whose own it is; nil for the organization's.
            public var tenant: Tenants.ID?
            public var provider: String
            public var name: String
            public var site: String
            public var company: String
            public var enabled: Bool
            public var state: Open<State>
            public var stateReason: String?
            public var lastCallbackAt: Date?
            public var silentSince: Date?
            public var lastValidatedAt: Date?
            /// Changes before it are ignored.
            public var baselineAt: Date
            public var publicKeyHint: String
            public var privateKeyHint: String
            public var clientIDHint: String
            /// Only administrators see all of it.
            public var callbackURL: String
            public var createdAt: Date

            public init(
                id: ID, tenant: Tenants.ID?, provider: String, name: String, site: String, company: String,
                enabled: Bool, state: State, stateReason: String?, lastCallbackAt: Date?, silentSince: Date?,
                lastValidatedAt: Date?, baselineAt: Date, publicKeyHint: String, privateKeyHint: String,
                clientIDHint: String, callbackURL: String, createdAt: Date
            ) {
                self.id = id
                self.tenant = tenant
                self.provider = provider
                self.name = name
                self.site = site
                self.company = company
                self.enabled = enabled
                self.state = .known(state)
                self.stateReason = stateReason
                self.lastCallbackAt = lastCallbackAt
                self.silentSince = silentSince
                self.lastValidatedAt = lastValidatedAt
                self.baselineAt = baselineAt
                self.publicKeyHint = publicKeyHint
                self.privateKeyHint = privateKeyHint
                self.clientIDHint = clientIDHint
                self.callbackURL = callbackURL
                self.createdAt = createdAt
            }
        }

        /// What creating one takes.
        public struct New: JSONBody {
            public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
                case provider, name, site, company
                case publicKey = "public_key"
                case privateKey = "private_key"
                case clientID = "client_id"
            }

            public static let lengths = ["name": 100]

            /// `connectwise` when left out.
            public let provider: String?
            public let name: String
            public let site: String
            public let company: String
            public let publicKey: String
            public let privateKey: String
            public let clientID: String
        }

        /// What changing one takes; what is missing stays.
        public struct Change: JSONBody {
            public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
                case name, site, company, enabled
                case publicKey = "public_key"
                case privateKey = "private_key"
                case clientID = "client_id"
                case baselineAt = "baseline_at"
            }

            public static let lengths = ["name": 100]

            public let name: String?
            public let site: String?
            public let company: String?
            public let enabled: Bool?
            public let publicKey: String?
            public let privateKey: String?
            public let clientID: String?
            public let baselineAt: Date?
        }

        private static let path = "/integrations/psa/connections"

        public static let list = Operation(
            "listPSAConnections", .get, path, .viewer, .connections, "List PSA connections", gives: Page<Answer>.self)
        public static let create = Operation(
            "createPSAConnection", .post, path, .admin, .connections, "Create a PSA connection", takes: New.self,
            gives: Answer.self, success: .created)
        public static let show = Operation(
            "showPSAConnection", .get, path + "/{id}", .viewer, .connections, "Show a PSA connection", at: ID.self,
            gives: Answer.self)
        public static let update = Operation(
            "updatePSAConnection", .patch, path + "/{id}", also: [Alias(.put, path + "/{id}")], .admin, .connections,
            "Update a PSA connection", at: ID.self, takes: Change.self, gives: Answer.self)
        public static let delete = Operation(
            "deletePSAConnection", .delete, path + "/{id}", .admin, .connections, "Delete a PSA connection",
            at: ID.self)
        public static let test = Operation(
            "testPSAConnection", .post, path + "/{id}/test", .admin, .connections, "Test a PSA connection",
            at: ID.self, gives: Answer.self)
    }

    /// Defaults of a connection: what applies to writes unless a request says otherwise.
    public enum Settings {
        /// The longest time that one entry may have: a day, in minutes.
        public static let longestTime = 1_440

        /// The status that a ticket on a board gets after a change.
        public struct BoardStatus: Codable, Sendable, Hashable {
            public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
                case board = "board_id"
                case status = "status_id"
                case name = "status_name"
            }

            public var board: String
            public var status: String
            public var name: String

            public init(board: String, status: String, name: String) {
                self.board = board
                self.status = status
                self.name = name
            }
        }

        /// The defaults.
        public struct Answer: Codable, Sendable {
            public typealias CodingKeys = Change.CodingKeys

            public var minutes: Int
            public var workRole: Reference?
            public var workType: Reference?
            /// In whose name users without a mapping write; nil for the API member.
            public var member: Reference?
            public var noteType: Open<NoteType>
            public var boardStatuses: [BoardStatus]
            /// Whether logging a change also updates the status.
            public var updatesStatus: Bool
            public var version: Int

            public init(
                minutes: Int, workRole: Reference?, workType: Reference?, member: Reference?, noteType: NoteType,
                boardStatuses: [BoardStatus], updatesStatus: Bool, version: Int
            ) {
                self.minutes = minutes
                self.workRole = workRole
                self.workType = workType
                self.member = member
                self.noteType = .known(noteType)
                self.boardStatuses = boardStatuses
                self.updatesStatus = updatesStatus
                self.version = version
            }
        }

        /// All of the defaults, to replace those that are stored.
        public struct Change: JSONBody {
            public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
                case minutes = "default_minutes"
                case workRole = "work_role"
                case workType = "work_type"
                case member
                case noteType = "note_type"
                case boardStatuses = "board_statuses"
                case updatesStatus = "auto_update_status"
                case version
            }

            public static let ranges = ["default_minutes": 1...longestTime]

            public let minutes: Int
            public let workRole: Reference?
            public let workType: Reference?
            public let member: Reference?
            public let noteType: NoteType
            public let boardStatuses: [BoardStatus]
            public let updatesStatus: Bool
            /// The version that these replace; any when left out.
            public let version: Int?
        }

        private static let path = "/integrations/psa/connections/{id}/settings"

        public static let show = Operation(
            "showPSASettings", .get, path, .viewer, .connections, "Show a PSA connection's defaults",
            at: Connections.ID.self, gives: Answer.self)
        public static let update = Operation(
            "updatePSASettings", .put, path, .admin, .connections, "Update a PSA connection's defaults",
            at: Connections.ID.self, takes: Change.self, gives: Answer.self)
    }

    /// Rights of the API member.
    public enum Rights {
        /// What a harmless call showed about a right.
        public enum Finding: String, Sendable, Codable, CaseIterable {
            case granted
            case missing
            /// The call showed nothing.
            case unknown
        }

        /// A right.
        public struct Answer: Codable, Sendable {
            public enum CodingKeys: String, CodingKey, CaseIterable {
                case setting, purpose, needed, finding, detail
            }

            /// Its name in the PSA, such as `Service Desk › Service Tickets › Edit: All`.
            public var setting: String
            /// What Patchbay does with it; nil for a right that it does not need.
            public var purpose: String?
            public var needed: Bool
            public var finding: Open<Finding>
            public var detail: String?

            public init(setting: String, purpose: String?, needed: Bool, finding: Finding, detail: String?) {
                self.setting = setting
                self.purpose = purpose
                self.needed = needed
                self.finding = .known(finding)
                self.detail = detail
            }
        }

        public static let list = Operation(
            "listPSARights", .get, "/integrations/psa/connections/{id}/rights", .admin, .connections,
            "List the API member's rights", at: Connections.ID.self, gives: Few<Answer>.self)
    }

    /// What a customer uses of the PSA.
    public enum Tenant {
        /// Which connection a customer uses.
        public struct Answer: Codable, Sendable {
            public enum CodingKeys: String, CodingKey, CaseIterable {
                case enabled
                case connection = "connection_id"
                case ownConnection = "own_connection"
                case company = "psa_company_id"
            }

            public var enabled: Bool
            public var connection: Connections.ID?
            /// Whether it is the customer's own, not the organization's.
            public var ownConnection: Bool
            public var company: String?

            public init(enabled: Bool, connection: Connections.ID?, ownConnection: Bool, company: String?) {
                self.enabled = enabled
                self.connection = connection
                self.ownConnection = ownConnection
                self.company = company
            }
        }

        private static let path = "/tenants/{tenant}/connectwise"

        public static let show = Operation(
            "showTenantPSA", .get, path + "/enabled", .viewer, .tickets, "Show which PSA connection a customer uses",
            at: Tenants.ID.self, gives: Answer.self)
        public static let showConnection = Operation(
            "showTenantConnection", .get, path + "/credentials", .admin, .connections,
            "Show a customer's PSA connection", at: Tenants.ID.self, gives: Connections.Answer.self)
        public static let createConnection = Operation(
            "createTenantConnection", .post, path + "/credentials", .admin, .connections,
            "Create a customer's own PSA connection", at: Tenants.ID.self, takes: Connections.New.self,
            gives: Connections.Answer.self, success: .created)
    }
}
