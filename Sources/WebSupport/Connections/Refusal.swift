import BoundaryText
import NIOCore
import NIOHTTP1

/// Why a request is refused before it is routed.
enum Refusal: Equatable {
    /// The `Host` header is missing, repeated or invalid.
    case host
    /// Chunked encoding in a version that does not support it.
    case chunksOfOldVersion
    /// An unsupported version.
    case version
    /// The body did not arrive in time.
    case tooSlow

    /// Checks a header; nil if it is valid. Headers that a proxy and a server read differently allow request smuggling.
    init?(_ head: HTTPRequestHead) {
        let hosts = head.headers["host"]
        guard head.version == .http1_1 || head.version == .http1_0 else {
            self = .version
            return
        }
        guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0, hosts.allSatisfy(Self.isHost) else {
            self = .host
            return
        }
        guard head.version == .http1_1 || !head.headers.contains(name: "transfer-encoding") else {
            self = .chunksOfOldVersion
            return
        }
        return nil
    }

    /// Letters, digits and the punctuation of names, addresses and ports. Source: RFC 3986, section 3.2.2.
    private static func isHost(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                || ".-_~:[]%!$&'()*+;=".utf8.contains(byte)
        }
    }

    private var status: HTTPResponseStatus {
        switch self {
        case .host, .chunksOfOldVersion: .badRequest
        case .version: .httpVersionNotSupported
        case .tooSlow: .requestTimeout
        }
    }

    private var code: String {
        switch self {
        case .host, .chunksOfOldVersion, .version: "http_\(status.code)"
        case .tooSlow: "request_timeout"
        }
    }

    private var detail: String {
        switch self {
        case .host: "Send the header Host once, with a host."
        case .chunksOfOldVersion: "Send HTTP/1.1 to send chunks."
        case .version: "Send HTTP/1.1."
        case .tooSlow: "The body took too long. Send it again."
        }
    }

    /// A problem document, after which the connection closes.
    var answer: [HTTPServerResponsePart] {
        let body = """
            {"type":"about:blank","title":"The request is not valid","status":\(status.code),\
            "detail":"\(detail)","code":"\(code)"}
            """
        let headers: HTTPHeaders = [
            "content-type": "application/problem+json", "content-length": "\(body.utf8.count)",
            "x-content-type-options": "nosniff", "cache-control": "no-store", "connection": "close",
        ]
        return [
            .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)),
            .body(.byteBuffer(ByteBuffer(string: body))), .end(nil),
        ]
    }
}
