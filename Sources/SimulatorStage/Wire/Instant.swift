import Foundation

/// Whole seconds since 1970 in UTC: the resolution of every time that ConnectWise tells.
package struct Instant: Sendable, Hashable, Comparable {
    /// Since 1970 in UTC.
    package var seconds: Int

    /// So many seconds after 1970 began.
    package init(seconds: Int) { self.seconds = seconds }
    /// The second that `date` is in.
    package init(_ date: Date) { seconds = Int(date.timeIntervalSince1970.rounded(.down)) }

    package static func < (left: Instant, right: Instant) -> Bool { left.seconds < right.seconds }

    /// The same moment for Foundation.
    package var date: Date { Date(timeIntervalSince1970: Double(seconds)) }

    /// `yyyy-MM-ddTHH:mm:ssZ`.
    package var text: String {
        let (year, month, day) = Calendar1970.civil(fromDays: seconds.flooredDivision(by: 86_400))
        let rest = seconds - seconds.flooredDivision(by: 86_400) * 86_400
        return String(unsafeUninitializedCapacity: 20) { buffer in
            func put(_ value: Int, at offset: Int, digits: Int) {
                var value = value
                for place in stride(from: offset + digits - 1, through: offset, by: -1) {
                    buffer[place] = UInt8(ascii: "0") + UInt8(value % 10)
                    value /= 10
                }
            }
            put(year, at: 0, digits: 4)
            put(month, at: 5, digits: 2)
            put(day, at: 8, digits: 2)
            put(rest / 3600, at: 11, digits: 2)
            put(rest / 60 % 60, at: 14, digits: 2)
            put(rest % 60, at: 17, digits: 2)
            buffer[4] = UInt8(ascii: "-")
            buffer[7] = UInt8(ascii: "-")
            buffer[10] = UInt8(ascii: "T")
            buffer[13] = UInt8(ascii: ":")
            buffer[16] = UInt8(ascii: ":")
            buffer[19] = UInt8(ascii: "Z")
            return 20
        }
    }

    /// Reads `yyyy-MM-dd[T| ]HH:mm[:ss[.fff]][Z]`, or a day alone; fractions are cut off.
    package init?(text: String) {
        let numbers = text.split { !$0.isNumber }.map { Int($0) }
        let separators = text.filter { !$0.isNumber }
        guard numbers.count >= 3, let year = numbers[0], let month = numbers[1], let day = numbers[2],
            text.prefix(while: \.isNumber).count == 4, (1...12).contains(month), (1...31).contains(day),
            ["--", "--T::", "--T::.", "--T:", "-- ::", "-- ::.", "-- :"].contains(
                separators.hasSuffix("Z") ? String(separators.dropLast()) : separators)
        else { return nil }
        let time = numbers.dropFirst(3).prefix(3).map { $0 ?? 0 }
        let hour = time.first ?? 0
        let minute = time.dropFirst().first ?? 0
        let second = time.dropFirst(2).first ?? 0
        guard hour < 24, minute < 60, second < 60 else { return nil }
        let days = Calendar1970.days(year: year, month: month, day: day)
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// The form that a body must have: whole seconds, UTC.
    package init?(body text: String) {
        guard text.count == 20, text.hasSuffix("Z"), !text.contains(" "), let instant = Instant(text: text) else {
            return nil
        }
        self = instant
    }
}

/// Days and civil dates of the Gregorian calendar (the well-known era arithmetic), without a formatter.
private enum Calendar1970 {
    static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year.flooredDivision(by: 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted.flooredDivision(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int {
    fileprivate func flooredDivision(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}
