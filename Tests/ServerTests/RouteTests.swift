import API
import Accounts
import Connections
import Console
import Database
import Foundation
import HTTPTypes
import Jobs
import NIOHTTP1
import Notifications
import OpenIDConnect
import Outbound
import Sealing
import ServerTestSupport
import SimulatedConnectWise
import TestSupport
import Testing
import Ticketing
import WebSupport

@testable import Server

/// Every operation of the API, and who may use it.
@Suite("Routes", .timeLimit(.minutes(20)))
struct RouteTests {
    struct Operation: Sendable, Hashable, CustomStringConvertible {
        let method: String
        let path: String
        let role: Role

        init(_ method: String, _ path: String, _ role: Role) {
            (self.method, self.path, self.role) = (method, path, role)
        }

        var description: String { "\(method) \(path) (\(role.rawValue))" }
    }

    /// The documented API, including aliases.
    static let operations: [Operation] =
        mainOperations
        + mainOperations.flatMap { operation in
            aliases.compactMap { main, alias in
                guard operation.path == main || operation.path.hasPrefix(main + "/") else { return nil }
                return Operation(operation.method, alias + operation.path.dropFirst(main.count), operation.role)
            }
        }

    /// Paths of Ticketbot for operations that have another path here.
    private static let aliases = [
        ("/me", "/authtest"), ("/me", "/users/me"),
        ("/api-keys", "/users/keys"), ("/boards", "/cw/boards"), ("/members", "/cw/members"),
        ("/recipients", "/webex/rooms"),
        ("/rules", "/notifiers/rules"), ("/forwards", "/notifiers/forwards"),
    ]

    /// Every operation with the lowest role that may use it. Add new operations here.
    private static let mainOperations: [Operation] = [
        .init("GET", "/me", .viewer), .init("GET", "/api-keys", .engineer),
        .init("POST", "/api-keys", .engineer), .init("GET", "/api-keys/{id}", .engineer),
        .init("DELETE", "/api-keys/{id}", .engineer),
        .init("GET", "/users", .admin), .init("POST", "/users", .admin), .init("GET", "/users/{id}", .admin),
        .init("PATCH", "/users/{id}", .admin), .init("DELETE", "/users/{id}", .admin),
        .init("POST", "/users/{id}/password", .admin), .init("DELETE", "/users/{id}/second-factor", .admin),
        .init("GET", "/organization", .viewer), .init("PATCH", "/organization", .owner),
        .init("POST", "/organization/deletion", .owner),
        .init("GET", "/organizations", .superAdmin), .init("POST", "/organizations", .superAdmin),
        .init("GET", "/organizations/{id}", .superAdmin),
        .init("GET", "/identity-providers", .owner), .init("POST", "/identity-providers", .owner),
        .init("GET", "/identity-providers/{id}", .owner), .init("PATCH", "/identity-providers/{id}", .owner),
        .init("DELETE", "/identity-providers/{id}", .owner), .init("POST", "/identity-providers/{id}/test", .owner),
        .init("GET", "/feature-flags", .viewer), .init("PATCH", "/feature-flags/{name}", .admin),
        .init("GET", "/audit", .admin), .init("GET", "/audit/export", .admin),
        .init("GET", "/integrations/psa/connections", .viewer), .init("POST", "/integrations/psa/connections", .admin),
        .init("GET", "/integrations/psa/connections/{id}", .viewer),
        .init("PATCH", "/integrations/psa/connections/{id}", .admin),
        .init("DELETE", "/integrations/psa/connections/{id}", .admin),
        .init("POST", "/integrations/psa/connections/{id}/test", .admin),
        .init("PUT", "/integrations/psa/connections/{id}", .admin),
        .init("GET", "/integrations/psa/connections/{id}/settings", .viewer),
        .init("PUT", "/integrations/psa/connections/{id}/settings", .admin),
        .init("GET", "/integrations/psa/connections/{id}/rights", .admin),
        .init("GET", "/integrations/psa/tickets/search", .viewer),
        .init("GET", "/integrations/psa/tickets/recent", .viewer),
        .init("GET", "/integrations/psa/tickets/{id}", .viewer),
        .init("GET", "/integrations/psa/tickets/{id}/statuses", .viewer),
        .init("GET", "/integrations/psa/tickets/{id}/configurations", .viewer),
        .init("GET", "/integrations/psa/tickets/{id}/notes", .viewer),
        .init("POST", "/integrations/psa/tickets/{id}/notes", .engineer),
        .init("POST", "/integrations/psa/tickets/{id}/time", .engineer),
        .init("PATCH", "/integrations/psa/tickets/{id}/status", .engineer),
        .init("POST", "/integrations/psa/tickets/{id}/log-change", .engineer),
        .init("GET", "/integrations/psa/work-roles", .engineer),
        .init("GET", "/integrations/psa/work-types", .engineer),
        .init("GET", "/integrations/psa/boards", .engineer), .init("GET", "/integrations/psa/companies", .engineer),
        .init("GET", "/integrations/psa/posts", .engineer), .init("GET", "/integrations/psa/posts/{id}", .engineer),
        .init("POST", "/integrations/psa/posts/{id}/retry", .engineer),
        .init("POST", "/integrations/psa/posts/{id}/dismiss", .engineer),
        .init("GET", "/integrations/psa/members", .engineer),
        .init("GET", "/integrations/psa/member-mappings", .engineer),
        .init("POST", "/integrations/psa/member-mappings", .engineer),
        .init("POST", "/integrations/psa/member-mappings/auto-match", .admin),
        .init("GET", "/tenants", .viewer), .init("POST", "/tenants", .admin),
        .init("GET", "/tenants/{tenant}", .viewer), .init("PATCH", "/tenants/{tenant}", .admin),
        .init("DELETE", "/tenants/{tenant}", .admin),
        .init("GET", "/users/{id}/tenants", .admin), .init("PUT", "/users/{id}/tenants", .admin),
        .init("GET", "/tenants/{tenant}/connectwise/enabled", .viewer),
        .init("GET", "/tenants/{tenant}/connectwise/credentials", .admin),
        .init("POST", "/tenants/{tenant}/connectwise/credentials", .admin),
        .init("GET", "/tenants/{tenant}/connectwise/work-roles", .engineer),
        .init("GET", "/tenants/{tenant}/connectwise/work-types", .engineer),
        .init("GET", "/tenants/{tenant}/connectwise/boards", .engineer),
        .init("GET", "/tenants/{tenant}/connectwise/companies", .engineer),
        .init("GET", "/tenants/{tenant}/connectwise/members", .engineer),
        .init("GET", "/tenants/{tenant}/connectwise/member-mappings", .engineer),
        .init("POST", "/tenants/{tenant}/connectwise/member-mappings", .engineer),
        .init("POST", "/tenants/{tenant}/connectwise/member-mappings/auto-match", .admin),
        .init("GET", "/tenants/{tenant}/connectwise/tickets/search", .viewer),
        .init("GET", "/tenants/{tenant}/connectwise/tickets/recent", .viewer),
        .init("GET", "/tenants/{tenant}/connectwise/tickets/{id}", .viewer),
        .init("GET", "/tenants/{tenant}/connectwise/tickets/{id}/statuses", .viewer),
        .init("GET", "/tenants/{tenant}/connectwise/tickets/{id}/configurations", .viewer),
        .init("GET", "/tenants/{tenant}/connectwise/tickets/{id}/notes", .viewer),
        .init("POST", "/tenants/{tenant}/connectwise/tickets/{id}/notes", .engineer),
        .init("POST", "/tenants/{tenant}/connectwise/tickets/{id}/time", .engineer),
        .init("PATCH", "/tenants/{tenant}/connectwise/tickets/{id}/status", .engineer),
        .init("POST", "/tenants/{tenant}/connectwise/tickets/{id}/log-change", .engineer),
        .init("GET", "/integrations/chat/connections", .viewer),
        .init("POST", "/integrations/chat/connections", .admin),
        .init("GET", "/integrations/chat/connections/{id}", .viewer),
        .init("PATCH", "/integrations/chat/connections/{id}", .admin),
        .init("DELETE", "/integrations/chat/connections/{id}", .admin),
        .init("POST", "/integrations/chat/connections/{id}/test", .admin),
        .init("GET", "/boards", .viewer), .init("GET", "/boards/{id}", .viewer),
        .init("GET", "/members", .viewer),
        .init("GET", "/recipients", .viewer), .init("POST", "/recipients", .dispatcher),
        .init("GET", "/recipients/{id}", .viewer),
        .init("GET", "/rules", .viewer), .init("POST", "/rules", .dispatcher),
        .init("GET", "/rules/{id}", .viewer), .init("PATCH", "/rules/{id}", .dispatcher),
        .init("DELETE", "/rules/{id}", .dispatcher),
        .init("GET", "/deliveries", .viewer), .init("GET", "/deliveries/{id}", .viewer),
        .init("POST", "/deliveries/{id}/retry", .dispatcher),
        .init("POST", "/deliveries/retry", .dispatcher),
        .init("GET", "/config", .viewer), .init("PATCH", "/config", .admin), .init("PUT", "/config", .admin),
        .init("GET", "/forwards", .viewer), .init("POST", "/forwards", .dispatcher),
        .init("GET", "/forwards/{id}", .viewer), .init("PATCH", "/forwards/{id}", .dispatcher),
        .init("DELETE", "/forwards/{id}", .dispatcher),
        .init("POST", "/preview", .viewer), .init("GET", "/tickets/{id}/events", .viewer),
        .init("GET", "/tickets/{id}/events/{event}/explanation", .viewer),
        .init("GET", "/deliveries/{id}/explanation", .viewer),
        .init("POST", "/test-messages", .dispatcher), .init("GET", "/notices", .viewer),
        .init("GET", "/notices/{id}", .viewer),
        .init("POST", "/integrations/chat/connections/{id}/rotate-secret", .admin),
        .init("GET", "/overview", .viewer), .init("GET", "/overview/counts", .viewer),
        .init("GET", "/deliveries/{id}/message", .viewer),
        .init("GET", "/sync/status", .viewer), .init("POST", "/sync", .admin),
        .init("POST", "/sync/{id}/cancel", .admin),
        .init("GET", "/jobs", .superAdmin), .init("GET", "/jobs/failed", .superAdmin),
        .init("POST", "/jobs/failed/{id}/retry", .superAdmin),
    ]

    /// All routes of a server whose database no longer exists, for tests that do not call them.
    static func routes() async throws -> [Route] {
        var routes: [Route] = []
        try await RouteTests().withFeatures { features, _ in routes = features.flatMap(\.operations) }
        return routes
    }

    private func withRoutes(_ check: ([Route]) throws -> Void) async throws {
        try await withFeatures { features, _ in try check(features.flatMap(\.operations)) }
    }

    private func withFeatures(_ check: ([Feature], AccountsFeature) throws -> Void) async throws {
        try await TestDatabase.with(.sqlite) { database in
            let sealer = try Sealer([Secret.generate()])
            let tickets = PSAConnections(
                database: database, sealer: sealer,
                factory: { target in
                    (
                        UnusableProvider(.notAllowed("nobody calls this")),
                        UnusableProvider(.notAllowed("nobody calls this"))
                    )
                })
            let outbound = OutboundClient(allowlist: try HostAllowlist([]), logger: TestDatabase.logger)
            try await outbound.shutdown()
            let chats = ChatConnectionStore(database: database, sealer: sealer) { _ in NobodyThere() }
            let queue = JobQueue()
            let accounts = AccountsFeature(
                database: database, sealer: sealer, publicURL: "",
                factory: { provider, secret in
                    OpenIDClient(
                        issuer: provider.issuer, clientID: provider.clientID, clientSecret: secret, outbound: outbound,
                        remote: Remote("nobody"), cache: IssuerCache())
                })
            let syncs = SyncEngine(
                database: database, queue: queue, plans: [], schedule: SyncSchedule([:]), logger: TestDatabase.logger)
            let features = Server.features(
                Configuration(), database, queue, accounts, tickets, chats, syncs, TestDatabase.logger)
            try check(features, accounts)
        }
    }

    @Test("The flags that a feature's operations need are in its plan, and each feature has one")
    func plans() async throws {
        try await withFeatures { features, _ in
            for feature in features {
                let asked = Set(feature.operations.compactMap(\.flag))
                #expect(asked.isSubset(of: feature.plan.flags), "\(feature.plan.name)")
            }
            let planned = Set(Installation.plans.map(\.name))
            #expect(planned.count == Installation.plans.count)
            #expect(Set(features.map(\.plan.name)) == planned.union(["server"]))
        }
    }

    @Test("Pages listen to topics of features, and each topic has a listener")
    func topics() async throws {
        try await withFeatures { features, accounts in
            let there = Set(features.flatMap(\.topics).map(\.name))
            let listened = Set(Console.pages(accounts, health: { [] }).flatMap(\.topics))
            #expect(listened.union([LiveTopic.counts]) == there)
        }
    }

    @Test("The table in this test lists exactly the server's operations")
    func complete() async throws {
        try await withRoutes { routes in
            let places = routes.flatMap { route in
                route.places.map { Operation($0.method.rawValue, $0.path, route.role) }
            }
            let found = Set(places)
            let missing = found.subtracting(Self.operations)
            let invented = Set(Self.operations).subtracting(found)
            #expect(missing.isEmpty)
            #expect(invented.isEmpty)
            #expect(places.count == found.count)
        }
    }

    @Test("Every operation's parameters and answer are fully described")
    func described() async throws {
        try await withRoutes { routes in
            for route in routes {
                #expect(throws: Never.self, "\(route.method.rawValue) \(route.path)") { try OpenAPI([route]) }
            }
            let change = try OpenAPI(routes).operations.first { $0.path.hasSuffix("psa/tickets/{id}/log-change") }
            let (body, answer) = (String(describing: change?.request), String(describing: change?.response))
            #expect(body.contains("0...1440"))
            for member in ["kind", "state", "message", "posts", "actions", "warnings", "error_code", "settled_at"] {
                #expect(answer.contains("\"\(member)\""))
            }
        }
    }

    private static func answer(of route: Route) -> (any (Decodable & Sendable).Type)? {
        switch route.gives {
        case .one(let type), .page(let type), .list(let type), .made(let type), .accepted(let type),
            .doneOrAccepted(let type):
            type
        case .nothing, .file: nil
        }
    }

    @Test("Clients can read answers of newer servers with unknown fields and enum values")
    func newerServers() async throws {
        /// JSON of this shape, with a new field in every object and a new value in every enum.
        func newer(_ schema: Schema) -> JSON {
            switch schema {
            case .oneOf: "from_tomorrow"
            case .string(let format, _): format == "date-time" ? "2026-12-01T08:00:00Z" : "1"
            case .integer, .number: 1
            case .range(let range): .integer(Int64(range.lowerBound))
            case .boolean: true
            case .array(let item): [newer(item)]
            // Without names of its own it is a dictionary.
            case .object([], _): [:]
            case .object(let members, _):
                .object(
                    Dictionary(
                        members.map { ($0.name, newer($0.schema)) } + [("from_tomorrow", ["value": 1])],
                        uniquingKeysWith: { first, _ in first }))
            case .orNull(let schema): newer(schema)
            case .either(let schemas): schemas.first.map(newer) ?? .null
            case .any, .reference: .null
            }
        }
        func read<Answer: Decodable>(_ type: Answer.Type, _ data: Data) throws {
            _ = try APIJSON.decode(type, from: data)
        }
        try await withRoutes { routes in
            var count = 0
            for route in routes {
                guard let type = Self.answer(of: route) else { continue }
                let answer = newer(try Schema.of(type).answered)
                #expect(throws: Never.self, "\(route.method.rawValue) \(route.path): \(answer)") {
                    try read(type, answer.encoded())
                }
                count += 1
            }
            #expect(count > 100)
        }
    }

    @Test("Every text that an operation accepts has a maximum length, and every secret in an answer is marked")
    func bounded() async throws {
        /// The texts in a schema that have no maximum length.
        func unbounded(_ schema: Schema, _ path: String) -> [String] {
            switch schema {
            case .string(let format, let longest): longest == nil && format != "date-time" ? [path] : []
            case .object(let members, _): members.flatMap { unbounded($0.schema, "\(path).\($0.name)") }
            case .array(let item): unbounded(item, path)
            case .orNull(let schema): unbounded(schema, path)
            case .either(let schemas): schemas.flatMap { unbounded($0, path) }
            case .any: [path]
            case .oneOf, .integer, .range, .number, .boolean, .reference: []
            }
        }
        /// Texts with the name of a secret that are not marked as one.
        func unmarked(_ schema: Schema, _ path: String) -> [String] {
            switch schema {
            case .string(let format, _):
                ["key", "secret", "token", "password", "private_key", "client_secret"]
                    .contains(path.split(separator: ".").last.map(String.init)) && format != "password" ? [path] : []
            case .object(let members, _): members.flatMap { unmarked($0.schema, "\(path).\($0.name)") }
            case .array(let item): unmarked(item, path)
            case .orNull(let schema): unmarked(schema, path)
            case .either(let schemas): schemas.flatMap { unmarked($0, path) }
            case .any, .oneOf, .integer, .range, .number, .boolean, .reference: []
            }
        }
        try await withRoutes { routes in
            for operation in try OpenAPI(routes).operations {
                let name = "\(operation.method) \(operation.path)"
                #expect(operation.request.map { unbounded($0, name) } ?? [] == [])
                #expect(operation.response.map { unmarked($0, name) } ?? [] == [])
            }
            #expect(routes.flatMap(\.query).allSatisfy { (1...1_000).contains($0.longest) })
        }
    }

    @Test(
        "Every operation works for every allowed role, and is refused for lower roles and with missing or wrong keys",
        arguments: TestDatabase.oneEngine)
    func roles(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ids = try await Foreign.ids(patchbay)
            let made = try await patchbay.api(.POST, "/api-keys", ["name": "to be deleted"])
            let revoked = made.json["key"].string
            #expect(try await patchbay.api.with(key: revoked)(Me.show()).status == 200)
            #expect(try await patchbay.api(.DELETE, "/api-keys/\(made.json["id"].int ?? 0)").status == 204)
            let wrongKeys = [
                nil, revoked, "", "pb_1_x", "pb_1_" + String(repeating: "A", count: 43),
                "pb_99999_\(String(repeating: "A", count: 43))",
                "nonsense",
            ]
            for operation in Self.operations {
                let path = ids.path(operation)
                for key in wrongKeys {
                    let reply = try await patchbay.api.with(key: key).call(operation.method, path)
                    #expect(reply.status == 401, "\(operation)")
                    #expect(reply.headers["content-type"] == "application/problem+json")
                }
            }
            for role in Role.allCases {
                let caller = patchbay.api.with(key: try await patchbay.key(role))
                #expect(try await caller(Me.show()).json["role"].string == role.rawValue)
                for operation in Self.operations where role < operation.role {
                    let reply = try await caller.call(operation.method, ids.path(operation))
                    #expect(reply.status == 403, "\(operation) as \(role.rawValue)")
                }
                // Allowed operations are called with a body that changes nothing.
                for operation in Self.operations where role >= operation.role && operation.method != "DELETE" {
                    let reply = try await caller.call(operation.method, ids.path(operation))
                    #expect(
                        ![401, 403, 404, 405, 500].contains(reply.status) || operation.path.contains("failed/{id}")
                            // Another user's.
                            || (Self.ownOnly.contains { operation.path.contains($0) } && role < .admin),
                        "\(operation) as \(role.rawValue): \(reply.status)")
                }
            }
        }
    }

    /// Users below admin only see their own of these.
    private static let ownOnly = ["/posts/{id}", "/api-keys/{id}", "/users/keys/{id}"]

    @Test("Another organization's objects do not exist", arguments: TestDatabase.oneEngine)
    func otherOrganization(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let ids = try await Foreign.ids(patchbay)
            let stranger = patchbay.api.with(key: try await patchbay.key(.owner, organization: "Another MSP"))
            for operation in Self.operations
            where operation.role <= .owner && operation.path.contains("{") && !operation.path.contains("{name}") {
                let reply = try await stranger.call(operation.method, ids.path(operation))
                // Without a PSA, the answer says so, whatever the ticket's number.
                let isTicket = operation.path.hasPrefix("/integrations/psa/tickets")
                // A write without content is invalid first.
                #expect((isTicket ? [409, 400] : [404]).contains(reply.status), "\(operation): \(reply.status)")
            }
            for operation in Self.operations
            where operation.role <= .owner && operation.method == "GET" && !operation.path.contains("{") {
                let reply = try await stranger.call("GET", operation.path)
                let isOfPSA =
                    operation.path.hasPrefix("/integrations/psa/") && !operation.path.hasSuffix("connections")
                    && !operation.path.hasSuffix("posts")
                #expect(reply.status == (isOfPSA ? 409 : 200), "\(operation)")
                // The organization only has its user, the user's key, and the audit entry about it.
                let expected = ["/users": 1, "/api-keys": 1, "/users/keys": 1, "/audit": 1, "/feature-flags": 5]
                #expect(reply.json["items"].elements.count == expected[operation.path] ?? 0, "\(operation)")
                if operation.path == "/audit/export" { #expect(reply.text.split(separator: "\r\n").count == 2) }
            }
            let rule = try await stranger(
                .POST, "/rules", ["board_id": try patchbay.board(), "recipient_id": try patchbay.room()])
            #expect(rule.status == 422)
            #expect(Set(rule.faultyFields) == ["board_id", "recipient_id"])
            let person = try await stranger(
                .POST, "/recipients", ["email": "a@b.example", "connection_id": .integer(Int64(ids.chat))])
            #expect(person.status == 422)
            // None of these requests changed anything.
            #expect(try await patchbay.connection()["enabled"] == true)
        }
    }

    @Test(
        "An API key never has a higher role than its creator, and stops working when it expires",
        arguments: TestDatabase.oneEngine)
    func keys(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let engineer = patchbay.api.with(key: try await patchbay.key(.engineer))
            #expect(try await engineer(.POST, "/api-keys", ["name": "more", "role": "admin"]).status == 422)
            let viewer = try await engineer(.POST, "/api-keys", ["name": "less", "role": "viewer"])
            #expect(viewer.json["role"] == "viewer")
            let ended = try await engineer(
                .POST, "/api-keys", ["name": "ended", "expires_at": "2020-01-01T00:00:00Z"])
            #expect(try await patchbay.api.with(key: ended.json["key"].string)(Me.show()).status == 401)
            let listed = try await patchbay.api(.GET, "/api-keys").json["items"].elements
            #expect(listed.allSatisfy { $0["key"] == nil })
        }
    }
}

/// IDs of one object of each kind in an organization.
private struct Foreign {
    let rule: Int
    let room: Int
    let psa: Int
    let chat: Int
    let delivery: Int
    let forward: Int
    let notice: Int
    let ticket: Int
    let event: Int
    let key: Int
    let user: Int
    let provider: Int
    let board: String
    let tenant: Int
    let post: Int

    static func ids(_ patchbay: RunningPatchbay) async throws -> Foreign {
        let rule = try await patchbay.rule()
        let ticket = try patchbay.connectWise.createTicket("Somebody's")
        try await patchbay.refresh(ticket, action: "added")
        let key = try await patchbay.api(.POST, "/api-keys", ["name": "another"])
        let forward = try await patchbay.api(
            .POST, "/forwards",
            ["source_id": try patchbay.room(), "destination_id": try patchbay.room("Voice team")])
        let notice = try await patchbay.api(.POST, "/test-messages", ["recipient_id": try patchbay.room()])
        let user = try await patchbay.api(
            .POST, "/users", ["email": "pat@rivermark.example", "name": "Pat", "role": "viewer"])
        let provider = try await patchbay.api(
            .POST, "/identity-providers",
            [
                "name": "Entra ID", "issuer": "https://login.example/v2.0", "client_id": "patchbay",
                "client_secret": "never shown again",
            ])
        let event = try await patchbay.api(.GET, "/tickets/\(ticket)/events").json["items"].elements.first?["id"]
        let tenant = try await patchbay.api(.POST, "/tenants", ["name": "Lighthouse Dental Group"])
        let note = try await patchbay.api(.POST, "/integrations/psa/tickets/\(ticket)/notes", ["text": "Somebody's"])
        return Foreign(
            rule: rule, room: try patchbay.room().int ?? 0, psa: try await patchbay.connection()["id"].int ?? 0,
            chat: try await patchbay.api(.GET, "/integrations/chat/connections").json["items"].elements.first?["id"].int
                ?? 0,
            delivery: try await patchbay.deliveries(of: ticket).first?["id"].int ?? 0,
            forward: forward.json["id"].int ?? 0, notice: notice.json["id"].int ?? 0, ticket: ticket,
            event: event?.int ?? 0, key: key.json["id"].int ?? 0,
            user: user.json["id"].int ?? 0, provider: provider.json["id"].int ?? 0,
            board: try patchbay.board().string ?? "", tenant: tenant.json["id"].int ?? 0,
            post: note.json["posts"].elements.first?["id"].int ?? 0)
    }

    func path(_ operation: RouteTests.Operation) -> String {
        let id =
            switch operation.path.split(separator: "/").dropLast().last ?? "" {
            case _ where operation.path.contains("/rules"): "\(rule)"
            case _ where operation.path.hasPrefix("/deliveries"): "\(delivery)"
            case _ where operation.path.contains("/forwards"): "\(forward)"
            case _ where operation.path.hasPrefix("/notices"): "\(notice)"
            case _ where operation.path.hasPrefix("/tickets"): "\(ticket)"
            case _ where operation.path.hasPrefix("/recipients") || operation.path.hasPrefix("/webex"): "\(room)"
            case _ where operation.path.contains("/tickets/"): "\(ticket)"
            case _ where operation.path.hasPrefix("/integrations/psa/posts"): "\(post)"
            case _ where operation.path.hasPrefix("/integrations/psa"): "\(psa)"
            case _ where operation.path.hasPrefix("/integrations/chat"): "\(chat)"
            case _ where operation.path.hasPrefix("/boards") || operation.path.hasPrefix("/cw"): board
            case _ where operation.path.hasPrefix("/api-keys") || operation.path.hasPrefix("/users/keys"): "\(key)"
            case _ where operation.path.hasPrefix("/users"): "\(user)"
            case _ where operation.path.hasPrefix("/identity-providers"): "\(provider)"
            case _ where operation.path.hasPrefix("/organizations"): "1"
            case _ where operation.path.hasPrefix("/sync"): "1"
            default: "\(key)"
            }
        return operation.path.replacing("{id}", with: id).replacing("{event}", with: "\(event)")
            .replacing("{name}", with: "connectwise_integration").replacing("{tenant}", with: "\(tenant)")
    }
}

extension APIClient {
    /// A call with an empty body, or without one where the operation takes none.
    fileprivate func call(_ method: String, _ path: String) async throws -> Reply {
        let takesNone = path.hasSuffix("/test") || (path.hasSuffix("/retry") && !path.contains("/posts/"))
        let hasBody = ["POST", "PATCH", "PUT"].contains(method) && !takesNone
        let body: JSON = method == "PUT" && path.hasSuffix("/tenants") ? ["tenant_ids": .null] : [:]
        return try await callAsFunction(HTTPMethod(rawValue: method), path, hasBody ? body : nil)
    }
}

extension RunningPatchbay {
    /// The API key of a new user.
    fileprivate func key(_ role: Role, organization: String? = nil) async throws -> String {
        try await key(of: try await person(role, organization: organization))
    }

    /// An API key of a user.
    func key(of email: String) async throws -> String {
        let found = try await database.read { db -> (User.ID, Role)? in
            try db.first("SELECT id, role FROM users WHERE email = \(email)").map { (try $0["id"], try $0["role"]) }
        }
        guard let (user, role) = found else { throw Unexpected("no user was made") }
        return try await APIKeyStore(database: database).make("test", for: user, role: role).text.description
    }
}

/// A chat system that must not be called.
private struct NobodyThere: Messenger {
    let longestMessage = 0
    private var refusal: MessengerError { .notAllowed("nobody calls this") }
    func identity() async throws(MessengerError) -> BotIdentity { throw refusal }
    func send(
        _ message: ChatMessage, to address: ChatAddress, under parent: String?
    ) async throws(MessengerError) -> String { throw refusal }
    func find(_ markdown: String, sentTo person: String, since: Date) async throws(MessengerError) -> [String] {
        throw refusal
    }
    func rooms() async throws(MessengerError) -> [ChatRoom] { throw refusal }
    func accounts(email: String) async throws(MessengerError) -> [ChatAccount]? { throw refusal }
}
