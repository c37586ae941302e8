import Foundation
import WebSupport

/// Extreme or malformed values in place of a number or time.
package enum Extremes {
    private static let digits = String(repeating: "9", count: 400)

    /// Valid JSON numbers.
    package static let numbers = [
        "-9223372036854775808", "9223372036854775807", "9223372036854775808", "9007199254740991", "9007199254740993",
        "1e300", "-1e300", "1e400", "-0", "-1", "0.5", "4294967296", "18446744073709551616", digits, "-\(digits)",
    ]

    /// Not numbers in JSON, but numbers or times elsewhere.
    package static let words = [
        "NaN", "Infinity", "-Infinity", "0x7fffffffffffffff", "1e99999", "+1", " 1", "1 ", "٣", "",
        "2026-01-9223372036854775807", "9223372036854775807-01-01", "-9223372036854775808-01-01", "2026-00-00",
        "2026-13-45", "0000-01-01", "9999-12-31", "292277026596-12-04", "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.999-14:00", "0000-01-01T00:00:00+14:00", "-0001-01-01T00:00:00Z",
        "292277026596-12-04T15:30:07Z", "2026-01-01T9223372036854775807:00",
    ]

    /// Numbers and words, as text.
    package static let texts = numbers + words

    /// Times as ConnectWise writes them, with quotes, and text that only looks like a time.
    package static let times = [
        "\"9999-12-31T23:59:59Z\"", "\"0000-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\"", "\"9999-99-99T99:99:99Z\"",
    ]
}
