import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Logging
import Notifications
import Sealing
import Ticketing

/// What an installation consists of beside its servers: database, schema, secret, first administrator.
public enum Installation {
    /// All steps of the schema, in order. Append only.
    static let migrations: [Migration] = [
        Migration(1, "organizations, users, keys", accountsSchema),
        Migration(2, "jobs", jobSchema),
        Migration(3, "ticketing", ticketingSchema),
        Migration(4, "notifications", notificationsSchema),
        Migration(5, "sync", ticketingSyncSchema + syncSchema),
        Migration(6, "forwards", forwardSchema),
        Migration(7, "notices and retention", noticeSchema + Retention.schema),
        Migration(8, "webhooks", webhookSchema),
        Migration(9, "keys of organizations", keysOfOrganizationSchema),
        Migration(10, "identity and audit", identitySchema),
        Migration(11, "repeated requests", repetitionSchema),
        Migration(12, "tenants and limits", tenantSchema + rateLimitSchema),
        Migration(13, "write-back", ticketingWriteSchema),
        Migration(14, "names of members, held requests", memberNameSchema + repetitionHoldSchema),
        Migration(15, "keys of mapped members, scopes of posts", memberKeySchema + postScopeSchema),
        Migration(16, "times of posts, versions of settings", postTimeSchema + settingsVersionSchema),
        Migration(17, "who somebody is", bindingSchema + foreignMappingSchema),
    ]

    /// Opens the database that the configuration names.
    static func database(
        _ configuration: Configuration, exclusive: Bool = false, logger: Logger
    ) async throws -> Database {
        try await Database.open(configuration.database, exclusive: exclusive, logger: logger)
    }

    /// Brings the schema up to date.
    /// - Returns: the steps that were applied, in words.
    public static func migrate(_ configuration: Configuration, logger: Logger) async throws -> [String] {
        let database = try await database(configuration, logger: logger)
        do {
            let applied = try await database.migrate(migrations)
            try await AuditBacklog.record(in: database, now: Date())
            await database.close()
            return applied.map { "\($0.number): \($0.name)" }
        } catch {
            await database.close()
            throw error
        }
    }

    /// The secrets of the installation.
    /// - Throws: a ``SealingError`` that says what to do.
    public static func secrets(_ configuration: Configuration) throws -> [Secret] {
        if let given = configuration.secret { return try Secret.list(given) }
        return try SecretFile(path: configuration.secretFile).read()
    }

    /// What ``setUp(_:logger:)`` found and did.
    public struct SetUp: Sendable {
        /// The schema's number when steps were applied; nil when it was up to date.
        public let newSchema: Int?
        /// Where a new secret was put; nil when there was one.
        public let newSecretFile: String?
        /// The administrator's e-mail.
        public let administrator: String
        /// Whether the administrator is new.
        public let isNewAdministrator: Bool
        /// A new key in the administrator's name; nil when none was asked for.
        public let apiKey: String?
    }

    /// Creates the administrator that the configuration names, when nobody is there.
    static func createAdministrator(_ configuration: Configuration, in database: Database) async throws {
        guard let email = configuration.adminEmail, let password = configuration.adminPassword,
            // Looked for first: hashing a password takes a quarter of a second, and servers start often.
            try await database.read({ try $0.first("SELECT id FROM users LIMIT 1") }) == nil
        else { return }
        if let objection = Password.objection(to: password, of: email) {
            throw CannotSetUp(description: "PATCHBAY_ADMIN_PASSWORD \(objection)")
        }
        let first = FirstAdministrator(email: email, password: password, organization: "Your organization")
        _ = try await first.createIfNobodyExists(in: database, now: Date())
    }

    /// Why a set-up cannot be done.
    public struct CannotSetUp: Error, CustomStringConvertible {
        /// For the terminal.
        public let description: String
    }

    /// Creates what is missing: secret, schema, organization, administrator. Idempotent.
    public static func setUp(
        _ configuration: Configuration, organization: String, makesAPIKey: Bool, logger: Logger
    ) async throws -> SetUp {
        if let password = configuration.adminPassword, let objection = Password.objection(to: password) {
            throw CannotSetUp(description: "PATCHBAY_ADMIN_PASSWORD \(objection)")
        }
        var newSecretFile: String?
        if configuration.secret == nil, !FileManager.default.fileExists(atPath: configuration.secretFile) {
            let folder = URL(filePath: configuration.secretFile).deletingLastPathComponent()
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try SecretFile(path: configuration.secretFile).create(.generate())
            newSecretFile = configuration.secretFile
        }
        _ = try secrets(configuration)
        let database = try await database(configuration, logger: logger)
        do {
            let migrations = try await database.migrate(Self.migrations)
            try await AuditBacklog.record(in: database, now: Date())
            let first = FirstAdministrator(
                email: configuration.adminEmail ?? "admin@localhost", password: configuration.adminPassword,
                organization: organization)
            let (user, isNew) = try await first.createIfNobodyExists(in: database, now: Date())
            let key =
                makesAPIKey
                ? try await APIKeys(database: database).make("made by setup", for: user.id, role: user.role).text
                : nil
            await database.close()
            return SetUp(
                newSchema: migrations.last?.number, newSecretFile: newSecretFile, administrator: user.email,
                isNewAdministrator: isNew, apiKey: key?.description)
        } catch {
            await database.close()
            throw error
        }
    }

    /// Makes an account for each role, for a demonstration.
    public static func addDemoPeople(
        _ people: DemoPeople, _ configuration: Configuration, logger: Logger
    ) async throws {
        let database = try await database(configuration, logger: logger)
        do {
            try await people.keep(in: database, now: Date())
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    /// Lets somebody in again.
    public static func rescue(_ rescue: Rescue, _ configuration: Configuration, logger: Logger) async throws {
        let database = try await database(configuration, logger: logger)
        do {
            try await rescue.perform(in: database, now: Date())
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    /// Follows the chains of the audit log.
    /// - Returns: how many entries there are, and one line for each broken chain.
    public static func verifyAudit(
        _ configuration: Configuration, logger: Logger
    ) async throws -> (entries: Int, faults: [String]) {
        let database = try await database(configuration, logger: logger)
        do {
            let (entries, faults) = try await AuditLog.verify(in: database)
            await database.close()
            return (entries, faults.map { "organization \($0.organization), entry \($0.number): \($0.reason)" })
        } catch {
            await database.close()
            throw error
        }
    }

    // MARK: Secret

    /// What became of a change of the secret.
    public struct Rotation: Sendable {
        /// How many texts were sealed anew.
        public let resealed: Int
        /// Names the secret that seals now.
        public let keyID: String
        /// Where the new secret is; nil when the configuration gives it.
        public let file: String?
    }

    /// Seals everything with a new secret, in one transaction: all of it or nothing.
    ///
    /// A secret in a file is made here. The file holds both until everything is sealed anew, so that a crash in between
    /// leaves nothing that cannot be opened. A secret that the configuration gives is the first of its list.
    public static func rotateSecret(_ configuration: Configuration, logger: Logger) async throws -> Rotation {
        let file = configuration.secret == nil ? SecretFile(path: configuration.secretFile) : nil
        var secrets = try secrets(configuration)
        if let file {
            secrets.insert(.generate(), at: 0)
            try file.replace(with: secrets)
        }
        let sealer = try Sealer(secrets)
        let columns =
            AccountsFeature.sealedColumns + PSAConnections.sealedColumns + ChatConnections.sealedColumns
        let database = try await database(configuration, logger: logger)
        do {
            let count = try await database.write { db in
                try columns.reduce(0) { try $0 + $1.reseal(with: sealer, in: db) }
            }
            await database.close()
            // What the old ones opened is no more.
            try file?.replace(with: [secrets[0]])
            return Rotation(resealed: count, keyID: sealer.keyID, file: file?.path)
        } catch {
            await database.close()
            throw error
        }
    }
}
