import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import TestSupport
import Testing
import WebSupport

/// The list of posts, filtered by user and time.
@Suite("Post history", .timeLimit(.minutes(20)))
struct PostListTests {
    @Test(
        "By user and time; users who see only their own posts see no others",
        arguments: TestDatabase.engines)
    func filters(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Filters")
            let engineer = try await patchbay.engineer()
            let first = try await patchbay.write(ticket, "notes", ["text": "By the administrator"])
            let second = try await engineer.api(
                API.Tickets.addNote, at: ticket, ["text": "By the engineer"])
            func id(_ reply: Reply) -> JSON { reply.json["posts"].elements.first?["id"] ?? .null }
            func found(_ query: String, as api: APIClient? = nil) async throws -> [JSON] {
                try await (api ?? patchbay.api)(API.Posts.list, query: "\(query)").json["items"].elements
                    .map { $0["id"] }
            }
            #expect(try await found("user_id=\(engineer.id)") == [id(second)])
            #expect(try await found("user_id=1") == [id(first)])
            #expect(try await found("user_id=99999").isEmpty)
            #expect(try await found("user_id=\(engineer.id)", as: engineer.api) == [id(second)])
            #expect(try await found("user_id=1", as: engineer.api).isEmpty)
            #expect(try await found("", as: engineer.api) == [id(second)])
            let instant = second.json["posts"].elements.first?["created_at"].string ?? ""
            #expect(try await found("since=\(instant)") == [id(second)])
            #expect(try await found("until=\(instant)") == [id(first)])
            #expect(try await found("since=\(instant)&until=\(instant)").isEmpty)
            #expect(try await found("until=\(instant)&user_id=\(engineer.id)").isEmpty)
            // Page by page, also when sorted by time.
            for filter in ["", "since=2020-01-01T00:00:00Z&"] {
                let page = try await patchbay.api(API.Posts.list, query: "\(filter)limit=1").json
                let cursor = page["next_cursor"].string ?? ""
                #expect(page["items"].elements.map { $0["id"] } == [id(second)])
                #expect(try await found("\(filter)limit=1&cursor=\(cursor)") == [id(first)])
            }
            for (name, value) in [("user_id", "ada"), ("since", "yesterday"), ("until", "2026-11-28")] {
                let refused = try await patchbay.api(API.Posts.list, query: "\(name)=\(value)")
                #expect(refused.status == 400)
                #expect(refused.faultyFields == [name])
            }
        }
    }

    @Test("The console filters by days in the viewer's time zone, both days included", arguments: TestDatabase.engines)
    func days(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Days")
            let engineer = try await patchbay.engineer()
            let made = try await engineer.api(
                API.Tickets.addNote, at: ticket, ["text": "Seen that day"])
            let instant = try #require(made.json["posts"].elements.first?["created_at"].string.flatMap(APIJSON.date))
            let admin = try await patchbay.browser(.admin)
            // Two zones that are always on different days.
            for name in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
                let zone = try #require(TimeZone(identifier: name))
                await admin.plant("patchbay-zone", name.replacing("/", with: "%2F"))
                let style = Date.ISO8601FormatStyle(timeZone: zone).year().month().day()
                func day(_ days: Double) -> String {
                    instant.addingTimeInterval(days * 86_400).formatted(style)
                }
                func shows(_ from: Double?, _ to: Double?) async throws -> Bool {
                    let query = [from.map { "since=\(day($0))" }, to.map { "until=\(day($0))" }].compactMap(\.self)
                    let text = try await admin.get("/integrations/posts?" + query.joined(separator: "&")).text
                    #expect(from.map { text.contains("value=\"\(day($0))\"") } ?? true)
                    return text.contains("Seen that day")
                }
                for (from, to) in [(0, 0), (-1, 1), (0, nil), (nil, 0)] as [(Double?, Double?)] {
                    #expect(try await shows(from, to), "\(name): \(from ?? .nan) to \(to ?? .nan)")
                }
                for (from, to) in [(1, nil), (nil, -1), (1, 2)] as [(Double?, Double?)] {
                    #expect(try await !shows(from, to), "\(name): \(from ?? .nan) to \(to ?? .nan)")
                }
            }
            let person = try await admin.get("/integrations/posts?user_id=\(engineer.id)").text
            #expect(person.contains("Seen that day"))
            #expect(person.contains("value=\"\(engineer.id)\" selected"))
            #expect(try await admin.get("/integrations/posts?user_id=1").text.contains("No matching posts"))
            #expect(try await admin.get("/integrations/posts?since=nonsense").status == 400)
            // Users who only see their own posts are not offered a choice of users.
            let other = try await patchbay.browser(.engineer)
            let own = try await other.get("/integrations/posts?user_id=\(engineer.id)").text
            #expect(!own.contains("name=\"user_id\""))
            #expect(own.contains("name=\"since\""))
            #expect(!own.contains("Seen that day"))
        }
    }
}
