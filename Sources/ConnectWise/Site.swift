import BoundaryText
import Foundation
import Outbound

/// The host a person signs in at, such as `na.myconnectwise.net`.
public struct Site: Sendable, Equatable {
    /// Lower-case, without brackets.
    public let host: String
    public let port: Int?
    let usesTLS: Bool

    /// Reads `host`, `host:port` or the URL copied from a browser; a loopback host without a scheme means http.
    /// nil when there is no host.
    public init?(_ text: String) {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let hasScheme = ["https://", "http://"].contains { text.lowercased().utf8.starts(with: $0.utf8) }
        guard let address = WebAddress(hasScheme ? text : "https://" + text) else { return nil }
        host = address.host
        port = address.port.map(Int.init)
        let isLoopback = host == "localhost" || host == "::1" || host.utf8.starts(with: "127.".utf8)
        usesTLS = hasScheme ? address.isSecure : !isLoopback
    }

    /// Whether the text is nothing but host and port, as sites are stored.
    public func isWrittenAs(_ text: String) -> Bool {
        text.utf8.elementsEqual((WebAddress.bracketed(host) + (port.map { ":\($0)" } ?? "")).utf8)
    }

    /// The host's API twin: cloud hosts serve the API under another name.
    private var twin: String { host.dropping(prefix: "api-").map(String.init) ?? "api-" + host }

    /// True for a simulator or test server on this machine that is spoken to without TLS.
    public var isPlainLoopback: Bool { !usesTLS }

    /// True for ConnectWise's own cloud, by its names; other hosts are on-premises servers.
    public var isCloud: Bool { host.utf8.hasSuffix(".myconnectwise.net") || host.utf8.hasSuffix(".connectwisedev.com") }

    /// True for the site itself and for its `api-` twin.
    public func owns(host other: String) -> Bool {
        let other = other.lowercased().trimmingCharacters(in: ["[", "]"])
        return other == host || other == twin
    }

    func url(host: String, path: String) -> String {
        return "\(usesTLS ? "https" : "http")://\(WebAddress.bracketed(host))\(port.map { ":\($0)" } ?? "")/\(path)"
    }

    /// Where the company's API lives, ending in `apis/3.0`.
    public func apiBase(_ company: CompanyInfo) -> String {
        let codebase = company.codebase.trimmingCharacters(in: ["/"])
        return url(host: apiHost(codebase: codebase, company), path: "\(codebase)/apis/3.0")
    }

    private func apiHost(codebase: String, _ company: CompanyInfo) -> String {
        // What a server says about itself is taken only if credentials may go there anyway.
        if company.isCloud, let named = company.siteURL.flatMap(Site.init)?.host, owns(host: named) { return named }
        let isAddress =
            host.utf8.contains(":") || host.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
            || host == "localhost"
        // On-premise servers return exactly this codebase and have no twin.
        let isOnPremise = codebase == "v4_6_release" && !company.isCloud
        // Sandboxes serve the API at their own name.
        if isAddress || isOnPremise || host.utf8.hasPrefix("api-") || host.utf8.hasPrefix("sandbox-") { return host }
        return twin
    }

    /// The page of a ticket in ConnectWise.
    public func ticketLink(_ id: Int, companyID: String) -> String {
        let interface = host.dropping(prefix: "api-").map(String.init) ?? host
        return url(host: interface, path: "v4_6_release/services/system_io/router/openrecord.rails")
            + "?locale=en_US&recordType=ServiceFv&recid=\(id)&companyName=\(Query.encode(companyID))"
    }
}

/// The answer of `/login/companyinfo/{companyId}`.
public struct CompanyInfo: Decodable, Sendable, Equatable {
    /// Such as `v2026_1/`; changes with each upgrade.
    public let codebase: String
    public let companyName: String?
    public let companyID: String?
    public let version: String?
    public let isCloud: Bool
    public let siteURL: String?

    public init(codebase: String, isCloud: Bool, siteURL: String? = nil) {
        self.codebase = codebase
        self.isCloud = isCloud
        self.siteURL = siteURL
        companyName = nil
        companyID = nil
        version = nil
    }

    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder)
        guard let codebase: String = fields["Codebase"], Self.isPlain(codebase) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no usable Codebase"))
        }
        self.codebase = codebase
        companyName = fields["CompanyName"]
        companyID = fields["CompanyID"]
        version = fields["VersionCode"]
        // A string in ConnectWise's own sample, a flag on live servers.
        let text: String? = fields["IsCloud"]
        isCloud = fields["IsCloud"] ?? (text?.lowercased() == "true")
        siteURL = fields["SiteUrl"]
    }

    /// The codebase becomes part of a path to which credentials are sent.
    static func isPlain(_ codebase: String) -> Bool {
        let name = codebase.dropping(suffix: "/") ?? Substring(codebase)
        return !name.isEmpty && !name.utf8.contains("..")
            && name.utf8.allSatisfy { $0.isLetter || $0.isDigit || "._-".utf8.contains($0) }
    }
}

enum Query {
    /// Percent-encodes a value; keeps what is harmless in a query so that URLs stay short.
    static func encode(_ value: String) -> String { value.percentEncoded(keeping: "-._~,/():") }
}
