import API
import BoundaryText
import CCrypt
import Foundation

/// How much work a password's hash is: two to this power rounds of bcrypt.
public struct PasswordCost: Sendable, Equatable {
    let exponent: UInt

    /// 12: about a quarter of a second.
    public static let standard = PasswordCost(exponent: 12)
    /// 4, the least that bcrypt takes, for tests that are about other things.
    package static let least = PasswordCost(exponent: 4)
}

/// Passwords: what is accepted, and bcrypt (`$2b$`) through libxcrypt.
public enum Password {
    /// bcrypt looks at no more.
    static let mostBytes = Users.mostPasswordBytes
    static let fewestCharacters = 12

    /// Why a password is not accepted; nil when it is.
    /// - Parameter email: whose password it is; his address is the first thing that others try.
    public static func objection(to password: String, of email: String? = nil) -> String? {
        // C ends a text at NUL, and nobody types the other controls.
        if password.unicodeScalars.contains(where: \.isControl) { return "must not contain control characters" }
        // Several spaces count as one, as NIST SP 800-63B asks.
        let spaceless = password.splitBytes(on: " ").joined(separator: " ")
        if spaceless.unicodeScalars.count < fewestCharacters {
            return "must have at least \(fewestCharacters) characters"
        }
        if password.utf8.count > mostBytes { return "must have at most \(mostBytes) bytes" }
        if Set(password.unicodeScalars).count < 4 { return "must not consist of a few repeated characters" }
        if isCommon(password) { return "is too common; use several unrelated words" }
        if let name = email?.lowercased().splitBytes(on: "@").first, name.utf8.count >= 4,
            password.lowercased().utf8.contains(String(name))
        {
            return "must not contain the name in the e-mail address"
        }
        return nil
    }

    /// Whether nothing is left but digits and signs when what everybody uses is taken away, also where signs and digits
    /// stand for letters: `P@ssw0rd2026!` is no better than `password`.
    private static func isCommon(_ password: String) -> Bool {
        let plain = Array(password.lowercased().unicodeScalars)
        let folded = plain.map { disguises[$0] ?? $0 }
        var isTaken = [Bool](repeating: false, count: plain.count)
        for text in [plain, folded] {
            for word in commonWords where word.count <= text.count {
                for start in 0...(text.count - word.count)
                where text[start..<start + word.count].elementsEqual(word) {
                    for position in start..<start + word.count { isTaken[position] = true }
                }
            }
        }
        return zip(plain, isTaken).allSatisfy { $1 || !$0.properties.isAlphabetic }
    }

    private static let disguises: [Unicode.Scalar: Unicode.Scalar] = [
        "@": "a", "4": "a", "$": "s", "5": "s", "0": "o", "3": "e", "!": "i", "1": "l",
    ]

    private static let commonWords = [
        "administrator", "connectwise", "microsoft", "qwertyuiop", "iloveyou", "trustno1", "baseball", "football",
        "sunshine", "princess", "passwort", "password", "patchbay", "computer", "changeme", "superman", "internet",
        "whatever", "starwars", "asdfghjkl", "qwertzuiop", "zxcvbnm", "welcome", "letmein", "company", "support",
        "default", "monkey", "dragon", "master", "shadow", "summer", "winter", "spring", "autumn", "qwerty", "qwertz",
        "azerty", "asdfgh", "secret", "hello", "admin", "login", "guest", "super", "server", "office", "pass", "user",
        "test", "root", "abcdefghijkl", "abcdef", "abcd", "abc", "my", "the", "is", "for", "and",
    ].map { (word: String) in Array(word.unicodeScalars) }

    /// The hash to store. Takes its time on purpose; not for a request's thread.
    /// - Returns: nil when libxcrypt refuses, which it does only for a broken installation.
    public static func hash(_ password: String, cost: PasswordCost = .standard) -> String? {
        let salt = (0..<16).map { _ in CChar(bitPattern: UInt8.random(in: .min ... .max)) }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        guard
            crypt_gensalt_rn("$2b$", cost.exponent, salt, Int32(salt.count), &setting, Int32(setting.count)) != nil
        else { return nil }
        return crypt(password, setting: setting)
    }

    /// Whether the password is the one that was hashed.
    public static func verify(_ password: String, against hash: String) -> Bool {
        guard let again = crypt(password, setting: Array(hash.utf8CString)) else { return false }
        return ConstantTime.equal(Array(again.utf8), Array(hash.utf8))
    }

    /// What stands in front of a hash: algorithm, cost and salt, of nobody's password. Checking against it costs as much as
    /// against a hash, and never succeeds.
    static func settingOfNobody(_ cost: PasswordCost) -> String {
        // Two digits, as in every setting.
        "$2b$\(cost.exponent < 10 ? "0" : "")\(cost.exponent)$" + String(repeating: ".", count: 22)
    }

    private static func crypt(_ password: String, setting: [CChar]) -> String? {
        // What is behind a NUL would not be looked at.
        guard !password.utf8.contains(0) else { return nil }
        var data = crypt_data()
        // The result lies within the data, so it is read while the data certainly lives.
        return withUnsafeMutablePointer(to: &data) { data in
            // libxcrypt marks failure by a result that starts with a star.
            guard let result = crypt_r(password, setting, data), result.pointee != CChar(bitPattern: UInt8(ascii: "*"))
            else { return nil }
            return String(cString: result)
        }
    }
}

/// Comparisons whose time does not tell where two secrets differ.
enum ConstantTime {
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
