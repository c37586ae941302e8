import BoundaryText
import NIOHTTP1
import WebSupport

/// A refusal of the API, read from `application/problem+json` (RFC 9457). Every member may be missing, because a proxy
/// in between can answer too.
struct Problem: Equatable, Sendable {
    struct FieldError: Equatable, Sendable {
        var field: String
        var message: String
    }

    var status: Int
    var title: String?
    /// Its kind, for programs.
    var code: String?
    var detail: String?
    var errors: [FieldError] = []
    /// The address of the thing that it is about.
    var instance: String?
    var requestID: String?

    init(
        status: Int, code: String? = nil, title: String? = nil, detail: String? = nil, errors: [FieldError] = [],
        instance: String? = nil,
        requestID: String? = nil
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self.instance = instance
        self.requestID = requestID
    }

    /// Reads what the body says; a body that is no problem document leaves only the status.
    init(status: Int, body: JSON?) {
        let body = body ?? .null
        self.init(
            status: status,
            code: body[ProblemMember.code].string,
            title: body[ProblemMember.title].string,
            detail: body[ProblemMember.detail].string,
            errors: body[ProblemMember.errors].elements.map { error in
                FieldError(
                    field: error[ProblemMember.field].string ?? "",
                    message: error[ProblemMember.message].string ?? error[ProblemMember.code].string ?? "is not valid")
            },
            instance: body[ProblemMember.instance].string, requestID: body[ProblemMember.requestID].string)
    }

    /// For people: what is wrong, then one line per field, what to do next, and what to quote when asking for help.
    var lines: [String] {
        // What the sentence says already is not said again; of several faults the list is easier to read.
        let untold = errors.filter { detail?.utf8.contains($0.message) != true }
        let isListed = untold.isEmpty && errors.count > 1 && title != nil
        let sentence =
            (isListed ? title : detail ?? title) ?? "The server answered \(HTTPResponseStatus(statusCode: status))"
        var lines = ["Error: \(sentence)"]
        lines += (isListed ? errors : untold).map {
            $0.field.isEmpty ? "  \($0.message)" : "  \($0.field): \($0.message)"
        }
        if let retry = instance.flatMap(Posts.retry) {
            lines.append("When that is fixed, run: \(retry)")
        } else if let instance {
            lines.append("  See \(instance)")
        }
        // Client errors explain themselves; only a server's failure sends someone to the logs.
        if status >= 500, let requestID { lines.append("  Request \(requestID)") }
        return lines
    }
}

/// The members of a problem document (RFC 9457) and of its errors.
private enum ProblemMember: String, CodingKey {
    case code, title, detail, instance, errors, field, message
    case requestID = "request_id"
}
