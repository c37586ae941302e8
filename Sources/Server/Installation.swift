import API
import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Logging
import Notifications
import Sealing
import Ticketing
import WriteBack

/// What an installation consists of beside its servers: database, schema, secret, first administrator.
public enum Installation {
    /// What the product consists of, from the ground up: a feature that is added is a line here and one in `Server`.
    static let plans = [
        AccountsFeature.plan, ConnectionsFeature.plan, TicketingFeature.plan, WriteBackFeature.plan,
        NotificationsFeature.plan,
    ]

    /// All steps of the schema, in order.
    package static let migrations = (frozenMigrations + JobQueue.migrations + plans.flatMap(\.migrations))
        .sorted { $0.number < $1.number }

    /// From before features had steps of their own. They mix features, and are never edited.
    private static let frozenMigrations: [Migration] = [
        .step01, .step03, .step04, .step05, .step06, .step07, .step08, .step09, .step10, .step11, .step12, .step13,
        .step14, .step15, .step16, .step17, .step18, .step19, .step20,
    ]

    /// Opens the database that the configuration names.
    static func database(
        _ configuration: Configuration, as tenure: Tenure = .guest, logger: Logger
    ) async throws -> Database {
        try await Database.open(configuration.database, as: tenure, logger: logger)
    }

    /// Brings the schema up to date.
    /// - Returns: the steps that were applied, in words.
    public static func migrate(_ configuration: Configuration, logger: Logger) async throws -> [String] {
        let database = try await database(configuration, logger: logger)
        do {
            let applied = try await database.migrate(migrations)
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

    /// Creates the administrator that the configuration names, if there is none.
    static func createAdministrator(_ configuration: Configuration, in database: Database) async throws {
        guard let email = configuration.adminEmail, let password = configuration.adminPassword,
            // Looked for first: hashing a password takes a quarter of a second, and servers start often.
            try await database.read({ try $0.first("SELECT id FROM users LIMIT 1") }) == nil
        else { return }
        if let objection = Password.objection(to: password, of: email) {
            throw CannotSetUp(description: "PATCHBAY_ADMIN_PASSWORD \(objection)")
        }
        let first = FirstAdministrator(
            email: email, password: password, organization: "Your organization",
            passwordCost: configuration.passwordCost)
        _ = try await first.createIfMissing(in: database, now: Date())
    }

    /// Why a set-up cannot be done.
    public struct CannotSetUp: Error, CustomStringConvertible {
        /// For the terminal.
        public let description: String
    }

    /// Creates what is missing: secret, schema, organization, administrator. Idempotent.
    /// - Throws: ``LostSecrets`` when the database holds what no secret opens, unless the configuration accepts that; a new
    ///   secret beside it would only hide that the old one is missing.
    public static func setUp(
        _ configuration: Configuration, organization: String, makesAPIKey: Bool, logger: Logger
    ) async throws -> SetUp {
        if let password = configuration.adminPassword, let objection = Password.objection(to: password) {
            throw CannotSetUp(description: "PATCHBAY_ADMIN_PASSWORD \(objection)")
        }
        let isNewSecret =
            configuration.secret == nil && !FileManager.default.fileExists(atPath: configuration.secretFile)
        // Before the database is touched: a secret that cannot be read is the first thing to put right.
        if !isNewSecret { _ = try secrets(configuration) }
        let database = try await database(configuration, logger: logger)
        return try await closing(database) {
            let migrations = try await database.migrate(Self.migrations)
            if isNewSecret {
                try await createSecret(configuration, for: database)
            }
            try await openSeals(of: database, configuration, logger: logger)
            try await AuditBacklog.record(in: database, now: Date())
            let first = FirstAdministrator(
                email: configuration.adminEmail ?? "admin@localhost", password: configuration.adminPassword,
                organization: organization, passwordCost: configuration.passwordCost)
            let (user, isNew) = try await first.createIfMissing(in: database, now: Date())
            let key =
                makesAPIKey
                ? try await APIKeyStore(database: database).make("created by setup", for: user.id, role: user.role).text
                : nil
            return SetUp(
                newSchema: migrations.last?.number, newSecretFile: isNewSecret ? configuration.secretFile : nil,
                administrator: user.email, isNewAdministrator: isNew, apiKey: key?.description)
        }
    }

    private static func createSecret(_ configuration: Configuration, for database: Database) async throws {
        if !configuration.acceptsLostSecrets,
            let lost = try await database.read({ try LostSecrets.find(in: sealedColumns, without: nil, $0) })
        {
            throw lost
        }
        let folder = URL(filePath: configuration.secretFile).deletingLastPathComponent()
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try SecretFile(path: configuration.secretFile).create(.generate())
    }

    /// Does something with a database and closes it, whatever happens.
    private static func closing<Value>(
        _ database: Database, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body()
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    /// A command beside the servers, which writes to the audit log: the schema has to be there, and the log's key at hand.
    private static func beside<Value>(
        _ configuration: Configuration, logger: Logger, _ body: (Database) async throws -> Value
    ) async throws -> Value {
        let database = try await database(configuration, logger: logger)
        return try await closing(database) {
            try await requireSchema(of: database)
            try await openSeals(of: database, configuration, logger: logger)
            return try await body(database)
        }
    }

    private static func requireSchema(of database: Database) async throws {
        let number = try await database.schemaNumber()
        guard number == migrations.count else {
            throw CannotSetUp(
                description: number > migrations.count
                    ? "the database was written by a newer patchbay; use that version"
                    : "the database's schema is \(number) of \(migrations.count); run `patchbay migrate` first")
        }
    }

    // MARK: What is sealed

    /// All that is sealed with the installation's secret.
    static let sealedColumns = plans.flatMap(\.sealedColumns)

    /// Makes sure that what is sealed can be opened, and lays the audit log's key beside the database.
    /// - Throws: ``LostSecrets`` and ``AuditKey/Missing`` unless that is, or was, accepted.
    @discardableResult
    static func openSeals(
        of database: Database, _ configuration: Configuration, logger: Logger
    ) async throws -> Sealer {
        let sealer = try Sealer(secrets(configuration))
        let accepts = configuration.acceptsLostSecrets
        let (opened, lost) = try await database.write { db in
            let lost = try LostSecrets.find(in: sealedColumns, without: sealer, db)
            if let lost, !lost.areAccepted, !accepts { throw lost }
            do {
                if let lost, !lost.areAccepted { try LostSecrets.accept(lost, with: sealer, now: Date(), in: db) }
                return (try AuditKey.open(with: sealer, now: Date(), in: db), lost)
            } catch let error where accepts && !(error is DatabaseError) {
                // The key is gone, or nothing opens it.
                try LostSecrets.accept(nil, with: sealer, now: Date(), in: db)
                return (try AuditKey.open(with: sealer, now: Date(), in: db), lost)
            }
        }
        database.keep(opened.key)
        if opened.isNew { logger.notice("the audit log is sealed from now on") }
        if let lost { logger.error("\(lost)") }
        return sealer
    }

    /// Makes an account for each role, for a demonstration.
    public static func addDemoPeople(
        _ people: DemoUsers, _ configuration: Configuration, logger: Logger
    ) async throws {
        try await beside(configuration, logger: logger) { try await people.keep(in: $0, now: Date()) }
    }

    /// Restores a user's access.
    public static func rescue(_ rescue: PasswordRecovery, _ configuration: Configuration, logger: Logger) async throws {
        try await beside(configuration, logger: logger) { try await rescue.perform(in: $0, now: Date()) }
    }

    /// An end of a chain of the audit log, as it was written down elsewhere.
    public struct KnownHead: Sendable {
        let organization: Organization.ID
        let number: Int64
        let hash: String

        /// Reads `organization:number:hash`, as the server logs it.
        public init?(_ text: String) {
            let parts = text.utf8.split(separator: UInt8(ascii: ":")).map { String(Substring($0)) }
            guard parts.count == 3, let organization = Int64(parts[0]), let number = Int64(parts[1]),
                parts[2].utf8.count == 64
            else { return nil }
            self.organization = Organization.ID(organization)
            self.number = number
            hash = parts[2]
        }
    }

    /// Follows the chains of the audit log and checks their seals.
    /// - Parameter known: ends that were written down elsewhere, to be compared.
    /// - Returns: how many entries there are, and one line for each broken chain.
    public static func verifyAudit(
        _ configuration: Configuration, known: [KnownHead] = [], logger: Logger
    ) async throws -> (entries: Int, faults: [String]) {
        try await beside(configuration, logger: logger) { database in
            let verified = try await AuditLog.verify(in: database)
            var faults = verified.faults
            for head in known {
                let fault = try await AuditLog.compare(head.organization, head.number, head.hash, in: database)
                if let fault { faults.append(fault) }
            }
            let lines = faults.map { "organization \($0.organization), entry \($0.number): \($0.reason)" }
            return (verified.entries, lines)
        }
    }

    // MARK: Secret

    /// What became of a change of the secret.
    public struct Rotation: Sendable {
        /// How many values were resealed.
        public let resealed: Int
        /// Names the secret that seals now.
        public let keyID: String
        /// Where the new secret is; nil when the configuration gives it.
        public let file: String?
    }

    /// Seals everything with a new secret, in one transaction: all of it or nothing.
    ///
    /// A secret in a file is made here. The file holds both until everything is resealed, so that a crash in between
    /// leaves nothing that cannot be opened. A secret that the configuration gives is the first of its list.
    /// - Throws: ``DatabaseError/setup(_:)`` while a server runs: it would continue to seal with the old secret, which nothing
    ///   could open afterwards.
    public static func rotateSecret(_ configuration: Configuration, logger: Logger) async throws -> Rotation {
        let database = try await database(configuration, as: .alone, logger: logger)
        return try await closing(database) {
            try await requireSchema(of: database)
            // Read while no one else can change it: another rotation's result is known here.
            let file = configuration.secret == nil ? SecretFile(path: configuration.secretFile) : nil
            var secrets = try secrets(configuration)
            if let file {
                secrets.insert(.generate(), at: 0)
                try file.replace(with: secrets)
            }
            let sealer = try Sealer(secrets)
            let count = try await database.write { db in
                db.signal(.secret)
                return try sealedColumns.reduce(0) { try $0 + $1.reseal(with: sealer, in: db) }
            }
            // What the old ones opened is no more.
            try file?.replace(with: [secrets[0]])
            return Rotation(resealed: count, keyID: sealer.keyID, file: file?.path)
        }
    }
}
