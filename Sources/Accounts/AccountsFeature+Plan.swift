import BoundaryText
import Database

extension AccountsFeature {
    /// See ``Feature/Plan``.
    public static let plan = Feature.Plan(
        "accounts", migrations: [.accounts25], sealedColumns: sealedColumns,
        hosts: [
            "identity=login.microsoftonline.com", "identity=accounts.google.com", "identity=oauth2.googleapis.com",
            "identity=www.googleapis.com",
        ])
}
