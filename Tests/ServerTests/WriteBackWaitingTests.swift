import API
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Posts that wait or failed can be retried, cancelled, dismissed, and replaced, and delay others only when necessary.
@Suite("Waiting posts", .timeLimit(.minutes(20)))
struct WriteBackWaitingTests {
    @Test("A retry answers with its own result, not with the earlier reason", arguments: TestDatabase.engines)
    func newsOfOthers(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let (slow, other) = (
                try patchbay.connectWise.createTicket("Slow"), try patchbay.connectWise.createTicket("Other")
            )
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "POST", path: "*/notes"))
            #expect(try await patchbay.write(slow, "notes", ["text": "Late"]).status == 202)
            patchbay.connectWise.control.script(
                Fault(.delay(.seconds(2)), method: "POST", path: "*/tickets/\(slow)/notes"))
            async let again = patchbay.retry(slow)
            try await eventually("the second attempt") {
                try await patchbay.posts(to: slow).first?["attempts"] == 2
            }
            // Outcomes of other posts wake all waiting requests.
            #expect(try await patchbay.write(other, "notes", ["text": "Soon"]).status == 200)
            let reply = try await again
            #expect(reply.status == 200, "\(reply.json)")
        }
    }

    @Test("A waiting post can be cancelled and then delays nothing", arguments: TestDatabase.engines)
    func withdrawn(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Held up")
            patchbay.connectWise.control.script(
                Fault(.answer(status: 500), method: "POST", path: "*/notes", times: nil))
            #expect(try await patchbay.write(ticket, "notes", ["text": "Regretted"]).status == 202)
            #expect(try await patchbay.write(ticket, "notes", ["text": "Behind it"]).status == 202)
            let first = try #require(try await patchbay.posts(to: ticket).first?["id"].int)
            patchbay.connectWise.control.removeFaults()
            let answer = try await patchbay.api(API.Posts.dismiss, at: first)
            #expect(answer.status == 200, "\(answer.json)")
            #expect(answer.json["state"] == "dismissed", "\(answer.json)")
            #expect(answer.json["error_code"] == "withdrawn")
            try await eventually("the one behind it to be written") {
                try await patchbay.posts(to: ticket).last?["state"] == "sent"
            }
            let notes = patchbay.connectWise.ticket(ticket)?.notes ?? []
            #expect(!notes.contains { $0.hasSuffix("Regretted") })
        }
    }

    @Test("A post cancelled after a lost answer is not duplicated by a retry", arguments: TestDatabase.engines)
    func withdrawnInDoubt(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("In doubt")
            patchbay.connectWise.control.script(Fault(.cutAfter, method: "POST", path: "*/notes"))
            // The search for it fails as well.
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "GET", path: "*/notes", times: nil))
            #expect(try await patchbay.write(ticket, "notes", ["text": "Perhaps"]).status == 202)
            let post = try #require(try await patchbay.posts(to: ticket).first?["id"].int)
            let answer = try await patchbay.api(API.Posts.dismiss, at: post)
            #expect(answer.json["error"].string?.contains("may be in the ticket") == true, "\(answer.json)")
            patchbay.connectWise.control.removeFaults()
            #expect(try await patchbay.retry(ticket).status == 200)
            #expect(patchbay.connectWise.ticket(ticket)?.notes.count { $0.hasSuffix("Perhaps") } == 1)
        }
    }

    @Test(
        "A failed post that was dismissed no longer counts, and can still be retried", arguments: TestDatabase.engines)
    func dismissed(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Left")
            patchbay.connectWise.control.script(Fault(.answer(status: 403), method: "POST", path: "*/time/entries"))
            #expect(try await patchbay.write(ticket, "log-change", ["text": "Left at that"]).status == 422)
            let failed = try #require(try await patchbay.posts(to: ticket).last?["id"].int)
            let path = "\(patchbay.psa)/posts/\(failed)"
            let answer = try await patchbay.api(.POST, path + "/dismiss")
            #expect(answer.status == 200)
            #expect(answer.json["state"] == "dismissed")
            #expect(try await patchbay.posts(to: ticket).map { $0["state"].string } == ["sent", "dismissed"])
            #expect(
                try await patchbay.api(API.Posts.list, query: "state=failed").json["items"].elements.isEmpty)
            #expect(
                try await patchbay.api(.POST, path + "/dismiss").json["code"] == "nothing_to_dismiss")
            #expect(try await patchbay.api(.POST, path + "/retry", [:]).status == 200)
            #expect(try await patchbay.posts(to: ticket).map { $0["state"].string } == ["sent", "sent"])
            let state = try #require(patchbay.connectWise.ticket(ticket))
            #expect(state.noteRecords.count == 1)
            #expect(state.timeRecords.count == 1)
        }
    }

    @Test("A rewritten post replaces the failed one: never are both written", arguments: TestDatabase.engines)
    func replaced(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Anew")
            let refusal = Fault(.answer(status: 400), method: "POST", path: "*/notes")
            patchbay.connectWise.control.script(refusal)
            #expect(try await patchbay.write(ticket, "notes", ["text": "First try"]).status == 422)
            let first = try #require(try await patchbay.posts(to: ticket).first?["id"])
            let anew = try await patchbay.write(ticket, "notes", ["text": "Better", "replaces": first])
            #expect(anew.status == 200, "\(anew.json)")
            let old = try #require(try await patchbay.posts(to: ticket).first)
            #expect(old["state"] == "dismissed")
            #expect(old["error_code"] == "replaced")
            #expect(try await patchbay.retry(ticket).json["code"] == "replaced")
            let twice = try await patchbay.write(ticket, "notes", ["text": "Once more", "replaces": first])
            #expect(twice.status == 409)
            #expect(twice.json["code"] == "not_replaceable")

            // Another user retried it first.
            patchbay.connectWise.control.script(refusal)
            #expect(try await patchbay.write(ticket, "notes", ["text": "Second try"]).status == 422)
            let second = try #require(try await patchbay.posts(to: ticket).last?["id"])
            #expect(
                try await patchbay.api(API.Posts.retry, at: second.int ?? 0, [:]).status == 200)
            let late = try await patchbay.write(ticket, "notes", ["text": "Second try, better", "replaces": second])
            #expect(late.status == 409)
            #expect(late.json["code"] == "not_replaceable")
            let other = try patchbay.connectWise.createTicket("Another")
            let strange = try await patchbay.write(other, "notes", ["text": "x", "replaces": second])
            #expect(strange.status == 422)
            #expect(strange.faultyFields == ["replaces"])
            #expect(patchbay.connectWise.ticket(ticket)?.noteRecords.count == 2)
        }
    }

    @Test(
        "Posts waiting behind another one continue with it after a connection test", arguments: TestDatabase.engines
    )
    func behindPaused(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Paused")
            // Pauses the whole connection for five minutes.
            for path in ["*/tickets/\(ticket)*", "*/system/members"] {
                patchbay.connectWise.control.script(Fault(.answer(status: 401), path: path, times: nil))
            }
            #expect(try await patchbay.write(ticket, "notes", ["text": "First"]).status == 202)
            let second = try await patchbay.write(ticket, "notes", ["text": "Second"])
            #expect(second.status == 202)
            #expect(second.json["message"].string?.contains("An earlier post to the ticket is waiting") == true)
            let other = try patchbay.connectWise.createTicket("Another")
            let held = try await patchbay.write(other, "notes", ["text": "Third"])
            #expect(held.status == 202, "\(held.json)")
            #expect(held.json["message"].string?.contains("credentials") == true, "\(held.json)")
            patchbay.connectWise.control.removeFaults()
            try await patchbay.testConnection()
            try await eventually("all to be written") {
                try await (patchbay.posts(to: ticket) + patchbay.posts(to: other)).allSatisfy { $0["state"] == "sent" }
            }
        }
    }

    @Test("Waiting posts continue when the connection is enabled again", arguments: TestDatabase.engines)
    func switchedOn(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Off and on")
            patchbay.connectWise.control.script(Fault(.answer(status: 500), method: "POST", path: "*/notes"))
            let body: JSON = ["text": "Kept"]
            let asked = try await patchbay.write(ticket, "notes", body, key: "kept")
            #expect(asked.status == 202)
            let id = try await patchbay.connection()["id"].int ?? 0
            let path = "\(patchbay.psa)/connections/\(id)"
            #expect(try await patchbay.api(.PATCH, path, ["enabled": false]).status == 200)
            let refused = try await patchbay.write(ticket, "notes", ["text": "Not now"])
            #expect(refused.status == 409)
            #expect(refused.json["code"] == "connection_disabled")
            // An earlier request keeps its answer.
            let again = try await patchbay.write(ticket, "notes", body, key: "kept")
            #expect(again.status == 202, "\(again.json)")
            #expect(again.json["id"] == asked.json["id"], "\(again.json)")
            #expect(try await patchbay.retry(ticket).status == 202)
            #expect(try await patchbay.api(.PATCH, path, ["enabled": true]).status == 200)
            try await eventually("it to be written") {
                try await patchbay.posts(to: ticket).allSatisfy { $0["state"] == "sent" }
            }
            #expect(patchbay.connectWise.ticket(ticket)?.noteRecords.count == 1)
        }
    }

    @Test(
        "When the feature is disabled halfway through a log change, the rest is not written",
        arguments: TestDatabase.engines)
    func switchedOffMeanwhile(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine, { $0.configure = { _ in } }) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Half")
            patchbay.connectWise.control.script(Fault(.delay(.seconds(3)), method: "POST", path: "*/notes"))
            async let change = patchbay.write(ticket, "log-change", ["text": "Note", "minutes": 5])
            try await eventually("the note to be under way") {
                try await patchbay.posts(to: ticket).first?["attempts"] == 1
            }
            #expect(
                try await patchbay.api(API.FeatureFlags.update, at: "connectwise_integration", ["enabled": false])
                    .status
                    == 200)
            #expect(try await change.status == 202)
            #expect(try await patchbay.posts(to: ticket).map { $0["state"].string } == ["sent", "queued"])
            #expect(patchbay.connectWise.ticket(ticket)?.timeRecords.isEmpty == true)
        }
    }

    @Test("The expected status is compared with the ticket as it is after the note", arguments: TestDatabase.engines)
    func movedMeanwhile(engine: Engine) async throws {
        try await RunningPatchbay.writing(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Moved meanwhile")
            let (new, progress) = (
                try await patchbay.status("New", of: ticket), try await patchbay.status("In Progress", of: ticket)
            )
            patchbay.connectWise.control.script(Fault(.delay(.seconds(2)), method: "POST", path: "*/notes"))
            async let change = patchbay.write(
                ticket, "log-change",
                ["text": "Note", "minutes": 0, "status_id": progress, "expected_status_id": new])
            try await eventually("the note to be under way") {
                try await patchbay.posts(to: ticket).first?["attempts"] == 1
            }
            try patchbay.connectWise.update(ticket, status: "Waiting on Client", as: .member("dokafor"))
            let reply = try await change
            #expect(reply.status == 409, "\(reply.json)")
            #expect(reply.json["code"] == "status_changed", "\(reply.json)")
            #expect(patchbay.connectWise.ticket(ticket)?.status == "Waiting on Client")
        }
    }

    @Test("Contradictory input is refused")
    func contradictions() async throws {
        try await RunningPatchbay.writing(.sqlite) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Contradiction")
            let progress = try await patchbay.status("In Progress", of: ticket)
            let stay = try await patchbay.write(
                ticket, "log-change", ["text": "x", "update_status": false, "status_id": progress])
            #expect(stay.status == 422)
            #expect(stay.faultyFields == ["status_id"])
            let guarded = try await patchbay.write(
                ticket, "log-change", ["text": "x", "expected_status_id": progress])
            #expect(guarded.status == 422)
            #expect(guarded.faultyFields == ["expected_status_id"])
            let date = try await patchbay.write(
                ticket, "time", ["minutes": 5, "started_at": "2026-02-30T00:00:00Z"])
            #expect(date.status == 400)
            #expect(date.faultyFields == ["started_at"])
            #expect(try await patchbay.posts(to: ticket).isEmpty)
        }
    }
}
