import BoundaryText
import Crypto
import Foundation

/// A single-use code that replaces the second factor: 120 random bits, so a plain hash of it can be stored.
enum RecoveryCode {
    /// The number of codes per user.
    static let count = 10

    /// Creates codes in display form: `abcd-efgh-ijkl-mnop-qrst-uvwx`.
    static func make() -> [String] {
        (0..<count).map { _ in
            let bytes = SymmetricKey(size: .init(bitCount: 120)).withUnsafeBytes { Array($0) }
            let text = Array(Base32.text(bytes).lowercased().unicodeScalars)
            return stride(from: 0, to: text.count, by: 4)
                .map { String(String.UnicodeScalarView(text[$0..<min($0 + 4, text.count)])) }
                .joined(separator: "-")
        }
    }

    /// The hash to store. Ignores case, spaces and dashes.
    static func hash(_ text: String) -> [UInt8] {
        let bare = text.lowercased().words.joined().replacing(bytes: "-", with: "")
        return Array(SHA256.hash(data: Data(bare.utf8)))
    }
}
