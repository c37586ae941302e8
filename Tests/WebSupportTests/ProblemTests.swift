import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Testing

@testable import WebSupport

/// Gathers what a response writes.
private final class Gathering: ResponseBodyWriter {
    private(set) var bytes: [UInt8] = []

    func write(_ buffer: ByteBuffer) { bytes += Array(buffer.readableBytesView) }
    func finish(_ trailingHeaders: HTTPFields?) {}
}

private struct Document: Decodable, Equatable {
    struct Fault: Decodable, Equatable {
        let field: String
        let code: String
        let message: String
    }

    let type: String
    let title: String
    let status: Int
    let detail: String
    let code: String
    let errors: [Fault]?
    let request_id: String
}

@Suite("Problem documents")
struct ProblemTests {
    private func document(_ problem: Problem, requestID: String = "r-1") async throws -> (Response, Document) {
        let response = problem.response(requestID: requestID)
        let writer = Gathering()
        try await response.body.write(writer)
        return (response, try JSONDecoder().decode(Document.self, from: Data(writer.bytes)))
    }

    @Test("A document has RFC 9457's members and ours")
    func members() async throws {
        let (response, document) = try await document(
            .invalid([.init(field: "name", code: "length", message: "must have 1 to 100 characters.")]))
        #expect(response.status == .unprocessableContent)
        #expect(response.headers[.contentType] == "application/problem+json")
        #expect(document.type == "about:blank")
        #expect(document.status == 422)
        #expect(document.code == "validation_failed")
        #expect(document.detail == "name: must have 1 to 100 characters.")
        #expect(
            document.errors == [.init(field: "name", code: "length", message: "must have 1 to 100 characters.")])
        #expect(document.request_id == "r-1")
        #expect(response.headers[.retryAfter] == nil)
        #expect(response.headers[.allow] == nil)
    }

    @Test(
        "Each kind has its status and code",
        arguments: [
            (Problem.notFound("rule"), 404, "not_found"),
            (.badRequest("Send something."), 400, "bad_request"),
            (.conflict(code: "rule_exists", "There is one."), 409, "rule_exists"),
            (.unavailable("Try again."), 503, "unavailable"),
            (.internalError, 500, "internal_error"),
        ])
    func kinds(problem: Problem, status: Int, code: String) async throws {
        let (response, document) = try await document(problem)
        #expect(response.status.code == status)
        #expect(document.status == status)
        #expect(document.code == code)
        #expect(document.errors == nil)
        #expect(!document.title.isEmpty)
        #expect(!document.detail.isEmpty)
    }

    @Test(
        "Retry-After is in whole seconds, at least one and never too early",
        arguments: [
            (Duration.zero, "1"), (.milliseconds(1), "1"), (.seconds(1), "1"), (.milliseconds(1_500), "2"),
            (.seconds(60), "60"),
        ])
    func retryAfter(wait: Duration, header: String) {
        let response = Problem.unavailable("Try again.", retryAfter: wait).response(requestID: "")
        #expect(response.headers[.retryAfter] == header)
    }

    @Test("Allow lists the methods")
    func allow() {
        let problem = Problem(
            .methodNotAllowed, code: "method_not_allowed", title: "No", detail: "No.", allowed: [.post, .get])
        #expect(problem.response(requestID: "").headers[.allow] == "GET, POST")
    }
}

@Suite("Request ids")
struct RequestIDTests {
    @Test(
        "A caller's own id is taken over when it is short and plain",
        arguments: ["a", "Z", "0", "abc-DEF_123", String(repeating: "x", count: 64)])
    func accepted(id: String) {
        #expect(RequestFrame.accepted(id) == id)
    }

    @Test(
        "Anything else is not",
        arguments: [
            nil, "", " ", "a b", "a\nb", "a\"b", "é", "a/b", "a.b", "@a", "[a", "`a", "{a", "a\u{0}",
            String(repeating: "x", count: 65),
        ])
    func refused(id: String?) {
        #expect(RequestFrame.accepted(id) == nil)
    }

    @Test("Of all ASCII characters only letters, digits, hyphen and underscore are taken")
    func everyCharacter() {
        for byte in UInt8(0)...127 {
            let character = Character(UnicodeScalar(byte))
            let isPlain = character.isLetter || character.isNumber || character == "-" || character == "_"
            #expect((RequestFrame.accepted(String(character)) != nil) == isPlain, "\(byte)")
        }
    }
}
