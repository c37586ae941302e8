import API
import BoundaryText
import CCrypt
import Foundation

/// The cost of a password hash: two to the power of `exponent` rounds of bcrypt.
public struct PasswordCost: Sendable, Equatable {
    let exponent: UInt

    /// 12, which takes about a quarter of a second.
    public static let standard = PasswordCost(exponent: 12)
    /// 4, the minimum of bcrypt, for tests that are not about passwords.
    package static let least = PasswordCost(exponent: 4)
}

/// Password rules, and bcrypt (`$2b$`) through libxcrypt.
public enum Password {
    /// bcrypt ignores further bytes.
    static let mostBytes = Users.mostPasswordBytes
    static let fewestCharacters = 12

    /// Why a password is not accepted; nil if it is.
    /// - Parameter email: The user's address, whose name part is the first thing that attackers try.
    public static func objection(to password: String, of email: String? = nil) -> String? {
        // C strings end at NUL, and no one types the other control characters.
        if password.unicodeScalars.contains(where: \.isControl) { return "must not contain control characters" }
        // Consecutive spaces count as one, as NIST SP 800-63B recommends.
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

    /// Whether only digits and symbols remain after removing common words, including words with symbols and digits in
    /// place of letters: `P@ssw0rd2026!` is no better than `password`.
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

    /// Computes the hash to store. Slow on purpose, so never call it on a request's thread.
    /// - Returns: Nil if libxcrypt fails, which only happens in a broken installation.
    public static func hash(_ password: String, cost: PasswordCost = .standard) -> String? {
        let salt = (0..<16).map { _ in CChar(bitPattern: UInt8.random(in: .min ... .max)) }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        guard
            crypt_gensalt_rn("$2b$", cost.exponent, salt, Int32(salt.count), &setting, Int32(setting.count)) != nil
        else { return nil }
        return crypt(password, setting: setting)
    }

    /// Whether the password matches the hash.
    public static func verify(_ password: String, against hash: String) -> Bool {
        guard let again = crypt(password, setting: Array(hash.utf8CString)) else { return false }
        return ConstantTime.equal(Array(again.utf8), Array(hash.utf8))
    }

    /// The prefix of a hash (algorithm, cost and salt) that belongs to no password. Verifying against it takes as long
    /// as against a real hash and never succeeds.
    static func dummySetting(_ cost: PasswordCost) -> String {
        // The exponent always has two digits.
        "$2b$\(cost.exponent < 10 ? "0" : "")\(cost.exponent)$" + String(repeating: ".", count: 22)
    }

    private static func crypt(_ password: String, setting: [CChar]) -> String? {
        // bcrypt would ignore everything after a NUL.
        guard !password.utf8.contains(0) else { return nil }
        var data = crypt_data()
        // The result points into `data`, so read it while `data` is guaranteed to be alive.
        return withUnsafeMutablePointer(to: &data) { data in
            // libxcrypt signals failure with a result that starts with an asterisk.
            guard let result = crypt_r(password, setting, data), result.pointee != CChar(bitPattern: UInt8(ascii: "*"))
            else { return nil }
            return String(cString: result)
        }
    }
}

/// Comparisons whose duration does not reveal where two secrets differ.
enum ConstantTime {
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
