import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import WebSupport

/// The operations on connections to PSAs, their defaults and the rights of their API members.
/// - Parameters:
///   - publicURL: where the PSA reaches us.
///   - afterChange: called with a connection that was created or changed, to fetch what is shown of it.
public func psaConnectionRoutes(
    _ connections: PSAConnections, database: Database, queue: JobQueue, publicURL: String,
    now: @escaping @Sendable () -> Date = { Date() },
    afterChange: @escaping @Sendable (PSAConnection) async throws -> Void
) -> [Route] {
    let work = ConnectionWork(
        connections: connections, database: database, queue: queue, publicURL: publicURL, now: now,
        afterChange: afterChange)
    return connectionRoutes(work) + settingsRoutes(work) + tenantConnectionRoutes(work)
}

/// What the operations on connections have in common.
private struct ConnectionWork: Sendable {
    let connections: PSAConnections
    let database: Database
    let queue: JobQueue
    let publicURL: String
    let now: @Sendable () -> Date
    let afterChange: @Sendable (PSAConnection) async throws -> Void

    func answer(_ connection: PSAConnection, for principal: Principal) -> PSA.Connections.Answer {
        PSA.Connections.Answer(connection, publicURL: publicURL, for: principal.role)
    }

    func find(_ id: PSAConnection.ID, of organization: Organization.ID) async throws -> PSAConnection {
        guard let connection = try await connections.find(id, of: organization) else {
            throw Problem.notFound("connection")
        }
        return connection
    }

    /// One of the organization's, ready to be called.
    func live(_ id: PSAConnection.ID, of organization: Organization.ID) async throws -> LiveConnection {
        _ = try await find(id, of: organization)
        guard let live = try await connections.live(id) else { throw Problem.notFound("connection") }
        return live
    }

    /// A test that succeeded is the sign that what waits for the connection can go on.
    @Sendable func resume(_ connection: PSAConnection, _ db: Connection) throws {
        let group = PSAConnection.laneGroup(connection.id)
        try queue.resume(laneGroup: group, now: now(), in: db)
        try queue.hasten(laneGroup: group, now: now(), in: db)
        try connections.tell(.usable, of: connection, in: db)
    }

    func recording(_ action: String, _ request: SignedInRequest) -> PSAConnections.Recording {
        { old, new, db in
            let id = (new ?? old).map { "\($0.id)" } ?? ""
            try request.record(
                "psa_connection." + action, on: "PSA connection \(id)",
                before: old.map { answer($0, for: request.principal) },
                after: new.map { answer($0, for: request.principal) }, now: now(), in: db)
        }
    }

    func create(_ draft: PSAConnectionDraft, _ request: SignedInRequest) async throws -> PSA.Connections.Answer {
        let connection = try await request.recordingFailure(
            of: "psa_connection.create", on: draft.name, in: database, now: now()
        ) {
            try await connections.create(draft, for: request.principal.organization) { old, new, db in
                if old != nil, let new { try resume(new, db) }
                try recording("create", request)(old, new, db)
            }
        }
        try await afterChange(connection)
        return answer(connection, for: request.principal)
    }
}

private func connectionRoutes(_ work: ConnectionWork) -> [Route] {
    let connections = work.connections
    return [
        Route(PSA.Connections.list) { request in
            let principal = request.principal
            return try await connections.list(of: principal.organization, page: request.page()).map {
                work.answer($0, for: principal)
            }
        },
        Route(PSA.Connections.create, flag: .connectWise) { request in
            try await work.create(try await request.body().draft(), request.signedIn)
        },
        Route(PSA.Connections.show, of: "connection") { request in
            work.answer(
                try await work.find(request.place, of: request.principal.organization), for: request.principal)
        },
        Route(PSA.Connections.update, of: "connection", flag: .connectWise) { request in
            let id = request.place
            let change = try await request.body().change
            let connection = try await request.signedIn.recordingFailure(
                of: "psa_connection.update", on: "PSA connection \(id)", in: work.database, now: work.now()
            ) {
                try await connections.update(
                    id, of: request.principal.organization, with: change,
                    recorded: work.recording("update", request.signedIn), resume: work.resume)
            }
            guard let connection else { throw Problem.notFound("connection") }
            try await work.afterChange(connection)
            return work.answer(connection, for: request.principal)
        },
        Route(PSA.Connections.delete, of: "connection") { request in
            let isDeleted = try await connections.delete(
                request.place, of: request.principal.organization,
                recorded: work.recording("delete", request.signedIn))
            guard isDeleted else { throw Problem.notFound("connection") }
        },
        Route(PSA.Connections.test, of: "connection", flag: .connectWise) { request in
            let id = request.place
            let connection = try await request.signedIn.recordingFailure(
                of: "psa_connection.test", on: "PSA connection \(id)", in: work.database, now: work.now()
            ) {
                try await connections.test(id, of: request.principal.organization) { connection, db in
                    try work.resume(connection, db)
                    try request.record("psa_connection.test", on: "PSA connection \(id)", now: work.now(), in: db)
                }
            }
            guard let connection else { throw Problem.notFound("connection") }
            try await work.afterChange(connection)
            return work.answer(connection, for: request.principal)
        },
    ]
}

private func settingsRoutes(_ work: ConnectionWork) -> [Route] {
    let lists = PSALists(database: work.database, now: work.now)
    return [
        Route(PSA.Settings.show, of: "connection") { request in
            PSA.Settings.Answer(of: try await work.find(request.place, of: request.principal.organization))
        },
        Route(PSA.Settings.update, of: "connection", flag: .connectWise) { request in
            let (id, organization) = (request.place, request.principal.organization)
            let stored = try await work.find(id, of: organization)
            let live = try await work.live(id, of: organization)
            let body = try await request.body()
            let wanted = try body.settings(of: live.provider)
            let settings = try await asking {
                try await wanted.checked(since: stored.settings, on: live, against: lists)
            }
            let changed = try await work.connections.set(settings, replacing: body.version, of: id, organization) {
                old, new, db in
                try request.record(
                    "psa_connection.update_settings", on: "PSA connection \(id)", before: old?.settings,
                    after: new?.settings, now: work.now(), in: db)
            }
            guard let changed else { throw Problem.notFound("connection") }
            return PSA.Settings.Answer(of: changed)
        },
        Route(PSA.Rights.list, of: "connection", flag: .connectWise) { request in
            let live = try await work.live(request.place, of: request.principal.organization)
            let rights = try await asking { () throws(PSAError) in try await live.provider.rights() }
            return Few(rights.map(PSA.Rights.Answer.init))
        },
    ]
}

/// The same for a customer with its own PSA, by UCRManager's names.
private func tenantConnectionRoutes(_ work: ConnectionWork) -> [Route] {
    @Sendable func used(_ request: SignedInRequest) async throws -> PSAConnection? {
        try await work.connections.live(for: request.tenant?.id, of: request.principal.organization)?.connection
    }
    return [
        Route(PSA.Tenant.show, of: "tenant", reach: .tenants) { request in
            let organization = request.principal.organization
            let isOn = try await work.database.read {
                try FeatureFlagStore.isOn(.connectWise, for: organization, in: $0)
            }
            let connection = try await used(request.signedIn)
            return PSA.Tenant.Answer(
                enabled: isOn && connection != nil, connection: connection?.id,
                ownConnection: connection?.tenant != nil, company: request.tenant?.psaCompany)
        },
        Route(PSA.Tenant.showConnection, of: "tenant", flag: .connectWise) { request in
            guard let connection = try await used(request.signedIn) else { throw Problem.notFound("connection") }
            return work.answer(connection, for: request.principal)
        },
        Route(
            PSA.Tenant.createConnection, of: "tenant", flag: .connectWise,
            respond: { request in
                var draft = try await request.body().draft()
                draft.tenant = request.tenant?.id
                // The one that was in use is disabled.
                draft.replaces = true
                let answer = try await work.create(draft, request.signedIn)
                var response = Response.json(answer, status: .created)
                response.headers[.location] = "/api/v1/integrations/psa/connections/\(answer.id)"
                return response
            }),
    ]
}
