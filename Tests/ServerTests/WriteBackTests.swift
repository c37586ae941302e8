import API
import Database
import Foundation
import Jobs
import NIOHTTP1
import Server
import ServerTestSupport
import SimulatedConnectWise
import SimulatorStage
import TestSupport
import Testing
import Ticketing
import WebSupport
import WriteBack

extension RunningPatchbay {
    /// An installation without the rate limits that most tests would exceed. Posts are not retried on their own while a
    /// test checks them, and slow machines do not get the answer that a post takes longer.
    static func writing(
        _ engine: Engine, _ change: (inout Options) -> Void = { _ in }, _ body: (RunningPatchbay) async throws -> Void
    ) async throws {
        var options = Options()
        for limit in ["SEARCHES", "LOOKUPS", "POSTS"] { options.settings["PATCHBAY_LIMIT_\(limit)"] = "100000" }
        options.configure = {
            $0.postTiming.schedule = RetrySchedule(Array(repeating: .minutes(10), count: 10))
            $0.postTiming.patience = .seconds(60)
        }
        change(&options)
        try await run(engine, options, body)
    }

    var psa: String { "/integrations/psa" }

    /// Writes to a ticket.
    func write(
        _ ticket: Int, _ what: String, _ body: JSON, key: String? = nil, method: HTTPMethod = .POST
    ) async throws -> Reply {
        try await api(
            method, "\(psa)/tickets/\(ticket)/\(what)", body, headers: key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    /// The posts to a ticket, oldest first.
    func posts(to ticket: Int) async throws -> [JSON] {
        try await api(API.Posts.list, query: "ticket_id=\(ticket)").json["items"].elements.reversed()
    }

    /// The ID of a status on a ticket's board.
    func status(_ name: String, of ticket: Int) async throws -> JSON {
        let all = try await api(API.Tickets.statuses, at: ticket, query: "all=true").json["items"].elements
        guard let found = all.first(where: { $0["name"].string == name }) else { throw Unexpected("no status \(name)") }
        return found["id"]
    }

    /// Tests the connection, as an administrator does when the PSA is back.
    func testConnection() async throws {
        let id = try await connection()["id"].int ?? 0
        try await eventually("a test to succeed") {
            try await api(API.PSA.Connections.test, at: id).status == 200
        }
    }

    /// Retries a waiting or failed post immediately.
    func retry(_ ticket: Int) async throws -> Reply {
        guard
            let post = try await posts(to: ticket).first(where: {
                ["queued", "failed", "dismissed"].contains($0["state"].string)
            })
        else { throw Unexpected("nothing to retry") }
        return try await api(API.Posts.retry, at: post["id"].int ?? 0, [:])
    }
}

/// What engineers write to tickets arrives exactly once, in their own name.
@Suite("Writing to tickets", .timeLimit(.minutes(20)))
struct WriteBackTests {
    // MARK: Content

    @Test("A note, time and a status are written, logged and shown", arguments: TestDatabase.engines)
    func each(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Printer")
            let note = try await patchbay.write(ticket, "notes", ["text": "Looked at it"])
            #expect(note.status == 200)
            #expect(note.json["state"] == "sent")
            #expect(note.json["actions"]["note_added"] == true)
            #expect(note.json["actions"]["time_added"] == false)
            #expect(note.json["ticket_link"].string?.contains("recid=\(ticket)") == true)
            let time = try await patchbay.write(ticket, "time", ["minutes": 30, "text": "On the telephone"])
            #expect(time.status == 200)
            #expect(time.json["actions"]["time_added"] == true)
            let progress = try await patchbay.status("In Progress", of: ticket)
            let moved = try await patchbay.write(ticket, "status", ["status_id": progress], method: .PATCH)
            #expect(moved.status == 200)
            #expect(moved.json["posts"].elements.first?["status_to"]["name"] == "In Progress")
            let state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.status == "In Progress")
            #expect(state.notes.first?.hasSuffix("Looked at it") == true)
            let log = try await patchbay.posts(to: ticket)
            #expect(log.map { $0["kind"].string } == ["note", "time", "status"])
            #expect(log.allSatisfy { $0["state"] == "sent" && $0["attempts"] == 1 && $0["origin"].string != nil })
            #expect(log[0]["record_id"].string != nil)
            #expect(log[1]["minutes"] == 30)
            #expect(log[2]["status_from"]["name"] == "New")
            let written = try await patchbay.api(API.AuditEntries.list, query: "limit=200").json["items"].elements
            let actions = Set(written.compactMap { $0["action"].string })
            #expect(actions.isSuperset(of: ["ticket.note", "ticket.time", "ticket.status"]))
        }
    }

    @Test("Log change writes note, time, and status, in that order", arguments: TestDatabase.engines)
    func change(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("New telephone")
            let progress = try await patchbay.status("In Progress", of: ticket)
            let reply = try await patchbay.write(
                ticket, "log-change", ["text": "Number assigned", "status_id": progress, "include_text_in_time": true])
            #expect(reply.status == 200)
            #expect(reply.json["posts"].elements.map { $0["kind"].string } == ["note", "time", "status"])
            // The connection's defaults.
            #expect(reply.json["posts"].elements[1]["minutes"] == 15)
            #expect(reply.json["posts"].elements[0]["note_type"] == "internal_analysis")
            #expect(
                reply.json["actions"] == ["note_added": true, "time_added": true, "status_updated": true])
            let without = try await patchbay.write(ticket, "log-change", ["text": "No time", "minutes": 0])
            #expect(without.json["posts"].elements.map { $0["kind"].string } == ["note"])
            let calls = patchbay.connectWise.control.calls.filter { $0.method != "GET" }.map { call in
                "\(call.method) \(call.path.split(separator: "/").suffix(2).joined(separator: "/"))"
            }
            #expect(
                calls == [
                    "POST \(ticket)/notes", "POST time/entries", "PATCH tickets/\(ticket)", "POST \(ticket)/notes",
                ])
        }
    }

    @Test("The connection's defaults apply", arguments: TestDatabase.oneEngine)
    func settings(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Settings")
            let progress = try await patchbay.status("In Progress", of: ticket)
            let id = try await patchbay.connection()["id"].int ?? 0
            var settings: [String: JSON] = [
                "default_minutes": 45, "note_type": "resolution", "auto_update_status": true,
                "board_statuses": [
                    ["board_id": try patchbay.board(), "status_id": progress, "status_name": "In Progress"]
                ],
            ]
            let path = "\(patchbay.psa)/connections/\(id)/settings"
            #expect(try await patchbay.api(.PUT, path, .object(settings)).status == 200)
            #expect(try await patchbay.api(.GET, path).json["default_minutes"] == 45)
            let reply = try await patchbay.write(ticket, "log-change", ["text": "Done"])
            let posts = reply.json["posts"].elements
            #expect(posts.map { $0["kind"].string } == ["note", "time", "status"])
            #expect(posts[0]["note_type"] == "resolution")
            #expect(posts[1]["minutes"] == 45)
            #expect(patchbay.connectWise.ticket(ticket)?.status == "In Progress")
            // The ticket already has the status, so that post is skipped.
            let again = try await patchbay.write(ticket, "log-change", ["text": "More", "minutes": 0])
            #expect(again.json["posts"].elements[1]["state"] == "skipped")
            #expect(again.json["actions"]["status_updated"] == false)
            let stay = try await patchbay.write(
                ticket, "log-change", ["text": "Stay", "minutes": 0, "update_status": false])
            #expect(stay.json["posts"].elements.count == 1)
            // Unknown IDs are refused, and names come from ConnectWise.
            var wrong = settings
            wrong["work_role"] = ["id": "9999", "name": "Boss"]
            wrong["member"] = ["id": "9999", "name": "Ghost"]
            wrong["board_statuses"] = [["board_id": "77", "status_id": "1", "status_name": "Gone"]]
            let unknown = try await patchbay.api(.PUT, path, .object(wrong))
            #expect(unknown.status == 422)
            #expect(Set(unknown.faultyFields) == ["work_role", "member", "board_statuses"])
            settings["work_role"] = ["id": "2", "name": "Boss"]
            #expect(
                try await patchbay.api(.PUT, path, .object(settings)).json["work_role"]["name"] == "Senior Engineer")
            settings["default_minutes"] = 0
            let refused = try await patchbay.api(.PUT, path, .object(settings))
            #expect(refused.status == 422)
            #expect(refused.faultyFields == ["default_minutes"])
        }
    }

    // MARK: Exactly once

    @Test(
        "A repeated request is done once, and its idempotency key cannot be used for another",
        arguments: TestDatabase.engines)
    func repetition(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Twice")
            let body: JSON = ["text": "Only once", "minutes": 20]
            let replies = try await withThrowingTaskGroup { group in
                for _ in 0..<5 {
                    group.addTask { try await patchbay.write(ticket, "log-change", body, key: "the-key") }
                }
                return try await group.reduce(into: [Reply]()) { $0.append($1) }
            }
            #expect(replies.allSatisfy { $0.status == 200 })
            #expect(Set(replies.map { $0.json["id"].int }).count == 1)
            let inBody = try await patchbay.write(
                ticket, "log-change", ["text": "Only once", "minutes": 20, "request_id": "the-key"])
            #expect(inBody.status == 200)
            #expect(inBody.json["id"] == replies[0].json["id"])
            let empty = try await patchbay.write(ticket, "notes", ["text": "x"], key: "")
            #expect(empty.status == 400)
            #expect(empty.faultyFields == ["Idempotency-Key"])
            let other = try await patchbay.write(ticket, "log-change", ["text": "Another"], key: "the-key")
            #expect(other.status == 409)
            #expect(other.json["code"] == "idempotency_key_reused")
            let both = try await patchbay.write(ticket, "notes", ["text": "x", "request_id": "a"], key: "b")
            #expect(both.status == 400)
            let patch = try await patchbay.write(
                ticket, "status", ["status_id": try await patchbay.status("Assigned", of: ticket)], key: "p",
                method: .PATCH)
            let again = try await patchbay.write(
                ticket, "status", ["status_id": try await patchbay.status("Assigned", of: ticket)], key: "p",
                method: .PATCH)
            #expect(patch.status == 200)
            #expect(again.json["id"] == patch.json["id"])
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count { $0.hasSuffix("Only once") } == 1)
            #expect(try await patchbay.posts(to: ticket).count == 3)
        }
    }

    @Test(
        "When the connection breaks before the PSA's answer, the record is found and not written twice",
        arguments: TestDatabase.engines, ["notes", "time"])
    func brokenAnswer(engine: Engine, what: String) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Cut")
            let path = what == "notes" ? "*/notes" : "*/time/entries"
            patchbay.connectWise.control.script(Fault(.cutAfter, method: "POST", path: path))
            let reply = try await patchbay.write(ticket, what, ["text": "Once – ünïcode 🎉 مرحبا"])
            #expect(reply.status == 202)
            #expect(reply.json["state"] == "queued")
            #expect(reply.json["message"].string?.contains("will be sent automatically") == true)
            let again = try await patchbay.retry(ticket)
            #expect(again.status == 200)
            #expect(again.json["state"] == "sent")
            let post = try #require(try await patchbay.posts(to: ticket).first)
            #expect(post["record_id"].string != nil)
            #expect(post["attempts"] == 1)
            #expect(
                patchbay.connectWise.control.callsByRoute[
                    "POST \(what == "notes" ? "service/tickets/{id}/notes" : "time/entries")"] == 1)
            // The same text in a second request is a second record.
            #expect(try await patchbay.write(ticket, what, ["text": "Once – ünïcode 🎉 مرحبا"]).status == 200)
            let posts = try await patchbay.posts(to: ticket)
            #expect(Set(posts.map { $0["record_id"].string }).count == 2)
        }
    }

    @Test(
        "A post stays uncertain while the search for it fails, and is still written only once",
        arguments: TestDatabase.engines, [429, 403, 500])
    func brokenLook(engine: Engine, status: Int) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Cut, then refused")
            let control = patchbay.connectWise.control
            control.script(Fault(.cutAfter, method: "POST", path: "*/notes"))
            #expect(try await patchbay.write(ticket, "notes", ["text": "Once"]).status == 202)
            let looks = control.callsByRoute["GET service/tickets/{id}/notes"] ?? 0
            control.script(Fault(.answer(status: status, retryAfter: 1), method: "GET", path: "*/notes"))
            _ = try await patchbay.retry(ticket)
            try await eventually("the look that fails") {
                (control.callsByRoute["GET service/tickets/{id}/notes"] ?? 0) > looks
            }
            try await eventually(within: .seconds(20), "the note to be known as written") {
                if try await patchbay.posts(to: ticket).first?["state"] == "sent" { return true }
                // The retry may have run on its own.
                _ = try? await patchbay.retry(ticket)
                return false
            }
            #expect(control.callsByRoute["POST service/tickets/{id}/notes"] == 1)
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count { $0.hasSuffix("Once") } == 1)
        }
    }

    @Test("An unanswered post that is not in the ticket may still arrive, so it is not written again immediately")
    func slow() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Slow")
            patchbay.connectWise.control.script(Fault(.hang, method: "POST", path: "*/notes"))
            #expect(try await patchbay.write(ticket, "notes", ["text": "x"]).status == 202)
            try await eventually(within: .seconds(60), "the time-out") {
                try await patchbay.posts(to: ticket).first?["error"].string?.contains("in time") == true
            }
            let reply = try await patchbay.retry(ticket)
            #expect(reply.status == 202)
            #expect(reply.json["message"].string?.contains("in time") == true)
            let next: Date? = try await patchbay.database.read { db in
                try db.first("SELECT run_at FROM jobs WHERE kind = 'post_to_ticket' AND state = 'ready'")?["run_at"]
            }
            #expect((next ?? .distantPast).timeIntervalSinceNow > 30)
            #expect(patchbay.connectWise.control.callsByRoute["POST service/tickets/{id}/notes"] == 1)
            // The slow write arrives after all.
            _ = try patchbay.connectWise.addNote(
                try await patchbay.posts(to: ticket).first?["content"].string ?? "", to: ticket, kind: .internal,
                as: .member("dokafor"))
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.control.callsByRoute["POST service/tickets/{id}/notes"] == 1)
        }
    }

    @Test(
        "A status whose answer was lost is not set again if someone has moved the ticket on",
        arguments: TestDatabase.engines)
    func movedOn(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Moved on")
            let progress = try await patchbay.status("In Progress", of: ticket)
            patchbay.connectWise.control.script(Fault(.cutAfter, method: "PATCH"))
            #expect(
                try await patchbay.write(ticket, "status", ["status_id": progress], method: .PATCH).status == 202)
            try patchbay.connectWise.update(ticket, status: "Assigned", as: .member("dokafor"))
            let refused = try await patchbay.retry(ticket)
            #expect(refused.status == 409)
            #expect(refused.json["code"] == "status_changed")
            #expect(patchbay.connectWise.ticket(ticket)?.status == "Assigned")
            // A user who has seen the change may set it anyway.
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.status == "In Progress")
        }
    }

    @Test(
        "A status whose answer was lost is recognized as set, with its previous status", arguments: TestDatabase.engines
    )
    func statusKnown(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Set")
            let progress = try await patchbay.status("In Progress", of: ticket)
            patchbay.connectWise.control.script(Fault(.cutAfter, method: "PATCH"))
            #expect(
                try await patchbay.write(ticket, "status", ["status_id": progress], method: .PATCH).status == 202)
            #expect(try await patchbay.retry(ticket).status == 200)
            let post = try #require(try await patchbay.posts(to: ticket).first)
            #expect(post["state"] == "sent")
            #expect(post["status_from"]["name"] == "New")
            #expect(post["status_to"]["name"] == "In Progress")
        }
    }

    @Test("A post that failed with a server error is written again", arguments: TestDatabase.engines)
    func brokenRequest(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Failing")
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "POST", path: "*/notes"))
            let reply = try await patchbay.write(ticket, "notes", ["text": "At last"])
            #expect(reply.status == 202)
            let again = try await patchbay.retry(ticket)
            #expect(again.status == 200, "\(again.json)")
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count { $0.hasSuffix("At last") } == 1)
            #expect(try await patchbay.posts(to: ticket).first?["attempts"] == 2)
        }
    }

    @Test(
        "While the PSA is down, a post is accepted immediately, and written once the PSA is back",
        arguments: TestDatabase.engines)
    func down(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Down")
            let progress = try await patchbay.status("In Progress", of: ticket)
            patchbay.connectWise.control.script(Fault(.cutBefore, times: nil))
            let reply = try await patchbay.write(ticket, "log-change", ["text": "Kept", "status_id": progress])
            #expect(reply.status == 202)
            #expect(reply.json["posts"].elements.count == 3)
            let second = try await patchbay.write(ticket, "notes", ["text": "Behind it"])
            #expect(second.status == 202)
            #expect(try await patchbay.posts(to: ticket).allSatisfy { $0["state"] == "queued" })
            #expect(try await patchbay.posts(to: ticket).first?["error"].string?.contains("cannot be reached") == true)
            patchbay.connectWise.control.removeFaults()
            // A successful test closes the circuit breaker and ends all waits.
            try await patchbay.testConnection()
            _ = try await patchbay.retry(ticket)
            try await eventually("everything to be written") {
                try await patchbay.posts(to: ticket).allSatisfy { $0["state"] == "sent" }
            }
            let state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.status == "In Progress")
            // In the order of the requests.
            #expect(
                state.notes.suffix(2).map { String($0.split(separator: "\n").last ?? "") } == ["Kept", "Behind it"])
        }
    }

    // MARK: Rejected posts

    @Test("A rejected post says why, and a retry only writes what is missing", arguments: TestDatabase.engines)
    func refused(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Half")
            let refusal =
                #"{"code":"InvalidObject","message":"timeEntry object is invalid","errors":[{"code":"InvalidField","message":"No open time period.","resource":"timeEntry","field":"timeStart"}]}"#
            patchbay.connectWise.control.script(
                Fault(.answer(status: 400, body: refusal), method: "POST", path: "*/time/entries"))
            let progress = try await patchbay.status("In Progress", of: ticket)
            let reply = try await patchbay.write(ticket, "log-change", ["text": "Half done", "status_id": progress])
            #expect(reply.status == 422)
            #expect(reply.json["code"] == "psa_rejected")
            #expect(reply.faultyFields == ["started_at"])
            let detail = try #require(reply.json["detail"].string)
            #expect(detail.contains("The note was added."))
            #expect(detail.contains("No open time period."))
            #expect(try await patchbay.posts(to: ticket).map { $0["state"].string } == ["sent", "failed", "failed"])
            #expect(try await patchbay.posts(to: ticket).last?["error_code"] == "not_tried")
            let instance = try #require(reply.json["instance"].string)
            #expect(try await patchbay.api(.GET, String(instance.dropFirst("/api/v1".count))).json["kind"] == "time")
            let again = try await patchbay.retry(ticket)
            #expect(again.status == 200)
            #expect(try await patchbay.posts(to: ticket).map { $0["state"].string } == ["sent", "sent", "sent"])
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count { $0.hasSuffix("Half done") } == 1)
            #expect(
                try await patchbay.api(API.Posts.retry, at: "1").json["code"] == "nothing_to_retry")
        }
    }

    @Test("A missing right fails the post without delaying any other", arguments: TestDatabase.oneEngine)
    func right(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Right")
            patchbay.connectWise.control.script(Fault(.answer(status: 403), method: "POST", path: "*/time/entries"))
            let reply = try await patchbay.write(ticket, "time", ["minutes": 5])
            #expect(reply.status == 422)
            #expect(reply.json["code"] == "psa_permission")
            #expect(try await patchbay.write(ticket, "notes", ["text": "Goes on"]).status == 200)
            #expect(try await patchbay.connection()["state"] == "ok")
        }
    }

    @Test("Posts to a deleted ticket are refused", arguments: TestDatabase.oneEngine)
    func gone(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Gone")
            try patchbay.connectWise.delete(ticket)
            for (what, body) in [("notes", ["text": "x"]), ("time", ["minutes": 5])] as [(String, JSON)] {
                let reply = try await patchbay.write(ticket, what, body)
                #expect(reply.status == 404)
                #expect(reply.json["code"] == "ticket_not_found")
            }
            #expect(try await patchbay.api(API.Tickets.show, at: ticket).status == 404)
            #expect(try await patchbay.api(API.Tickets.show, at: "none").status == 404)
        }
    }

    @Test("A closed ticket accepts notes and refuses time", arguments: TestDatabase.oneEngine)
    func closed(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Closed")
            try patchbay.connectWise.update(ticket, status: "Closed", as: .member("dokafor"))
            #expect(try await patchbay.write(ticket, "notes", ["text": "After all"]).status == 200)
            let time = try await patchbay.write(ticket, "time", ["minutes": 5])
            #expect(time.status == 422)
            #expect(time.json["detail"].string?.contains("Time entry is not allowed") == true)
            let reply = try await patchbay.api(API.Tickets.show, at: ticket)
            #expect(reply.json["closed"] == true)
        }
    }

    @Test("Invalid input is refused with the field, and nothing is stored", arguments: TestDatabase.oneEngine)
    func badInput(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Input")
            let cases: [(String, JSON, Int, String)] = [
                ("notes", ["text": "  \n "], 422, "text"), ("notes", [:], 400, "text"),
                ("notes", ["text": "x", "note_type": "loud"], 400, "note_type"),
                ("notes", ["text": long(50_001, "x")], 422, "text"),
                ("time", ["minutes": 0], 422, "minutes"), ("time", ["minutes": 1_441], 422, "minutes"),
                ("time", ["minutes": 5, "started_at": "2999-01-01T00:00:00Z"], 422, "started_at"),
                ("time", ["minutes": 5, "billable": "maybe"], 400, "billable"),
                ("log-change", ["text": "x", "hours": 1], 400, "hours"),
                ("time", ["minutes": 5, "work_role_id": "Engineer"], 422, "work_role_id"),
                ("log-change", ["text": "x", "work_type_id": "007"], 422, "work_type_id"),
                ("log-change", ["text": "x", "status_id": "Closed"], 422, "status_id"),
            ]
            for (what, body, status, field) in cases {
                let reply = try await patchbay.write(ticket, what, body)
                #expect(reply.status == status, "\(what) \(field): \(reply.text)")
                #expect(reply.faultyFields == [field], "\(what) \(field): \(reply.text)")
            }
            #expect(try await patchbay.posts(to: ticket).isEmpty)
            for ticket in ["abc", "0\(ticket)", "-1"] {
                let reply = try await patchbay.api(API.Tickets.addNote, at: ticket, ["text": "x"])
                #expect(reply.status == 404, "\(ticket)")
            }
            // Long, but accepted.
            let long = try await patchbay.write(ticket, "notes", ["text": long(16_000, "é")])
            #expect(long.status == 200)
            #expect(long.json["warnings"].elements.count == 1)
            let short = try await patchbay.write(ticket, "notes", ["text": "🎉 שלום\n\n**bold** «» ’"])
            #expect(short.status == 200)
            #expect(short.json["warnings"].elements.isEmpty)
            #expect(patchbay.connectWise.ticket(ticket)?.notes.last?.hasSuffix("🎉 שלום\n\n**bold** «» ’") == true)
        }
    }

    private func long(_ count: Int, _ letter: Character) -> JSON {
        .init(stringLiteral: String(repeating: letter, count: count))
    }

    // MARK: Status

    @Test(
        "A status that someone else changed stays; of two engineers at once one wins",
        arguments: TestDatabase.engines)
    func twoEngineers(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Race")
            let new = try await patchbay.status("New", of: ticket)
            let wanted = [
                try await patchbay.status("In Progress", of: ticket), try await patchbay.status("Assigned", of: ticket),
            ]
            let replies = try await withThrowingTaskGroup { group in
                for status in wanted {
                    group.addTask {
                        try await patchbay.write(
                            ticket, "status", ["status_id": status, "expected_status_id": new], method: .PATCH)
                    }
                }
                return try await group.reduce(into: [Reply]()) { $0.append($1) }
            }
            #expect(replies.map(\.status).sorted() == [200, 409])
            let lost = try #require(replies.first { $0.status == 409 })
            let present = try #require(patchbay.connectWise.ticket(ticket)?.status)
            #expect(lost.json["code"] == "status_changed")
            #expect(lost.json["detail"].string?.contains(present) == true)
        }
    }

    @Test("A status of another board or an unknown status is refused", arguments: TestDatabase.oneEngine)
    func otherBoard(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Here")
            let elsewhere = try patchbay.connectWise.createTicket("There", board: "Voice")
            for status in [try await patchbay.status("In Progress", of: elsewhere), "99999", "x"] {
                let reply = try await patchbay.write(ticket, "status", ["status_id": status], method: .PATCH)
                #expect(reply.status == 422)
                #expect(reply.faultyFields == ["status_id"])
            }
            #expect(patchbay.connectWise.ticket(ticket)?.status == "New")
        }
    }

    // MARK: Limits

    @Test("Over the limit, requests are refused with the time to wait", arguments: TestDatabase.oneEngine)
    func limits(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Limits")
            for left in (0..<10).reversed() {
                // The idempotency key in the header or the body.
                let reply =
                    try await left == 9
                    ? patchbay.write(ticket, "notes", ["text": "x", "request_id": "note 9"])
                    : patchbay.write(ticket, "notes", ["text": "x"], key: "note \(left)")
                #expect(reply.status == 200)
                let field = try #require(reply.headers["ratelimit"])
                #expect(field.hasPrefix("\"ticket_post\";r=\(left);t="))
                // One more is allowed a minute after the first.
                #expect((1...60).contains(field.split(separator: "=").last.flatMap { Int($0) } ?? 0))
                #expect(reply.headers["ratelimit-policy"] == "\"ticket_post\";q=10;w=60")
            }
            // Repeated requests only get their answer again and do not count.
            for repeated in 0..<3 {
                #expect(try await patchbay.write(ticket, "notes", ["text": "x"], key: "note \(repeated)").status == 200)
            }
            #expect(
                try await patchbay.write(ticket, "notes", ["text": "x", "request_id": "note 9"]).status == 200)
            let refused = try await patchbay.write(ticket, "notes", ["text": "x"])
            #expect(refused.status == 429)
            #expect(refused.json["code"] == "rate_limited")
            let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
            #expect((1...60).contains(wait))
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count == 10)
            // Reading has its own limits.
            #expect(try await patchbay.api(API.Tickets.show, at: ticket).status == 200)
        }
    }

    @Test(
        "An equal note that the member wrote earlier in ConnectWise does not count as the post",
        arguments: TestDatabase.engines)
    func foreignNote(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Called")
            try await patchbay.mapOneself(to: "kbrandt")
            let foreign = try patchbay.connectWise.addNote(
                "Called, no answer", to: ticket, kind: .internal, as: .member("kbrandt"), ago: 20)
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "POST", path: "*/notes"))
            #expect(try await patchbay.write(ticket, "notes", ["text": "Called, no answer"]).status == 202)
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.noteRecords.count == 2)
            #expect(try await patchbay.posts(to: ticket).last?["record_id"].string != "\(foreign)")
        }
    }

    @Test(
        "A waiting post can be retried with other values, or the refusal says why not", arguments: TestDatabase.engines)
    func changedWhileQueued(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Roles")
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "GET", path: "*/tickets/\(ticket)"))
            #expect(try await patchbay.write(ticket, "time", ["minutes": 5]).status == 202)
            func again() async throws -> Reply {
                let id = try await patchbay.posts(to: ticket).last?["id"].int ?? 0
                return try await patchbay.api(API.Posts.retry, at: id, ["work_role_id": "2"])
            }
            #expect(try await again().status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.timeRecords.last?.workRole == "Senior Engineer")
            // A post that may have been written cannot be changed.
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "POST", path: "*/time/entries"))
            #expect(try await patchbay.write(ticket, "time", ["minutes": 6]).status == 202)
            let refused = try await again()
            #expect(refused.status == 409)
            #expect(refused.json["code"] == "not_editable")
            #expect(refused.faultyFields == ["work_role_id"])
        }
    }

    @Test(
        "With a status that the board does not have, log change writes nothing; with a valid one, all of it",
        arguments: TestDatabase.engines)
    func statusBeforehand(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Beforehand")
            let refused = try await patchbay.write(
                ticket, "log-change", ["text": "All or nothing", "minutes": 5, "status_id": "999999"])
            #expect(refused.status == 422)
            #expect(refused.json["code"] == "status_not_on_board")
            #expect(refused.faultyFields == ["status_id"])
            var state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.noteRecords.isEmpty)
            #expect(state.timeRecords.isEmpty)
            let post = try await patchbay.posts(to: ticket).last?["id"].int ?? 0
            let progress = try await patchbay.status("In Progress", of: ticket)
            let path = "\(patchbay.psa)/posts/\(post)"
            #expect(try await patchbay.api(.GET, path).json["status"]["name"] == "status 999999")
            let again = try await patchbay.api(.POST, path + "/retry", ["status_id": progress])
            #expect(try await patchbay.api(.GET, path).json["status"]["name"] == "In Progress")
            #expect(again.status == 200)
            state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.noteRecords.count == 1)
            #expect(state.timeRecords.count == 1)
            #expect(state.status == "In Progress")
        }
    }

    @Test("While the feature is disabled, nothing is written and nothing is lost", arguments: TestDatabase.engines)
    func flag(engine: Engine) async throws {
        // Waiting posts have to be retried on their own here.
        try await RunningPatchbay.writing(engine, { $0.configure = { _ in } }) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Flag")
            #expect(try await patchbay.write(ticket, "notes", ["text": "Before"]).status == 200)
            let flag = "/feature-flags/connectwise_integration"
            #expect(try await patchbay.api(.PATCH, flag, ["enabled": false]).status == 200)
            let refused = try await patchbay.write(ticket, "notes", ["text": "While"])
            #expect(refused.status == 409)
            #expect(refused.json["code"] == "feature_disabled")
            #expect(try await patchbay.posts(to: ticket).count == 1)
            #expect(try await patchbay.api(.PATCH, flag, ["enabled": true]).status == 200)
            // A post that waits when the feature is disabled keeps waiting.
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "POST", path: "*/notes"))
            #expect(try await patchbay.write(ticket, "notes", ["text": "Under way"]).status == 202)
            #expect(try await patchbay.api(.PATCH, flag, ["enabled": false]).status == 200)
            try await eventually(within: .seconds(30), "it says why it waits") {
                try await patchbay.posts(to: ticket).last?["error"].string?.contains("ConnectWise is disabled") == true
            }
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count == 1)
            #expect(try await patchbay.api(.PATCH, flag, ["enabled": true]).status == 200)
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count == 2)
        }
    }

    @Test(
        "Posts are kept when their connection is deleted, and waiting ones fail with the reason",
        arguments: TestDatabase.engines)
    func connectionRemoved(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("History")
            #expect(try await patchbay.write(ticket, "notes", ["text": "Written"]).status == 200)
            let id = try await patchbay.connection()["id"].int ?? 0
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "POST", path: "*/notes"))
            #expect(try await patchbay.write(ticket, "notes", ["text": "Waits"]).status == 202)
            #expect(try await patchbay.api(API.PSA.Connections.delete, at: id).status == 204)
            let waited = try await patchbay.posts(to: ticket).last
            #expect(waited?["state"] == "failed")
            #expect(waited?["error_code"] == "connection_removed")
            let post = try #require(try await patchbay.posts(to: ticket).first)
            #expect(post["connection_id"] == .null)
            #expect(post["content"].string?.hasSuffix("Written") == true)
            let reply = try await patchbay.write(ticket, "notes", ["text": "Too late"])
            #expect(reply.status == 409)
            #expect(reply.json["code"] == "psa_not_connected")
        }
    }
}
