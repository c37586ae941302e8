import API
import Database
import Foundation
import HTTPTypes
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

@testable import Accounts
@testable import Server

/// What API keys are limited to.
@Suite("Scopes of API keys", .timeLimit(.minutes(20)))
struct ScopeTests {
    @Test("Each scope allows exactly the operations it covers")
    func walk() async throws {
        let routes = try await RouteTests.routes()
        #expect(Set(routes.map(\.scope)) == Set(Scope.allCases))
        for grant in Grant.offered {
            let means = Principal.Means.key(1, KeyScopes([grant]))
            let caller = Principal(user: 1, organization: 1, email: "a@b.example", role: .superAdmin, means: means)
            for route in routes {
                let isIn =
                    switch grant {
                    case .read: route.method == .get
                    case .scope(let scope, let readsOnly): route.scope == scope && (!readsOnly || route.method == .get)
                    case .legacy: false
                    }
                let refusal = Gate.refusal(of: route, to: caller)
                #expect(
                    refusal?.code == (isIn || route.scope == .me ? nil : "out_of_scope"),
                    "\(route.id) with \(grant.rawValue)")
            }
        }
        for scope in Scope.allCases {
            let inside = routes.filter { $0.scope == scope }
            #expect(scope.hasReading == (scope != .me && inside.contains { $0.method == .get }), "\(scope)")
            #expect(scope.hasWriting == inside.contains { $0.method != .get }, "\(scope)")
        }
    }

    @Test("A refusal names the missing scope", arguments: TestDatabase.oneEngine)
    func words(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let reader = try await patchbay.api.key(["rules:read", "sync"])
            #expect(try await reader(Rules.list()).status == 200)
            let refused = try await reader(Rules.create([:]))
            #expect(refused.json["code"] == "out_of_scope")
            #expect(
                refused.json["detail"].string?.contains("needs the scope rules; the key has rules:read sync.") == true)
            let detail = try await reader(API.Config.show).json["detail"].string
            #expect(detail?.contains("needs the scope config:read;") == true)
            #expect(try await reader(Me.show()).status == 200)
        }
    }

    @Test(
        "Unknown scopes are refused, and a limited key can only create keys with its own scopes",
        arguments: TestDatabase.oneEngine)
    func creating(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            func create(_ api: APIClient, _ scopes: JSON) async throws -> Reply {
                try await api(APIKeys.create([.name: "x", .scopes: scopes]))
            }
            let wrong: [JSON] = [
                ["nonsense"], ["rules", "notifiers"], ["rules:write"], [], ["legacy-integrations"], ["preview:read"],
                ["RULES"], .list((0..<65).map { _ in "rules" }),
            ]
            for scopes in wrong {
                let reply = try await create(patchbay.api, scopes)
                #expect(reply.status == 422, "\(scopes)")
                #expect(reply.faultyFields == ["scopes"], "\(scopes)")
            }
            #expect(try await create(patchbay.api, "rules").status == 400)
            let made = try await create(patchbay.api, ["sync", "rules:read", "rules", "sync"])
            #expect(made.json["scopes"] == ["rules", "sync"])
            let unlimited = try await create(patchbay.api, .null)
            #expect(unlimited.json["scopes"] == .null)

            let maker = try await patchbay.api.key(["api-keys", "rules"])
            #expect(try await create(maker, .null).json["scopes"] == ["api-keys", "rules"])
            #expect(try await create(maker, ["rules", "api-keys"]).status == 201)
            for scopes: JSON in [["rules"], ["read"], ["api-keys", "rules", "sync"], []] {
                let reply = try await create(maker, scopes)
                #expect(reply.status == 422)
                #expect(reply.faultyFields == ["scopes"])
            }
        }
    }

    @Test(
        "Administrators can create keys for users with a lower role, and for no others", arguments: TestDatabase.engines
    )
    func others(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            var users: [(email: String, id: JSON)] = []
            for role in [Role.engineer, .admin, .owner] {
                let email = try await patchbay.person(role)
                let id = try await patchbay.database.read { db in
                    try db.first("SELECT id FROM users WHERE email = \(email)")?["id"] as Int64?
                }
                users.append((email, .integer(try #require(id))))
            }
            let admin = patchbay.api.with(key: try await patchbay.key(of: users[1].email))
            let engineer = patchbay.api.with(key: try await patchbay.key(of: users[0].email))
            let byID = try await admin(APIKeys.create([.name: "theirs", .user: users[0].id]))
            #expect(byID.status == 201)
            #expect(byID.json["user_email"].string == users[0].email)
            #expect(byID.json["role"] == "engineer")
            let byEmail = try await admin(
                APIKeys.create([.name: "theirs", .userEmail: .text(users[0].email.uppercased()), .role: "viewer"]))
            #expect(byEmail.json["user_id"] == users[0].id)
            #expect(byEmail.json["role"] == "viewer")
            let speaks = patchbay.api.with(key: byID.json["key"].string)
            let speaker = try await speaks(Me.show()).json
            #expect(speaker["email"].string == users[0].email)

            // The audit entry names the actor and the user.
            let entry = try await patchbay.api(API.AuditEntries.list, query: "action=api_key.create").json["items"]
                .elements.first {
                    $0["target"].string == "API key \(byID.json["id"].int ?? 0)"
                }
            #expect(entry?["actor"].string == users[1].email)
            #expect(entry?["after"].string?.contains(users[0].email) == true)

            #expect(
                try await admin(APIKeys.create([.name: "x", .user: users[0].id, .role: "dispatcher"])).status == 422)
            #expect(try await admin(APIKeys.create([.name: "x", .user: users[2].id])).status == 403)
            let peer = try await patchbay.person(.admin)
            #expect(try await admin(APIKeys.create([.name: "x", .userEmail: .text(peer)])).status == 403)
            #expect(try await engineer(APIKeys.create([.name: "x", .user: users[1].id])).status == 403)
            // You may name yourself.
            #expect(try await engineer(APIKeys.create([.name: "x", .user: users[0].id])).status == 201)
            #expect(try await engineer(APIKeys.create([.name: "x", .userEmail: .text(users[0].email)])).status == 201)

            let both = try await admin(
                APIKeys.create([.name: "x", .user: users[0].id, .userEmail: .text(users[0].email)]))
            #expect(both.faultyFields == ["user_email"])
            let stranger = try await patchbay.person(.viewer, organization: "Another MSP")
            for (member, value) in [
                (APIKeys.New.CodingKeys.user, JSON.integer(999_999)), (.user, .integer(.max)), (.user, -1),
                (.userEmail, "nobody@rivermark.example"), (.userEmail, .text(stranger)),
            ] {
                let reply = try await admin(APIKeys.create([.name: "x", member: value]))
                #expect(reply.status == 422, "\(value)")
                #expect(reply.faultyFields == [member.rawValue], "\(value)")
            }
            let path = "/users/\(users[0].id.int ?? 0)"
            let version = try await patchbay.api(.GET, path).json["version"]
            #expect(try await patchbay.api(.PATCH, path, ["active": false, "version": version]).status == 200)
            #expect(try await admin(APIKeys.create([.name: "x", .user: users[0].id])).faultyFields == ["user_id"])
        }
    }

    @Test(
        "A key is shown to its owner and to administrators, without its secret",
        arguments: TestDatabase.oneEngine)
    func showing(engine: Engine) async throws {
        try await RunningPatchbay.run(engine) { patchbay in
            let engineer = patchbay.api.with(key: try await patchbay.key(of: try await patchbay.person(.engineer)))
            let another = patchbay.api.with(key: try await patchbay.key(of: try await patchbay.person(.engineer)))
            let made = try await engineer(APIKeys.create([.name: "mine"]))
            let id = APIKeys.ID(Int64(made.json["id"].int ?? 0))
            let secret = made.json["key"].string ?? ""
            #expect(made.headers["location"] == "/api/v1/api-keys/\(id)")
            #expect(made.headers["cache-control"] == "no-store")
            for api in [engineer, patchbay.api] {
                let shown = try await api(APIKeys.show(id))
                #expect(shown.json["name"] == "mine")
                #expect(shown.json["key"] == .null)
                #expect(!shown.text.contains(secret))
                #expect(try await api(API.APIKeys.show, at: id).json == shown.json)
            }
            #expect(try await another(APIKeys.show(id)).status == 404)
            #expect(try await another(APIKeys.delete(id)).status == 404)
            #expect(try await engineer(APIKeys.delete(id)).status == 204)
            #expect(try await engineer(APIKeys.show(id)).status == 404)
        }
    }

    @Test("A key from before scopes can do exactly what it could", arguments: TestDatabase.engines)
    func migration(engine: Engine) async throws {
        let routes = try await RouteTests.routes()
        // New operations, which no legacy scope ever covered.
        let fresh: Set<String> = ["showAPIKey"]
        let known = Set(Area.all.flatMap { $0.reads + $0.writes })
        let unknown = Set(routes.map(\.id)).subtracting(known).subtracting(fresh).filter { $0 != "showMe" }
        #expect(unknown.isEmpty)
        #expect(known.subtracting(routes.map(\.id)).isEmpty)

        var dice = Dice()
        let spellings = Area.all.flatMap { [$0.name, $0.name + ":read"] } + ["read", "authtest", "authtest:read"]
        let several = (0..<300).map { _ in
            (0..<Int.random(in: 2...8, using: &dice)).compactMap { _ in spellings.randomElement(using: &dice) }
                .joined(separator: " ")
        }
        let texts =
            spellings + ["integrations tenants", "integrations:read tenants:read", "tenants integrations:read"]
            + ["cw cw", "read read", "notifiers notifiers:read notifiers"] + several
        try await TestDatabase.with(engine, migrations: Array(Installation.migrations.prefix(27))) { database in
            try await database.write { db in
                try db.execute("INSERT INTO organizations (id, name, created_at) VALUES (1, 'A', 0)")
                try db.execute(
                    """
                    INSERT INTO users (id, organization_id, email, email_key, name, role, created_at)
                    VALUES (1, 1, 'a@b.example', 'a@b.example', 'A', 'owner', 0)
                    """)
                for (index, text) in (texts.map(Optional.some) + [nil]).enumerated() {
                    try db.execute(
                        """
                        INSERT INTO api_keys (id, user_id, organization_id, name, secret_hash, role, scope, created_at)
                        VALUES (\(index + 1), 1, 1, 'k', \([UInt8]()), 'owner', \(orNull: text), 0)
                        """)
                }
            }
            try await database.migrate(Installation.migrations)
            let found = try await database.read { db in
                try db.all("SELECT scope FROM api_keys ORDER BY id").map { try $0["scope"] as KeyScopes? }
            }
            #expect(found.count == texts.count + 1)
            #expect(found.last == .some(nil))
            for (text, scopes) in zip(texts, found) {
                let scopes = try #require(scopes, "\(text) became a key without limits")
                let before = Area.operations(text)
                let after = routes.filter { route in
                    !fresh.contains(route.id)
                        && scopes.grants.contains { $0.allows(route.id, of: route.scope, route.method) }
                        && route.scope != .me
                }
                #expect(Set(after.map(\.id)) == before, "\(text) became \(scopes)")
            }
            let both = found[texts.firstIndex(of: "integrations tenants") ?? 0]
            #expect(both?.description == "connections member-mappings tenants tickets")
        }
    }
}

/// What keys were limited to before scopes: the first segment of the path.
private struct Area {
    let name: String
    let reads: [String]
    let writes: [String]

    init(_ name: String, reads: String, writes: String) {
        self.name = name
        self.reads = reads.split(whereSeparator: \.isWhitespace).map(String.init)
        self.writes = writes.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// What a key with this legacy scope could call, besides `showMe`.
    static func operations(_ text: String) -> Set<String> {
        Set(
            text.split(separator: " ").flatMap { word -> [String] in
                if word == "read" { return all.flatMap(\.reads) }
                let parts = word.split(separator: ":")
                let area = all.first { $0.name == parts[0] }
                return (area?.reads ?? []) + (parts.count == 1 ? area?.writes ?? [] : [])
            })
    }

    /// The operations of that time, by their current names.
    static let all: [Area] = [
        .init(
            "audit",
            reads: """
                listAuditEntries exportAuditEntries
                """,
            writes: """

                """),
        .init(
            "config",
            reads: """
                showConfig
                """,
            writes: """
                updateConfig
                """),
        .init(
            "cw",
            reads: """
                listBoards showBoard listMembers
                """,
            writes: """

                """),
        .init(
            "feature-flags",
            reads: """
                listFeatureFlags
                """,
            writes: """
                updateFeatureFlag
                """),
        .init(
            "identity-providers",
            reads: """
                listIdentityProviders showIdentityProvider
                """,
            writes: """
                createIdentityProvider updateIdentityProvider deleteIdentityProvider testIdentityProvider
                """),
        .init(
            "integrations",
            reads: """
                listPSAConnections showPSAConnection showPSASettings listPSARights listChatConnections
                showChatConnection searchTickets listRecentTickets showTicket listTicketStatuses
                listTicketConfigurations listTicketNotes listWorkRoles listWorkTypes listPSABoards listCompanies
                listPosts showPost listPSAMembers listMemberMappings
                """,
            writes: """
                createPSAConnection updatePSAConnection deletePSAConnection testPSAConnection updatePSASettings
                createChatConnection updateChatConnection deleteChatConnection rotateWebhookSecret
                testChatConnection addNote logTime updateTicketStatus logChange retryPost dismissPost
                saveMemberMappings autoMatchMembers
                """),
        .init(
            "jobs",
            reads: """
                countJobs listFailedJobs
                """,
            writes: """
                retryFailedJob
                """),
        .init(
            "notifiers",
            reads: """
                listRules showRule listForwards showForward listDeliveries showDelivery showDeliveryMessage
                explainDelivery listNotices showNotice
                """,
            writes: """
                createRule updateRule deleteRule createForward updateForward deleteForward retryDelivery
                retryDeliveries previewNotifications sendTestMessage
                """),
        .init(
            "organization",
            reads: """
                showOrganization
                """,
            writes: """
                updateOrganization deleteOrganization
                """),
        .init(
            "organizations",
            reads: """
                listOrganizations showAnyOrganization
                """,
            writes: """
                createOrganization
                """),
        .init(
            "overview",
            reads: """
                showOverview showCounts
                """,
            writes: """

                """),
        .init(
            "sync",
            reads: """
                listSyncs
                """,
            writes: """
                startSyncs cancelSync
                """),
        .init(
            "tenants",
            reads: """
                listTenants showTenant showTenantPSA showTenantConnection searchTicketsForTenant
                listRecentTicketsForTenant showTicketForTenant listTicketStatusesForTenant
                listTicketConfigurationsForTenant listTicketNotesForTenant listWorkRolesForTenant
                listWorkTypesForTenant listPSABoardsForTenant listCompaniesForTenant listPSAMembersForTenant
                listMemberMappingsForTenant
                """,
            writes: """
                createTenant updateTenant deleteTenant createTenantConnection addNoteForTenant logTimeForTenant
                updateTicketStatusForTenant logChangeForTenant saveMemberMappingsForTenant autoMatchMembersForTenant
                """),
        .init(
            "tickets",
            reads: """
                listTicketEvents explainEvent
                """,
            writes: """

                """),
        .init(
            "users",
            reads: """
                listAPIKeys listUsers showUser showUserLimits
                """,
            writes: """
                createAPIKey deleteAPIKey createUser updateUser deleteUser resetUserPassword resetUserSecondFactor
                updateUserLimits
                """),
        .init(
            "webex",
            reads: """
                listRecipients showRecipient
                """,
            writes: """
                createRecipient
                """),
    ]
}

extension APIClient {
    /// The same server with a key limited to these scopes.
    fileprivate func key(_ scopes: [String]) async throws -> APIClient {
        let made = try await self(APIKeys.create([.name: "limited", .scopes: .list(scopes.map(JSON.text))]))
        #expect(made.status == 201, "\(made.text)")
        return with(key: made.json["key"].string)
    }
}
