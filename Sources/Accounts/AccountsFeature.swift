import API
import BoundaryText
import Database
import Foundation
import Hummingbird
import OpenIDConnect
import Sealing
import WebSupport

/// The accounts feature, put together.
public struct AccountsFeature: Sendable {
    /// See ``Feature/Plan``.
    public static let plan = Feature.Plan(
        "accounts", migrations: [.accounts25, .accounts28, .accounts29], sealedColumns: sealedColumns,
        hosts: [
            "identity=login.microsoftonline.com", "identity=accounts.google.com", "identity=oauth2.googleapis.com",
            "identity=www.googleapis.com",
        ])

    /// API keys.
    public let keys: APIKeyStore
    /// Browsers that are signed in.
    public let signIns: SignIns
    /// The way in with a password.
    public let passwordSignIn: PasswordSignIn
    /// Second factors.
    public let secondFactor: SecondFactor
    /// The way in through an identity provider.
    public let singleSignOn: SingleSignOn
    /// Organizations.
    public let organizations: OrganizationStore
    private let users: UserStore
    private let providers: IdentityProviderStore
    private let tenants: TenantStore
    private let database: Database
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - publicURL: where browsers reach us.
    ///   - factory: speaks with identity providers.
    ///   - passwordCost: of new hashes.
    ///   - now: the wall clock.
    public init(
        database: Database, sealer: Sealer, publicURL: String, factory: @escaping SingleSignOn.Factory,
        passwordCost: PasswordCost = .standard,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        let hashing = PasswordHashing(cost: passwordCost)
        self.database = database
        self.now = now
        keys = APIKeyStore(database: database, now: now)
        signIns = SignIns(database: database, now: now)
        secondFactor = SecondFactor(database: database, sealer: sealer, now: now)
        passwordSignIn = PasswordSignIn(
            database: database, hashing: hashing, secondFactor: secondFactor, sealer: sealer, now: now)
        singleSignOn = SingleSignOn(
            database: database, sealer: sealer, publicURL: publicURL, factory: factory, now: now)
        organizations = OrganizationStore(database: database, now: now)
        tenants = TenantStore(database: database, now: now)
        users = UserStore(database: database, hashing: hashing, now: now)
        providers = IdentityProviderStore(database: database, sealer: sealer, singleSignOn: singleSignOn, now: now)
    }

    /// The feature as the server runs it.
    public var feature: Feature {
        var feature = Feature(Self.plan)
        feature.operations = routes
        let (keys, signIns, database) = (keys, signIns, database)
        feature.housekeeping = [
            { _ in
                try await keys.recordUse()
                try await signIns.forgetEnded()
                return 0
            },
            { instant in
                let oldest = instant.addingTimeInterval(-Self.daysOfAlerts * 86_400)
                return try await database.write { try Alert.forget(before: oldest, in: $0) }
            },
        ]
        return feature
    }

    // As long as what happened this quarter may be asked for.
    private static let daysOfAlerts = 92.0

    /// The feature's operations.
    var routes: [Route] {
        let (organizations, database) = (organizations, database)
        return [meRoute(organizations)] + keyRoutes(keys) + userRoutes(users) + organizationRoutes(organizations)
            + providerRoutes(providers) + flagRoutes(database, now: now) + auditRoutes(database)
            + tenantRoutes(tenants)
    }
}

extension Response {
    /// 201 with the new thing and where it is.
    public static func made(_ value: some Encodable, at location: String) -> Response {
        var response = Response.json(value, status: .created)
        response.headers[.location] = location
        return response
    }
}
