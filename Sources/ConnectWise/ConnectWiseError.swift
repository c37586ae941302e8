import BoundaryText
import Foundation
import Outbound

/// Why ConnectWise did not do what was asked.
public enum ConnectWiseError: Error, Sendable, Equatable {
    /// One complaint about one field.
    public struct FieldError: Sendable, Equatable {
        public let code: String?
        public let message: String
        public let field: String?
    }

    /// The keys are wrong. Every call fails until they are changed.
    case authentication(message: String)
    /// The API member's security role lacks a right, or the client id is missing.
    case permission(message: String)
    /// `isRecord`: ConnectWise says that this record does not exist. Otherwise the route is unknown, which on cloud
    /// may also mean wrong keys.
    case notFound(message: String, isRecord: Bool)
    /// Too many calls, by ConnectWise's count or our budget's; the remote is already paused.
    case rateLimited(retryAfter: Duration)
    /// Too many failures in a row; calls are held back.
    case unavailable(retryAfter: Duration)
    case server(status: Int, message: String)
    case timeOut(maybeSent: Bool)
    case connection(reason: String, maybeSent: Bool)
    /// The certificate or the TLS handshake.
    case certificate(reason: String)
    /// ConnectWise does not accept the content.
    case rejected(message: String, fields: [FieldError])
    /// The answer is not what we know how to read.
    case undecodable(reason: String)
    /// Not permitted by the allowlist, refused address, redirect or oversized answer.
    case refused(OutboundError)
    case cancelled(maybeSent: Bool)

    /// True when a write may have happened, so that it must be looked for before it is repeated.
    public var maybeSent: Bool {
        switch self {
        case .timeOut(let maybeSent), .connection(_, let maybeSent), .cancelled(let maybeSent): maybeSent
        case .server, .undecodable: true
        case .refused(let error): error.maybeSent
        case .authentication, .permission, .notFound, .rateLimited, .unavailable, .certificate, .rejected: false
        }
    }

    /// What a person can do about it.
    public var message: String {
        switch self {
        case .authentication(let message):
            "ConnectWise rejected the API keys (\(message)). Check company ID, public key and private key."
        case .permission(let message):
            "ConnectWise denied access (\(message)). Check the API member's security role and the client ID."
        case .notFound(let message, isRecord: true): "ConnectWise cannot find it: \(message)"
        case .notFound(let message, isRecord: false):
            "ConnectWise does not know this address (\(message)). Check site, company ID and keys."
        case .rateLimited(let retryAfter):
            "Too many calls to ConnectWise. Next attempt in \(retryAfter.components.seconds) s."
        case .unavailable(let retryAfter):
            "ConnectWise keeps failing. Next attempt in \(retryAfter.components.seconds) s."
        case .server(let status, let message): "ConnectWise failed (\(status)): \(message) Try again later."
        case .timeOut: "ConnectWise did not respond in time. Try again later."
        case .connection(let reason, _): "No connection to ConnectWise: \(reason). Check site and network."
        case .certificate(let reason): "No trusted connection to ConnectWise: \(reason). Check the site's certificate."
        case .rejected(let message, let fields):
            fields.isEmpty
                ? "ConnectWise rejected it: \(message)"
                : "ConnectWise rejected it: "
                    + fields.map { ($0.field.map { "\($0): " } ?? "") + $0.message }.joined(separator: " ")
        case .undecodable(let reason): "The response of ConnectWise cannot be read: \(reason). Check the site."
        case .refused(let error): error.description
        case .cancelled: "The call was cancelled."
        }
    }

    /// What a call that did not get an answer means.
    public init(_ error: OutboundError) {
        self =
            switch error {
            case .notAllowed, .refusedAddress, .tooLarge, .redirected: .refused(error)
            case .timeOut(let maybeSent): .timeOut(maybeSent: maybeSent)
            case .connection(let reason, let maybeSent): .connection(reason: reason, maybeSent: maybeSent)
            case .tls(let reason): .certificate(reason: reason)
            case .circuitOpen(let retryAfter): .unavailable(retryAfter: retryAfter)
            case .budget(let retryAfter): .rateLimited(retryAfter: retryAfter)
            case .cancelled(let maybeSent): .cancelled(maybeSent: maybeSent)
            }
    }

    /// Reads an error answer; nil for an answer of success.
    init?(_ response: OutboundResponse) {
        guard !response.isSuccess else { return nil }
        let body = (try? JSONDecoder().decode(ErrorBody.self, from: response.body)) ?? ErrorBody()
        let message = body.message ?? "status \(response.status)"
        switch response.status {
        case 401: self = .authentication(message: message)
        case 403: self = .permission(message: message)
        case 404: self = .notFound(message: message, isRecord: body.code == "NotFound")
        // ConnectWise asks for 30 s when it does not say how long.
        case 429: self = .rateLimited(retryAfter: response.retryAfter ?? .seconds(30))
        case 400..<500: self = .rejected(message: message, fields: body.fields)
        default: self = .server(status: response.status, message: message)
        }
    }

    private struct ErrorBody: Decodable {
        struct Detail: Decodable {
            let code: String?
            let message: String?
            let field: String?

            init(from decoder: any Decoder) throws {
                let fields = try Fields(decoder)
                code = fields["code"]
                message = fields["message"]
                field = fields["field"]
            }
        }

        var code: String?
        var message: String?
        var fields: [FieldError] = []

        init() {}

        init(from decoder: any Decoder) throws {
            let members = try Fields(decoder)
            code = members["code"]
            message = members["message"]
            let details: [Detail]? = members["errors"]
            fields =
                details?.map { FieldError(code: $0.code, message: $0.message ?? "not valid", field: $0.field) } ?? []
        }
    }
}
