import BoundaryText
import Foundation

/// ConnectWise's times: `yyyy-MM-ddTHH:mm:ssZ`, UTC. Written with whole seconds, because fractions are rejected.
public enum ConnectWiseDate {
    /// Reads a time, also one with fractions or without the `Z`; nil when it is none.
    public static func parse(_ text: String) -> Date? {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count >= 19, bytes[4] == minus, bytes[7] == minus, bytes[13] == colon, bytes[16] == colon,
                bytes[10] == UInt8(ascii: "T"), let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
                let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
                let second = number(bytes[17..<19]), (1...12).contains(month), (1...31).contains(day), hour < 24,
                minute < 60, second <= 60
            else { return nil }
            var rest = bytes[19...]
            var fraction = 0.0
            if rest.first == UInt8(ascii: ".") {
                let digits = rest.dropFirst().prefix { (zero...nine).contains($0) }
                guard let value = number(digits.prefix(9)), !digits.isEmpty else { return nil }
                fraction = Double(value) / pow(10, Double(min(digits.count, 9)))
                rest = rest.dropFirst(1 + digits.count)
            }
            guard rest.isEmpty || rest.elementsEqual([UInt8(ascii: "Z")]) else { return nil }
            let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
            return Date(timeIntervalSince1970: Double(seconds) + fraction)
        }
    }

    /// Writes a time, cut to whole seconds.
    public static func format(_ date: Date) -> String {
        // Years of four digits, as ConnectWise writes them.
        let seconds = min(max(date.timeIntervalSince1970.rounded(.down), -62_167_219_200), 253_402_300_799)
        let total = Int(saturating: seconds)
        let (quotient, remainder) = total.quotientAndRemainder(dividingBy: 86_400)
        let days = remainder < 0 ? quotient - 1 : quotient
        let second = remainder < 0 ? remainder + 86_400 : remainder
        let (year, month, day) = civil(days)
        return "\(pad(year, 4))-\(pad(month))-\(pad(day))T"
            + "\(pad(second / 3_600)):\(pad(second / 60 % 60)):\(pad(second % 60))Z"
    }

    private static let minus = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")
    private static let zero = UInt8(ascii: "0")
    private static let nine = UInt8(ascii: "9")

    private static func number(_ digits: some Collection<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (zero...nine).contains(digit) else { return nil }
            value = value * 10 + Int(digit - zero)
        }
        return value
    }

    private static func pad(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    // The proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that leap days come last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }
}
