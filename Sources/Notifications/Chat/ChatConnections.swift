import Accounts
import Database
import Foundation
import HTTPTypes
import Sealing
import Synchronization
import Ticketing
import WebSupport

/// Making, finding, testing, changing and removing chat connections, and keeping the messengers in use at hand.
public final class ChatConnections: Sendable {
    /// Makes what speaks to a chat system: its address, a token, and the connection's key, nil while it is being tested.
    public typealias Factory = @Sendable (_ url: String, _ token: String, ChatConnection.ID?) -> any Messenger

    private let database: Database
    private let sealer: Sealer
    private let factory: Factory
    private let now: @Sendable () -> Date
    private let cache = Mutex(Cache())

    private struct Cache {
        var messengers: [ChatConnection.ID: any Messenger] = [:]
        /// Grows when everything is forgotten: what was read before is not kept after.
        var generation = 0
    }

    /// - Parameters:
    ///   - factory: makes messengers.
    ///   - now: the wall clock.
    public init(
        database: Database, sealer: Sealer, factory: @escaping Factory, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.sealer = sealer
        self.factory = factory
        self.now = now
    }

    /// Forgets what is at hand whenever a connection changes, here or on another server; runs until cancelled.
    public func followChanges() async {
        for await _ in database.signals(.connections) {
            cache.withLock { $0 = Cache(generation: $0.generation + 1) }
        }
    }

    /// What speaks to a connection's chat system; nil when the connection is gone.
    public func messenger(_ id: ChatConnection.ID) async throws -> (any Messenger)? {
        let (present, generation) = cache.withLock { ($0.messengers[id], $0.generation) }
        if let present { return present }
        let row = try await database.read { db in
            try db.first("SELECT url, sealed_token FROM chat_connections WHERE id = \(id)")
        }
        guard let row else { return nil }
        let messenger = factory(try row["url"], try sealer.open(try row["sealed_token"], for: Self.identity(id)), id)
        return cache.withLock { cache in
            if let first = cache.messengers[id] { return first }
            if cache.generation == generation { cache.messengers[id] = messenger }
            return messenger
        }
    }

    /// An organization's connections.
    public func list(of organization: Organization.ID, page: PageRequest) async throws -> Page<ChatConnection> {
        let rows = try await database.read { db in
            try db.all(
                """
                SELECT * FROM chat_connections WHERE organization_id = \(organization)
                    AND id > \(page.after?.number ?? 0) ORDER BY id LIMIT \(page.limit + 1)
                """, as: ChatConnection.self)
        }
        return Page(rows, limit: page.limit) { "\($0.id)" }
    }

    /// One of an organization's connections; nil when there is no such.
    public func find(_ id: ChatConnection.ID, of organization: Organization.ID) async throws -> ChatConnection? {
        try await database.read { db in
            try db.first("SELECT * FROM chat_connections WHERE id = \(id) AND organization_id = \(organization)")
        }
    }

    /// Saves a new connection after its test succeeded.
    public func create(_ draft: ChatConnectionDraft, for organization: Organization.ID) async throws -> ChatConnection {
        let draft = try Self.validated(draft)
        return try await insert(draft, for: organization, identity: try await identity(of: draft))
    }

    /// Saves a connection that the configuration names, untested: the chat system may be down when we start.
    public func keep(_ draft: ChatConnectionDraft, for organization: Organization.ID) async throws -> ChatConnection {
        let draft = try Self.validated(draft)
        let present = try await database.read { db in
            try db.first(
                """
                SELECT * FROM chat_connections WHERE organization_id = \(organization)
                    AND provider = \(draft.provider) AND url = \(draft.url) ORDER BY id LIMIT 1
                """)
        }
        guard let present else { return try await insert(draft, for: organization, identity: nil) }
        let connection = try ChatConnection(row: present)
        let token = try? sealer.open(try present["sealed_token"], for: Self.identity(connection.id))
        guard token != draft.token || !connection.isActive else { return connection }
        return try await store(draft, in: connection, identity: nil)
    }

    /// Changes a connection; tests it first when address or token change.
    /// - Parameter resume: runs in the transaction when a test has just succeeded.
    /// - Returns: nil when there is no such connection.
    public func update(
        _ id: ChatConnection.ID, of organization: Organization.ID, name: String?, url: String?, token: String?,
        isActive: Bool?, resume: @escaping @Sendable (ChatConnection.ID, Connection) throws -> Void = { _, _ in }
    ) async throws -> ChatConnection? {
        let row = try await database.read { db in
            try db.first("SELECT * FROM chat_connections WHERE id = \(id) AND organization_id = \(organization)")
        }
        guard let row else { return nil }
        let connection = try ChatConnection(row: row)
        if let url, url != connection.url, token == nil {
            // Otherwise whoever may edit a connection could send the stored token to a host of his own.
            throw Problem.invalid([
                .init(field: "token", code: "required", message: "is needed again when the url changes.")
            ])
        }
        let stored = try sealer.open(try row["sealed_token"], for: Self.identity(id))
        let draft = try Self.validated(
            ChatConnectionDraft(
                provider: connection.provider, name: name ?? connection.name, url: url ?? connection.url,
                token: token ?? stored, isActive: isActive ?? connection.isActive))
        let identity = url != nil || token != nil ? try await identity(of: draft) : nil
        return try await store(draft, in: connection, identity: identity, resume: resume)
    }

    /// Removes a connection with its recipients and their rules.
    /// - Returns: false when there is no such connection.
    public func delete(_ id: ChatConnection.ID, of organization: Organization.ID) async throws -> Bool {
        try await database.write { db in
            db.signal(.connections)
            return try db.execute(
                "DELETE FROM chat_connections WHERE id = \(id) AND organization_id = \(organization)") > 0
        }
    }

    /// Tests a stored connection. What was waiting for it goes on at once when it succeeds.
    /// - Returns: nil when there is no such connection.
    public func test(
        _ id: ChatConnection.ID, of organization: Organization.ID,
        resume: @escaping @Sendable (ChatConnection.ID, Connection) throws -> Void
    ) async throws -> ChatConnection? {
        guard try await find(id, of: organization) != nil, let messenger = try await messenger(id) else { return nil }
        let identity = try await identity(of: messenger)
        let instant = now()
        return try await database.write { db in
            try db.execute(
                """
                UPDATE chat_connections SET state = \(PSAConnection.State.ok), state_reason = NULL,
                    bot_name = \(identity.name), bot_email = \(orNull: identity.email), last_validated_at = \(instant)
                WHERE id = \(id)
                """)
            try resume(id, db)
            db.signal(.connections)
            return try Self.stored(id, in: db)
        }
    }

    /// Records in a job's transaction how it stands with the chat system.
    static func record(
        _ state: PSAConnection.State, reason: String?, of id: ChatConnection.ID, in db: Connection
    ) throws {
        try db.send(
            """
            UPDATE chat_connections SET state = \(state), state_reason = \(orNull: reason)
            WHERE id = \(id) AND state <> \(state)
            """)
    }

    private func identity(of draft: ChatConnectionDraft) async throws -> BotIdentity {
        try await identity(of: factory(draft.url, draft.token, nil))
    }

    private func identity(of messenger: any Messenger) async throws -> BotIdentity {
        do {
            return try await messenger.identity()
        } catch {
            let (field, code): (String, String) =
                switch error {
                case .authentication, .refused: ("token", "credentials")
                case .wait, .failed: ("url", "network")
                case .notAllowed: ("url", "host")
                }
            throw Problem(
                .unprocessableContent, code: "connection_failed", title: "The connection test failed",
                detail: "\(error)".hasSuffix(".") ? "\(error)" : "\(error).",
                errors: [.init(field: field, code: code, message: error.description)])
        }
    }

    private func insert(
        _ draft: ChatConnectionDraft, for organization: Organization.ID, identity: BotIdentity?
    ) async throws -> ChatConnection {
        let (instant, sealer) = (now(), sealer)
        let validated = identity == nil ? nil : instant
        return try await database.write { db in
            let id: ChatConnection.ID? = try db.first(
                """
                INSERT INTO chat_connections (
                    organization_id, provider, name, url, token_hint, bot_name, bot_email, state, last_validated_at,
                    created_at)
                VALUES (
                    \(organization), \(draft.provider), \(draft.name), \(draft.url), \(Hint(of: draft.token).description),
                    \(orNull: identity?.name), \(orNull: identity?.email),
                    \(identity == nil ? PSAConnection.State.untested : .ok), \(orNull: validated), \(instant))
                RETURNING id
                """)?["id"]
            guard let id else { throw DatabaseError.statement("a new connection has no id") }
            let sealed = try sealer.seal(draft.token, for: Self.identity(id))
            try db.execute("UPDATE chat_connections SET sealed_token = \(sealed) WHERE id = \(id)")
            db.signal(.connections)
            return try Self.stored(id, in: db)
        }
    }

    private func store(
        _ draft: ChatConnectionDraft, in connection: ChatConnection, identity: BotIdentity?,
        resume: @escaping @Sendable (ChatConnection.ID, Connection) throws -> Void = { _, _ in }
    ) async throws -> ChatConnection {
        let (id, instant) = (connection.id, now())
        let sealed = try sealer.seal(draft.token, for: Self.identity(id))
        return try await database.write { db in
            try db.execute(
                """
                UPDATE chat_connections SET name = \(draft.name), url = \(draft.url), sealed_token = \(sealed),
                    token_hint = \(Hint(of: draft.token).description), active = \(draft.isActive) WHERE id = \(id)
                """)
            if let identity {
                try db.execute(
                    """
                    UPDATE chat_connections SET bot_name = \(identity.name), bot_email = \(orNull: identity.email),
                        state = \(PSAConnection.State.ok), state_reason = NULL, last_validated_at = \(instant)
                    WHERE id = \(id)
                    """)
                try resume(id, db)
            }
            db.signal(.connections)
            return try Self.stored(id, in: db)
        }
    }

    private static func validated(_ draft: ChatConnectionDraft) throws(Problem) -> ChatConnectionDraft {
        var draft = draft
        while draft.url.hasSuffix("/") { draft.url.removeLast() }
        var errors: [Problem.FieldError] = []
        if draft.provider != "webex" {
            errors.append(.init(field: "provider", code: "wrong_value", message: "must be webex."))
        }
        if !(1...100).contains(draft.name.count) {
            errors.append(.init(field: "name", code: "length", message: "must have 1 to 100 characters."))
        }
        if draft.token.isEmpty || draft.token.contains(where: \.isWhitespace) {
            errors.append(.init(field: "token", code: "wrong_value", message: "must be the bot's access token."))
        }
        if URL(string: draft.url)?.host() == nil {
            errors.append(
                .init(field: "url", code: "wrong_value", message: "must be a URL such as https://webexapis.com."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return draft
    }

    private static func identity(_ id: ChatConnection.ID) -> String { "chat_connection:\(id)" }

    private static func stored(_ id: ChatConnection.ID, in db: Connection) throws -> ChatConnection {
        guard let connection = try db.first("SELECT * FROM chat_connections WHERE id = \(id)", as: ChatConnection.self)
        else { throw DatabaseError.statement("chat connection \(id) is gone") }
        return connection
    }
}
