import Accounts
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import WebSupport

/// The operations on connections to ticketing systems.
/// - Parameters:
///   - publicURL: where the ticketing system reaches us.
///   - afterChange: called with a connection that was made or changed, to fetch what is shown of it.
public func psaConnectionRoutes(
    _ connections: PSAConnections, database: Database, queue: JobQueue, publicURL: String,
    now: @escaping @Sendable () -> Date = { Date() },
    afterChange: @escaping @Sendable (PSAConnection) async throws -> Void
) -> [Route] {
    let path = "/integrations/psa/connections"
    @Sendable func answer(_ connection: PSAConnection) -> PSAConnectionAnswer {
        PSAConnectionAnswer(connection, publicURL: publicURL)
    }
    // A test that succeeded is the sign that what waits for the connection can go on.
    @Sendable func resume(_ connection: PSAConnection, _ db: Connection) throws {
        for group in [PSAConnection.laneGroup(connection.id), PSAConnection.postGroup(connection.id)] {
            try queue.resume(laneGroup: group, now: now(), in: db)
            try queue.hasten(laneGroup: group, now: now(), in: db)
        }
    }
    @Sendable func recording(_ action: String, _ request: SignedInRequest) -> PSAConnections.Recording {
        { old, new, db in
            let id = (new ?? old).map { "\($0.id)" } ?? ""
            try request.record(
                "psa_connection." + action, on: "PSA connection \(id)", before: old.map(answer), after: new.map(answer),
                now: now(), in: db)
        }
    }
    @Sendable func create(
        _ draft: PSAConnectionDraft, _ request: SignedInRequest
    ) async throws -> PSAConnection {
        let connection = try await request.recordingFailure(
            of: "psa_connection.create", on: draft.name, in: database, now: now()
        ) {
            try await connections.create(draft, for: request.principal.organization) { old, new, db in
                if old != nil, let new { try resume(new, db) }
                try recording("create", request)(old, new, db)
            }
        }
        try await afterChange(connection)
        return connection
    }
    @Sendable func change(_ request: SignedInRequest) async throws -> Response {
        let id: PSAConnection.ID = try request.id(of: "connection")
        let change = try await request.body(PSAConnectionChangeBody.self).change
        let connection = try await request.recordingFailure(
            of: "psa_connection.update", on: "PSA connection \(id)", in: database, now: now()
        ) {
            try await connections.update(
                id, of: request.principal.organization, with: change, recorded: recording("update", request),
                resume: resume)
        }
        guard let connection else { throw Problem.notFound("connection") }
        try await afterChange(connection)
        return .json(answer(connection))
    }
    return [
        Route(.get, path, .viewer, "Lists the connections to ticketing systems", gives: .page(PSAConnectionAnswer.self))
        { request in
            .json(try await connections.list(of: request.principal.organization, page: request.page()).map(answer))
        },
        Route(
            .post, path, .admin, "Tests and saves a new connection", takes: NewPSAConnection.self,
            gives: .made(PSAConnectionAnswer.self), flag: .connectWise
        ) { request in
            let draft = try await request.body(NewPSAConnection.self).draft()
            let connection = try await create(draft, request)
            return .made(answer(connection), at: "/api/v1\(path)/\(connection.id)")
        },
        Route(.get, path + "/{id}", .viewer, "Shows a connection", gives: .one(PSAConnectionAnswer.self)) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard let connection = try await connections.find(id, of: request.principal.organization) else {
                throw Problem.notFound("connection")
            }
            return .json(answer(connection))
        },
        Route(
            .patch, path + "/{id}", .admin, "Changes a connection, testing it first where that matters",
            takes: PSAConnectionChangeBody.self, gives: .one(PSAConnectionAnswer.self),
            flag: .connectWise, handle: change),
        Route(
            .put, path + "/{id}", .admin, "The same; keys that are left out stay as they are",
            takes: PSAConnectionChangeBody.self, gives: .one(PSAConnectionAnswer.self),
            flag: .connectWise, handle: change),
        Route(.delete, path + "/{id}", .admin, "Removes a connection and what was mirrored of it", gives: .nothing) {
            request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard
                try await connections.delete(
                    id, of: request.principal.organization, recorded: recording("delete", request))
            else {
                throw Problem.notFound("connection")
            }
            return Response(status: .noContent)
        },
        Route(
            .post, path + "/{id}/test", .admin, "Tests a stored connection; what waited for it goes on",
            gives: .one(PSAConnectionAnswer.self), flag: .connectWise
        ) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            let connection = try await request.recordingFailure(
                of: "psa_connection.test", on: "PSA connection \(id)", in: database, now: now()
            ) {
                try await connections.test(id, of: request.principal.organization) { connection, db in
                    try resume(connection, db)
                    try request.record("psa_connection.test", on: "PSA connection \(id)", now: now(), in: db)
                }
            }
            guard let connection else { throw Problem.notFound("connection") }
            try await afterChange(connection)
            return .json(answer(connection))
        },
        Route(
            .get, path + "/{id}/settings", .viewer, "Shows what applies to writes where a request says nothing else",
            gives: .one(PSASettingsBody.self)
        ) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard let connection = try await connections.find(id, of: request.principal.organization) else {
                throw Problem.notFound("connection")
            }
            return .json(PSASettingsBody(connection.settings))
        },
        Route(
            .put, path + "/{id}/settings", .admin, "Sets what applies to writes where a request says nothing else",
            takes: PSASettingsBody.self, gives: .one(PSASettingsBody.self), flag: .connectWise
        ) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard try await connections.find(id, of: request.principal.organization) != nil,
                let live = try await connections.live(id)
            else { throw Problem.notFound("connection") }
            let settings = try await request.body(PSASettingsBody.self).settings(of: live.provider)
            let changed = try await connections.set(settings, of: id, request.principal.organization) { old, new, db in
                try request.record(
                    "psa_connection.settings", on: "PSA connection \(id)", before: old?.settings, after: new?.settings,
                    now: now(), in: db)
            }
            guard let changed else { throw Problem.notFound("connection") }
            return .json(PSASettingsBody(changed.settings))
        },
        Route(
            .get, path + "/{id}/rights", .admin,
            "Tells which rights the API member has, lacks, and has without our needing them; changes nothing",
            gives: .list(RightAnswer.self), flag: .connectWise
        ) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard try await connections.find(id, of: request.principal.organization) != nil,
                let live = try await connections.live(id)
            else { throw Problem.notFound("connection") }
            let rights = try await asking { () throws(PSAError) in try await live.provider.rights() }
            return .json(RightList(items: rights.map(RightAnswer.init)))
        },
    ] + tenantConnectionRoutes(connections, database: database, create: create, answer: answer)
}

/// The same for a customer with a ticketing system of its own, under UCRManager's names.
private func tenantConnectionRoutes(
    _ connections: PSAConnections, database: Database,
    create: @escaping @Sendable (PSAConnectionDraft, SignedInRequest) async throws -> PSAConnection,
    answer: @escaping @Sendable (PSAConnection) -> PSAConnectionAnswer
) -> [Route] {
    let path = "/tenants/{tenant}/connectwise"
    @Sendable func used(_ request: SignedInRequest) async throws -> PSAConnection? {
        try await connections.live(for: request.tenant?.id, of: request.principal.organization)?.connection
    }
    return [
        Route(
            .get, path + "/enabled", .viewer, "Tells whether there is a ticketing system for the customer, and whose",
            gives: .one(EnabledAnswer.self), reach: .tenants
        ) { request in
            let organization = request.principal.organization
            let isOn = try await database.read { try FeatureFlags.isOn(.connectWise, for: organization, in: $0) }
            let connection = try await used(request)
            return .json(
                EnabledAnswer(
                    enabled: isOn && connection != nil, connection: connection?.id,
                    isOwn: connection?.tenant != nil, company: request.tenant?.psaCompany))
        },
        Route(
            .get, path + "/credentials", .admin, "Shows the connection that is used for the customer, without its keys",
            gives: .one(PSAConnectionAnswer.self), flag: .connectWise
        ) { request in
            guard let connection = try await used(request) else { throw Problem.notFound("connection") }
            return .json(answer(connection))
        },
        Route(
            .post, path + "/credentials", .admin,
            "Tests and saves a connection of the customer's own; the one before it is switched off",
            takes: NewPSAConnection.self, gives: .made(PSAConnectionAnswer.self), flag: .connectWise
        ) { request in
            var draft = try await request.body(NewPSAConnection.self).draft()
            draft.tenant = request.tenant?.id
            draft.replaces = true
            let connection = try await create(draft, request)
            return .made(answer(connection), at: "/api/v1/integrations/psa/connections/\(connection.id)")
        },
    ]
}

private struct EnabledAnswer: Codable, Sendable {
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

private struct RightList: Encodable {
    let items: [RightAnswer]
}

private struct RightAnswer: Codable, Sendable {
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

private struct PSASettingsBody: JSONBody, Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case minutes = "default_minutes"
        case workRole = "work_role"
        case workType = "work_type"
        case member
        case noteType = "note_type"
        case boardStatuses = "board_statuses"
        case movesStatus = "auto_update_status"
    }

    struct BoardStatus: Codable, Sendable {
        enum CodingKeys: String, CodingKey {
            case board = "board_id"
            case status = "status_id"
            case name = "status_name"
        }

        let board: String
        let status: String
        let name: String
    }

    let minutes: Int
    let workRole: ReferenceAnswer?
    let workType: ReferenceAnswer?
    let member: ReferenceAnswer?
    let noteType: NoteType
    let boardStatuses: [BoardStatus]
    let movesStatus: Bool

    init(_ settings: PSASettings) {
        func answer(_ choice: PSASettings.Choice?) -> ReferenceAnswer? {
            choice.map { ReferenceAnswer(id: $0.id, name: $0.name) }
        }
        minutes = settings.minutes
        workRole = answer(settings.workRole)
        workType = answer(settings.workType)
        member = answer(settings.member)
        noteType = settings.noteType
        boardStatuses = settings.boardStatuses.sorted { $0.key < $1.key }.map {
            BoardStatus(board: $0.key, status: $0.value.id, name: $0.value.name)
        }
        movesStatus = settings.movesStatus
    }

    func settings(of provider: any PSAProvider) throws(Problem) -> PSASettings {
        var checks = PostDraft.Checks()
        checks.require(
            (1...PSASettings.longestTime).contains(minutes), "default_minutes", "out_of_range",
            "must be from 1 to \(PSASettings.longestTime).")
        checks.require(
            Set(boardStatuses.map(\.board)).count == boardStatuses.count && boardStatuses.count <= 500,
            "board_statuses", "wrong_value", "must name each board once.")
        checks.key(workRole?.id, "work_role", provider)
        checks.key(workType?.id, "work_type", provider)
        checks.key(member?.id, "member", provider)
        for status in boardStatuses {
            checks.key(status.board, "board_statuses", provider)
            checks.key(status.status, "board_statuses", provider)
        }
        checks.require(
            ([workRole, workType, member].compactMap { $0?.name } + boardStatuses.map(\.name))
                .allSatisfy { $0.count <= 200 }, "name", "length", "may have at most 200 characters.")
        try checks.finish()
        var settings = PSASettings()
        func choice(_ answer: ReferenceAnswer?) -> PSASettings.Choice? {
            answer.map { .init(id: $0.id, name: $0.name) }
        }
        settings.minutes = minutes
        settings.workRole = choice(workRole)
        settings.workType = choice(workType)
        settings.member = choice(member)
        settings.noteType = noteType
        settings.boardStatuses = Dictionary(
            boardStatuses.map { ($0.board, .init(id: $0.status, name: $0.name)) }, uniquingKeysWith: { $1 })
        settings.movesStatus = movesStatus
        return settings
    }
}

private struct NewPSAConnection: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case provider, name, site, company
        case publicKey = "public_key"
        case privateKey = "private_key"
        case clientID = "client_id"
    }

    let provider: String?
    let name: String
    let site: String
    let company: String
    let publicKey: String
    let privateKey: String
    let clientID: String

    func draft() throws(Problem) -> PSAConnectionDraft {
        try PSAConnectionDraft(
            provider: provider ?? "connectwise", name: name, site: site, company: company,
            credentials: PSACredentials(publicKey: publicKey, privateKey: privateKey, clientID: clientID))
    }
}

private struct PSAConnectionChangeBody: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, site, company, active
        case publicKey = "public_key"
        case privateKey = "private_key"
        case clientID = "client_id"
        case baselineAt = "baseline_at"
    }

    let name: String?
    let site: String?
    let company: String?
    let active: Bool?
    let publicKey: String?
    let privateKey: String?
    let clientID: String?
    let baselineAt: Date?

    var change: PSAConnectionChange {
        PSAConnectionChange(
            name: name, site: site, company: company, publicKey: publicKey, privateKey: privateKey, clientID: clientID,
            isActive: active, baselineAt: baselineAt)
    }
}

private struct PSAConnectionAnswer: Codable, Sendable {
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

    init(_ connection: PSAConnection, publicURL: String) {
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
        hookURL = "\(publicURL)/hooks/cw/tickets?c=\(connection.hookKey)&recordId="
        createdAt = connection.createdAt
    }
}
