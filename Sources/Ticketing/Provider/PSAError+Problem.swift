import BoundaryText
import HTTPTypes
import WebSupport

extension PSAError {
    /// The answer to a request that looked something up in the PSA.
    public var problem: Problem {
        func upstream(_ code: String) -> Problem {
            Problem(
                .badGateway, code: code, title: "Unexpected response from ConnectWise",
                detail: description)
        }
        switch self {
        case .authentication: return upstream("psa_credentials")
        case .permission: return upstream("psa_permission")
        case .notFound:
            return Problem(
                .notFound, code: "not_found", title: "Not found",
                detail: description)
        case .rateLimited(let wait), .held(_, let wait): return .unavailable(description, retryAfter: wait)
        case .timeOut:
            return Problem(
                .gatewayTimeout, code: "psa_timeout", title: "ConnectWise did not respond in time",
                detail: "\(description). Try again.")
        case .server, .connection, .certificate, .undecodable: return upstream("psa_unreachable")
        case .notAllowed: return upstream("psa_host_not_allowed")
        case .unusable: return .conflict(code: "psa_unusable", description)
        case .rejected(let why, let fields):
            return Problem(
                .unprocessableContent, code: "psa_rejected", title: "ConnectWise rejected it",
                detail: why,
                errors: fields.sorted { $0.key < $1.key }.map {
                    .init(field: $0.key, code: "rejected", message: $0.value)
                })
        }
    }
}
