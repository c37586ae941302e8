import API
import BoundaryText
import Database
import Foundation
import Hummingbird
import OpenIDConnect
import Sealing
import WebSupport

/// Assembles the accounts feature.
public struct AccountsFeature: Sendable {
    /// The feature's static plan.
    public static let plan = Feature.Plan(
        "accounts", migrations: [.accounts25, .accounts28, .accounts29], sealedColumns: sealedColumns,
        hosts: [
            "identity=login.microsoftonline.com", "identity=accounts.google.com", "identity=oauth2.googleapis.com",
            "identity=www.googleapis.com",
        ])

    /// API keys.
    public let keys: APIKeyStore
    /// Sign-ins of browsers.
    public let signIns: SignIns
    /// Sign-in with a password.
    public let passwordSignIn: PasswordSignIn
    /// Second factors.
    public let secondFactor: SecondFactor
    /// Sign-in through an identity provider.
    public let singleSignOn: SingleSignOn
    /// Organizations.
    public let organizations: OrganizationStore
    private let users: UserStore
    private let providers: IdentityProviderStore
    private let tenants: TenantStore
    private let database: Database
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - publicURL: The URL at which browsers reach the console.
    ///   - factory: Creates clients for identity providers.
    ///   - passwordCost: The cost of new password hashes.
    ///   - now: The wall clock.
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

    /// The feature, as the server runs it.
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

    // A quarter, so that the alerts of the last quarter can be looked up.
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
    /// A 201 response with the created resource and its location.
    public static func made(_ value: some Encodable, at location: String) -> Response {
        var response = Response.json(value, status: .created)
        response.headers[.location] = location
        return response
    }
}
