import Accounts
import BoundaryText
import Connections
import Database
import Sealing
import Ticketing
import WebSupport

/// What is sealed of chat connections, and what becomes of one whose token no secret opens.
extension ChatConnections {
    static func identity(_ id: ChatConnection.ID) -> String { "chat_connection:\(id)" }
    static func previousIdentity(_ id: ChatConnection.ID) -> String { "chat_connection:\(id):previous" }

    /// - Throws: 422 when nothing opens it, so that it is needed again.
    func openToken(_ row: Row, of id: ChatConnection.ID) throws -> String {
        do {
            return try sealer.open(try row["sealed_token"], for: Self.identity(id))
        } catch is SealingError {
            throw Problem.invalid([
                .init(
                    field: "token", code: "required", message: "is required again: the stored one cannot be decrypted.")
            ])
        }
    }

    /// Marks the connections whose token no secret opens, so that everybody sees why they stand still.
    public func pauseUnopened() async throws {
        try await database.write { db in
            for row in try db.all("SELECT id, sealed_token FROM chat_connections") {
                let id: ChatConnection.ID = try row["id"]
                do {
                    _ = try self.sealer.open(try row["sealed_token"], for: Self.identity(id))
                } catch let error as SealingError {
                    try ConnectionFamily.chat.record(.paused, reason: error.description, of: id, in: db)
                }
            }
        }
    }

    /// The one before signs no more: who enters another one may do so because it is known to others.
    func store(_ token: String, of id: ChatConnection.ID, in db: Connection) throws {
        let sealed = try sealer.seal(token, for: Self.identity(id))
        try db.execute(
            """
            UPDATE chat_connections SET sealed_token = \(sealed), token_hint = \(Hint(of: token).description),
                sealed_previous_token = NULL, previous_until = NULL
            WHERE id = \(id)
            """)
    }

    /// What is sealed of chat connections.
    public static let sealedColumns = [
        SealedColumn("chat_connections", "sealed_token") { identity(ChatConnection.ID($0)) },
        SealedColumn("chat_connections", "sealed_previous_token") { previousIdentity(ChatConnection.ID($0)) },
    ]
}
