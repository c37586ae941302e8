import API
import BoundaryText
import Database
import Foundation
import Hummingbird
import Jobs
import WebSupport

/// A capability of the product as a value: everything the server needs to know about it. The server loops over features
/// without naming any of their parts, so adding one takes a target and a line in the server.
public struct Feature: Sendable {
    /// What is known about a feature without running it. Commands other than the server use it too.
    public struct Plan: Sendable {
        /// The name, for logs and contributors.
        public let name: String
        /// Its schema migrations, numbered across the whole product.
        public var migrations: [Migration] = []
        /// Columns that it seals with the installation's secret.
        public var sealedColumns: [SealedColumn] = []
        /// Outside hosts that it may call without configuration, each with its purpose: `chat=webexapis.com`.
        public var hosts: [String] = []
        /// Feature flags that organizations can enable and disable.
        public var flags: [FeatureFlag] = []
        /// What it contributes to the features below it, which define the types: listeners, kinds of syncs.
        public var parts: [any FeaturePart] = []
        /// Settings that it reads from the configuration.
        public var settings: [Setting] = []
        /// Settings that only make sense together.
        public var settingGroups: [SettingGroup] = []

        /// Creates a plan.
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

    /// Work that runs until the server stops.
    public struct Upkeep: Sendable {
        /// The name, for logs.
        public let name: String
        /// Whether only servers that run jobs do this work.
        public let isForWorkers: Bool
        /// Runs until it is cancelled.
        public let run: @Sendable () async -> Void

        /// Creates a description of the work.
        public init(_ name: String, isForWorkers: Bool = false, run: @escaping @Sendable () async -> Void) {
            self.name = name
            self.isForWorkers = isForWorkers
            self.run = run
        }
    }

    /// The feature's static plan.
    public let plan: Plan
    /// Its operations, under `/api/v1`.
    public var operations: [Route] = []
    /// Add routes that outside systems call without signing in.
    public var hooks: [@Sendable (Router<WebContext>) -> Void] = []
    /// Its job handlers.
    public var handlers: [any JobHandler] = []
    /// Its work outside of requests and jobs, in start order.
    public var upkeep: [Upkeep] = []
    /// Runs every minute: deletes a bounded number of expired rows and returns how many.
    public var housekeeping: [@Sendable (Date) async throws -> Int] = []
    /// Health checks for parts of the installation.
    public var checks: [@Sendable (Date, Connection) throws -> HealthCheck] = []
    /// Topics that open pages show and that change by themselves.
    public var topics: [LiveTopic] = []
    /// Stores the connection named in the configuration, for installations without a console. Called for the first
    /// organization, before anything runs. The outside system may be down, so the connection is not tested. Nil if the
    /// feature has no such connection.
    public var keepConfigured: (@Sendable (Organization.ID) async throws -> Void)?
    /// What it contributes to the features below it at run time.
    public var parts: [any FeaturePart] = []

    /// Creates a feature from its plan.
    public init(_ plan: Plan) { self.plan = plan }
}

/// What a feature contributes to another feature below it, which defines the type: a kind of sync, a listener.
public protocol FeaturePart: Sendable {}

extension [any FeaturePart] {
    /// The parts of one type, in order.
    public func of<Part: FeaturePart>(_ type: Part.Type = Part.self) -> [Part] { compactMap { $0 as? Part } }
}
