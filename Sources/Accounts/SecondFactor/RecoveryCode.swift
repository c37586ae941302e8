import BoundaryText
import Crypto
import Foundation

/// A code that replaces the second factor once: 120 random bits, so that a plain hash of it can be stored.
enum RecoveryCode {
    /// How many a person gets.
    static let count = 10

    /// Fresh codes as shown: `abcd-efgh-ijkl-mnop-qrst-uvwx`.
    static func make() -> [String] {
        (0..<count).map { _ in
            let bytes = SymmetricKey(size: .init(bitCount: 120)).withUnsafeBytes { Array($0) }
            let text = Array(Base32.text(bytes).lowercased().unicodeScalars)
            return stride(from: 0, to: text.count, by: 4)
                .map { String(String.UnicodeScalarView(text[$0..<min($0 + 4, text.count)])) }
                .joined(separator: "-")
        }
    }

    /// What is stored. Case, spaces and dashes do not matter.
    static func hash(_ text: String) -> [UInt8] {
        let bare = text.lowercased().words.joined().replacing(bytes: "-", with: "")
        return Array(SHA256.hash(data: Data(bare.utf8)))
    }
}
