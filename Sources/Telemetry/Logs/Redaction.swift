import BoundaryText

/// Decides which metadata values may be logged, based on the words in their names.
///
/// It errs on the side of hiding: a lane named `key` is hidden too, so use specific names (`lane`, `key_id`).
public enum Redaction {
    /// Replaces a hidden value.
    public static let mask = "[redacted]"

    private static let secretEndings = [
        "authorization", "authentication", "cookie", "credential", "key", "passphrase", "password", "passwd", "pwd",
        "secret", "signature", "token",
    ]

    // Names like `key_id` and `token_kind` describe a secret without containing it.
    private static let harmlessLastWords: Set<String> = ["age", "count", "expires", "hint", "id", "kind", "length"]

    /// Whether a metadata value with this name must not be logged.
    ///
    /// `api_key`, `privateKey`, `X-Auth-Token`, `PASSWORD` and `accesstoken` are secret; `key_id` is not.
    public static func hides(_ name: String) -> Bool {
        let words = words(of: name)
        if let last = words.last, words.count > 1, harmlessLastWords.contains(last) { return false }
        return words.contains { word in
            let singular = word.dropping(suffix: "s").map(String.init) ?? word
            return secretEndings.contains { singular.utf8.hasSuffix($0) || word.utf8.hasSuffix($0) }
        }
    }

    // Splits at everything except letters and digits, and where a capital follows a lower-case letter or a digit.
    private static func words(of name: String) -> [String] {
        var words: [String] = []
        var word = ""
        var afterSmall = false
        for character in name {
            let isWordPart = character.isLetter || character.isNumber
            if !isWordPart || (afterSmall && character.isUppercase) {
                if !word.isEmpty { words.append(word.lowercased()) }
                word = ""
            }
            if isWordPart { word.append(character) }
            afterSmall = character.isLowercase || character.isNumber
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        return words
    }
}
