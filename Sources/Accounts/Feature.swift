import API
import BoundaryText
import Database
import Foundation
import Hummingbird
import Jobs
import WebSupport

/// A capability of the product as a value: all that the server has to know of it. The server loops over features and
/// names no part of one, so a feature that is added is a target and one line there.
public struct Feature: Sendable {
    /// What is known of a feature without running it; also what commands beside the server need.
    public struct Plan: Sendable {
        /// For logs and for contributors.
        public let name: String
        /// Its steps of the schema, numbered over the whole product.
        public var migrations: [Migration] = []
        /// What it seals with the installation's secret.
        public var sealedColumns: [SealedColumn] = []
        /// Outside hosts that it may call without configuration, each with what it is for: `chat=webexapis.com`.
        public var hosts: [String] = []
        /// What organizations may switch on and off of it.
        public var flags: [FeatureFlag] = []
        /// What it contributes to features below it, which define the types: listeners, kinds of syncs.
        public var parts: [any FeaturePart] = []
        /// What the configuration may give to it.
        public var settings: [Setting] = []
        /// Which of these make sense together only.
        public var settingGroups: [SettingGroup] = []

        /// Names a feature.
        public init(
            _ name: String, migrations: [Migration] = [], sealedColumns: [SealedColumn] = [], hosts: [String] = [],
            flags: [FeatureFlag] = [], parts: [any FeaturePart] = [], settings: [Setting] = [],
            settingGroups: [SettingGroup] = []
        ) {
            self.name = name
            self.migrations = migrations
            self.sealedColumns = sealedColumns
            self.hosts = hosts
            self.flags = flags
            self.parts = parts
            self.settings = settings
            self.settingGroups = settingGroups
        }
    }

    /// Work that goes on until the server stops.
    public struct Upkeep: Sendable {
        /// For logs.
        public let name: String
        /// Whether only servers that run jobs do it.
        public let isForWorkers: Bool
        /// Runs until it is cancelled.
        public let run: @Sendable () async -> Void

        /// Describes it.
        public init(_ name: String, isForWorkers: Bool = false, run: @escaping @Sendable () async -> Void) {
            self.name = name
            self.isForWorkers = isForWorkers
            self.run = run
        }
    }

    /// What is known without running it.
    public let plan: Plan
    /// Its operations, under `/api/v1`.
    public var operations: [Route] = []
    /// Puts addresses into the router that outside systems call without signing in.
    public var hooks: [@Sendable (Router<WebContext>) -> Void] = []
    /// Do its jobs.
    public var handlers: [any JobHandler] = []
    /// Its work beside requests and jobs, in the order of starting.
    public var upkeep: [Upkeep] = []
    /// Done each minute: forgets a bounded portion of what is too old, and says how much that was.
    public var housekeeping: [@Sendable (Date) async throws -> Int] = []
    /// Whether a part of the installation is well.
    public var checks: [@Sendable (Date, Connection) throws -> HealthCheck] = []
    /// What open pages show of it that changes by itself.
    public var topics: [LiveTopic] = []
    /// Keeps the connection that the configuration names, for installations without a console: for the first organization,
    /// before anything runs. The outside system may be down, so nothing is tested; nil when none is named.
    public var keepConfigured: (@Sendable (Organization.ID) async throws -> Void)?
    /// What it contributes to features below it while it runs.
    public var parts: [any FeaturePart] = []

    /// Begins with a plan.
    public init(_ plan: Plan) { self.plan = plan }
}

/// What a feature contributes to another one that is below it, which defines the type: a kind of sync, a listener.
public protocol FeaturePart: Sendable {}

extension [any FeaturePart] {
    /// Those of a type, in their order.
    public func of<Part: FeaturePart>(_ type: Part.Type = Part.self) -> [Part] { compactMap { $0 as? Part } }
}
