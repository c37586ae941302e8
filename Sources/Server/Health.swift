import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Sealing
import WebSupport

/// Tells whether the server lives, and whether it can do its work.
struct Health: Sendable {
    // A job due for this long while no worker runs any: none are claimed.
    private static let patience: Duration = .seconds(60)

    let database: Database
    let queue: JobQueue
    let sealer: Sealer
    let runsJobs: Bool
    /// Those of features.
    let checks: [@Sendable (Date, Connection) throws -> HealthCheck]

    private struct Answer: Encodable {
        let status: String
        let checks: [HealthCheck]
    }

    func install(in router: Router<WebContext>) {
        router.get("/healthcheck") { _, _ in Response.json(["status": "ok"]) }
        router.get("/readiness") { _, _ in
            let checks = await all()
            let ready = checks.allSatisfy { $0.isOK || $0.weight == .partial }
            // What people put right in the console must not keep them out of it.
            let status = checks.allSatisfy(\.isOK) ? "ready" : ready ? "degraded" : "not_ready"
            return Response.json(
                Answer(status: status, checks: checks), status: ready ? .ok : .serviceUnavailable)
        }
    }

    func all() async -> [HealthCheck] {
        let newest = Installation.migrations.count
        do {
            let (schema, neglected, lost, others) = try await database.read { [sealer, queue, checks] db in
                let schema: Int = try db.first("SELECT MAX(number) AS number FROM schema_migrations")?["number"] ?? 0
                let now = Date()
                let neglected = try queue.neglected(for: Self.patience, now: now, in: db)
                let lost = try LostSecrets.find(in: Installation.sealedColumns, without: sealer, db)
                return (
                    schema, neglected.map { now.timeIntervalSince($0) }, lost, try checks.map { try $0(now, db) }
                )
            }
            return [
                HealthCheck(name: "database", ok: true, detail: "answers"),
                HealthCheck(name: "migrations", ok: schema >= newest, detail: "\(schema) of \(newest)"),
                Self.check(lost),
                HealthCheck(
                    name: "workers", ok: neglected == nil,
                    detail: neglected.map {
                        "a job has been due for \(Int(saturating: $0)) s and no worker has taken it"
                    }
                        ?? (runsJobs ? "running here" : "running elsewhere")),
            ] + others
        } catch {
            return [HealthCheck(name: "database", ok: false, detail: "cannot be read; see the server's log")]
        }
    }

    private static func check(_ lost: LostSecrets?) -> HealthCheck {
        guard let lost else { return HealthCheck(name: "credentials", ok: true, detail: "all can be decrypted") }
        let what = "\(lost.count) stored \(lost.count == 1 ? "credential" : "credentials") cannot be decrypted: "
        return lost.areAccepted
            ? HealthCheck(
                name: "credentials", ok: false,
                detail: what + "the secret is lost; enter them again, and set up second factors again", weight: .partial
            )
            : HealthCheck(
                name: "credentials", ok: false,
                detail: what + "the secret was changed while this server was running; restart it with the current one")
    }
}
