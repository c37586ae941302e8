import HTTPTypes
import Hummingbird
import NIOCore

/// One call as a played system sees it: the path in segments without empty ones, the query without case of names.
package struct Call: Sendable {
    /// In upper case, as sent.
    package let method: String
    /// The path as sent, without the query.
    package let path: String
    /// The parts of the path between slashes, still percent-encoded.
    package let segments: [Substring]
    /// What follows the question mark.
    package let query: Query
    /// As sent.
    package let headers: HTTPFields
    /// `host:port` as the caller addressed us.
    package let authority: String
    /// As sent; empty if there is none.
    package let body: [UInt8]

    init(_ request: Request, body: ByteBuffer) {
        method = request.method.rawValue
        let target = request.head.path ?? "/"
        let split = target.firstIndex(of: "?")
        path = String(target[..<(split ?? target.endIndex)])
        segments = path.split(separator: "/", omittingEmptySubsequences: true)
        query = Query(raw: split.map { String(target[target.index(after: $0)...]) } ?? "")
        headers = request.headers
        authority = request.head.authority ?? "localhost"
        self.body = Array(buffer: body)
    }

    /// The body as JSON.
    package func json() throws(JSONReader.Malformed) -> PlayedJSON { try JSONReader.read(body) }

    /// The value of a header; nil also for a name that is none.
    package func header(_ name: HTTPField.Name?) -> String? { name.flatMap { headers[$0] } }
}

/// The query of a call; names are compared without case, as ConnectWise does.
package struct Query: Sendable {
    /// As sent, percent-encoded.
    let raw: String
    private let items: [(name: String, value: String)]

    init(raw: String) {
        self.raw = raw
        guard !raw.isEmpty else {
            items = []
            return
        }
        items = raw.split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decode(pair[0]).lowercased(), pair.count > 1 ? Self.decode(pair[1]) : "")
        }
    }

    /// The first value of that name, decoded.
    package subscript(_ name: String) -> String? {
        guard !items.isEmpty else { return nil }
        let wanted = name.lowercased()
        return items.first { $0.name == wanted }?.value
    }

    /// The parts as sent, without those of the given lower-case names.
    package func parts(without names: Set<String>) -> [Substring] {
        raw.split(separator: "&").filter { part in
            !names.contains(Self.decode(part.prefix { $0 != "=" }).lowercased())
        }
    }

    private static func decode(_ part: Substring) -> String {
        guard part.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(part)
        }
        var plain: [UInt8] = []
        plain.reserveCapacity(part.utf8.count)
        var rest = part.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                plain.append(0x20)
            } else if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16),
                rest.count >= 2
            {
                plain.append(value)
                rest = rest.dropFirst(2)
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}

/// What a played system answers.
package struct Answer: Sendable {
    /// HTTP status.
    package var status: Int
    /// All but the length of the body.
    package var headers: HTTPFields
    /// Its bytes.
    package var body: [UInt8]

    /// An answer of bytes; `type` is their media type.
    package init(_ status: Int, headers: HTTPFields = [:], body: [UInt8] = [], type: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        if let type { self.headers[.contentType] = type }
    }

    /// An answer of JSON.
    package init(_ status: Int, _ json: PlayedJSON, headers: HTTPFields = [:]) {
        self.init(status, headers: headers, body: json.bytes, type: "application/json")
    }

    var response: Response {
        var headers = headers
        headers[.contentLength] = String(body.count)
        return Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension HTTPField.Name {
    /// Where the pages before and after one are, in RFC 8288's form.
    package static let link = HTTPField.Name("Link") ?? .accept
}
