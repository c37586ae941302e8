import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedConnectWise
import TestSupport
import Testing

/// What open pages are notified of, how many may be open, and when their streams end.
@Suite("Live events", .timeLimit(.minutes(20)))
struct LiveUpdateTests {
    private func listen(
        _ browser: Browser, _ patchbay: RunningPatchbay, method: String = "GET",
        topics: String = "connections,deliveries,events,posts,syncs", seen: String = ""
    ) async throws -> Wire {
        let wire = try await Wire.open(port: try #require(URL(string: patchbay.api.base)?.port))
        let cookie = try #require(await browser.cookie("patchbay"))
        try await wire.send(
            "\(method) /live?topics=\(topics)&seen=\(seen) HTTP/1.1\r\nHost: a\r\nCookie: patchbay=\(cookie)\r\n\r\n")
        try await wire.hears("\r\n\r\n")
        return wire
    }

    private func isOpen(_ wire: Wire) -> Bool { wire.text.contains("HTTP/1.1 200") }

    @Test("Streams are limited per sign-in and per user, and closing a page frees its place immediately")
    func places() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let email = try await patchbay.person(.viewer)
            var wires: [Wire] = []
            for _ in 0..<4 {
                let browser = Browser(base: patchbay.api.base)
                try await browser.signIn(email, People.password)
                var own: [Wire] = []
                for _ in 0..<12 { own.append(try await listen(browser, patchbay)) }
                #expect(own.count(where: isOpen) <= 8)
                #expect(own.contains { $0.text.contains("HTTP/1.1 429") })
                wires += own
            }
            #expect(wires.count(where: isOpen) == 24)
            let other = try await patchbay.browser(.viewer)
            #expect(isOpen(try await listen(other, patchbay)))
            for wire in wires { await wire.close() }
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(email, People.password)
            try await eventually(within: .seconds(5), "a place to be free") {
                isOpen(try await listen(browser, patchbay))
            }
        }
    }

    @Test("A HEAD request takes no place")
    func head() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let browser = try await patchbay.browser(.viewer)
            for _ in 0..<60 { await (try await listen(browser, patchbay, method: "HEAD")).close() }
            #expect(isOpen(try await listen(browser, patchbay)))
        }
    }

    @Test("A stream ends within seconds of its sign-in", arguments: TestDatabase.engines)
    func ends(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ends: [(String, @Sendable (Browser, String) async throws -> Void)] = [
                (
                    "sign-out",
                    { browser, _ in
                        _ = try await browser.get("/")
                        #expect(try await browser.post("/sign-out").status == 303)
                    }
                ),
                (
                    "deactivation",
                    { _, email in
                        _ = try await patchbay.database.write { db in
                            try db.execute("UPDATE users SET active = 0 WHERE email = \(email)")
                        }
                    }
                ),
                (
                    "a smaller role",
                    { _, email in
                        _ = try await patchbay.database.write { db in
                            try db.execute("UPDATE users SET role = \(Role.viewer) WHERE email = \(email)")
                        }
                    }
                ),
                (
                    "revocation",
                    { _, email in
                        _ = try await patchbay.database.write { db in
                            try db.execute(
                                "DELETE FROM sign_ins WHERE user_id = (SELECT id FROM users WHERE email = \(email))")
                        }
                    }
                ),
                (
                    "a limit to customers",
                    { _, email in
                        _ = try await patchbay.database.write { db in
                            try db.execute("UPDATE users SET limited = 1 WHERE email = \(email)")
                        }
                    }
                ),
            ]
            let kept = try await listen(try await patchbay.browser(.engineer), patchbay)
            for (name, end) in ends {
                let email = try await patchbay.person(.engineer)
                let browser = Browser(base: patchbay.api.base)
                try await browser.signIn(email, People.password)
                let wire = try await listen(browser, patchbay)
                #expect(isOpen(wire), "\(name)")
                try await end(browser, email)
                try await eventually(within: .seconds(8), "the stream to end after \(name)") {
                    wire.text.contains("\r\n0\r\n\r\n") || wire.isEnded
                }
            }
            #expect(!kept.text.contains("\r\n0\r\n\r\n"))
            #expect(!kept.isEnded)
            await kept.close()
        }
    }

    @Test("A page is notified of its own topics only", arguments: TestDatabase.engines)
    func topics(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let email = try await patchbay.person(.viewer)
            let browser = Browser(base: patchbay.api.base)
            try await browser.signIn(email, People.password)
            var wires: [String: Wire] = [:]
            for topics in ["deliveries", "events", "posts", "syncs", "posts,deliveries", "nonsense", ""] {
                wires[topics] = try await listen(browser, patchbay, topics: topics)
            }
            func isTold(_ topics: String) -> Bool { wires[topics]?.text.contains("event: change") ?? false }
            var ticket = 0
            try await eventually(within: .seconds(60), "those who show deliveries and events to be told") {
                ticket += 1
                let number = try patchbay.connectWise.createTicket("Paper \(ticket)")
                try await patchbay.refresh(number, action: "added")
                return ["deliveries", "events", "posts,deliveries"].allSatisfy(isTold)
            }
            for topics in ["posts", "syncs", "nonsense", ""] { #expect(!isTold(topics), "\(topics)") }
            for wire in wires.values { await wire.close() }
        }
    }

    @Test("Changes between a page and its stream are sent at once", arguments: TestDatabase.engines)
    func missed(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let browser = try await patchbay.browser(.viewer)
            /// The topics and the version in the stream's URL on the current page.
            func watch() async throws -> (topics: String, seen: String) {
                let page = try await browser.get("/deliveries").text
                let found = try #require(
                    page.firstMatch(of: /sse-connect="\/live\?topics=([a-z,]+)&amp;seen=([0-9a-z]+)"/))
                return (String(found.1), String(found.2))
            }
            let before = try await watch()
            let ticket = try patchbay.connectWise.createTicket("Paper")
            try await patchbay.refresh(ticket, action: "added")
            _ = try await patchbay.delivery(of: ticket, in: "sent")
            let after = try await watch()
            #expect(after != before)
            let fresh = try await listen(browser, patchbay, topics: after.topics, seen: after.seen)
            let late = try await listen(browser, patchbay, topics: before.topics, seen: before.seen)
            try await eventually(within: .seconds(20), "the page that missed something to be told") {
                late.text.contains("event: change")
            }
            #expect(!fresh.text.contains("event: change"))
            for wire in [late, fresh] { await wire.close() }
        }
    }

    @Test("Pages are notified of their own organization's activity only", arguments: TestDatabase.engines)
    func organizations(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            try await patchbay.rule()
            let own = try await listen(try await patchbay.browser(.viewer), patchbay)
            let other = try await listen(try await patchbay.browser(.viewer, organization: "Harbor IT"), patchbay)
            let limitedEmail = try await patchbay.person(.engineer)
            try await patchbay.database.write { db in
                try db.execute("UPDATE users SET limited = 1 WHERE email = \(limitedEmail)")
            }
            let limitedBrowser = Browser(base: patchbay.api.base)
            try await limitedBrowser.signIn(limitedEmail, People.password)
            let limited = try await listen(limitedBrowser, patchbay)
            // Wait for two notifications: by the second, the others would have received the first.
            var ticket = 0
            try await eventually(within: .seconds(60), "the own organization to be told twice") {
                ticket += 1
                let number = try patchbay.connectWise.createTicket("Paper \(ticket)")
                try await patchbay.refresh(number, action: "added")
                return own.text.components(separatedBy: "event: change").count > 2
            }
            #expect(!other.text.contains("event: change"))
            #expect(!limited.text.contains("event: change"))
            for wire in [own, other, limited] { await wire.close() }
        }
    }
}
