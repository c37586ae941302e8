import API
import Foundation
import HTTPTypes
import Hummingbird
import Testing
import WebSupport

@testable import Accounts

@Suite("OpenAPI")
struct OpenAPITests {
    private struct Body: JSONBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case parts }
        struct Part: Decodable { let name: String }
        let parts: [Part]
    }

    /// The description of one operation.
    private struct Document: Decodable {
        struct Operation: Decodable {
            struct Parameter: Decodable {
                enum CodingKeys: String, CodingKey { case reference = "$ref" }
                let reference: String?
            }
            struct Answer: Decodable { let description: String }
            let parameters: [Parameter]
            let responses: [String: Answer]
        }
        let paths: [String: [String: Operation]]
    }

    private func operation(
        _ method: HTTPRequest.Method, _ path: String, flag: FeatureFlag? = nil
    ) throws -> Document.Operation {
        let route = Route(method, path, .viewer, "Does", takes: Body.self, gives: .nothing, flag: flag) { _ in
            Response(status: .noContent)
        }
        let document = try JSONDecoder().decode(Document.self, from: OpenAPI([route]).document())
        return try #require(document.paths["/api/v1" + path]?[method.rawValue.lowercased()])
    }

    @Test("Reading what comes from an outside system may fail as that does")
    func reading() throws {
        let outside = try operation(.get, "/integrations/psa/tickets/{id}")
        #expect(Set(outside.responses.keys).isSuperset(of: ["404", "409", "422", "502", "504"]))
        let tenant = try operation(.get, "/tenants/{tenant}/connectwise/tickets/search")
        #expect(Set(tenant.responses.keys).isSuperset(of: ["409", "502", "504"]))
        let own = try operation(.get, "/users")
        #expect(Set(own.responses.keys).isDisjoint(with: ["409", "422", "502", "504"]))
    }

    @Test("A feature that is disabled is a conflict")
    func flags() throws {
        let answers = try operation(.get, "/things", flag: .connectWise).responses
        #expect(answers["409"]?.description.contains("disabled") == true)
        #expect(answers["403"]?.description.contains("switched") == false)
    }

    @Test("What any operation understands in its header is described")
    func headers() throws {
        func references(_ method: HTTPRequest.Method) throws -> [String] {
            try operation(method, "/things").parameters.compactMap(\.reference)
        }
        #expect(
            try references(.post) == [
                "#/components/parameters/IdempotencyKey", "#/components/parameters/Organization",
            ])
        #expect(try references(.get) == ["#/components/parameters/Organization"])
        #expect(try references(.patch) == ["#/components/parameters/Organization"])
        let once = Route(
            .patch, "/things", .viewer, "Does", gives: .nothing, handlesIdempotency: { _ in false }
        ) { _ in Response(status: .noContent) }
        let document = try JSONDecoder().decode(Document.self, from: OpenAPI([once]).document())
        #expect(
            document.paths["/api/v1/things"]?["patch"]?.parameters.first?.reference
                == "#/components/parameters/IdempotencyKey")
    }

    @Test("Bodies are closed at every depth")
    func closed() throws {
        let route = Route(.post, "/things", .viewer, "Does", takes: Body.self, gives: .nothing) { _ in
            Response(status: .noContent)
        }
        #expect(
            try OpenAPI([route]).operations.first?.request
                == .object(
                    [.init("parts", .array(.object([.init("name", .string(longest: 500))], isClosed: true)))],
                    isClosed: true))
    }
}
