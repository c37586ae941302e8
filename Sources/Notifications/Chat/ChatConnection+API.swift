import Accounts
import Database
import Foundation
import Hummingbird
import Jobs
import Ticketing
import WebSupport

/// The operations on chat connections.
/// - Parameter afterChange: called with a connection that was made, changed or tested, to fetch its rooms.
func chatConnectionRoutes(
    _ connections: ChatConnections, queue: JobQueue, now: @escaping @Sendable () -> Date,
    afterChange: @escaping @Sendable (ChatConnection) async throws -> Void
) -> [Route] {
    let path = "/integrations/chat/connections"
    // A test that succeeded is the sign that what waits for the connection can go on.
    @Sendable func resume(_ id: ChatConnection.ID, _ db: Connection) throws {
        try queue.resume(laneGroup: ChatConnection.laneGroup(id), now: now(), in: db)
    }
    return [
        Route(.get, path, .viewer, "Lists the chat connections") { request in
            .json(
                try await connections.list(of: request.principal.organization, page: request.page()).map(
                    ChatConnectionAnswer.init))
        },
        Route(.post, path, .admin, "Tests and saves a new chat connection") { request in
            let body = try await request.body(NewChatConnection.self)
            let draft = ChatConnectionDraft(
                provider: body.provider ?? "webex", name: body.name, url: body.url ?? "https://webexapis.com",
                token: body.token)
            let connection = try await connections.create(draft, for: request.principal.organization)
            try await afterChange(connection)
            var response = Response.json(ChatConnectionAnswer(connection), status: .created)
            response.headers[.location] = "/api/v1\(path)/\(connection.id)"
            return response
        },
        Route(.get, path + "/{id}", .viewer, "Shows a chat connection") { request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            guard let connection = try await connections.find(id, of: request.principal.organization) else {
                throw Problem.notFound("chat connection")
            }
            return .json(ChatConnectionAnswer(connection))
        },
        Route(.patch, path + "/{id}", .admin, "Changes a chat connection, testing it first where that matters") {
            request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            let body = try await request.body(ChatConnectionChange.self)
            let connection = try await connections.update(
                id, of: request.principal.organization, name: body.name, url: body.url, token: body.token,
                isActive: body.active, resume: resume)
            guard let connection else { throw Problem.notFound("chat connection") }
            try await afterChange(connection)
            return .json(ChatConnectionAnswer(connection))
        },
        Route(.delete, path + "/{id}", .admin, "Removes a chat connection with its recipients and rules") { request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            guard try await connections.delete(id, of: request.principal.organization) else {
                throw Problem.notFound("chat connection")
            }
            return Response(status: .noContent)
        },
        Route(.post, path + "/{id}/test", .admin, "Tests a stored chat connection; what waited for it goes on") {
            request in
            let id: ChatConnection.ID = try request.id(of: "chat connection")
            let connection = try await connections.test(id, of: request.principal.organization, resume: resume)
            guard let connection else { throw Problem.notFound("chat connection") }
            try await afterChange(connection)
            return .json(ChatConnectionAnswer(connection))
        },
    ]
}

private struct NewChatConnection: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case provider, name, url, token
    }

    let provider: String?
    let name: String
    let url: String?
    let token: String
}

private struct ChatConnectionChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, url, token, active
    }

    let name: String?
    let url: String?
    let token: String?
    let active: Bool?
}

private struct ChatConnectionAnswer: Encodable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, provider, name, url, active, state
        case tokenHint = "token_hint"
        case botName = "bot_name"
        case botEmail = "bot_email"
        case stateReason = "state_reason"
        case lastValidatedAt = "last_validated_at"
        case createdAt = "created_at"
    }

    let id: ChatConnection.ID
    let provider: String
    let name: String
    let url: String
    let active: Bool
    let state: PSAConnection.State
    let tokenHint: String
    let botName: String?
    let botEmail: String?
    let stateReason: String?
    let lastValidatedAt: Date?
    let createdAt: Date

    init(_ connection: ChatConnection) {
        id = connection.id
        provider = connection.provider
        name = connection.name
        url = connection.url
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
