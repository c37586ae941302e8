import BoundaryText
import Foundation

/// Where ConnectWise keeps the key that signs a company's callbacks: the one address that a callback may name.
///
/// A callback names its key's address, and anyone can send one. So the address is never called as given: host, codebase
/// and record are taken from it, everything else must be exactly what ConnectWise sends, and the address is rebuilt from
/// these parts with our own company.
public struct CallbackKeyAddress: Hashable, Sendable {
    /// What is called.
    public let url: String

    /// Recorded ones have about 110 bytes.
    private static let longest = 500
    private static let longestCodebase = 40

    /// Reads what a callback claims.
    /// - Parameters:
    ///   - claimed: the callback's `key_url`.
    ///   - site: the only host, with its `api-` twin, that keys are fetched from.
    ///   - company: the only company whose keys count; others on the same cloud host can sign too.
    /// - Returns: nil for anything else but
    ///   `https://{site}/{codebase}/system/callbackkey/index.rails?companyName={company}&id={GUID}`, with one or two
    ///   slashes behind the codebase.
    public init?(_ claimed: String, site: Site, company: String) {
        guard claimed.utf8.count <= Self.longest, claimed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let parts = URLComponents(string: claimed), parts.user == nil, parts.password == nil, parts.fragment == nil,
            let host = parts.host, site.owns(host: host), parts.port == site.port,
            parts.scheme == (site.isPlainLoopback ? "http" : "https"),
            let path = Self.path(parts.percentEncodedPath),
            let record = Self.record(parts.percentEncodedQuery, of: company)
        else { return nil }
        let name = host.lowercased().trimmingCharacters(in: ["[", "]"])
        url = site.url(host: name, path: path) + "?companyName=\(Query.encode(company))&id=\(record)"
    }

    /// Without the slash in front; nil when it is another one.
    private static func path(_ path: String) -> String? {
        // The path of a URL as it was sent: what is encoded in it is not what we look for.
        let segments = path.splitBytes(on: "/", omittingEmpty: false)
        guard segments.count >= 5, segments[0].isEmpty else { return nil }
        let codebase = segments[1]
        let rest = Array(segments.dropFirst(2))
        let isKey =
            rest == ["system", "callbackkey", "index.rails"] || rest == ["", "system", "callbackkey", "index.rails"]
        // As `v2026_1` or `v4_6_release`.
        guard isKey, codebase.utf8.first == UInt8(ascii: "v"), codebase.utf8.count <= longestCodebase,
            CompanyInfo.isPlain(String(codebase))
        else { return nil }
        return "\(codebase)/\(rest.count == 4 ? "/" : "")system/callbackkey/index.rails"
    }

    /// The record's GUID in lower case; nil when the query asks for anything else, too.
    private static func record(_ query: String?, of company: String) -> String? {
        let fields = (query ?? "").splitBytes(on: "&", omittingEmpty: false)
        guard fields.count == 2 else { return nil }
        var values: [String: String] = [:]
        for field in fields {
            let pair = field.splitBytes(on: "=", omittingEmpty: false)
            guard pair.count == 2, let value = String(pair[1]).removingPercentEncoding else { return nil }
            values[String(pair[0])] = value
        }
        guard let named = values["companyName"], isSame(named, company), let id = values["id"], isGUID(id) else {
            return nil
        }
        return id.lowercased()
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        // By scalar: texts that only look the same are two companies.
        left.lowercased().unicodeScalars.elementsEqual(right.lowercased().unicodeScalars)
    }

    private static func isGUID(_ text: String) -> Bool {
        let groups = text.splitBytes(on: "-", omittingEmpty: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.utf8.allSatisfy(\.isHexDigit) }
    }
}
