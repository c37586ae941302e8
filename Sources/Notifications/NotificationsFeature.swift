import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Ticketing

/// The notifications feature: who is told of what happens to tickets, and of alerts.
public struct NotificationsFeature: Sendable {
    /// See ``Feature/Plan``.
    public static let plan = Feature.Plan(
        "notifications", migrations: [.notifications27], sealedColumns: ChatConnections.sealedColumns,
        hosts: ["chat=webexapis.com"], parts: [Telling.listener, RecipientSync.plan])

    /// The feature as the server runs it.
    public let feature: Feature

    /// - Parameters:
    ///   - syncs: compare with the chat system.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, tickets: PSAConnections, chats: ChatConnections, syncs: Syncs,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        var feature = Feature(Self.plan)
        feature.operations =
            ruleRoutes(database, now: now)
            + forwardRoutes(database, now: now)
            + previewRoutes(database, now: now)
            + eventRoutes(database)
            + noticeRoutes(database, queue: queue, now: now)
            + recipientRoutes(database, now: now)
            + messageRoutes(database, tickets: tickets, chats: chats)
            + deliveryRoutes(database, queue: queue, now: now)
            + chatConnectionRoutes(chats, database: database, queue: queue, now: now) {
                try await syncs.connectionChanged(ConnectionFamily.chat($0.id), of: $0.organization)
            }
        feature.handlers = [
            Deliverer(database: database, connections: chats, tickets: tickets, now: now),
            RetryOfMany(now: now),
            NoticeSender(database: database, connections: chats, now: now),
            AlertNotifier(now: now),
        ]
        feature.upkeep = [.init("chat connections") { await chats.followChanges() }]
        feature.housekeeping = [
            { instant in try await database.write { try Retention.forget(now: instant, in: $0) } }
        ]
        feature.topics = [
            LiveTopic("deliveries") { try DeliveryStore.fingerprint($0, in: $1) },
            LiveTopic(LiveTopic.counts) { try DeliveryStore.countFingerprint($0, in: $1) },
            LiveTopic("connections") { try ChatConnections.fingerprint($0, in: $1) },
        ]
        feature.parts = [RecipientSync(database: database, tickets: tickets, chats: chats, now: now).runner]
        self.feature = feature
    }
}
