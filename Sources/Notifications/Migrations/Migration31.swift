import BoundaryText
import Database

extension Migration {
    /// The settings of notifications under the names that the API has for them.
    static let notifications31 = Migration(
        31, "names of notifications' settings",
        [
            // All values are numbers and flags, so this text is a member only.
            """
            UPDATE notification_settings
            SET settings = REPLACE(settings, '"alarm_recipient_id"', '"alert_recipient_id"')
            """
        ])
}
