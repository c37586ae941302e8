import BoundaryText
import WebSupport

/// Checks what people typed.
package struct FieldChecks {
    package private(set) var errors: [Problem.FieldError] = []

    /// Begins without a fault.
    package init() {}

    package mutating func require(_ good: Bool, _ field: String, _ code: String, _ message: String) {
        if !good { errors.append(.init(field: field, code: code, message: message)) }
    }

    /// A text with something in it, without what no text can hold.
    package mutating func text(_ text: String?, _ field: String, longest: Int) -> String {
        // A null character ends a text in some databases, and is never meant.
        let clean = (text ?? "").replacing(bytes: "\u{0}", with: "").replacing(bytes: "\r\n", with: "\n")
        // The first line's indentation stays: it may be code.
        let trimmed = clean.withoutBlankEnds
        let length = trimmed.unicodeScalars.count
        require(length > 0, field, "required", "must not be empty.")
        require(
            length <= longest, field, "length",
            "has \(length) characters; ConnectWise accepts at most \(longest).")
        return trimmed
    }

    package mutating func minutes(_ minutes: Int) {
        require(
            (1...PSASettings.longestTime).contains(minutes), "minutes", "out_of_range",
            "must be from 1 to \(PSASettings.longestTime).")
    }

    package mutating func key(_ text: String?, _ field: String, _ provider: any PSAProvider) {
        require(
            text.map { provider.isKey($0) } ?? true, field, "wrong_value",
            "is not a ConnectWise ID.")
    }

    package func finish() throws(Problem) {
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}
