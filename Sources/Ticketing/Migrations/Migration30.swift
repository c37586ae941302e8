import BoundaryText
import Database

extension Migration {
    /// The settings of ticketing under the names that the API has for them.
    static let ticketing30 = Migration(
        30, "names of ticketing's settings",
        [
            ("reference_lifetime_seconds", "member_cache_seconds"), ("silence_alarm_minutes", "silence_alert_minutes"),
        ].map { old, new in
            // All values are numbers, so these texts are members only.
            """
            UPDATE ticketing_settings SET settings = REPLACE(settings, \("\"\(old)\""), \("\"\(new)\""))
            """
        })
}
