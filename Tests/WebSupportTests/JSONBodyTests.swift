import Foundation
import HTTPTypes
import Testing
import WebSupport

private struct Order: JSONBody, Equatable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, amount, urgent, due, place, tags, stops, size
    }

    enum Size: String, Decodable, CaseIterable { case small, large }

    struct Place: Decodable, Equatable {
        let city: String
        let number: Int
    }

    let name: String
    let amount: Int?
    let urgent: Bool?
    let due: Date?
    let place: Place?
    let tags: [String]?
    let stops: [Place]?
    let size: Size?
}

/// A member that has to be there and may be null.
private struct Limit: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable { case most }

    let most: Int?

    init(from decoder: any Decoder) throws {
        most = try decoder.container(keyedBy: CodingKeys.self).decode(Int?.self, forKey: .most)
    }
}

@Suite("Request bodies")
struct JSONBodyTests {
    private func decode(_ json: String) throws(Problem) -> Order {
        try Order.decode(Data(json.utf8))
    }

    private func refusal(_ json: String) -> Problem? {
        do {
            _ = try decode(json)
            return nil
        } catch {
            return error
        }
    }

    @Test("A member that is named twice has its limits both times")
    func twice() throws {
        let long = String(repeating: "x", count: 900_000)
        for body in [
            #"{"name":"\#(long)","name":"ok"}"#, #"{"name":"ok","name":"\#(long)"}"#,
            #"{"name":"ok","place":{"city":"\#(long)","city":"c","number":1}}"#,
        ] {
            #expect(refusal(body)?.errors.first?.code == "length")
        }
        let many = "[" + Array(repeating: "\"t\"", count: 2_001).joined(separator: ",") + "]"
        #expect(refusal(#"{"name":"ok","tags":\#(many),"tags":[]}"#)?.errors.first?.code == "length")
    }

    @Test("A body of unknown members alone gets no answer larger than itself", arguments: [1, 60_000])
    func amplification(count: Int) throws {
        let name = String(repeating: "x\u{600}", count: 2_000)
        let members = (0..<count).map { count == 1 ? "\"\(name)\": 1" : "\"m\($0)\":1" }
        for body in [
            "{\(members.joined(separator: ","))}",
            "{\"name\": \"a\", \"stops\": [{\(members.joined(separator: ","))}]}",
        ] {
            let problem = try #require(refusal(body))
            #expect(problem.status == .badRequest)
            #expect(problem.code == "unknown_member")
            #expect((1...20).contains(problem.errors.count))
            let size =
                problem.detail.utf8.count
                + problem.errors.map { $0.field.utf8.count + $0.message.utf8.count }.reduce(0, +)
            #expect(size < 20_000)
        }
    }

    @Test("All members are read, and those that may be missing may be null")
    func members() throws {
        let full = try decode(
            #"{"name": "é", "amount": 3, "urgent": true, "place": {"city": "Bern", "number": 1}, "tags": ["a"]}"#)
        #expect(full.name == "é")
        #expect(full.amount == 3)
        #expect(full.urgent == true)
        #expect(full.place == Order.Place(city: "Bern", number: 1))
        #expect(full.tags == ["a"])
        let bare = try decode(#"{"name": "x", "amount": null, "due": null}"#)
        #expect(bare.amount == nil)
        #expect(bare.due == nil)
    }

    @Test(
        "What is no JSON object is refused as such",
        arguments: [
            "", " ", "null", "[]", "3", "\"text\"", "{", "{\"name\": }", "name=x", "\u{FEFF}", "{\"name\": \"x\"} tail",
        ])
    func notJSON(body: String) throws {
        let problem = try #require(refusal(body))
        #expect(problem.status == .badRequest)
        #expect(problem.code == "invalid_json")
    }

    @Test(
        "A timestamp that no calendar has is refused",
        arguments: [
            "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:59:60Z",
            "2026-01-01", "2026-01-01T10:00:00",
        ])
    func noSuchDay(text: String) {
        #expect(APIJSON.date(text) == nil)
    }

    @Test("A timestamp is read in any zone, with or without fractions")
    func days() throws {
        let day = try #require(APIJSON.date("2028-02-29T23:30:00Z"))
        #expect(APIJSON.date("2028-03-01T01:30:00+02:00") == day)
        #expect(APIJSON.date("2028-02-29t23:30:00z") == day)
        #expect(APIJSON.date("2028-02-29T23:30:00.500Z") == day.addingTimeInterval(0.5))
    }

    @Test("No body is an empty object where nothing is required")
    func nothing() throws {
        struct Retry: JSONBody {
            enum CodingKeys: String, CodingKey, CaseIterable { case role }
            let role: String?
        }
        #expect(try Retry.decode(Data()).role == nil)
        #expect(throws: Problem.self) { try Retry.decode(Data(" ".utf8)) }
        #expect(refusal("")?.detail == "Send a JSON object as the request's body.")
    }

    @Test("Every unknown member is named, with those that are known")
    func unknownMembers() throws {
        let problem = try #require(refusal(#"{"nmae": "x", "Name": "x", "name": "x"}"#))
        #expect(problem.status == .badRequest)
        #expect(problem.code == "unknown_member")
        #expect(problem.errors.map(\.field) == ["Name", "nmae"])
        #expect(problem.errors.allSatisfy { $0.code == "unknown_member" && $0.message.contains("urgent") })
        #expect(problem.detail.contains("Name, nmae"))
    }

    @Test(
        "An unknown member is found inside of others as well",
        arguments: [
            (#"{"name": "x", "place": {"city": "Bern", "number": 1, "nr": 2}}"#, ["place.nr"]),
            (
                #"{"nmae": 1, "stops": [{"city": "a", "number": 1}, {"town": "b", "number": 2, "x": null}]}"#,
                ["nmae", "stops.1.town", "stops.1.x"]
            ),
        ])
    func unknownInside(body: String, fields: [String]) throws {
        let problem = try #require(refusal(body))
        #expect(problem.code == "unknown_member")
        #expect(problem.errors.map(\.field) == fields)
        #expect(problem.errors.last?.message == "is not known here; known are city, number")
    }

    @Test("What may be null but not missing is refused when it is missing")
    func nullNotMissing() throws {
        #expect(try Limit.decode(Data(#"{"most": null}"#.utf8)).most == nil)
        #expect(try Limit.decode(Data(#"{"most": 3}"#.utf8)).most == 3)
        do {
            _ = try Limit.decode(Data("{}".utf8))
            Issue.record("nothing was refused")
        } catch {
            #expect(error.errors == [.init(field: "most", code: "required", message: "is required")])
        }
        #expect(try Schema.of(Limit.self) == .object([.init("most", .orNull(.integer))]))
    }

    @Test(
        "A fault names the member, also inside of others",
        arguments: [
            ("{}", "name", "required", "is required"),
            (#"{"name": null}"#, "name", "required", "must not be null"),
            (#"{"name": 3}"#, "name", "wrong_type", "must be text"),
            (#"{"name": "x", "amount": "3"}"#, "amount", "wrong_type", "must be a whole number"),
            (#"{"name": "x", "urgent": 1}"#, "urgent", "wrong_type", "must be true or false"),
            (#"{"name": "x", "due": 1790000000}"#, "due", "wrong_type", "must be text"),
            (#"{"name": "x", "due": "tomorrow"}"#, "due", "wrong_value", "is not an RFC 3339 timestamp"),
            (#"{"name": "x", "place": {"city": "Bern"}}"#, "place.number", "required", "is required"),
            (
                #"{"name": "x", "place": {"city": "Bern", "number": true}}"#, "place.number", "wrong_type",
                "must be a whole number"
            ),
            (#"{"name": "x", "stops": [{"city": "Bern"}]}"#, "stops.0.number", "required", "is required"),
            (#"{"name": "x", "size": "huge"}"#, "size", "wrong_value", "must be one of small, large"),
            (#"{"name": "x", "place": "Bern"}"#, "place", "wrong_type", "must be an object"),
            (#"{"name": "x", "tags": "a"}"#, "tags", "wrong_type", "must be a list"),
            (#"{"name": "x", "amount": 1.5}"#, "amount", "wrong_type", "must be a whole number"),
            (#"{"name": "x", "amount": 1e30}"#, "amount", "out_of_range", "is a number out of range"),
            (
                #"{"name": "x", "stops": [{"city": "a", "number": 1e30}]}"#, "stops.0.number", "out_of_range",
                "is a number out of range"
            ),
        ])
    func faults(body: String, field: String, code: String, message: String) throws {
        let problem = try #require(refusal(body))
        #expect(problem.status == .badRequest)
        #expect(problem.code == "wrong_type")
        #expect(problem.errors == [.init(field: field, code: code, message: message)])
        #expect(problem.detail == "\(field) \(message).")
    }

    @Test(
        "Numbers that do not fit are faults of their member", arguments: ["1.5", "1e300", "9223372036854775808"])
    func numbers(number: String) throws {
        let problem = try #require(refusal(#"{"name": "x", "amount": \#(number)}"#))
        #expect(problem.status == .badRequest)
        #expect(problem.errors.map(\.field) == ["amount"])
    }

    @Test(
        "Timestamps have fractions or not, and any zone",
        arguments: [
            ("2026-11-21T10:00:00Z", 1_795_255_200.0),
            ("2026-11-21T10:00:00.250Z", 1_795_255_200.25),
            ("2026-11-21T12:00:00+02:00", 1_795_255_200.0),
            ("2026-11-21T12:00:00.250+02:00", 1_795_255_200.25),
            ("2026-11-21T04:30:00-05:30", 1_795_255_200.0),
        ])
    func timestamps(text: String, seconds: Double) throws {
        let due = try #require(try decode(#"{"name": "x", "due": "\#(text)"}"#).due)
        #expect(abs(due.timeIntervalSince1970 - seconds) < 0.001)
    }

    @Test("Timestamps come back as they were written", arguments: [0.0, 1_790_000_000.0, 1_790_000_000.125, -1.0])
    func timestampRoundTrip(seconds: Double) throws {
        let written = try APIJSON.encode([Date(timeIntervalSince1970: seconds)])
        let text = try #require(try JSONDecoder().decode([String].self, from: written).first)
        #expect(text.hasSuffix("Z"))
        let read = try #require(APIJSON.date(text))
        #expect(abs(read.timeIntervalSince1970 - seconds) < 0.001)
    }

    @Test("Random bytes are refused and never crash")
    func fuzz() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(throws: Problem.self) { try Order.decode(Data(bytes)) }
        }
    }
}
