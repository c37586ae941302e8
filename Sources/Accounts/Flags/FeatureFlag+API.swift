import API
import BoundaryText
import Database
import Foundation
import WebSupport

/// The operations on feature flags.
func flagRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(FeatureFlags.list, reach: .tenants) { request in
            let organization = request.principal.organization
            let flags = try await database.read { try FeatureFlagStore.all(of: organization, in: $0) }
            return Few(flags.map { FeatureFlags.Answer($0.flag, $0.isOn) })
        },
        Route(FeatureFlags.update, of: "feature flag") { request in
            let (flag, organization, instant) = (request.place, request.principal.organization, now())
            let change = try await request.body()
            try await database.write { db in
                let old = try FeatureFlagStore.isOn(flag, for: organization, in: db)
                try FeatureFlagStore.set(flag, to: change.enabled, for: organization, in: db)
                guard old != change.enabled else { return }
                try request.record(
                    "feature_flag.update", on: "feature flag \(flag)", before: FeatureFlags.Answer(flag, old),
                    after: FeatureFlags.Answer(flag, change.enabled), now: instant, in: db)
            }
            return FeatureFlags.Answer(flag, change.enabled)
        },
    ]
}

extension FeatureFlags.Answer {
    fileprivate init(_ flag: FeatureFlag, _ isOn: Bool) {
        self.init(name: flag, enabled: isOn, summary: flag.summary)
    }
}
