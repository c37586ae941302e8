import Accounts
import BoundaryText
import Database
import Foundation
import Jobs

/// The job that sends an alert to the organization's alert recipient, or to no one if there is none.
public struct AlertNotifier: JobHandler {
    /// See ``AlertJob``.
    public typealias Payload = AlertJob.Payload

    /// See ``AlertJob``.
    public static let kind = AlertJob.kind
    /// It only writes to our database.
    public let schedule = RetrySchedule.chat

    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        let instant = now()
        return .followed { db in
            guard let alert = try Alert.find(payload.alert, in: db),
                let id = try NotificationSettings.of(alert.organization, in: db).alertRecipient,
                let recipient = try RecipientStore.find(id, of: alert.organization, in: db)
            else { return [] }
            let text =
                switch payload.news {
                case .raised: MessageRenderer.alert(alert.title, alert.words)
                case .ended: MessageRenderer.alert(alert.recovery ?? alert.title)
                }
            return [
                try NoticeStore.insert(
                    Notice.Kind(alert.kind, payload.news), text, to: recipient, of: alert.organization, now: instant,
                    in: db
                ).job
            ]
        }
    }
}
