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
        try queue.resume(laneGroup: connection.laneGroup, now: now(), in: db)
    }
    @Sendable func recording(_ action: String, _ request: SignedInRequest) -> PSAConnections.Recording {
        { old, new, db in
            let id = (new ?? old).map { "\($0.id)" } ?? ""
            try request.record(
                "psa_connection." + action, on: "PSA connection \(id)", before: old.map(answer), after: new.map(answer),
                now: now(), in: db)
        }
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
            let connection = try await request.recordingFailure(
                of: "psa_connection.create", on: draft.name, in: database, now: now()
            ) {
                try await connections.create(
                    draft, for: request.principal.organization, recorded: recording("create", request))
            }
            try await afterChange(connection)
            var response = Response.json(answer(connection), status: .created)
            response.headers[.location] = "/api/v1\(path)/\(connection.id)"
            return response
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
            flag: .connectWise
        ) { request in
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
        },
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
    ]
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
