import API
import Database
import Foundation
import NIOHTTP1
import ScriptedPeer
import ServerTestSupport
import SimulatedConnectWise
import SimulatorStage
import TestSupport
import Testing
import WebSupport

/// Which callbacks are accepted, which are refused, and that none is lost in between.
@Suite("Callback intake", .timeLimit(.minutes(20)))
struct IntakeTests {
    @Test("Forged, missing, and truncated signatures are refused", arguments: TestDatabase.engines)
    func signatures(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Real")
            let real = patchbay.hook(ticket)
            var hooks: [Hook] = []
            for signature in [nil, "", "x", String((real.signature ?? "").dropLast(4)), (real.signature ?? "") + "A"] {
                var hook = real
                hook.signature = signature
                hooks.append(hook)
            }
            var altered = real
            altered.body[altered.body.count / 2] ^= 1
            var otherKey = real
            otherKey.signature = CallbackSigning.signature(of: real.body, signingKey: "guessed")
            for hook in hooks + [altered, otherKey] {
                let reply = try await patchbay.api.send(hook)
                // 429 asks ConnectWise to send it again; the server refuses it then, too.
                #expect([401, 429].contains(reply.status) || hook.body != real.body && reply.status == 400)
            }
            #expect(try await patchbay.stored() == (0, 0))
            #expect(patchbay.reads(of: ticket) == 0)
        }
    }

    @Test(
        "A signing key is fetched only from the connection's own host and company", arguments: TestDatabase.engines)
    func keyAddresses(engine: Engine) async throws {
        try await ScriptedPeer.run(script: { _ in .reply(200, body: #"{"signing_key":"mine"}"#) }) { peer in
            var options = RunningPatchbay.Options()
            // Keys from another host do not count, even if calls to it are allowed.
            options.allowedHosts = ["127.0.0.1:\(peer.port)", "localhost:\(peer.port)"]
            try await RunningPatchbay.run(engine, options) { patchbay in
                let own = patchbay.connectWise.keyURL
                let site = try await patchbay.connectWise.url()
                let addresses = [
                    own.replacing(site, with: "http://127.0.0.1:\(peer.port)"),
                    own.replacing(site, with: "http://localhost:\(peer.port)"),
                    own.replacing(site, with: "https://localhost:\(peer.port)"),
                    own.replacing(site, with: "http://169.254.169.254"),
                    own.replacing(site, with: "http://10.0.0.1"),
                    own.replacing(site, with: "https://na.myconnectwise.net"),
                    own.replacing("http://", with: "http://user@"),
                    own.replacing("http://", with: "ftp://"),
                    own.replacing("companyName=rivermark", with: "companyName=another"),
                    own.replacing("companyName=rivermark", with: "x=rivermark"),
                    own + "&x=1", own.replacing("id=", with: "x="),
                    // Would let a stranger read data with our credentials.
                    site + "/v4_6_release/apis/3.0/service/tickets/count?companyName=rivermark"
                        + "&conditions=summary%20like%20%22a*%22",
                    site + "/v4_6_release/apis/3.0/system/documents/1/download?companyName=rivermark",
                    "not a URL", "",
                ]
                var refusals: Set<String> = []
                patchbay.connectWise.control.resetCalls()
                for address in addresses {
                    var hook = Hook(
                        1, from: patchbay.connectWise, connectionKey: patchbay.hookKey, keyURL: address)
                    hook.signature = CallbackSigning.signature(of: hook.body, signingKey: "mine")
                    let reply = try await patchbay.api.send(hook)
                    #expect(reply.status == 401, "\(address)")
                    #expect(reply.json["code"] == "invalid_signature")
                    refusals.insert(reply.json["detail"].string ?? "")
                }
                let other = Hook(
                    1, from: patchbay.connectWise, connectionKey: patchbay.hookKey, company: "another")
                var unsigned = patchbay.hook(1)
                unsigned.signature = nil
                for hook in [other, unsigned] {
                    let reply = try await patchbay.api.send(hook)
                    #expect(reply.status == 401)
                    refusals.insert(reply.json["detail"].string ?? "")
                }
                #expect(peer.requests.isEmpty)
                // Background work of the server may call ConnectWise at the same time, but not these addresses.
                let asked = patchbay.connectWise.control.calls.filter {
                    $0.path.contains("callbackkey") || $0.path.contains("tickets")
                }
                #expect(asked.isEmpty, "\(asked)")
                var forged = patchbay.hook(1)
                forged.signature = CallbackSigning.signature(of: forged.body, signingKey: "mine")
                let reply = try await patchbay.api.send(forged)
                #expect(reply.status == 401)
                refusals.insert(reply.json["detail"].string ?? "")
                // The answer is the same for every reason.
                #expect(refusals.count == 1, "\(refusals)")
                #expect(try await patchbay.stored() == (0, 0))
            }
        }
    }

    @Test("A redirect from the key address is not followed", arguments: TestDatabase.engines)
    func redirectedKey(engine: Engine) async throws {
        try await ScriptedPeer.run(script: { _ in .reply(200, body: #"{"signing_key":"mine"}"#) }) { target in
            let location = "http://127.0.0.1:\(target.port)/key"
            try await ScriptedPeer.run(script: { Self.redirecting($0, to: location) }) { peer in
                var options = RunningPatchbay.Options()
                options.allowedHosts = ["127.0.0.1:\(peer.port)", "127.0.0.1:\(target.port)"]
                try await RunningPatchbay.run(engine, options) { patchbay in
                    let tenant = try await patchbay.api(API.Tenants.create, ["name": "Second"]).json["id"].int ?? 0
                    let made = try await patchbay.api(
                        API.PSA.Tenant.createConnection, at: tenant,
                        [
                            "name": "Second", "site": .text("127.0.0.1:\(peer.port)"), "company": "second",
                            "public_key": "public", "private_key": "private", "client_id": "client",
                        ])
                    try #require(made.status == 201, "\(made.text)")
                    let url = try #require(URLComponents(string: made.json["callback_url"].string ?? ""))
                    var hook = Hook(
                        1, from: patchbay.connectWise,
                        connectionKey: url.queryItems?.first { $0.name == "c" }?.value, company: "second",
                        keyURL: "http://127.0.0.1:\(peer.port)\(Self.keyPath)?companyName=second&id=\(UUID())")
                    hook.signature = CallbackSigning.signature(of: hook.body, signingKey: "mine")
                    // Systems under maintenance redirect, too, so ConnectWise is asked to send the callback again.
                    #expect(try await patchbay.api.send(hook).status == 429)
                    #expect(peer.requests.contains { $0.path == Self.keyPath })
                    #expect(target.requests.isEmpty)
                    #expect(try await patchbay.stored() == (0, 0))
                }
            }
        }
    }

    private static let keyPath = "/v2026_1/system/callbackkey/index.rails"

    private static func redirecting(_ request: ScriptedPeer.Request, to location: String) -> ScriptedPeer.Answer {
        switch request.path {
        case keyPath: .reply(302, headers: ["Location": location])
        case "/login/companyinfo/second": .reply(200, body: #"{"Codebase":"v2026_1/","IsCloud":false}"#)
        default: .reply(200, body: "[]")
        }
    }

    @Test("While the signing key cannot be fetched, ConnectWise is asked to retry", arguments: TestDatabase.engines)
    func keyUnavailable(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Later")
            for action: Fault.Action in [.answer(status: 503), .answer(status: 500), .cutAfter, .halfAnswer] {
                // Unlimited, because the client repeats a call once if its kept-alive connection is cut.
                patchbay.connectWise.control.script(Fault(action, path: "*/callbackkey/*", times: nil))
                let reply = try await patchbay.api.send(patchbay.hook(ticket))
                patchbay.connectWise.control.removeFaults()
                #expect(reply.status == 429, "\(action)")
                #expect(reply.headers["retry-after"] == "2")
            }
            #expect(try await patchbay.stored() == (0, 0))
            #expect(try await patchbay.api.send(patchbay.hook(ticket)).status == 200)
            try await patchbay.settled()
            #expect(try await patchbay.events(of: ticket).map(\.kind) == ["created"])
        }
    }

    @Test(
        "A malformed callback is refused, and an irrelevant one is accepted and ignored",
        arguments: TestDatabase.engines)
    func contents(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let hook = patchbay.hook(1)
            for text in ["", "nonsense", "[]", "3", "{\"ID\":", "\u{0}"] {
                let reply = try await patchbay.api.send(hook.with(body: text, signedBy: patchbay.connectWise))
                #expect(reply.status == 400, "\(text)")
            }
            let large = String(repeating: " ", count: 2 << 20)
            let reply = try await patchbay.api.send(hook.with(body: large, signedBy: patchbay.connectWise))
            #expect(reply.status == 413)
            #expect(try await patchbay.api.send(patchbay.hook(1, action: "exploded")).status == 200)
            let key = patchbay.connectWise.keyURL
            for text in [
                #"{"Action":"updated","Type":"company","ID":1,"Metadata":{"key_url":"\#(key)"}}"#,
                #"{"Action":"updated","Type":"ticket","ID":"abc","Metadata":{"key_url":"\#(key)"}}"#,
                #"{"Metadata":{"key_url":"\#(key)"}}"#,
            ] {
                #expect(
                    try await patchbay.api.send(hook.with(body: text, signedBy: patchbay.connectWise)).status == 200)
            }
            #expect(try await patchbay.api(.GET, "/hooks/cw/tickets").status == 404)
            #expect(try await patchbay.stored() == (0, 0))
        }
    }

    @Test("The connection is found by company, and names are case-insensitive", arguments: TestDatabase.engines)
    func names(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let first = try patchbay.connectWise.createTicket("By company", owner: "slindqvist")
            let byCompany = Hook(first, from: patchbay.connectWise, connectionKey: nil, company: "RiverMark")
            #expect(try await patchbay.api.send(byCompany).status == 200)
            let second = try patchbay.connectWise.createTicket("By other names", owner: "slindqvist")
            let lower = patchbay.hook(second).with(
                body:
                    #"{"action":"Added","id":"\#(second)","companyId":"RIVERMARK","metadata":{"Key_Url":"\#(patchbay.connectWise.keyURL)"}}"#,
                signedBy: patchbay.connectWise)
            #expect(try await patchbay.api.send(lower).status == 200)
            try await patchbay.settled()
            #expect(patchbay.messages(to: Staff.sara).count == 2)
            let unknown = Hook(first, from: patchbay.connectWise, connectionKey: "unknown")
            #expect(try await patchbay.api.send(unknown).status == 401)
        }
    }

    @Test(
        "The same callback 100 times at once causes one read of the ticket and one message",
        arguments: TestDatabase.engines)
    func burst(engine: Engine) async throws {
        var options = RunningPatchbay.Options()
        options.connectWise = { $0.latency = .milliseconds(20) }
        try await RunningPatchbay.run(engine, options) { patchbay in
            try await patchbay.rule()
            let ticket = try patchbay.connectWise.createTicket("Burst", owner: "slindqvist")
            // The signing key is already cached, as in any server that has run for a while.
            try await patchbay.refresh(try #require(patchbay.connectWise.ticketIDs.first))
            // No job is claimed while the burst arrives, so the counts do not depend on the machine's speed.
            let until = Date().addingTimeInterval(3_600)
            try await patchbay.pauseRefreshes(until: until)
            let hook = patchbay.hook(ticket, action: "added")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 { group.addTask { try await patchbay.api.send(hook).status } }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(statuses == [200])
            #expect(try await patchbay.stored() == (101, 1))
            try await patchbay.resumeRefreshes()
            try await patchbay.settled()
            #expect(patchbay.reads(of: ticket) == 1)
            #expect(patchbay.messages(to: "Dispatch").count == 1)
            #expect(patchbay.messages(to: Staff.sara).count == 1)

            // The same while refreshes run: however many callbacks arrive, nobody is notified twice. Calls are slow, so
            // that a slow machine does not read the ticket once per callback.
            patchbay.connectWise.control.latency = .milliseconds(200)
            try patchbay.connectWise.addNote("Once", to: ticket, as: .customer)
            _ = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 { group.addTask { try await patchbay.api.send(hook).status } }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            try await patchbay.settled()
            #expect(patchbay.messages(to: Staff.sara).count == 2)
            #expect(patchbay.reads(of: ticket) < 50)
        }
    }

    @Test("While the database is locked ConnectWise gets 429, and 200 right after", arguments: TestDatabase.engines)
    func lockedDatabase(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ticket = try patchbay.connectWise.createTicket("Locked out", owner: "slindqvist")
            try await patchbay.refresh(try #require(patchbay.connectWise.ticketIDs.first))
            try await patchbay.whileLocked {
                let start = ContinuousClock.now
                let reply = try await patchbay.api.send(patchbay.hook(ticket, action: "added"))
                #expect(reply.status == 429)
                #expect(reply.headers["retry-after"] == "2")
                // ConnectWise gives up after five seconds; the limit here leaves room for a busy machine.
                #expect(ContinuousClock.now - start < .seconds(15))
            }
            #expect(try await patchbay.stored().hooks == 1)
            #expect(try await patchbay.api.send(patchbay.hook(ticket, action: "added")).status == 200)
            try await patchbay.settled()
            #expect(patchbay.messages(to: Staff.sara).count == 1)
        }
    }
}
