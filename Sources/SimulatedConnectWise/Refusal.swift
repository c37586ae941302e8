import HTTPTypes
import SimulatorStage

/// What ConnectWise says no with: the statuses and bodies of its error table.
enum Refusal: Error, Sendable {
    struct Fault: Sendable, Equatable {
        let code: String
        let message: String
        let field: String
    }

    case condition(String)
    case invalid(resource: String, [Fault])
    case unknownMember(String, type: String)
    case malformed(String)
    case unauthorized
    case forbidden
    case noRecord(kind: String, id: String)
    case noEndpoint
    case badFlag
    case orderByWithForwardOnly

    static func notFound(_ what: String, resource: String, field: String) -> Refusal {
        .invalid(resource: resource, [Fault(code: "NotFound", message: "\(what) not found", field: field)])
    }

    static func missing(_ field: String, resource: String) -> Refusal {
        .invalid(
            resource: resource,
            [Fault(code: "MissingRequiredField", message: "The \(field) field is required.", field: field)])
    }

    static func invalidField(_ field: String, _ message: String, resource: String) -> Refusal {
        .invalid(resource: resource, [Fault(code: "InvalidField", message: message, field: field)])
    }

    var answer: Answer {
        switch self {
        case .condition(let message): return Answer(400, ["code": "ApiFindCondition", "message": .text(message)])
        case .invalid(let resource, let faults):
            return Answer(
                400,
                [
                    "code": "InvalidObject", "message": .text("\(resource) object is invalid"),
                    "errors": .list(
                        faults.map { fault in
                            [
                                "code": .text(fault.code), "message": .text(fault.message), "resource": .text(resource),
                                "field": .text(fault.field),
                            ]
                        }),
                ])
        case .unknownMember(let name, let type):
            return Answer(
                400,
                [
                    "code": "InvalidObject",
                    "message": .text("Could not find member '\(name)' on object of type '\(type)'."), "errors": .null,
                ])
        case .malformed(let message):
            return Answer(400, ["code": "InvalidObject", "message": .text(message), "errors": .null])
        case .unauthorized:
            return Answer(401, ["code": "Unauthorized", "message": "Missing or invalid credentials."])
        case .forbidden:
            return Answer(
                403,
                ["code": "Security", "message": "You do not have security permission to perform this action."])
        case .noRecord(let kind, let id):
            return Answer(404, ["code": "NotFound", "message": .text("\(kind) \(id) not found")])
        case .noEndpoint:
            return Answer(404, ["code": "ConnectWiseApi", "message": "The endpoint does not exist."])
        case .badFlag:
            return Answer(
                500, ["code": "ConnectWiseApi", "message": "String was not recognized as a valid Boolean."])
        case .orderByWithForwardOnly:
            return Answer(
                400,
                [
                    "code": "InvalidObject", "message": "orderBy is not allowed with forward-only pagination.",
                    "errors": [],
                ])
        }
    }

    /// The body of a status that a fault asks for.
    static func body(status: Int) -> Answer {
        switch status {
        case 401: return Refusal.unauthorized.answer
        case 403: return Refusal.forbidden.answer
        case 404: return Refusal.noEndpoint.answer
        case 429: return tooMany(30)
        default:
            var answer = Answer(
                status, ["code": "ConnectWiseApi", "message": "An error occurred while processing the request."])
            answer.status = status
            return answer
        }
    }

    /// Another shape than all others, as documented.
    static func tooMany(_ seconds: Int) -> Answer {
        Answer(
            429,
            [
                "error": "ConnectWiseAPI",
                "message": .text("Too many requests. Please try again in \(seconds) seconds."),
            ], headers: [.retryAfter: String(seconds)])
    }
}
