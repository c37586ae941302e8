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

    @Test("A type's schema has its names, types and optional members")
    func members() throws {
        #expect(
            try Schema.of(Thing.self)
                == .object([
                    .init("id", .integer), .init("size", .orNull(.oneOf(["small", "large"])), required: false),
                    .init("tags", .array(.string())), .init("made_at", .string(format: "date-time")),
                    .init(
                        "part", .orNull(.object([.init("weight", .number), .init("isOn", .boolean)])), required: false),
                ]))
    }

    @Test("A request's object is closed at every depth, and it is valid JSON Schema")
    func encoded() throws {
        guard case .object(let members, isClosed: true) = try Schema.of(Thing.self, isClosed: true),
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

    private enum Colour: String, Codable { case red, green }

    private struct Box: Codable {
        struct Lid: Codable {
            let colour: Colour?
            let weight: Double
        }

        let id: Int64
        let lids: [Lid]
        let name: String
    }

    @Test("What cannot be learnt is named with type and member, never left out")
    func unlearnable() {
        let error = #expect(throws: Schema.Unlearnable.self) { try Schema.of(Box.self) }
        #expect(
            error?.description
                == "Box.lids, Lid.colour: cannot determine what Colour reads; make it CaseIterable or SchemaDescribing"
        )
    }

    @Test("Numbers of named members have bounds")
    func limited() throws {
        let schema = Schema.object([.init("a", .integer), .init("b", .orNull(.integer), required: false)])
        #expect(
            schema.limited(to: ["a": 1...3, "b": 0...9])
                == .object([.init("a", .range(1...3)), .init("b", .orNull(.range(0...9)), required: false)]))
        let text = String(decoding: try APIJSON.encode(Schema.range(1...3), sortedKeys: true), as: UTF8.self)
        #expect(text == #"{"maximum":3,"minimum":1,"type":"integer"}"#)
    }

    @Test("What takes several forms answers the first")
    func answered() {
        let schema = Schema.array(.either([.string(), .integer]))
        #expect(schema.answered == .array(.string()))
    }
}
