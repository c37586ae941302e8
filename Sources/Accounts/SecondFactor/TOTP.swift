import BoundaryText
import Crypto
import Foundation

/// Time-based one-time passwords (RFC 6238): HMAC-SHA-1, six digits, thirty seconds, as every authenticator app
/// supports.
public enum TOTP {
    static let period = 30
    static let digits = 6
    /// Also accept the previous and the next code: people type slowly, and clocks differ a little.
    static let tolerance = 1

    /// 160 random bits, as RFC 4226 recommends.
    static func randomSecret() -> [UInt8] {
        SymmetricKey(size: .init(bitCount: 160)).withUnsafeBytes { Array($0) }
    }

    /// The number of periods since 1970.
    static func step(at instant: Date) -> Int {
        Int(saturating: instant.timeIntervalSince1970.rounded(.down)) / period
    }

    /// The code for a period.
    public static func code(_ secret: [UInt8], step: Int) -> String {
        let counter = withUnsafeBytes(of: UInt64(clamping: step).bigEndian) { Array($0) }
        let mac = Array(HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: secret)))
        let offset = Int(mac[mac.count - 1] & 15)
        let number = mac[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
        let text = String(number % 1_000_000)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// The period in which a code is valid.
    /// - Parameter last: The last period whose code was used; it and earlier ones are not accepted again.
    static func step(matching code: String, _ secret: [UInt8], at instant: Date, after last: Int) -> Int? {
        let present = step(at: instant)
        return (present - tolerance...present + tolerance).first { step in
            step > last && ConstantTime.equal(Array(Self.code(secret, step: step).utf8), Array(code.utf8))
        }
    }

    /// The URI for the QR code, in the key URI format of authenticator apps.
    static func uri(_ secret: [UInt8], account: String, issuer: String) -> String {
        // A colon separates issuer and account, escaped or not, so one inside a name would truncate it.
        func escaped(_ text: String) -> String {
            let scalars = text.unicodeScalars.filter { $0 != ":" }
            return String(String.UnicodeScalarView(scalars))
                .addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
        return "otpauth://totp/\(escaped(issuer)):\(escaped(account))?secret=\(Base32.text(secret))"
            + "&issuer=\(escaped(issuer))&algorithm=SHA1&digits=\(digits)&period=\(period)"
    }
}

/// Base32 without padding (RFC 4648).
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    static func text(_ bytes: [UInt8]) -> String {
        var (text, buffer, bits) = ("", 0, 0)
        for byte in bytes {
            (buffer, bits) = (buffer << 8 | Int(byte), bits + 8)
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[buffer >> bits & 31])
            }
            buffer &= (1 << bits) - 1
        }
        if bits > 0 { text.append(alphabet[buffer << (5 - bits) & 31]) }
        return text
    }

    static func bytes(_ text: String) -> [UInt8]? {
        var (bytes, buffer, bits): ([UInt8], Int, Int) = ([], 0, 0)
        for character in text.uppercased() where character != "=" && character != " " && character != "-" {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            (buffer, bits) = (buffer << 5 | value, bits + 5)
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(buffer >> bits & 255))
            }
            buffer &= (1 << bits) - 1
        }
        return bytes
    }
}
