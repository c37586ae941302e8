import Foundation
import Hummingbird
import Logging
import Testing

@testable import WebSupport

@Suite("Addresses of visitors")
struct VisitorAddressTests {
    @Test(
        "An address has one form, and what is none has none",
        arguments: [
            ("192.0.2.7", "192.0.2.7"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("::ffff:192.0.2.7", "192.0.2.7"),
            ("<b>=cmd</b>", nil), ("", nil), ("192.0.2.7:80", nil), ("unknown", nil), ("192.0.2", nil),
            ("١٩٢.0.2.7", nil),
            (String(repeating: "1", count: 1 << 20), nil),
        ])
    func canonical(text: String, address: String?) {
        #expect(VisitorAddress.canonical(text) == address)
    }

    @Test("IPv6 is counted by /64, IPv4 by address, all others together")
    func network() {
        #expect(VisitorAddress.network(of: "2001:db8:1:2::9") == "2001:db8:1:2::/64")
        #expect(VisitorAddress.network(of: "2001:DB8:1:2:ffff::") == "2001:db8:1:2::/64")
        #expect(VisitorAddress.network(of: "::ffff:192.0.2.7") == "192.0.2.7")
        #expect(VisitorAddress.network(of: "192.0.2.7") == "192.0.2.7")
        #expect(VisitorAddress.network(of: nil) == "unknown")
        #expect(VisitorAddress.network(of: "<b>") == "unknown")
    }

    @Test("A proxy is trusted only where one is configured, and only with an address")
    func proxies() {
        let proxies = Proxies(["10.0.0.2", "2001:db8::2"], logger: nil)
        func address(_ peer: String?, _ forwarded: String?) -> String? {
            proxies.visitor(peer: peer, forwarded: forwarded, host: "patchbay.example.com").address
        }
        #expect(address("127.0.0.1", "192.0.2.7") == "192.0.2.7")
        #expect(address("::ffff:127.0.0.1", "192.0.2.7") == "192.0.2.7")
        #expect(address("10.0.0.2", "198.51.100.1, 192.0.2.7, 2001:DB8:0::2") == "192.0.2.7")
        #expect(address("127.0.0.1", "2001:DB8::7") == "2001:db8::7")
        // What visitors wrote before the proxy did is not looked at, what is no address is not believed.
        #expect(address("127.0.0.1", "<b>=cmd</b>, 192.0.2.7") == "192.0.2.7")
        #expect(address("127.0.0.1", "192.0.2.7, <b>=cmd</b>") == "127.0.0.1")
        #expect(address("127.0.0.1", "") == "127.0.0.1")
        #expect(address("127.0.0.1", ",") == "127.0.0.1")
        #expect(address("127.0.0.1", "10.0.0.2") == "127.0.0.1")
        #expect(address("192.0.2.9", "192.0.2.7") == "192.0.2.9")
        #expect(address(nil, "192.0.2.7") == nil)
    }

    @Test("A proxy that does not report client addresses is logged")
    func findings() {
        let proxies = Proxies([], logger: nil)
        func finding(_ peer: String, _ forwarded: String?, _ host: String?) -> Proxies.Finding? {
            proxies.visitor(peer: peer, forwarded: forwarded, host: host).finding
        }
        #expect(finding("127.0.0.1", nil, "patchbay.example.com") == .noHeader)
        #expect(finding("127.0.0.1", nil, "patchbay.example.com:8443") == .noHeader)
        for host in [nil, "localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            #expect(finding("127.0.0.1", nil, host) == nil)
        }
        #expect(finding("127.0.0.1", "unknown", "patchbay.example.com") == .noAddress)
        #expect(finding("10.0.0.2", "192.0.2.7", "patchbay.example.com") == .notTrusted)
        #expect(finding("10.0.0.2", nil, "patchbay.example.com") == nil)
        #expect(finding("127.0.0.1", "192.0.2.7", "patchbay.example.com") == nil)
    }
}

@Suite("Bounds of bodies")
struct BodyLimitTests {
    private struct Body: JSONBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case name, note, tags, parts }
        struct Part: Decodable { let value: String? }

        static let lengths = ["name": 5, "value": 3]

        let name: String?
        let note: String?
        let tags: [String]?
        let parts: [Part]?
    }

    private func faults(_ object: [String: Any]) throws -> [String] {
        do {
            _ = try Body.decode(JSONSerialization.data(withJSONObject: object))
            return []
        } catch let problem as Problem {
            #expect(problem.status == .unprocessableContent)
            return problem.errors.map { "\($0.field) \($0.code)" }
        }
    }

    @Test("No text and no list is without a limit, which counts scalars and not characters")
    func limits() throws {
        #expect(try faults(["name": "12345"]) == [])
        #expect(try faults(["name": "123456"]) == ["name length"])
        // One character, six scalars.
        #expect(try faults(["name": "e\u{301}\u{302}\u{303}\u{304}\u{305}"]) == ["name length"])
        #expect(try faults(["name": "ééééé"]) == [])
        #expect(try faults(["note": String(repeating: "x", count: 500)]) == [])
        #expect(try faults(["note": String(repeating: "x", count: 501)]) == ["note length"])
        #expect(try faults(["tags": ["a", String(repeating: "x", count: 501)]]) == ["tags.1 length"])
        #expect(try faults(["parts": [["value": "1234"]]]) == ["parts.0.value length"])
        #expect(try faults(["tags": Array(repeating: "x", count: 2_001)]) == ["tags length"])
        // Unknown is told before long.
        #expect(throws: Problem.self) {
            _ = try Body.decode(Data("{\"\(String(repeating: "x", count: 101))\":1}".utf8))
        }
        let many = Array(repeating: String(repeating: "x", count: 501), count: 1_000)
        #expect(try faults(["tags": many]).count == 20)
    }

    @Test("The API description has the limit of every text")
    func described() throws {
        #expect(
            try Body.schema()
                == .object(
                    [
                        .init("name", .orNull(.string(longest: 5)), required: false),
                        .init("note", .orNull(.string(longest: 500)), required: false),
                        .init("tags", .orNull(.array(.string(longest: 500))), required: false),
                        .init(
                            "parts",
                            .orNull(
                                .array(
                                    .object(
                                        [.init("value", .orNull(.string(longest: 3)), required: false)], isClosed: true)
                                )),
                            required: false),
                    ], isClosed: true))
        let text = String(decoding: try APIJSON.encode(Body.schema(), sortedKeys: true), as: UTF8.self)
        #expect(text.contains(#""maxLength":5"#))
    }
}

@Suite("Secrets in answers")
struct SecretTextTests {
    private struct Answer: Codable {
        let name: String
        var secret: SecretText?
    }

    @Test("A secret is written into answers only, which forbid storing it")
    func shown() async throws {
        let secret = Answer(name: "n", secret: SecretText("whsec_1"))
        let encoded = String(decoding: try APIJSON.encode(secret, sortedKeys: true), as: UTF8.self)
        #expect(encoded == #"{"name":"n","secret":null}"#)
        #expect(String(decoding: try JSONEncoder().encode(secret), as: UTF8.self).contains("whsec") == false)
        let shown = Response.json(secret)
        #expect(shown.holdsSecret)
        #expect(shown.headers[.cacheControl] == "no-store")
        let plain = Response.json(Answer(name: "n"))
        #expect(!plain.holdsSecret)
        #expect(plain.headers[.cacheControl] == nil)
        #expect(
            try Schema.of(Answer.self)
                == .object([
                    .init("name", .string()), .init("secret", .orNull(.string(format: "password")), required: false),
                ]))
    }
}
