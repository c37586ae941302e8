import BoundaryText
import Foundation
import Outbound

/// Sends signed events to one endpoint, by the Standard Webhooks specification.
public struct WebhookClient: Sendable {
    private let url: String
    private let outbound: OutboundClient
    private let remote: Remote

    /// - Parameters:
    ///   - url: the endpoint's whole address.
    ///   - remote: shared by all who call this endpoint.
    public init(url: String, outbound: OutboundClient, remote: Remote) {
        self.url = url
        self.outbound = outbound
        self.remote = remote
    }

    /// Sends an event.
    /// - Parameters:
    ///   - body: JSON, as it is signed.
    ///   - id: the same each time that this event is sent, so that the receiver can drop a repetition.
    ///   - date: when it is sent; receivers refuse what is more than some minutes old.
    ///   - secrets: all that the receiver may know at the moment; more than one while they are being changed.
    public func send(
        _ body: Data, id: String, at date: Date, secrets: [WebhookSecret]
    ) async throws(WebhookError) {
        let timestamp = Int(saturating: date.timeIntervalSince1970)
        let signatures = secrets.map { $0.signature(id: id, timestamp: timestamp, body: body) }
        let request = OutboundRequest(
            .post, url,
            headers: [
                .init("Content-Type", "application/json"), .init("webhook-id", id),
                .init("webhook-timestamp", "\(timestamp)"),
                .init("webhook-signature", signatures.joined(separator: " ")),
            ], body: body,
            // The specification advises 15 to 30 s.
            timeOut: .seconds(20), maximumAnswerBytes: 64 << 10, hasSecretPath: true)
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await outbound.send(request, to: remote, priority: .background)
        } catch {
            throw WebhookError(error)
        }
        switch response.status {
        case 200..<300: return
        case 410: throw .gone
        case 429: throw .wait(status: 429, response.retryAfter ?? .seconds(30))
        default:
            if response.status >= 500, let wait = response.retryAfter { throw .wait(status: response.status, wait) }
            throw .answered(status: response.status)
        }
    }
}

/// Why an endpoint did not take an event.
public enum WebhookError: Error, Sendable, Equatable {
    /// It says that it wants no further events, ever.
    case gone
    /// It asks to wait, or our own limits do.
    case wait(status: Int?, Duration)
    /// It refused or failed.
    case answered(status: Int)
    /// It was not reached, hung up or did not answer; whether it may have taken the event.
    case unreachable(String, maybeSent: Bool)
    /// It may not be called.
    case refused(String)

    init(_ error: OutboundError) {
        self =
            switch error {
            case .notAllowed, .refusedAddress, .tls: .refused(error.description)
            case .redirected(let status, _): .answered(status: status)
            case .tooLarge: .unreachable(error.description, maybeSent: true)
            case .timeOut(let maybeSent): .unreachable("it did not answer in time", maybeSent: maybeSent)
            case .connection(let reason, let maybeSent): .unreachable(reason, maybeSent: maybeSent)
            case .cancelled(let maybeSent): .unreachable("cancelled", maybeSent: maybeSent)
            case .circuitOpen(let wait), .budget(let wait): .wait(status: nil, wait)
            }
    }

    /// For people.
    public var message: String {
        switch self {
        case .gone: "The endpoint answered 410: it wants no further events"
        case .wait(let status?, let wait):
            "The endpoint answered \(status) and asks to wait \(wait.components.seconds) s"
        case .wait(nil, let wait): "The endpoint keeps failing; next attempt in \(wait.components.seconds) s"
        case .answered(let status): "The endpoint answered \(status)"
        case .unreachable(let reason, _): "The endpoint cannot be reached: \(reason)"
        case .refused(let reason): "The endpoint may not be called: \(reason)"
        }
    }
}
