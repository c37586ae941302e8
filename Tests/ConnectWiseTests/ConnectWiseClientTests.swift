import Foundation
import Logging
import Outbound
import ScriptedPeer
import Testing

@testable import ConnectWise

@Suite("ConnectWise client")
struct ConnectWiseClientTests {
    typealias Answer = ScriptedPeer.Answer

    private static let prefix = "/v2026_1/apis/3.0/"
    private static let info = Answer.reply(200, body: #"{"Codebase":"v2026_1/","IsCloud":false}"#)

    /// A client of a peer that answers for the company and leaves the rest to the script, which sees the path below
    /// the API's base.
    private func withClient(
        _ script: @escaping @Sendable (ScriptedPeer.Request, String) -> Answer,
        _ body: (ConnectWiseClient, ScriptedPeer) async throws -> Void
    ) async throws {
        try await ScriptedPeer.run { request in
            if request.path == "/login/companyinfo/acme" { return Self.info }
            return script(request, String(request.path.dropFirst(Self.prefix.count)))
        } _: { peer in
            try await Self.withOutbound { outbound in
                let site = try #require(Site("127.0.0.1:\(peer.port)"))
                try await body(Self.client(site, outbound), peer)
            }
        }
    }

    private static func withOutbound(_ body: (OutboundClient) async throws -> Void) async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let outbound = OutboundClient(allowlist: try HostAllowlist(["127.0.0.1:*"]), logger: logger)
        do {
            try await body(outbound)
        } catch {
            try await outbound.shutdown()
            throw error
        }
        try await outbound.shutdown()
    }

    private static func client(_ site: Site, _ outbound: OutboundClient) -> ConnectWiseClient {
        let credentials = ConnectWiseCredentials(
            companyID: "acme", publicKey: "pub", privateKey: "priv", clientID: "cid")
        let remote = Remote("connectwise:1", limits: .init(timeOut: .seconds(30)))
        return ConnectWiseClient(site: site, credentials: credentials, outbound: outbound, remote: remote)
    }

    private func failure(_ call: () async throws(ConnectWiseError) -> Void) async -> ConnectWiseError? {
        do throws(ConnectWiseError) {
            try await call()
            return nil
        } catch {
            return error
        }
    }

    @Test("signs every call, and asks for the company once and without keys")
    func headers() async throws {
        try await withClient { _, _ in
            .reply(200, body: #"{"id":5}"#)
        } _: { client, peer in
            let ticket = try await client.ticket(5)
            #expect(ticket.id == 5)
            _ = try await client.ticket(5)
            #expect(peer.requests.count == 3)
            #expect(peer.requests[0].header("authorization") == nil)
            #expect(peer.requests[0].header("clientid") == nil)
            let call = peer.requests[1]
            #expect(call.header("authorization") == "Basic " + Data("acme+pub:priv".utf8).base64EncodedString())
            #expect(call.header("clientid") == "cid")
            #expect(call.header("accept") == "application/vnd.connectwise.com+json; version=2026.4")
            #expect(call.query.contains("fields=id,summary,"))
            #expect(call.query.contains("_info"))
        }
    }

    @Test("an unknown company is a null")
    func unknownCompany() async throws {
        try await ScriptedPeer.run { _ in
            .reply(200, body: "null")
        } _: { peer in
            try await Self.withOutbound { outbound in
                let client = Self.client(try #require(Site("127.0.0.1:\(peer.port)")), outbound)
                let error = await failure { () async throws(ConnectWiseError) in _ = try await client.ticket(1) }
                #expect(error == .notFound(message: "the company acme is unknown", isRecord: false))
            }
        }
    }

    @Test("the address is found again when an upgrade of ConnectWise changed it")
    func upgraded() async throws {
        let version = Noted(1)
        try await ScriptedPeer.run { request in
            let codebase = "v\(version.withLock { $0 })/"
            if request.path == "/login/companyinfo/acme" {
                return .reply(200, body: #"{"Codebase":"\#(codebase)","IsCloud":false}"#)
            }
            guard request.path.hasPrefix("/\(codebase)") else {
                return .reply(404, body: #"{"code":"ConnectWiseApi","message":"The endpoint does not exist."}"#)
            }
            return .reply(200, body: #"{"id":5}"#)
        } _: { peer in
            try await Self.withOutbound { outbound in
                let start = ContinuousClock.now
                let passed = Noted(Duration.zero)
                let clock = OutboundClock(now: { start + passed.withLock { $0 } }, sleep: { _ in })
                let client = ConnectWiseClient(
                    site: try #require(Site("127.0.0.1:\(peer.port)")),
                    credentials: .init(companyID: "acme", publicKey: "", privateKey: "", clientID: ""),
                    outbound: outbound, remote: Remote("connectwise:1", clock: clock))
                _ = try await client.ticket(5)
                version.withLock { $0 = 2 }
                passed.withLock { $0 = .seconds(61) }
                _ = try await client.ticket(5)
                #expect(peer.requests.count == 5)
                // Just found, so another 404 is believed.
                version.withLock { $0 = 3 }
                let error = await failure { () async throws(ConnectWiseError) in _ = try await client.ticket(5) }
                #expect(error == .notFound(message: "The endpoint does not exist.", isRecord: false))
                #expect(peer.requests.count == 6)
            }
        }
    }

    @Test(
        "error answers",
        arguments: [
            (401, #"{"code":"Unauthorized","message":"m"}"#, ConnectWiseError.authentication(message: "m")),
            (403, #"{"code":"Security","message":"m"}"#, .permission(message: "m")),
            (
                404, #"{"code":"NotFound","message":"Ticket 5 not found"}"#,
                .notFound(message: "Ticket 5 not found", isRecord: true)
            ),
            (400, #"{"code":"ApiFindCondition","message":"m"}"#, .rejected(message: "m", fields: [])),
            (
                400, #"{"code":"InvalidObject","message":"m","errors":[{"code":"c","message":"n","field":"f"},{}]}"#,
                .rejected(
                    message: "m",
                    fields: [
                        .init(code: "c", message: "n", field: "f"), .init(code: nil, message: "not valid", field: nil),
                    ])
            ),
            (409, #"{"code":"x","message":"in use","errors":null}"#, .rejected(message: "in use", fields: [])),
            (500, #"{"code":"ConnectWiseApi","message":"m"}"#, .server(status: 500, message: "m")),
            (503, "<html>", .server(status: 503, message: "status 503")),
            (200, "<html>", .undecodable(reason: "unexpected content of 6 bytes")),
        ] as [(Int, String, ConnectWiseError)])
    func errors(status: Int, body: String, expected: ConnectWiseError) async throws {
        try await withClient { _, _ in
            .reply(status, body: body)
        } _: { client, _ in
            let error = await failure { () async throws(ConnectWiseError) in _ = try await client.ticket(5) }
            #expect(error == expected)
            #expect(error?.message.isEmpty == false)
        }
    }

    @Test("429 pauses everyone who shares the remote")
    func rateLimited() async throws {
        try await withClient { _, _ in
            .reply(429, headers: ["Retry-After": "7"], body: #"{"error":"ConnectWiseAPI","message":"m"}"#)
        } _: { client, peer in
            let error = await failure { () async throws(ConnectWiseError) in _ = try await client.ticket(5) }
            #expect(error == .rateLimited(retryAfter: .seconds(7)))
            #expect(client.remote.status.pausedFor != nil)
            _ = await failure { () async throws(ConnectWiseError) in _ = try await client.ticket(5) }
            #expect(peer.requests.count == 2)
        }
    }

    @Test("wrong keys, answered with 401 or 404", arguments: [401, 404])
    func testCredentials(status: Int) async throws {
        try await withClient { _, _ in
            .reply(status)
        } _: { client, peer in
            let error = await failure { () async throws(ConnectWiseError) in try await client.testCredentials() }
            #expect(error == .authentication(message: "status \(status)"))
            #expect(peer.requests.last?.query == "fields=id&pageSize=1")
        }
    }

    @Test("a write that was cut may have happened")
    func cutWrite() async throws {
        try await withClient { _, _ in
            .cut
        } _: { client, peer in
            let error = await failure { () async throws(ConnectWiseError) in
                _ = try await client.createNote(NewNote("t", kind: .discussion), onTicket: 5)
            }
            #expect(error?.maybeSent == true)
            #expect(peer.requests.count == 2)
        }
    }

    @Test("pages by number follow the link's position on the own address")
    func navigable() async throws {
        try await withClient { request, path in
            guard path == "service/tickets/5/notes" else { return .reply(500) }
            let page = request.query.components(separatedBy: "page=").last ?? ""
            let link =
                "<https://api-127.0.0.1/x/?conditions=LastUpdated+%3e%3d+%5b2025%5d&pageSize=2&page=2>; rel=\"next\", "
                + "<https://127.0.0.1/x?page=2>; rel=\"last\""
            return page == "2"
                ? .reply(200, headers: ["Link": "<https://127.0.0.1/x?page=1>; rel=\"first\""], body: #"[{"id":3}]"#)
                : .reply(200, headers: ["Link": link], body: #"[{"id":1},{"id":2}]"#)
        } _: { client, peer in
            let notes = try await client.notes(ofTicket: 5, after: 9)
            #expect(notes.map(\.id) == [1, 2, 3])
            #expect(peer.requests.count == 3)
            #expect(peer.requests[1].query.hasPrefix("conditions=id>9&fields=id,ticketId,"))
            #expect(peer.requests[1].query.contains("orderBy=id asc"))
        }
    }

    @Test(
        "a link to another host, or to what is no port, is not followed",
        arguments: [
            "https://evil.example.org/x?page=2", "https://127.0.0.1:99999/x?page=2", "https://127.0.0.1:0/x?page=2",
        ])
    func foreignLink(link: String) async throws {
        try await withClient { _, _ in
            .reply(200, headers: ["Link": "<\(link)>; rel=\"next\""], body: #"[{"id":1}]"#)
        } _: { client, peer in
            let error = await failure { () async throws(ConnectWiseError) in _ = try await client.notes(ofTicket: 5) }
            #expect(error == .undecodable(reason: "the link to the next page leads to another host"))
            #expect(peer.requests.count == 2)
        }
    }

    @Test("forward-only pages, one call when one is asked for", arguments: [true, false])
    func forwardOnly(withLinks: Bool) async throws {
        try await withClient { request, _ in
            guard request.header("pagination-type") == "forward-only" else { return .reply(500) }
            let position = request.query.components(separatedBy: "pageId=").dropFirst().first.flatMap { Int($0) } ?? 0
            let ids = (position + 1)...min(position + 2, 5)
            let next = "<https://127.0.0.1/x?pageSize=2&pageId=\(position + 2)>; rel=\"next\""
            let headers = withLinks ? ["Link": position < 4 ? next : ""] : [:]
            return .reply(200, headers: headers, body: "[\(ids.map { "{\"id\":\($0)}" }.joined(separator: ","))]")
        } _: { client, peer in
            let pages = client.tickets(matching: .flag("closedFlag", is: false), pageSize: 2)
            var iterator = pages.makeAsyncIterator()
            #expect(try await iterator.next()?.map(\.id) == [1, 2])
            #expect(peer.requests.count == 2)
            var ids: [Int] = []
            for try await page in pages { ids += page.map(\.id) }
            #expect(ids == [1, 2, 3, 4, 5])
        }
    }

    @Test("many tickets in calls of a hundred with short URLs")
    func manyTickets() async throws {
        try await withClient { _, _ in
            .reply(200, headers: ["Link": ""], body: "[]")
        } _: { client, peer in
            let tickets = try await client.tickets(Array(1_000_000..<1_000_250))
            #expect(tickets.isEmpty)
            #expect(peer.requests.count == 4)
            #expect(peer.requests.allSatisfy { $0.uri.utf8.count < 2_000 })
            _ = try await client.timeEntries(ofTickets: Array(1_000_000..<1_000_100), after: 1_000_000)
            let last = try #require(peer.requests.last)
            #expect(last.uri.utf8.count < 2_000)
            #expect(
                last.query.hasPrefix(
                    "conditions=((chargeToType=\"ServiceTicket\" OR chargeToType=\"ProjectTicket\") AND chargeToId in ("
                ))
        }
    }

    @Test("writes")
    func writes() async throws {
        try await withClient { _, _ in
            .reply(201, body: #"{"id":5}"#)
        } _: { client, peer in
            _ = try await client.createNote(NewNote("a/\"b\"", kind: .internalAnalysis, memberID: 3), onTicket: 7)
            let start = Date(timeIntervalSince1970: 1_471_716_266)
            var entry = NewTimeEntry(ticketID: 7, start: start, end: start + 60, notes: "n")
            entry.memberID = 7
            _ = try await client.createTimeEntry(entry)
            _ = try await client.patchTicket(
                7,
                [.replace("status", with: .reference(id: 5)), .replace("summary", with: .text("s")), .remove("owner")])
            _ = try await client.createCallback(
                NewCallback(url: "https://x/?id=", description: String(repeating: "d", count: 200)))
            try await client.deleteCallback(5)
            let sent = peer.requests.dropFirst().map { "\($0.method) \($0.path.dropFirst(Self.prefix.count))" }
            #expect(
                sent == [
                    "POST service/tickets/7/notes", "POST time/entries", "PATCH service/tickets/7",
                    "POST system/callbacks", "DELETE system/callbacks/5",
                ])
            #expect(
                peer.requests[1].body
                    == #"{"detailDescriptionFlag":false,"internalAnalysisFlag":true,"member":{"id":3},"#
                    + #""processNotifications":false,"resolutionFlag":false,"text":"a/\"b\""}"#)
            #expect(
                peer.requests[2].body.contains(#""timeEnd":"2016-08-20T18:05:26Z","timeStart":"2016-08-20T18:04:26Z""#))
            #expect(
                peer.requests[3].body
                    == #"[{"op":"replace","path":"status","value":{"id":5}},"#
                    + #"{"op":"replace","path":"summary","value":"s"},{"op":"remove","path":"owner"}]"#)
            #expect(peer.requests[1].header("content-type") == "application/json")
        }
    }

    @Test("the signing key, first without credentials, then with")
    func signingKey() async throws {
        try await ScriptedPeer.run { request in
            request.header("authorization") == nil
                ? .reply(401) : .reply(200, headers: ["Content-Type": "text/html"], body: #"{"signing_key":"k"}"#)
        } _: { peer in
            try await Self.withOutbound { outbound in
                let client = Self.client(try #require(Site("127.0.0.1:\(peer.port)")), outbound)
                let key = try await client.signingKey(at: Self.keyAddress(peer.port))
                #expect(key == "k")
                #expect(peer.requests.map { $0.header("authorization") != nil } == [false, true])
            }
        }
    }

    @Test(
        "the signing key is asked for without credentials only, where ConnectWise does not ask for them",
        arguments: [400, 404, 200, 500])
    func signingKeyWithout(status: Int) async throws {
        try await ScriptedPeer.run { _ in
            .reply(status, body: #"{"count":7}"#)
        } _: { peer in
            try await Self.withOutbound { outbound in
                let client = Self.client(try #require(Site("127.0.0.1:\(peer.port)")), outbound)
                let address = try Self.keyAddress(peer.port)
                let error = await failure { () async throws(ConnectWiseError) in
                    _ = try await client.signingKey(at: address)
                }
                #expect(error != nil)
                #expect(peer.requests.count == 1)
                #expect(peer.requests.allSatisfy { $0.header("authorization") == nil })
            }
        }
    }

    private static func keyAddress(_ port: Int) throws -> CallbackKeyAddress {
        let site = try #require(Site("127.0.0.1:\(port)"))
        return try #require(
            CallbackKeyAddress(
                "http://127.0.0.1:\(port)/v2026_1//system/callbackkey/index.rails?companyName=acme"
                    + "&id=e17e6674-42f6-4105-9cff-4cd6cb4e62e8", site: site, company: "acme"))
    }
}
