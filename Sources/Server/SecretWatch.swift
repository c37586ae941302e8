import Accounts
import BoundaryText
import Database
import Logging
import Sealing
import ServiceLifecycle

extension Signal {
    /// What is stored was sealed with another secret.
    static let secret = Signal(rawValue: "secret")
}

/// Stops a server whose secret was changed beside it: what it sealed from then on would be lost.
///
/// The lock of a server's tenure keeps that from happening, but on PostgreSQL it goes with its connection. All signals are
/// raised when that is back, and so is this one.
struct SecretWatch: Service {
    let database: Database
    let sealer: Sealer
    let logger: Logger

    func run() async throws {
        for await _ in database.signals(.secret).cancelOnGracefulShutdown() {
            let lost: LostSecrets?
            do {
                lost = try await database.read { [sealer] db in
                    try LostSecrets.find(in: Installation.sealedColumns, without: sealer, db)
                }
            } catch {
                // Readiness looks as well.
                logger.warning("cannot look whether the secret is still the same", metadata: ["error": "\(error)"])
                continue
            }
            if let lost, !lost.areAccepted { throw lost }
        }
    }
}
