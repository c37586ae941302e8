import AsyncHTTPClient
import Foundation
import NIOHTTP1
import SimulatedConnectWise
import SimulatorStage
import Testing

@Suite struct ConnectWiseWriteTests {
    @Test func credentialsAreChecked() async throws {
        try await StageClient.during { call async throws in
            let path = "/system/members?pageSize=1&fields=id"
            #expect(try await call(.GET, path).status == 200)
            #expect(try await call(.GET, path, keys: "RiverMark+SimulatedPublic1:SimulatedPrivate").status == 200)
            #expect(try await call(.GET, path, keys: "rivermark+SimulatedPublic1:wrong").status == 401)
            #expect(try await call(.GET, path, keys: "other+SimulatedPublic1:SimulatedPrivate").status == 401)
            #expect(try await call(.GET, path, clientID: nil).status == 403)
            #expect(try await call(.GET, "/system/info", keys: "wrong").status == 200)
        }
        try await StageClient.during({ $0.hidesBadKeys = true }) { call async throws in
            #expect(try await call(.GET, "/system/members", keys: "wrong").status == 404)
        }
    }

    @Test func ticketsAreCreatedWithTheirFirstNotes() async throws {
        try await StageClient.during { call async throws in
            let reply = try await call(
                .POST, "/service/tickets",
                [
                    "summary": "Test", "company": ["identifier": "AlderStone"], "board": ["name": "Network Operations"],
                    "initialDescription": "line 1\nline 2", "initialInternalAnalysis": "careful", "poNumber": "17",
                ])
            #expect(reply.status == 201)
            #expect(reply.json["board"]?["name"] == "Network Operations")
            #expect(reply.json["status"]?["name"] == "New")
            #expect(reply.json["poNumber"] == "17")
            #expect(reply.json["initialDescription"] == nil)
            let id = try #require(reply.json["id"]?.int)
            let notes = try await call(.GET, "/service/tickets/\(id)/notes?conditions=detailDescriptionFlag=true")
            #expect(notes.json.elements?.count == 1)
            #expect(notes.json.elements?.first?["text"] == "line 1\nline 2")
        }
    }

    @Test func wrongBodiesAreRefused() async throws {
        try await StageClient.during { call async throws in
            let cases: [(PlayedJSON, String)] = [
                (
                    ["summary": "x", "company": ["id": 201], "emailContactFlag": true],
                    "Could not find member 'emailContactFlag' on object of type 'Ticket'."
                ),
                (["summary": "x"], "ticket object is invalid"),
                (["company": ["id": 201]], "ticket object is invalid"),
                (
                    ["summary": .text(String(repeating: "x", count: 101)), "company": ["id": 201]],
                    "ticket object is invalid"
                ),
                (["summary": "x", "company": ["id": 1]], "ticket object is invalid"),
                (
                    ["summary": "x", "company": ["id": 201], "board": ["id": 1], "status": ["id": 9]],
                    "ticket object is invalid"
                ),
            ]
            for (body, message) in cases {
                let reply = try await call(.POST, "/service/tickets", body)
                #expect(reply.status == 400)
                #expect(reply.json["message"]?.string == message)
            }
            let status = try await call(.POST, "/service/tickets", cases[5].0)
            #expect(status.json["errors"]?.elements?.first?["code"] == "NotFound")
            #expect(
                status.json["errors"]?.elements?.first?["message"]
                    == "Service Status 9 not found for Service Board Service Desk")
            #expect(
                try await call(.POST, "/service/tickets/10001/notes", ["text": "x", "resolutionFlag": "maybe"]).status
                    == 500)
        }
    }

    @Test func patchAppliesAndSubPathsDoNot() async throws {
        try await StageClient.during { call async throws in
            let before = try await call(.GET, "/service/tickets/10001").json
            func patch(_ operations: PlayedJSON) async throws -> StageClient.Reply {
                try await call(.PATCH, "/service/tickets/10001", operations)
            }
            let plain = try await patch([
                ["op": "replace", "path": "/summary", "value": "Changed"],
                ["op": "replace", "path": "owner", "value": ["identifier": "mhaddad"]],
                ["op": "add", "path": "poNumber", "value": "9"],
            ])
            #expect(plain.status == 200)
            #expect(plain.json["summary"] == "Changed")
            #expect(plain.json["owner"]?["identifier"] == "mhaddad")
            #expect(plain.json["poNumber"] == "9")
            #expect(plain.json["_info"]?["updatedBy"] == "PatchbayAPI")
            let sub = try await patch([["op": "replace", "path": "company/identifier", "value": "AtlasTile"]])
            #expect(sub.status == 200)
            #expect(sub.json == plain.json)
            #expect(sub.json["company"] == before["company"])
            #expect(try await patch([["op": "replace", "path": "Summary", "value": "x"]]).status == 400)
            #expect(try await patch(["summary": "x"]).status == 400)
            let removed = try await patch([["op": "remove", "path": "poNumber"], ["op": "remove", "path": "owner"]])
            #expect(removed.json["poNumber"] == nil)
            #expect(removed.json["owner"] == nil)
            let moved = try await patch([["op": "replace", "path": "board", "value": ["name": "Projects"]]])
            #expect(moved.json["status"]?["name"] == "New")
        }
    }

    @Test func aRefusedPatchChangesNothing() async throws {
        try await StageClient.during { call async throws in
            let before = try await call(.GET, "/service/tickets/10001").json
            let reply = try await call(
                .PATCH, "/service/tickets/10001",
                [
                    ["op": "replace", "path": "summary", "value": "Half"],
                    ["op": "replace", "path": "status", "value": ["name": "No such"]],
                ])
            #expect(reply.status == 400)
            #expect(try await call(.GET, "/service/tickets/10001").json == before)
        }
    }

    @Test func closingEmptiesResourcesAndKeepsTheOwner() async throws {
        try await StageClient.during { call async throws in
            let id = try call.simulator.createTicket("Closing", owner: "rsato")
            let assigned = try await call(
                .POST, "/schedule/entries",
                ["objectId": .integer(id), "member": ["identifier": "pnovak"], "type": ["identifier": "S"]])
            #expect(assigned.status == 201)
            #expect(try await call(.GET, "/service/tickets/\(id)").json["resources"] == "pnovak")
            let activity = try await call(
                .POST, "/schedule/entries",
                ["objectId": .integer(id), "member": ["identifier": "pnovak"], "type": ["id": 1]])
            #expect(activity.json["errors"]?.elements?.first?["message"] == .text("Activity \(id) not found"))
            let closed = try await call(
                .PATCH, "/service/tickets/\(id)", [["op": "replace", "path": "status", "value": ["name": "Closed"]]])
            #expect(closed.json["closedFlag"] == true)
            #expect(closed.json["resources"] == nil)
            #expect(closed.json["owner"]?["identifier"] == "rsato")
        }
    }

    @Test func timeTextsAreOnlyInAllNotes() async throws {
        try await StageClient.during { call async throws in
            let id = try call.simulator.createTicket("Time")
            let entry = try await call(
                .POST, "/time/entries",
                [
                    "chargeToId": .integer(id), "chargeToType": "ServiceTicket", "timeStart": "2026-11-20T08:00:00Z",
                    "timeEnd": "2026-11-20T09:30:00Z", "actualHours": 7, "notes": "Replaced the switch",
                ])
            #expect(entry.status == 201)
            #expect(entry.json["actualHours"]?.double == 1.5)
            #expect(try await call(.GET, "/service/tickets/\(id)/notes").json == [])
            let all = try await call(.GET, "/service/tickets/\(id)/allNotes").json
            #expect(all.elements?.first?["noteType"] == "TimeEntryNote")
            #expect(all.elements?.first?["text"] == "Replaced the switch")
            #expect(try await call.conditions("chargeToId in (\(id))", on: "/time/entries").ids.count == 1)
            let fraction = try await call(
                .POST, "/time/entries", ["chargeToId": .integer(id), "timeStart": "2026-11-20T08:00:00.5Z"])
            #expect(fraction.status == 400)
            #expect(
                fraction.json["errors"]?.elements?.first?["message"] == "Unsupported format applied to timeStart")
        }
    }

    @Test func companyInfoNeedsNoCredentials() async throws {
        try await StageClient.during({ $0.cloudFlagIsText = true }) { call async throws in
            let known = try await StageClient.send(.init(url: "\(call.base)/login/companyinfo/RiverMark"))
            #expect(known.json["Codebase"] == "v2026_1/")
            #expect(known.json["IsCloud"] == "True")
            let unknown = try await StageClient.send(.init(url: "\(call.base)/login/companyinfo/other"))
            #expect(unknown.status == 200)
            #expect(unknown.json == .null)
        }
    }

    @Test func pagesFollowChanges() async throws {
        try await StageClient.during { call async throws in
            let path = "/service/tickets?conditions=summary%20contains%20%27zebra%27"
            #expect(try await call(.GET, path).ids == [])
            let id = try call.simulator.createTicket("Zebra on the network")
            #expect(try await call(.GET, path).ids == [id])
            try call.simulator.update(id, summary: "Horse", as: .member("pnovak"))
            #expect(try await call(.GET, path).ids == [])
        }
    }

    @Test func limitAnswers429() async throws {
        try await StageClient.during({ $0.callsPerMinute = 3 }) { call async throws in
            for _ in 0..<3 { #expect(try await call(.GET, "/system/info").status == 200) }
            let reply = try await call(.GET, "/system/info")
            #expect(reply.status == 429)
            #expect(reply.json["error"] == "ConnectWiseAPI")
            #expect(reply.json["code"] == nil)
            let seconds = try #require(reply.headers["Retry-After"].first.flatMap { Int($0) })
            #expect((1...60).contains(seconds))
            #expect(call.simulator.control.perMinuteMaximum == 4)
            #expect(call.simulator.control.refusedCount == 1)
            call.simulator.control.callsPerMinute = nil
            #expect(try await call(.GET, "/system/info").status == 200)
        }
    }
}
