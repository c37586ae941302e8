import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Hummingbird
import Jobs
import Outbound
import Sealing
import StandardWebhooks
import Ticketing
import WebSupport

/// The operations on chat connections.
/// - Parameter afterChange: called with a connection that was made, changed or tested, to fetch its rooms.
func chatConnectionRoutes(
    _ connections: ChatConnections, database: Database, queue: JobQueue, now: @escaping @Sendable () -> Date,
    afterChange: @escaping @Sendable (ChatConnection) async throws -> Void
) -> [Route] {
    let path = "/integrations/chat/connections"
    // A test that succeeded is the sign that what waits for the connection can go on.
    @Sendable func resume(_ id: ChatConnection.ID, _ db: Connection) throws {
        try queue.resume(laneGroup: ChatConnection.laneGroup(id), now: now(), in: db)
    }
    @Sendable func recording(_ action: String, _ request: SignedInRequest) -> ChatConnections.Recording {
        { old, new, db in
            let id = (new ?? old).map { "\($0.id)" } ?? ""
            try request.record(
                "chat_connection." + action, on: "chat connection \(id)",
                before: old.map { ChatConnectionAnswer($0, for: request.principal.role) },
                after: new.map { ChatConnectionAnswer($0, for: request.principal.role) }, now: now(), in: db)
        }
    }
    return [
        Route(.get, path, .viewer, "Lists the chat connections", gives: .page(ChatConnectionAnswer.self)) { request in
            .json(
                try await connections.list(of: request.principal.organization, page: request.page()).map {
                    ChatConnectionAnswer($0, for: request.principal.role)
                })
        },
        Route(
            .post, path, .admin, "Tests and saves a new chat connection", takes: NewChatConnection.self,
            gives: .made(ChatConnectionAnswer.self)
        ) { request in
            let body = try await request.body(NewChatConnection.self)
            let draft = try body.draft()
            let connection = try await request.recordingFailure(
                of: "chat_connection.create", on: draft.name, in: database, now: now()
            ) {
                try await connections.create(
                    draft, for: request.principal.organization, recorded: recording("create", request))
            }
            try await afterChange(connection)
            // A secret that we made is shown this once.
            let secret = body.token == nil ? draft.token : nil
            var response = Response.json(
                ChatConnectionAnswer(connection, for: request.principal.role, secret: secret), status: .created)
            response.headers[.location] = "/api/v1\(path)/\(connection.id)"
            return response
        },
        Route(.get, path + "/{id}", .viewer, "Shows a chat connection", gives: .one(ChatConnectionAnswer.self)) {
            request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            guard let connection = try await connections.find(id, of: request.principal.organization) else {
                throw Problem.notFound("chat connection")
            }
            return .json(ChatConnectionAnswer(connection, for: request.principal.role))
        },
        Route(
            .patch, path + "/{id}", .admin, "Changes a chat connection, testing it first where that matters",
            takes: ChatConnectionChange.self, gives: .one(ChatConnectionAnswer.self)
        ) {
            request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            let body = try await request.body(ChatConnectionChange.self)
            let connection = try await request.recordingFailure(
                of: "chat_connection.update", on: "chat connection \(id)", in: database, now: now()
            ) {
                try await connections.update(
                    id, of: request.principal.organization, name: body.name, url: body.url, token: body.token,
                    isActive: body.active, recorded: recording("update", request), resume: resume)
            }
            guard let connection else { throw Problem.notFound("chat connection") }
            try await afterChange(connection)
            return .json(ChatConnectionAnswer(connection, for: request.principal.role))
        },
        Route(
            .delete, path + "/{id}", .admin, "Removes a chat connection with its recipients and rules", gives: .nothing
        ) { request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            guard
                try await connections.delete(
                    id, of: request.principal.organization, recorded: recording("delete", request))
            else {
                throw Problem.notFound("chat connection")
            }
            return Response(status: .noContent)
        },
        Route(
            .post, path + "/{id}/rotate-secret", .admin, "Gives a webhook a new secret; for a day both sign",
            gives: .one(ChatConnectionAnswer.self)
        ) {
            request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            guard
                let (connection, secret) = try await connections.rotateSecret(
                    of: id, request.principal.organization, recorded: recording("rotate_secret", request))
            else { throw Problem.notFound("chat connection") }
            return .json(ChatConnectionAnswer(connection, for: request.principal.role, secret: secret))
        },
        Route(
            .post, path + "/{id}/test", .admin, "Tests a stored chat connection; what waited for it goes on",
            gives: .one(ChatConnectionAnswer.self)
        ) {
            request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            let connection = try await request.recordingFailure(
                of: "chat_connection.test", on: "chat connection \(id)", in: database, now: now()
            ) {
                try await connections.test(id, of: request.principal.organization) { id, db in
                    try resume(id, db)
                    try request.record("chat_connection.test", on: "chat connection \(id)", now: now(), in: db)
                }
            }
            guard let connection else { throw Problem.notFound("chat connection") }
            try await afterChange(connection)
            return .json(ChatConnectionAnswer(connection, for: request.principal.role))
        },
    ]
}

// Addresses as long as browsers take them, and tokens that hold more than a name.
private let chatLengths = ["name": 100, "url": 2_000, "token": 2_000]

private struct NewChatConnection: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case provider, name, url, token
    }

    static let lengths = chatLengths

    let provider: String?
    let name: String
    let url: String?
    let token: String?

    func draft() throws(Problem) -> ChatConnectionDraft {
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

private struct ChatConnectionChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, url, token, active
    }

    static let lengths = chatLengths

    let name: String?
    let url: String?
    let token: String?
    let active: Bool?
}

private struct ChatConnectionAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, provider, name, url, active, state, secret
        case tokenHint = "token_hint"
        case botName = "bot_name"
        case botEmail = "bot_email"
        case stateReason = "state_reason"
        case lastValidatedAt = "last_validated_at"
        case createdAt = "created_at"
    }

    let id: ChatConnection.ID
    let provider: ChatConnection.Provider
    let name: String
    let url: String
    let active: Bool
    let state: ConnectionState
    let tokenHint: String
    let botName: String?
    let botEmail: String?
    let stateReason: String?
    let lastValidatedAt: Date?
    let createdAt: Date
    /// Only when it was just made.
    let secret: SecretText?

    /// - Parameter reader: who is told; the address of a webhook is a secret of many receivers, so only administrators see
    ///   more of it than the host.
    init(_ connection: ChatConnection, for reader: Role, secret: String? = nil) {
        self.secret = secret.map(SecretText.init)
        id = connection.id
        provider = connection.provider
        name = connection.name
        url =
            connection.provider == .webex || reader >= .admin
            ? connection.url
            : (WebAddress(connection.url)?.origin ?? "") + "/" + Hint(of: connection.url).description
        active = connection.isActive
        state = connection.state
        tokenHint = connection.tokenHint
        botName = connection.botName
        botEmail = connection.botEmail
        stateReason = connection.stateReason
        lastValidatedAt = connection.lastValidatedAt
        createdAt = connection.createdAt
    }
}
