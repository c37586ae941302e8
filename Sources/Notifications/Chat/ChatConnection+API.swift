import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import HTTPTypes
import Jobs
import Outbound
import Sealing
import StandardWebhooks
import Ticketing
import WebSupport

/// The operations on chat connections.
/// - Parameter afterChange: called with a connection that was made, changed or tested, to fetch its rooms.
func chatConnectionRoutes(
    _ connections: ChatConnectionStore, database: Database, queue: JobQueue, now: @escaping @Sendable () -> Date,
    afterChange: @escaping @Sendable (ChatConnection) async throws -> Void
) -> [Route] {
    // A test that succeeded is the sign that what waits for the connection can go on.
    @Sendable func resume(_ id: ChatConnection.ID, _ db: Connection) throws {
        try queue.resume(laneGroup: ChatConnection.laneGroup(id), now: now(), in: db)
    }
    typealias Answer = API.ChatConnections.Answer
    @Sendable func recording<Place, Query, Body>(
        _ action: String, _ request: OperationRequest<Place, Query, Body>
    ) -> ChatConnectionStore.Recording {
        { old, new, db in
            let id = (new ?? old).map { "\($0.id)" } ?? ""
            try request.record(
                "chat_connection." + action, on: "chat connection \(id)",
                before: old.map { Answer($0, for: request.principal.role) },
                after: new.map { Answer($0, for: request.principal.role) }, now: now(), in: db)
        }
    }
    return [
        Route(API.ChatConnections.list) { request in
            try await connections.list(of: request.principal.organization, page: request.page()).map {
                Answer($0, for: request.principal.role)
            }
        },
        Route(API.ChatConnections.create) { request in
            let body = try await request.body()
            let draft = try body.draft()
            let connection = try await request.signedIn.recordingFailure(
                of: "chat_connection.create", on: draft.name, in: database, now: now()
            ) {
                try await connections.create(
                    draft, for: request.principal.organization, recorded: recording("create", request))
            }
            try await afterChange(connection)
            // A secret that Patchbay generated is shown this once.
            let secret = body.token == nil ? draft.token : nil
            return Answer(connection, for: request.principal.role, secret: secret)
        },
        Route(API.ChatConnections.show, of: "chat connection") { request in
            guard let connection = try await connections.find(request.place, of: request.principal.organization) else {
                throw Problem.notFound("chat connection")
            }
            return Answer(connection, for: request.principal.role)
        },
        Route(API.ChatConnections.update, of: "chat connection") { request in
            let id = request.place
            let body = try await request.body()
            let connection = try await request.signedIn.recordingFailure(
                of: "chat_connection.update", on: "chat connection \(id)", in: database, now: now()
            ) {
                try await connections.update(
                    id, of: request.principal.organization, name: body.name, url: body.url, token: body.token,
                    isActive: body.enabled, recorded: recording("update", request), resume: resume)
            }
            guard let connection else { throw Problem.notFound("chat connection") }
            try await afterChange(connection)
            return Answer(connection, for: request.principal.role)
        },
        Route(API.ChatConnections.delete, of: "chat connection") { request in
            guard
                try await connections.delete(
                    request.place, of: request.principal.organization, recorded: recording("delete", request))
            else {
                throw Problem.notFound("chat connection")
            }
        },
        Route(API.ChatConnections.rotateSecret, of: "chat connection") { request in
            guard
                let (connection, secret) = try await connections.rotateSecret(
                    of: request.place, request.principal.organization, recorded: recording("rotate_secret", request))
            else { throw Problem.notFound("chat connection") }
            return Answer(connection, for: request.principal.role, secret: secret)
        },
        Route(API.ChatConnections.test, of: "chat connection") { request in
            let id = request.place
            let connection = try await request.signedIn.recordingFailure(
                of: "chat_connection.test", on: "chat connection \(id)", in: database, now: now()
            ) {
                try await connections.test(id, of: request.principal.organization) { id, db in
                    try resume(id, db)
                    try request.record("chat_connection.test", on: "chat connection \(id)", now: now(), in: db)
                }
            }
            guard let connection else { throw Problem.notFound("chat connection") }
            try await afterChange(connection)
            return Answer(connection, for: request.principal.role)
        },
    ]
}

extension API.ChatConnections.New {
    fileprivate func draft() throws(Problem) -> ChatConnectionDraft {
        let known = ChatConnection.Provider(rawValue: provider ?? ChatConnection.Provider.webex.rawValue)
        guard let known else {
            let all = ChatConnection.Provider.allCases.map(\.rawValue).joined(separator: " or ")
            throw .invalid([.init(field: "provider", code: "wrong_value", message: "must be \(all).")])
        }
        switch known {
        case .webex:
            guard let token else {
                throw .badRequest(
                    code: "wrong_type", "token is required.",
                    errors: [.init(field: "token", code: "required", message: "is required")])
            }
            return ChatConnectionDraft(name: name, url: url ?? "https://webexapis.com", token: token)
        case .webhook:
            guard let url else {
                throw .badRequest(
                    code: "wrong_type", "url is required.",
                    errors: [.init(field: "url", code: "required", message: "is required")])
            }
            return ChatConnectionDraft(
                provider: .webhook, name: name, url: url, token: token ?? WebhookSecret.generate().text)
        }
    }
}

extension API.ChatConnections.Answer {
    /// - Parameter reader: who sees it; the address of a webhook is a secret of many receivers, so only administrators
    ///   see more of it than the host.
    fileprivate init(_ connection: ChatConnection, for reader: Role, secret: String? = nil) {
        self.init(
            id: connection.id, provider: connection.provider, name: connection.name,
            url: connection.provider == .webex || reader >= .admin
                ? connection.url
                : (WebAddress(connection.url)?.origin ?? "") + "/" + Hint(of: connection.url).description,
            enabled: connection.isActive, state: Open(connection.state.rawValue), tokenHint: connection.tokenHint,
            botName: connection.botName, botEmail: connection.botEmail, stateReason: connection.stateReason,
            lastValidatedAt: connection.lastValidatedAt, createdAt: connection.createdAt,
            secret: secret.map(SecretText.init))
    }
}
