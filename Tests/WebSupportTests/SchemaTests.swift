import Foundation
import Testing
import WebSupport

@Suite("Schemas")
struct SchemaTests {
    private enum Size: String, Codable, CaseIterable { case small, large }

    private struct Thing: Codable {
        enum CodingKeys: String, CodingKey {
            case id, size, tags
            case madeAt = "made_at"
            case part
        }

        struct Part: Codable {
            let weight: Double
            let isOn: Bool
        }

        let id: Int64
        let size: Size?
        let tags: [String]
        let madeAt: Date
        let part: Part?
    }

    @Test("A type tells what it reads: names, types, what may be missing")
    func members() {
        #expect(
            Schema.of(Thing.self)
                == .object([
                    .init("id", .integer), .init("size", .orNull(.oneOf(["small", "large"])), required: false),
                    .init("tags", .array(.string())), .init("made_at", .string(format: "date-time")),
                    .init(
                        "part", .orNull(.object([.init("weight", .number), .init("isOn", .boolean)])), required: false),
                ]))
    }

    @Test("A request's object is closed at every depth, and it is valid JSON Schema")
    func encoded() throws {
        guard case .object(let members, isClosed: true) = Schema.of(Thing.self, isClosed: true),
            case .orNull(.object(_, isClosed: true))? = members.first(where: { $0.name == "part" })?.schema
        else {
            Issue.record("something is open")
            return
        }
        let data = try APIJSON.encode(Schema.of(Thing.self, isClosed: true), sortedKeys: true)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains(#""additionalProperties":false"#))
        #expect(text.contains(#""required":["id","tags","made_at"]"#))
        #expect(
            text.contains(
                ##"{"anyOf":[{"enum":["small","large"],"type":"string"},{"$ref":"#/components/schemas/Null"}]}"##))
    }

    @Test("What takes several forms answers the first")
    func answered() {
        let schema = Schema.array(.either([.string(), .integer]))
        #expect(schema.answered == .array(.string()))
    }
}
