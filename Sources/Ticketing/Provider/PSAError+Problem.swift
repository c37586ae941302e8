import BoundaryText
import HTTPTypes
import WebSupport

extension PSAError {
    /// What somebody is told who looked something up in the ticketing system.
    public var problem: Problem {
        func upstream(_ code: String) -> Problem {
            Problem(
                .badGateway, code: code, title: "The ticketing system did not answer as it should",
                detail: description)
        }
        switch self {
        case .authentication: return upstream("psa_credentials")
        case .permission: return upstream("psa_permission")
        case .notFound(let what):
            return Problem(
                .notFound, code: "not_found", title: "Not found",
                detail: "The ticketing system does not have it: \(what)")
        case .rateLimited(let wait), .held(_, let wait): return .unavailable(description, retryAfter: wait)
        case .timeOut:
            return Problem(
                .gatewayTimeout, code: "psa_time_out", title: "The ticketing system did not answer in time",
                detail: "\(description). Try again.")
        case .server, .connection, .certificate, .undecodable: return upstream("psa_unreachable")
        case .notAllowed: return upstream("psa_not_allowed")
        case .unusable: return .conflict(code: "psa_unusable", description)
        case .rejected(let why, let fields):
            return Problem(
                .unprocessableContent, code: "psa_rejected", title: "The ticketing system does not accept it",
                detail: why,
                errors: fields.sorted { $0.key < $1.key }.map {
                    .init(field: $0.key, code: "rejected", message: $0.value)
                })
        }
    }
}
