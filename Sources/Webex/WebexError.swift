import BoundaryText
import Foundation
import Outbound

/// Why Webex did not do what was asked. `trackingID` is what Cisco's support asks for.
public enum WebexError: Error, Sendable, Equatable {
    /// The token is not valid.
    case authentication(message: String, trackingID: String?)
    case notFound(message: String, trackingID: String?)
    case rejected(message: String, trackingID: String?)
    /// Too many calls, by Webex's count or our budget's; the remote is already paused.
    case rateLimited(retryAfter: Duration)
    /// Too many failures in a row; calls are held back.
    case unavailable(retryAfter: Duration)
    case server(status: Int, message: String, trackingID: String?)
    case timeOut(maybeSent: Bool)
    case connection(reason: String, maybeSent: Bool)
    case undecodable(reason: String)
    /// The answer is larger than we read.
    case tooLarge(limit: Int)
    /// Not permitted by the allowlist, refused address or untrusted certificate.
    case refused(OutboundError)
    case cancelled(maybeSent: Bool)

    /// True when the message may have been posted.
    public var maybeSent: Bool {
        switch self {
        case .timeOut(let maybeSent), .connection(_, let maybeSent), .cancelled(let maybeSent): maybeSent
        case .server, .undecodable, .tooLarge: true
        case .refused(let error): error.maybeSent
        case .authentication, .notFound, .rejected, .rateLimited, .unavailable: false
        }
    }

    /// What a person can do about it.
    public var message: String {
        switch self {
        case .authentication(let message, let id): "Webex does not accept the bot's token: \(message)\(Self.note(id))"
        case .notFound(let message, let id): "Webex cannot find the recipient: \(message)\(Self.note(id))"
        case .rejected(let message, let id): "Webex rejects it: \(message)\(Self.note(id))"
        case .rateLimited(let after): "Too many calls to Webex. Next attempt in \(after.components.seconds) s."
        case .unavailable(let after): "Webex keeps failing. Next attempt in \(after.components.seconds) s."
        case .server(let status, let message, let id): "Webex failed (\(status)): \(message)\(Self.note(id))"
        case .timeOut: "Webex did not answer in time."
        case .connection(let reason, _): "No connection to Webex: \(reason)."
        case .undecodable(let reason): "Webex's answer cannot be read: \(reason)."
        case .tooLarge(let limit): "Webex's answer is larger than \(limit) bytes."
        case .refused(let error): error.description
        case .cancelled: "The call was cancelled."
        }
    }

    private static func note(_ trackingID: String?) -> String {
        trackingID.map { " (tracking id \($0))" } ?? ""
    }

    init(_ error: OutboundError) {
        self =
            switch error {
            case .notAllowed, .refusedAddress, .tls: .refused(error)
            case .tooLarge(let limit): .tooLarge(limit: limit)
            // Somebody in between, such as a portal, may have sent it; it is over some day.
            case .redirected(let status, _): .server(status: status, message: error.description, trackingID: nil)
            case .timeOut(let maybeSent): .timeOut(maybeSent: maybeSent)
            case .connection(let reason, let maybeSent): .connection(reason: reason, maybeSent: maybeSent)
            case .circuitOpen(let retryAfter): .unavailable(retryAfter: retryAfter)
            case .budget(let retryAfter): .rateLimited(retryAfter: retryAfter)
            case .cancelled(let maybeSent): .cancelled(maybeSent: maybeSent)
            }
    }

    /// Reads an error answer; nil for an answer of success.
    init?(_ response: OutboundResponse) {
        guard !response.isSuccess else { return nil }
        struct Body: Decodable {
            struct Detail: Decodable {
                let description: String?
            }
            let message: String?
            let errors: [Detail]?
            let trackingId: String?
        }
        let body = try? JSONDecoder().decode(Body.self, from: response.body)
        let trackingID = body?.trackingId ?? response.header("trackingid")
        let text = body?.message ?? body?.errors?.first?.description ?? "status \(response.status)"
        switch response.status {
        case 401: self = .authentication(message: text, trackingID: trackingID)
        case 404, 410: self = .notFound(message: text, trackingID: trackingID)
        case 429: self = .rateLimited(retryAfter: response.retryAfter ?? .seconds(30))
        case 400..<500: self = .rejected(message: text, trackingID: trackingID)
        default: self = .server(status: response.status, message: text, trackingID: trackingID)
        }
    }
}
