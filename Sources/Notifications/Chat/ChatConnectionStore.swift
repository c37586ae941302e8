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
import Synchronization
import Ticketing
import WebSupport

extension Alert.Kind {
    /// A chat connection was switched off because it takes nothing any more.
    static let chatDisabled = Alert.Kind(rawValue: "disabled")
}

/// Making, finding, testing, changing and removing chat connections, and keeping the messengers in use at hand.
public final class ChatConnectionStore: Sendable {
    /// Makes what speaks to a chat system.
    public typealias Factory = @Sendable (ChatTarget) -> any Messenger

    // Long enough to adopt the new secret during a working day.
    private static let rotationTime: TimeInterval = 86_400

    let database: Database
    let sealer: Sealer
    private let factory: Factory
    private let now: @Sendable () -> Date
    private let cache = ConnectionCache<ChatConnection.ID, any Messenger>()

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
    public func followChanges() async { await cache.followChanges(in: database) }

    /// What speaks to a connection's chat system; nil when the connection is gone.
    public func messenger(_ id: ChatConnection.ID) async throws -> (any Messenger)? {
        try await cache.live(id) {
            let row = try await database.read { db in
                try db.first("SELECT * FROM chat_connections WHERE id = \(id)")
            }
            guard let row else { return nil }
            do {
                return factory(try target(row))
            } catch let error as SealingError {
                return UnusableMessenger(reason: error.description)
            }
        }
    }

    private func target(_ row: Row) throws -> ChatTarget {
        let id: ChatConnection.ID = try row["id"]
        let (sealed, until): (String?, Date?) = (try row["sealed_previous_token"], try row["previous_until"])
        var previous: (token: String, until: Date)?
        // Without the secret of before the present one still signs.
        if let sealed, let until, let token = try? sealer.open(sealed, for: Self.previousIdentity(id)) {
            previous = (token, until)
        }
        return ChatTarget(
            connection: id, provider: try row["provider"], url: try row["url"],
            token: try sealer.open(try row["sealed_token"], for: Self.identity(id)), previous: previous)
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

    /// Runs in the transaction that changes a connection, with its old and its new state.
    public typealias Recording = @Sendable (ChatConnection?, ChatConnection?, Connection) throws -> Void

    /// Saves a new connection after its test succeeded.
    public func create(
        _ draft: ChatConnectionDraft, for organization: Organization.ID, recorded: @escaping Recording = { _, _, _ in }
    ) async throws -> ChatConnection {
        let draft = try Self.validated(draft)
        let identity = try await identity(of: draft)
        return try await database.write { db in
            let connection = try self.insert(draft, for: organization, identity: identity, in: db)
            try recorded(nil, connection, db)
            return connection
        }
    }

    /// Saves a connection that the configuration names, untested: the chat system may be down when we start.
    public func keep(_ draft: ChatConnectionDraft, for organization: Organization.ID) async throws -> ChatConnection {
        let draft = try Self.validated(draft)
        return try await database.write { db in
            // Servers that start together would each find none.
            try Self.lockChanges(of: organization, in: db)
            let present = try db.first(
                """
                SELECT * FROM chat_connections WHERE organization_id = \(organization)
                    AND provider = \(draft.provider) AND url = \(draft.url) ORDER BY id LIMIT 1
                """)
            guard let present else { return try self.insert(draft, for: organization, identity: nil, in: db) }
            let connection = try ChatConnection(row: present)
            let token = try? self.sealer.open(try present["sealed_token"], for: Self.identity(connection.id))
            guard token != draft.token || !connection.isActive else { return connection }
            return try self.store(draft, in: connection, identity: nil, in: db)
        }
    }

    /// Changes a connection; tests it first when address or token change.
    /// - Parameter resume: runs in the transaction when a test has just succeeded.
    /// - Returns: nil when there is no such connection.
    public func update(
        _ id: ChatConnection.ID, of organization: Organization.ID, name: String?, url: String?, token: String?,
        isActive: Bool?, recorded: @escaping Recording = { _, _, _ in },
        resume: @escaping @Sendable (ChatConnection.ID, Connection) throws -> Void = { _, _ in }
    ) async throws -> ChatConnection? {
        let isTested = url != nil || token != nil
        let selection = Self.selection(id, of: organization)
        @Sendable func wanted(_ row: Row) throws -> (ChatConnection, ChatConnectionDraft) {
            let connection = try ChatConnection(row: row)
            if let url, url != connection.url, token == nil {
                // Otherwise anyone who may edit a connection could send the stored token to a host of their own.
                throw Problem.invalid([
                    .init(field: "token", code: "required", message: "is required again when the url changes.")
                ])
            }
            let draft = ChatConnectionDraft(
                provider: connection.provider, name: name ?? connection.name, url: url ?? connection.url,
                token: isTested ? try token ?? openToken(row, of: id) : nil, isActive: isActive ?? connection.isActive)
            return (connection, try Self.validated(draft))
        }
        guard let row = try await database.read({ try $0.first(selection) }) else { return nil }
        let (_, tested) = try wanted(row)
        let identity = isTested ? try await identity(of: tested) : nil
        return try await database.write { db in
            // Changes that someone else made during the test stay.
            try Self.lockChanges(of: organization, in: db)
            guard let row = try db.first(selection) else { return nil }
            let (connection, draft) = try wanted(row)
            guard !isTested || (draft.url, draft.token) == (tested.url, tested.token) else {
                throw Problem.conflict(
                    code: "edit_conflict", "The connection was changed while it was being tested. Try again.")
            }
            let stored = try self.store(draft, in: connection, identity: identity, in: db)
            if identity != nil { try resume(id, db) }
            try recorded(connection, stored, db)
            return stored
        }
    }

    private static func lockChanges(of organization: Organization.ID, in db: Connection) throws {
        try db.lock("chat_connections:\(organization)")
    }

    private static func selection(_ id: ChatConnection.ID, of organization: Organization.ID) -> SQL {
        "SELECT * FROM chat_connections WHERE id = \(id) AND organization_id = \(organization)"
    }

    /// Gives a webhook a new secret. For a day both sign.
    /// - Returns: the connection and the secret, which is never shown again; nil when there is no such connection.
    public func rotateSecret(
        of id: ChatConnection.ID, _ organization: Organization.ID, recorded: @escaping Recording = { _, _, _ in }
    ) async throws -> (connection: ChatConnection, secret: String)? {
        let selection = Self.selection(id, of: organization)
        let until = now().addingTimeInterval(Self.rotationTime)
        return try await database.write { db in
            // Of two at once, each gets a secret that signs: the first one's is the second one's previous.
            try Self.lockChanges(of: organization, in: db)
            guard let row = try db.first(selection) else { return nil }
            guard try row["provider"] as ChatConnection.Provider == .webhook else {
                throw Problem.conflict(
                    code: "not_a_webhook",
                    "Only the secret of a webhook can be rotated. Change the token of this connection instead.")
            }
            // One that nothing opens signs no more anyway.
            let old = try? self.sealer.open(try row["sealed_token"], for: Self.identity(id))
            let sealedOld = try old.map { try self.sealer.seal($0, for: Self.previousIdentity(id)) }
            let secret = WebhookSecret.generate().text
            try self.store(secret, of: id, in: db)
            try db.execute(
                """
                UPDATE chat_connections SET sealed_previous_token = \(orNull: sealedOld), previous_until = \(until)
                WHERE id = \(id)
                """)
            db.signal(.connections)
            let stored = try Self.stored(id, in: db)
            try recorded(try ChatConnection(row: row), stored, db)
            return (stored, secret)
        }
    }

    /// Removes a connection with its recipients and their rules.
    /// - Returns: false when there is no such connection.
    public func delete(
        _ id: ChatConnection.ID, of organization: Organization.ID, recorded: @escaping Recording = { _, _, _ in }
    ) async throws -> Bool {
        let instant = now()
        return try await database.write { db in
            let old = try db.first(
                "DELETE FROM chat_connections WHERE id = \(id) AND organization_id = \(organization) RETURNING *",
                as: ChatConnection.self)
            guard let old else { return false }
            _ = try Alert.end(.chatDisabled, on: Self.subject(id), of: organization, now: instant, in: db)
            db.signal(.connections)
            try recorded(old, nil, db)
            return true
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
                UPDATE chat_connections SET state = \(ConnectionState.ok), state_reason = NULL,
                    bot_name = \(identity.name), bot_email = \(orNull: identity.email), last_validated_at = \(instant)
                WHERE id = \(id)
                """)
            try resume(id, db)
            db.signal(.connections)
            return try Self.stored(id, in: db)
        }
    }

    /// Disables a connection because it no longer accepts messages, and notifies the administrators.
    /// - Returns: the jobs that notify them.
    static func disable(
        _ id: ChatConnection.ID, reason: String, now: Date, in db: Connection
    ) throws -> [NewJob] {
        let connection: ChatConnection? = try db.first(
            """
            UPDATE chat_connections SET active = 0, state = \(ConnectionState.paused), state_reason = \(reason)
            WHERE id = \(id) AND active = 1 RETURNING *
            """)
        guard let connection else { return [] }
        db.signal(.connections)
        return try Alert.raise(
            .chatDisabled, on: subject(id), of: connection.organization,
            title: "\(connection.name) is disabled.",
            words: "\(reason.hasSuffix(".") ? reason : reason + ".") Enable it again when the problem is solved.",
            now: now,
            in: db)
    }

    private static func subject(_ id: ChatConnection.ID) -> String { "chat_connection:\(id)" }

    private func identity(of draft: ChatConnectionDraft) async throws -> BotIdentity {
        guard let token = draft.token else {
            throw DatabaseError.statement("a connection without a token is not tested")
        }
        return try await identity(
            of: factory(
                ChatTarget(connection: nil, provider: draft.provider, url: draft.url, token: token, previous: nil)))
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
                case .gone: ("url", "gone")
                }
            throw Problem(
                .unprocessableContent, code: "connection_failed", title: "The connection test failed",
                detail: "\(error)".utf8.hasSuffix(".") ? "\(error)" : "\(error).",
                errors: [.init(field: field, code: code, message: error.description)])
        }
    }

    private func insert(
        _ draft: ChatConnectionDraft, for organization: Organization.ID, identity: BotIdentity?, in db: Connection
    ) throws -> ChatConnection {
        guard let token = draft.token else { throw DatabaseError.statement("a new connection has no token") }
        let instant = now()
        let validated = identity == nil ? nil : instant
        let id: ChatConnection.ID? = try db.first(
            """
            INSERT INTO chat_connections (
                organization_id, provider, name, url, token_hint, bot_name, bot_email, state, last_validated_at,
                created_at)
            VALUES (
                \(organization), \(draft.provider), \(draft.name), \(draft.url), \(Hint(of: token).description),
                \(orNull: identity?.name), \(orNull: identity?.email),
                \(identity == nil ? ConnectionState.untested : .ok), \(orNull: validated), \(instant))
            RETURNING id
            """)?["id"]
        guard let id else { throw DatabaseError.statement("a new connection has no id") }
        try store(token, of: id, in: db)
        db.signal(.connections)
        return try Self.stored(id, in: db)
    }

    private func store(
        _ draft: ChatConnectionDraft, in connection: ChatConnection, identity: BotIdentity?, in db: Connection
    ) throws -> ChatConnection {
        let (id, instant) = (connection.id, now())
        try db.execute(
            """
            UPDATE chat_connections SET name = \(draft.name), url = \(draft.url), active = \(draft.isActive)
            WHERE id = \(id)
            """)
        // Whoever switches it on knows.
        if draft.isActive {
            _ = try Alert.end(.chatDisabled, on: Self.subject(id), of: connection.organization, now: instant, in: db)
        }
        if let token = draft.token { try store(token, of: id, in: db) }
        if let identity {
            try db.execute(
                """
                UPDATE chat_connections SET bot_name = \(identity.name), bot_email = \(orNull: identity.email),
                    failing_since = NULL, state = \(ConnectionState.ok), state_reason = NULL, last_validated_at = \(instant)
                WHERE id = \(id)
                """)
        }
        db.signal(.connections)
        return try Self.stored(id, in: db)
    }

    private static func validated(_ draft: ChatConnectionDraft) throws(Problem) -> ChatConnectionDraft {
        var draft = draft
        // A base to which paths are added; an endpoint's address is taken as it is.
        if draft.provider == .webex { while draft.url.utf8.hasSuffix("/") { draft.url.removeLast() } }
        var errors: [Problem.FieldError] = []
        if !(1...100).contains(draft.name.unicodeScalars.count) {
            errors.append(.init(field: "name", code: "length", message: "must have 1 to 100 characters."))
        }
        let (isToken, tokenMessage, example): (Bool, String, String) =
            switch draft.provider {
            case .webex:
                (
                    draft.token.map { !$0.isEmpty && !$0.unicodeScalars.contains(where: \.properties.isWhitespace) }
                        ?? true,
                    "must be the bot's access token.", "https://webexapis.com"
                )
            case .webhook:
                (
                    draft.token.map { WebhookSecret($0) != nil } ?? true,
                    "must be whsec_ and base64 of 24 to 64 bytes, or left out.",
                    "https://receiver.example/patchbay"
                )
            }
        if !isToken { errors.append(.init(field: "token", code: "wrong_value", message: tokenMessage)) }
        let address = WebAddress(draft.url)
        // Paths are put behind Webex's address; a query in it would swallow them.
        let isWhole = draft.provider == .webhook || address?.query == nil
        if address?.hasFragment ?? true || !isWhole {
            errors.append(.init(field: "url", code: "wrong_value", message: "must be a URL such as \(example)."))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return draft
    }

    private static func stored(_ id: ChatConnection.ID, in db: Connection) throws -> ChatConnection {
        guard let connection = try db.first("SELECT * FROM chat_connections WHERE id = \(id)", as: ChatConnection.self)
        else { throw DatabaseError.statement("chat connection \(id) is gone") }
        return connection
    }
}
