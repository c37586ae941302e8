import BoundaryText

/// Why a call has no answer.
public enum OutboundError: Error, Sendable, Equatable {
    /// The URL is not permitted. Nothing was sent.
    case notAllowed(HostRefusal)
    /// The host has an address that is not public and is not named by the allowlist. No request was sent.
    case refusedAddress(host: String, reason: String)
    /// No answer in time. `maybeSent` is false only when the request certainly did not reach the peer.
    case timeOut(maybeSent: Bool)
    /// The connection failed, for want of a name, a listener, or an answer. `maybeSent` as above.
    case connection(reason: String, maybeSent: Bool)
    /// The peer's certificate or handshake failed. Nothing was sent.
    case tls(reason: String)
    /// The answer is larger than permitted. The peer has handled the request.
    case tooLarge(limit: Int)
    /// The peer redirects, which is never followed; `host` is the target's, nil when it cannot be read.
    case redirected(status: Int, host: String?)
    /// Too many failures in a row; the remote is left alone for a while. Nothing was sent.
    case circuitOpen(retryAfter: Duration)
    /// The budget is used up or the remote asked for a pause. Nothing was sent.
    case budget(retryAfter: Duration)
    /// The caller's task was cancelled.
    case cancelled(maybeSent: Bool)

    /// True when the peer may have acted on the request, so that a write must be read back before it is repeated.
    public var maybeSent: Bool {
        switch self {
        case .timeOut(let maybeSent), .connection(_, let maybeSent), .cancelled(let maybeSent): maybeSent
        case .tooLarge, .redirected: true
        case .notAllowed, .refusedAddress, .tls, .circuitOpen, .budget: false
        }
    }
}

extension OutboundError: CustomStringConvertible {
    /// A sentence for people; holds no path, query or header.
    public var description: String {
        switch self {
        case .notAllowed(let refusal): refusal.description
        case .refusedAddress(let host, let reason): "The address of \(host) is not permitted (\(reason))."
        case .timeOut: "No answer in time."
        case .connection(let reason, _): "The connection failed: \(reason)."
        case .tls(let reason): "No trusted TLS connection: \(reason)."
        case .tooLarge(let limit): "The answer is larger than \(limit) bytes."
        case .redirected(let status, let host):
            "The server redirects (\(status)) to \(host ?? "an unreadable address"), which is not followed."
        case .circuitOpen(let retryAfter):
            "Too many failures in a row; next attempt in \(retryAfter.components.seconds) s."
        case .budget(let retryAfter): "The call budget is used up; next call in \(retryAfter.components.seconds) s."
        case .cancelled: "The call was cancelled."
        }
    }
}
