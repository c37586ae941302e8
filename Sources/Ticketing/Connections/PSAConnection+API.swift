import API
import Accounts
import BoundaryText
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
    let lists = PSALists(database: database, now: now)
    @Sendable func answer(_ connection: PSAConnection, _ request: SignedInRequest) -> PSAConnectionAnswer {
        PSAConnectionAnswer(connection, publicURL: publicURL, for: request.principal.role)
    }
    // A test that succeeded is the sign that what waits for the connection can go on.
    @Sendable func resume(_ connection: PSAConnection, _ db: Connection) throws {
        let group = PSAConnection.laneGroup(connection.id)
        try queue.resume(laneGroup: group, now: now(), in: db)
        try queue.hasten(laneGroup: group, now: now(), in: db)
        try connections.tell(.usable, of: connection, in: db)
    }
    @Sendable func recording(_ action: String, _ request: SignedInRequest) -> PSAConnections.Recording {
        { old, new, db in
            let id = (new ?? old).map { "\($0.id)" } ?? ""
            try request.record(
                "psa_connection." + action, on: "PSA connection \(id)", before: old.map { answer($0, request) },
                after: new.map { answer($0, request) }, now: now(), in: db)
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
        return .json(answer(connection, request))
    }
    return [
        Route(.get, path, .viewer, "Lists the connections to ticketing systems", gives: .page(PSAConnectionAnswer.self))
        { request in
            .json(
                try await connections.list(of: request.principal.organization, page: request.page()).map {
                    answer($0, request)
                })
        },
        Route(
            .post, path, .admin, "Tests and saves a new connection", takes: NewPSAConnection.self,
            gives: .made(PSAConnectionAnswer.self), flag: .connectWise
        ) { request in
            let draft = try await request.body(NewPSAConnection.self).draft()
            let connection = try await create(draft, request)
            return .made(answer(connection, request), at: "/api/v1\(path)/\(connection.id)")
        },
        Route(.get, path + "/{id}", .viewer, "Shows a connection", gives: .one(PSAConnectionAnswer.self)) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard let connection = try await connections.find(id, of: request.principal.organization) else {
                throw Problem.notFound("connection")
            }
            return .json(answer(connection, request))
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
            return .json(answer(connection, request))
        },
        Route(
            .get, path + "/{id}/settings", .viewer, "Shows what applies to writes where a request says nothing else",
            gives: .one(PSASettingsBody.self)
        ) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard let connection = try await connections.find(id, of: request.principal.organization) else {
                throw Problem.notFound("connection")
            }
            return .json(PSASettingsBody(of: connection))
        },
        Route(
            .put, path + "/{id}/settings", .admin,
            "Sets what applies to writes where a request says nothing else. With version, only if nobody changed it since",
            takes: PSASettingsBody.self, gives: .one(PSASettingsBody.self), flag: .connectWise
        ) { request in
            let id: PSAConnection.ID = try request.id(of: "connection")
            guard let stored = try await connections.find(id, of: request.principal.organization),
                let live = try await connections.live(id)
            else { throw Problem.notFound("connection") }
            let body = try await request.body(PSASettingsBody.self)
            let wanted = try body.settings(of: live.provider)
            let settings = try await asking {
                try await wanted.checked(since: stored.settings, on: live, against: lists)
            }
            let changed = try await connections.set(
                settings, replacing: body.version, of: id, request.principal.organization
            ) { old, new, db in
                try request.record(
                    "psa_connection.settings", on: "PSA connection \(id)", before: old?.settings, after: new?.settings,
                    now: now(), in: db)
            }
            guard let changed else { throw Problem.notFound("connection") }
            return .json(PSASettingsBody(of: changed))
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
    answer: @escaping @Sendable (PSAConnection, SignedInRequest) -> PSAConnectionAnswer
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
            let isOn = try await database.read { try FeatureFlagStore.isOn(.connectWise, for: organization, in: $0) }
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
            return .json(answer(connection, request))
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
            return .made(answer(connection, request), at: "/api/v1/integrations/psa/connections/\(connection.id)")
        },
    ]
}
