import BoundaryText
import Console
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import WebSupport

/// Tells whether the server lives, and whether it can do its work.
struct Health: Sendable {
    // A job that is due this long and was not claimed: nobody claims.
    private static let patience: TimeInterval = 60

    let database: Database
    let queue: JobQueue
    let runsJobs: Bool

    private struct Answer: Encodable {
        let status: String
        let checks: [HealthCheck]
    }

    func install(in router: Router<WebContext>) {
        router.get("/healthcheck") { _, _ in Response.json(["status": "ok"]) }
        router.get("/readiness") { _, _ in
            let checks = await checks()
            let ready = checks.allSatisfy(\.isOK)
            return Response.json(
                Answer(status: ready ? "ready" : "not ready", checks: checks), status: ready ? .ok : .serviceUnavailable
            )
        }
    }

    func checks() async -> [HealthCheck] {
        let newest = Installation.migrations.count
        do {
            let (schema, overdue) = try await database.read { db in
                let schema: Int = try db.first("SELECT MAX(number) AS number FROM schema_migrations")?["number"] ?? 0
                let due: Date? = try db.first("SELECT MIN(run_at) AS due FROM jobs WHERE state = 'ready'")?["due"]
                return (schema, due.map { Date().timeIntervalSince($0) } ?? 0)
            }
            return [
                HealthCheck(name: "database", ok: true, detail: database.engine.rawValue),
                HealthCheck(name: "migrations", ok: schema >= newest, detail: "\(schema) of \(newest)"),
                HealthCheck(
                    name: "workers", ok: overdue < Self.patience,
                    detail: overdue < Self.patience
                        ? (runsJobs ? "running here" : "running elsewhere")
                        : "a job is due since \(Int(saturating: overdue)) s and nobody has taken it"),
            ]
        } catch {
            return [HealthCheck(name: "database", ok: false, detail: "cannot be read; see the server's log")]
        }
    }
}
