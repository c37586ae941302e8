import Accounts
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Outbound
import Ticketing

/// The notifications feature: who is notified of ticket events and alerts.
public struct NotificationsFeature: Sendable {
    /// See ``Feature/Plan``.
    public static let plan = Feature.Plan(
        "notifications", migrations: [.notifications27, .notifications31],
        sealedColumns: ChatConnectionStore.sealedColumns,
        hosts: ["chat=webexapis.com"], parts: [NotificationPlanner.listener, RecipientSync.plan],
        settings: [
            .init("WEBEX_TOKEN", "an access token"),
            .init("WEBEX_URL", "a URL") { WebAddress.origin(of: $0) != nil },
        ])

    /// The feature as the server runs it.
    public let feature: Feature

    /// - Parameters:
    ///   - syncs: compare with the chat system.
    ///   - settings: what the configuration gives.
    ///   - now: the wall clock.
    public init(
        database: Database, queue: JobQueue, tickets: PSAConnections, chats: ChatConnectionStore, syncs: SyncEngine,
        settings: Feature.Settings, now: @escaping @Sendable () -> Date = { Date() }
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
            LiveTopic("connections") { try ChatConnectionStore.fingerprint($0, in: $1) },
        ]
        feature.parts = [RecipientSync(database: database, tickets: tickets, chats: chats, now: now).runner]
        if let token = settings.webexToken {
            feature.keepConfigured = { organization in
                let draft = ChatConnectionDraft(name: "Webex", url: settings.webexURL, token: token)
                let connection = try await chats.keep(draft, for: organization)
                try await syncs.connectionChanged(ConnectionFamily.chat(connection.id), of: organization)
            }
        }
        self.feature = feature
    }
}

extension Feature.Settings {
    /// The first organization's Webex bot.
    package var webexToken: String? { self["WEBEX_TOKEN"] }
    /// Where Webex is.
    package var webexURL: String { self["WEBEX_URL"].flatMap(WebAddress.origin) ?? "https://webexapis.com" }
}
