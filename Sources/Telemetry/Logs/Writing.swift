import BoundaryText
import Foundation

extension String {
    func padded(to width: Int) -> String {
        let length = unicodeScalars.count
        return length < width ? self + String(repeating: " ", count: width - length) : self
    }

    /// Maximum bytes per value: client input is logged too, and a megabyte of it helps no one.
    private static var longestValue: Int { 8_000 }

    /// The text, or for one too long for a log, its beginning and its full length.
    private var bounded: String {
        guard utf8.count > Self.longestValue else { return self }
        var bytes = 0
        let beginning = unicodeScalars.prefix { scalar in
            bytes += scalar.utf8.count
            return bytes <= Self.longestValue
        }
        return String(String.UnicodeScalarView(beginning)) + "… (\(utf8.count) bytes)"
    }

    /// The text with control characters escaped, so that no value can forge a line or control the terminal.
    var onOneLine: String {
        let whole = bounded
        guard whole.unicodeScalars.contains(where: \.isControl) else { return whole }
        var text = ""
        for scalar in whole.unicodeScalars {
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isControl: text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The text in quotation marks if it is empty or contains a space, equals sign, quotation mark or backslash.
    var quotedIfNeeded: String {
        let needsMarks =
            isEmpty || unicodeScalars.contains { $0 == " " || $0 == "=" || $0 == "\"" || $0 == "\\" }
        guard needsMarks else { return onOneLine }
        let escaped = replacing(bytes: "\\", with: "\\\\").replacing(bytes: "\"", with: "\\\"")
        return "\"" + escaped.onOneLine + "\""
    }

    mutating func appendJSON(_ text: String) {
        append("\"")
        for scalar in text.bounded.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case _ where scalar.isControl:
                let digits = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            default: unicodeScalars.append(scalar)
            }
        }
        append("\"")
    }
}

extension Unicode.Scalar {
    // C0, DEL, C1, and the two separators that some programs treat as line endings.
    fileprivate var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || value == 0x2028 || value == 0x2029
    }
}

/// Formats times without a formatter, because logging is on the hot path.
enum Timestamp {
    /// RFC 3339 in UTC with milliseconds.
    static func utc(_ date: Date) -> String {
        let (day, rest) = milliseconds(of: date, offset: 0)
        let civil = civilDate(daysSince1970: day)
        return "\(digits(civil.year, 4))-\(digits(civil.month, 2))-\(digits(civil.day, 2))T\(clock(rest))Z"
    }

    /// Hours, minutes, seconds and milliseconds in the given time zone.
    static func clock(_ date: Date, in timeZone: TimeZone) -> String {
        clock(milliseconds(of: date, offset: timeZone.secondsFromGMT(for: date)).rest)
    }

    private static func milliseconds(of date: Date, offset: Int) -> (day: Int, rest: Int) {
        // Clamped so that the arithmetic below cannot overflow 64 bits; no log is written in the year 294,000.
        let seconds = min(max(date.timeIntervalSince1970, -9e12), 9e12)
        let total = Int(saturating: (seconds * 1000).rounded()) + offset * 1000
        let perDay = 86_400_000
        let rest = ((total % perDay) + perDay) % perDay
        return ((total - rest) / perDay, rest)
    }

    private static func clock(_ rest: Int) -> String {
        let seconds = rest / 1000
        return "\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2))"
            + ".\(digits(rest % 1000, 3))"
    }

    // Counts in 400-year eras that start on 1 March, so that the leap day is the last day of its year.
    private static func civilDate(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func digits(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return text.utf8.count < width ? String(repeating: "0", count: width - text.utf8.count) + text : text
    }
}
