import Foundation
import NIOHTTP1
import SimulatedConnectWise
import SimulatedWorld
import SimulatorStage
import Testing

@Suite struct ConnectWiseListTests {
    @Test func conditionsAreEvaluated() async throws {
        try await StageClient.during { call async throws in
            let all = call.simulator.ticketIDs.compactMap { call.simulator.ticket($0) }
            let cases: [(String, (TicketState) -> Bool)] = [
                ("closedFlag = false", { !$0.closed }),
                ("board/name = 'security'", { $0.board == "Security" }),
                ("board/id = 3 and closedFlag=True", { $0.board == "Security" && $0.closed }),
                ("summary contains 'PRINTER'", { $0.summary.lowercased().contains("printer") }),
                ("summary like \"Outlook*\"", { $0.summary.hasPrefix("Outlook") }),
                ("summary not like '%a%'", { !$0.summary.lowercased().contains("a") }),
                ("id in (10001, 10003,99999)", { [10001, 10003].contains($0.id) }),
                ("id not in (10001) and id <= 10004", { (10002...10004).contains($0.id) }),
                (
                    "(board/id=1 or board/id=2) and status/name='New'",
                    {
                        ["Service Desk", "Network Operations"].contains($0.board) && $0.status == "New"
                    }
                ),
                ("resources contains 'twhitlock'", { $0.resources.contains("twhitlock") }),
                (
                    "owner/identifier = 'rsato' or resources contains 'rsato'",
                    {
                        $0.owner == "rsato" || $0.resources.contains("rsato")
                    }
                ),
                ("lastUpdated >= [2000-01-01T00:00:00Z]", { _ in true }),
                ("LastUpdated < [2000-01-01]", { _ in false }),
                ("resources = null", { $0.resources.isEmpty }),
            ]
            for (text, holds) in cases {
                let reply = try await call.conditions(text)
                #expect(reply.status == 200, "\(text): \(reply.json.compact)")
                #expect(reply.ids == all.filter(holds).map(\.id), "\(text)")
                let count = try await call(
                    .POST, "/service/tickets/search", ["conditions": .text(text), "orderBy": "id desc"])
                #expect(count.ids.first == all.last(where: holds)?.id, "\(text)")
            }
        }
    }

    @Test func wrongConditionsAre400() async throws {
        try await StageClient.during { call async throws in
            for text in [
                "foo = 1", "board/foo = 1", "configurations/id = 1", "customFields = 1", "id = 'x'", "summary = 5",
                "recordType = 'Nothing'", "closedFlag = 'no'", "board = 5", "initialDescription = 'x'", "summary = 'a",
            ] {
                let reply = try await call.conditions(text)
                #expect(reply.status == 400, "\(text)")
                #expect(reply.json["code"] == "ApiFindCondition", "\(text)")
            }
            #expect(try await call(.GET, "/service/tickets?fields=id,nothing").status == 400)
            #expect(try await call(.GET, "/service/tickets?orderBy=nothing").status == 400)
            #expect(try await call.conditions("noteType='x'", on: "/service/tickets/10001/allNotes").status == 400)
        }
    }

    @Test func pagesAreNavigable() async throws {
        try await StageClient.during { call async throws in
            var seen: [Int] = []
            var path: String? = "/service/tickets?fields=id&page=1&pageSize=70&orderBy=id%20asc"
            while let next = path {
                let reply = try await call(.GET, next)
                seen += reply.ids
                path = nil
                for link in reply.headers["Link"].first?.components(separatedBy: ", ") ?? [] {
                    #expect(link.wholeMatch(of: /<[^>]*&page=\d+>; rel="(next|prev|first|last)"/) != nil, "\(link)")
                    guard link.hasSuffix("rel=\"next\""), let at = link.range(of: "/apis/3.0") else { continue }
                    path = String(link[at.upperBound...].prefix { $0 != ">" })
                }
            }
            #expect(seen == call.simulator.ticketIDs)
            #expect(try await call(.GET, "/service/tickets?page=99").json == [])
            #expect(try await call(.GET, "/service/tickets").ids.count == 25)
            #expect(try await call(.GET, "/service/tickets/count").json["count"] == .integer(seen.count))
        }
    }

    @Test func pageSizeIsCapped() async throws {
        try await StageClient.during({ $0.world = .load(tickets: 1200) }) { call async throws in
            #expect(try await call(.GET, "/service/tickets?pageSize=5000&fields=id").ids.count == 1000)
        }
    }

    @Test func forwardOnlyEndsWithAnEmptyLink() async throws {
        try await StageClient.during { call async throws in
            var seen: [Int] = []
            var path = "/service/tickets?pageSize=100&fields=id"
            for _ in 0..<10 {
                let reply = try await call(.GET, path, headers: ["Pagination-Type": "forward-only"])
                seen += reply.ids
                let link = try #require(reply.headers["Link"].first)
                guard let at = link.range(of: "/apis/3.0") else {
                    #expect(link.isEmpty)
                    break
                }
                path = String(link[at.upperBound...].prefix { $0 != ">" })
            }
            #expect(seen == call.simulator.ticketIDs)
            let ordered = try await call(
                .GET, "/service/tickets?orderBy=id", headers: ["pagination-type": "forward-only"])
            #expect(ordered.status == 400)
        }
    }

    @Test func infoComesOnlyWhenAsked() async throws {
        try await StageClient.during { call async throws in
            let whole = try await call(.GET, "/service/tickets/10001").json
            for name in ["lastUpdated", "updatedBy", "dateEntered", "enteredBy"] {
                #expect(whole["_info"]?[name]?.string != nil)
            }
            #expect(whole["dateEntered"] == nil)
            let type = try await call(.GET, "/service/tickets/10001").headers["Content-Type"].first
            #expect(type == "application/vnd.connectwise.com+json; version=2026.4")
            #expect(whole.members.allSatisfy { $0.value != .null })
            let some = try await call(.GET, "/service/tickets/10001?fields=id,status/name").json
            #expect(some.members.map(\.name) == ["id", "status"])
            #expect(some["status"]?.members.map(\.name) == ["name"])
            let info = try await call(.GET, "/service/tickets/10001?fields=id,_info/lastUpdated").json
            #expect(info["_info"]?.members.map(\.name) == ["lastUpdated"])
        }
    }

    @Test func childConditionsFindContacts() async throws {
        try await StageClient.during { call async throws in
            let contact = try await call(.GET, "/company/contacts/301").json
            let email = try #require(contact["communicationItems"]?.elements?.first?["value"]?.string)
            let path = "/company/contacts?childConditions=communicationItems/value%20like%20%22\(email)%22"
            #expect(try await call(.GET, path).ids.contains(301))
            #expect(
                try await call(.GET, "/company/contacts?childConditions=communicationItems/value%20in%20(1)").status
                    == 400)
        }
    }

    @Test func otherPathsAreNoEndpoints() async throws {
        try await StageClient.during { call async throws in
            for path in ["/service/nothing", "/finance/nothing", "/service/tickets/10001/tasks"] {
                let reply = try await call(.GET, path)
                #expect(reply.status == 404)
                #expect(reply.json == ["code": "ConnectWiseApi", "message": "The endpoint does not exist."])
            }
            #expect(try await call(.GET, "//service//tickets/10001/").status == 200)
            let none = try await call(.GET, "/service/tickets/1")
            #expect(none.status == 404)
            #expect(none.json["code"] == "NotFound")
        }
    }

    @Test func manyTicketsByIdAreIndexed() async throws {
        try await StageClient.during({ $0.world = .load(tickets: 20_000) }) { call async throws in
            let ids = stride(from: 10_001, to: 30_000, by: 250).map { $0 }
            let reply = try await call.conditions("id in (\(ids.map(String.init).joined(separator: ",")))")
            #expect(reply.ids == ids)
        }
    }
}
