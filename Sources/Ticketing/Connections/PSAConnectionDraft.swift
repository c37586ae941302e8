import Accounts
import BoundaryText
import ConnectWise
import Foundation
import HTTPTypes
import Sealing
import WebSupport

/// A connection to be created or changed.
public struct PSAConnectionDraft: Sendable, Equatable {
    /// Which kind of system.
    public var provider: String
    /// As people call it.
    public var name: String
    /// Host, or host and port.
    public var site: String
    /// The company name typed on the login screen.
    public var company: String
    /// With what it is called; nil leaves what is stored.
    public var credentials: PSACredentials?
    /// Whether it is to be used.
    public var isActive: Bool
    /// Another baseline than the present one.
    public var baselineAt: Date?
    /// The customer whose own it is; nil for the MSP's.
    public var tenant: Tenant.ID?
    /// What applies where a request says nothing else; only for a new connection.
    public var settings = PSASettings()
    /// Whether it takes the place of the one in use.
    public var replaces = false

    /// Describes a connection and checks what can be checked without calling anybody.
    /// - Throws: 422 with the fields at fault.
    public init(
        provider: String = "connectwise", name: String, site: String, company: String, credentials: PSACredentials?,
        isActive: Bool = true, baselineAt: Date? = nil
    ) throws(Problem) {
        self.provider = provider
        self.name = name.trimmingCharacters(in: .whitespacesAndNewlines)
        self.site = Self.host(site)
        self.company = company.trimmingCharacters(in: .whitespacesAndNewlines)
        self.credentials = credentials
        self.isActive = isActive
        self.baselineAt = baselineAt

        var errors: [Problem.FieldError] = []
        func require(_ good: Bool, _ field: String, _ code: String, _ message: String) {
            if !good { errors.append(.init(field: field, code: code, message: message)) }
        }
        require(provider == "connectwise", "provider", "wrong_value", "must be connectwise.")
        require((1...100).contains(self.name.unicodeScalars.count), "name", "length", "must have 1 to 100 characters.")
        require(
            Site(self.site)?.isWrittenAs(self.site) ?? false, "site", "wrong_value",
            "must be a host such as na.myconnectwise.net, or host:port, without a path or user.")
        require(
            (1...50).contains(self.company.unicodeScalars.count), "company", "length",
            "must be the company name typed on the ConnectWise login screen.")
        for (field, credential) in [
            ("public_key", credentials?.publicKey), ("private_key", credentials?.privateKey),
            ("client_id", credentials?.clientID),
        ] {
            require(credential?.isEmpty != true, field, "required", "is required.")
            require(
                credential?.fits(scalars: BodyLimits.usualText) != false, field, "length",
                "must have at most \(BodyLimits.usualText) characters.")
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// People paste the address of the login page.
    private static func host(_ site: String) -> String {
        let site = site.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
        var host = site.dropping(prefix: "https://") ?? site[...]
        while let shorter = host.dropping(suffix: "/") { host = shorter }
        return String(host)
    }
}

/// What is to be different about a connection; nil leaves a member as it is.
public struct PSAConnectionChange: Sendable {
    /// As people call it.
    public var name: String?
    /// Host, or host and port.
    public var site: String?
    /// The company name typed on the login screen.
    public var company: String?
    /// A new public key.
    public var publicKey: String?
    /// A new private key.
    public var privateKey: String?
    /// A new client id.
    public var clientID: String?
    /// Whether it is to be used.
    public var isActive: Bool?
    /// Another baseline.
    public var baselineAt: Date?

    /// Whether anything changes that a test has to prove.
    var touchesConnection: Bool {
        site != nil || company != nil || publicKey != nil || privateKey != nil || clientID != nil
    }

    /// The credentials as they are to be. Those of before are opened only where some of them stay.
    /// - Returns: nil to leave what is stored, which nothing then has to open.
    /// - Throws: 422 for the keys that are needed again because what is stored cannot be opened.
    private func credentials(_ stored: () throws -> PSACredentials) throws -> PSACredentials? {
        if let publicKey, let privateKey, let clientID {
            return PSACredentials(publicKey: publicKey, privateKey: privateKey, clientID: clientID)
        }
        guard touchesConnection else { return nil }
        do {
            let stored = try stored()
            return PSACredentials(
                publicKey: publicKey ?? stored.publicKey, privateKey: privateKey ?? stored.privateKey,
                clientID: clientID ?? stored.clientID)
        } catch is SealingError {
            let missing = [("public_key", publicKey), ("private_key", privateKey), ("client_id", clientID)]
                .filter { $0.1 == nil }
            throw Problem.invalid(
                missing.map {
                    .init(
                        field: $0.0, code: "required",
                        message: "must be entered again: the stored one cannot be decrypted.")
                })
        }
    }

    /// - Parameter stored: opens the credentials of before.
    func applied(to connection: PSAConnection, stored: () throws -> PSACredentials) throws -> PSAConnectionDraft {
        if let company, company.lowercased() != connection.company.lowercased() {
            // Tickets, boards and members of another one are others under the same numbers.
            throw Problem.invalid([
                .init(
                    field: "company", code: "immutable",
                    message:
                        "cannot be changed. Create a connection for the other company, and delete or disable this one.")
            ])
        }
        let moves = (site.map { $0 != connection.site } ?? false) || (company.map { $0 != connection.company } ?? false)
        if moves, privateKey == nil {
            // Otherwise anyone who may edit a connection could send the stored keys to a host of their own.
            throw Problem.invalid([
                .init(
                    field: "private_key", code: "required",
                    message: "must be entered again when you change the site or company.")
            ])
        }
        return try PSAConnectionDraft(
            provider: connection.provider, name: name ?? connection.name, site: site ?? connection.site,
            company: company ?? connection.company,
            credentials: try credentials(stored), isActive: isActive ?? connection.isActive,
            baselineAt: baselineAt)
    }
}

/// Says in words why a connection is not changed, such as which part of connecting failed.
enum PSAConnectionProblem {
    static let staleSettings = Problem(
        .preconditionFailed, code: "stale", title: "Edit conflict",
        detail:
            "Someone else changed these defaults after you opened them. Nothing was saved. Check the current defaults, then save yours again to replace them."
    )

    static func problem(_ error: PSAError, saving: Bool = true) -> Problem {
        let (code, field): (String, String) =
            switch error {
            case .authentication: ("credentials", "private_key")
            case .permission: ("permission", "public_key")
            case .notFound: ("host", "company")
            case .notAllowed: ("host", "site")
            case .unusable: ("credentials", "private_key")
            case .certificate: ("certificate", "site")
            case .connection, .timeOut, .server, .rateLimited, .held: ("network", "site")
            case .rejected, .undecodable: ("unexpected_response", "site")
            }
        let consequence = saving ? " Nothing was saved." : ""
        return Problem(
            .unprocessableContent, code: "connection_failed", title: "The connection test failed",
            detail: "\(error)".utf8.hasSuffix(".") ? "\(error)\(consequence)" : "\(error).\(consequence)",
            errors: [.init(field: field, code: code, message: error.description)])
    }
}
