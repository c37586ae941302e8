import API
import BoundaryText
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations on feature flags.
func flagRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            .get, "/feature-flags", .viewer, "Lists the organization's feature flags", gives: .list(FlagAnswer.self),
            reach: .tenants
        ) { request in
            let organization = request.principal.organization
            let flags = try await database.read { try FeatureFlags.all(of: organization, in: $0) }
            return .json(FlagList(items: flags.map { FlagAnswer($0.flag, $0.isOn) }))
        },
        Route(
            .patch, "/feature-flags/{name}", .admin, "Switches a feature on or off, at once and without a restart",
            takes: FlagChange.self, gives: .one(FlagAnswer.self)
        ) { request in
            let flag: FeatureFlag = try request.id("name", of: "feature flag")
            let (organization, actor, instant) = (request.principal.organization, request.actor, now())
            let change = try await request.body(FlagChange.self)
            try await database.write { db in
                let old = try FeatureFlags.isOn(flag, for: organization, in: db)
                try FeatureFlags.set(flag, to: change.enabled, for: organization, in: db)
                guard old != change.enabled else { return }
                try AuditLog.record(
                    "flag.update", on: "flag \(flag)", by: actor, of: organization, before: FlagAnswer(flag, old),
                    after: FlagAnswer(flag, change.enabled), now: instant, in: db)
            }
            return .json(FlagAnswer(flag, change.enabled))
        },
    ]
}

private struct FlagAnswer: Codable, Sendable {
    let name: FeatureFlag
    let enabled: Bool
    let summary: String

    init(_ flag: FeatureFlag, _ isOn: Bool) {
        name = flag
        enabled = isOn
        summary = flag.summary
    }
}

private struct FlagList: Encodable {
    let items: [FlagAnswer]
}

private struct FlagChange: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable { case enabled }

    let enabled: Bool
}
