import API
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatedWebex
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Messages that belong to no ticket, and the settings for them.
@Suite("Notices", .timeLimit(.minutes(20)))
struct NoticeTests {
    private func sent(_ id: Int, _ state: String, _ patchbay: RunningPatchbay) async throws -> JSON {
        var notice = JSON.null
        try await eventually("the notice to be \(state)") {
            notice = try await patchbay.api(API.Notices.show, at: id).json
            return notice["state"].string == state
        }
        return notice
    }

    @Test("A test message arrives, or its failure is explained", arguments: TestDatabase.engines)
    func testMessage(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let asked = try await patchbay.api(API.Notices.test, ["recipient_id": try patchbay.room()])
            #expect(asked.status == 202)
            #expect(asked.json["kind"] == "test")
            _ = try await sent(asked.json["id"].int ?? 0, "sent", patchbay)
            #expect(patchbay.messages(to: "Dispatch").first?.hasPrefix("**Test message**") == true)

            let stranger = try await patchbay.api(API.Recipients.create, ["email": "nobody@elsewhere.example"]).json
            let failing = try await patchbay.api(API.Notices.test, ["recipient_id": stranger["id"]])
            let failed = try await sent(failing.json["id"].int ?? 0, "failed", patchbay)
            #expect(failed["error"].string?.isEmpty == false)
            #expect(failed["tracking_id"] != .null)
            let unknown = try await patchbay.api(API.Notices.test, ["recipient_id": 99_999])
            #expect(unknown.status == 422)
            #expect(unknown.faultyFields == ["recipient_id"])
            let list = try await patchbay.api(API.Notices.list, query: "limit=1").json
            #expect(list["items"].elements.first?["id"] == failing.json["id"])
            #expect(list["next_cursor"] != .null)
        }
    }

    @Test("A test message to a person arrives once, even if the answer is lost", arguments: TestDatabase.engines)
    func lostAnswer(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let sara = try await patchbay.api(API.Recipients.create, ["email": .text(Staff.sara)]).json["id"]
            patchbay.webex.control.script(Fault(.cutAfter, method: "POST", path: "*/messages"))
            let asked = try await patchbay.api(API.Notices.test, ["recipient_id": sara])
            _ = try await sent(asked.json["id"].int ?? 0, "sent", patchbay)
            #expect(patchbay.messages(to: Staff.sara).count == 1)
        }
    }

    @Test(
        "A test message that may have been sent is searched for until that is certain, whatever fails first",
        arguments: TestDatabase.engines,
        [Fault.Action.answer(status: 429, retryAfter: 1), .answer(status: 401), .answer(status: 503)])
    func doubtLasts(engine: Engine, obstacle: Fault.Action) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let sara = try await patchbay.api(API.Recipients.create, ["email": .text(Staff.sara)]).json["id"]
            patchbay.webex.control.script(Fault(.cutAfter, method: "POST", path: "*/messages"))
            patchbay.webex.control.script(Fault(obstacle, method: "GET", path: "*/messages/direct"))
            let asked = try await patchbay.api(API.Notices.test, ["recipient_id": sara])
            let id = asked.json["id"].int ?? 0
            try await eventually("the look-up to fail") {
                patchbay.webex.control.calls.contains { $0.path.hasSuffix("/messages/direct") }
            }
            try await eventually("the doubt to be shown") {
                try await patchbay.api(API.Notices.show, at: id).json["state"] == "uncertain"
            }
            _ = try await patchbay.database.write { db in
                try db.execute("DELETE FROM lane_pauses")
                try db.execute("UPDATE jobs SET run_at = \(Date()) WHERE kind = 'notice' AND state = 'ready'")
            }
            _ = try await sent(id, "sent", patchbay)
            #expect(patchbay.messages(to: Staff.sara).count == 1)
        }
    }

    @Test("A silent connection is shown, and the next callback ends the silence", arguments: TestDatabase.engines)
    func silence(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let instant = Date()
            _ = try await patchbay.database.write {
                try $0.execute("UPDATE psa_connections SET silent_since = \(instant)")
            }
            let silent = try await patchbay.connection()
            #expect(silent["state"] == "silent")
            #expect(silent["silent_since"] != .null)
            try await patchbay.tell(try patchbay.connectWise.createTicket("Awake again"))
            try await eventually("the silence to end") {
                try await patchbay.connection()["state"] == "ok"
            }
            #expect(try await patchbay.connection()["last_callback_at"] != .null)
        }
    }

    @Test("Settings are validated per field and take effect immediately", arguments: TestDatabase.engines)
    func settings(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let wrong: [(String, JSON)] = [
                ("max_message_length", 49), ("max_message_length", -1), ("member_cache_seconds", 86_401),
                ("silence_alert_minutes", 4), ("history_days", 6), ("alert_recipient_id", 99_999),
                ("notifications_enabled", "yes"), ("unheard_of", 1),
            ]
            for (field, value) in wrong {
                let reply = try await patchbay.api(API.Config.update, .object([field: value]))
                #expect(reply.status == 422 || reply.status == 400)
                #expect(reply.faultyFields == [field])
            }
            try await patchbay.configure(["alert_recipient_id": try patchbay.room(), "history_days": 30])
            #expect(try await patchbay.api(API.Config.show).json["alert_recipient_id"] == (try patchbay.room()))
            try await patchbay.configure(["alert_recipient_id": .null])
            #expect(try await patchbay.api(API.Config.show).json["alert_recipient_id"] == .null)
            #expect(try await patchbay.api(API.Config.show).json["history_days"] == 30)
            // Immediately: the next event is recorded and nobody is notified.
            try await patchbay.rule()
            try await patchbay.configure(["notifications_enabled": false])
            let ticket = try patchbay.connectWise.createTicket("Quiet")
            try await patchbay.refresh(ticket, action: "added")
            #expect(try await patchbay.events(of: ticket).map(\.reason) == ["notifications are disabled"])
        }
    }
}
