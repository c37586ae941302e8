import API
import Accounts
import Database
import Foundation
import Logging
import NIOHTTP1
import Sealing
import Server
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import SimulatorStage
import TestSupport
import WebSupport

/// A complete server in this process, set up and connected to simulated systems.
package struct RunningPatchbay: Sendable {
    /// How an installation differs from the usual one.
    package struct Options {
        /// Changes the simulated ConnectWise.
        package var connectWise: (inout ConnectWiseOptions) -> Void = { _ in }
        /// Changes the simulated Webex.
        package var webex: (inout WebexOptions) -> Void = { _ in }
        /// Whether ConnectWise sends its callbacks. Otherwise, the test sends them itself.
        package var registersCallback = false
        /// Settings added to or replacing the usual ones, such as `PATCHBAY_SYNC_CATCH_UP`.
        package var settings: [String: String] = [:]
        /// Changes what the environment cannot set.
        package var configure: (inout Configuration) -> Void = { _ in }
        /// More hosts that the server may call.
        package var allowedHosts: [String] = []

        package init() {}
    }

    /// The simulated PSA.
    package let connectWise: ConnectWiseSimulator
    /// The simulated chat system.
    package let webex: WebexSimulator
    /// Calls the server as the administrator.
    package let api: APIClient
    /// The database's address.
    package let address: DatabaseAddress
    /// A second connection to the server's database.
    package let database: Database
    /// The `c` parameter of the callback URL.
    package let hookKey: String
    /// The installation's secret.
    package let secret: String?
    /// Every log line of the server.
    package let log: MutexBox<[String]>
    private let boards: [String: JSON]
    private let rooms: [String: JSON]

    // Each server has a dozen connections and threads; PostgreSQL's connections are limited, and so are the cores.
    private static let places = Places(16)

    /// Runs an installation while the body runs.
    package static func run(
        _ engine: Engine, _ options: Options = Options(), _ body: (RunningPatchbay) async throws -> Void
    ) async throws {
        await places.enter()
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await TestDatabase.withAddress(engine, migrations: Installation.migrations) { address in
                    let surroundings = Surroundings(connectWise: options.connectWise, webex: options.webex)
                    try await surroundings.run { try await serve(address, surroundings, options, body) }
                })
        } catch {
            result = .failure(error)
        }
        await places.leave()
        try result.get()
    }

    private static func serve(
        _ address: DatabaseAddress, _ surroundings: Surroundings, _ options: Options,
        _ body: (RunningPatchbay) async throws -> Void
    ) async throws {
        let port = try await Ports.free()
        var environment = try await surroundings.environment(database: address.configured, port: port)
        environment["PATCHBAY_ALLOWED_HOSTS"]?.append(options.allowedHosts.map { ",\($0)" }.joined())
        if options.registersCallback { environment["PATCHBAY_SYNC_CALLBACKS"] = "1d" }
        environment.merge(options.settings) { $1 }
        var configuration = try Configuration(environment: environment)
        configuration.passwordCost = .least
        options.configure(&configuration)
        let lines = MutexBox<[String]>([])
        let logger = Logger(label: "patchbay") { _ in CapturedLog(lines) }
        let setUp = try await Installation.setUp(
            configuration, organization: "Rivermark IT", makesAPIKey: true, logger: logger)
        guard let key = setUp.apiKey else { throw Unexpected("setup made no API key") }
        let (listening, listens) = AsyncStream.makeStream(of: Void.self)
        let server = try await Server.build(configuration, logger: logger) { _ in listens.finish() }
        let database = try await Database.open(address, connections: 2, logger: TestDatabase.logger)
        // Changes that tests make next to the server are recorded in the audit log as well.
        let sealer = try Sealer(try Installation.secrets(configuration))
        database.keep(try await database.write { try AuditKey.open(with: sealer, now: Date(), in: $0).key })
        let result: Result<Void, any Error>
        do {
            try await running(server.services, logger: logger) {
                for await _ in listening {}
                let api = APIClient(base: "http://127.0.0.1:\(port)", key: key)
                let connected = try await Connected(api)
                if options.registersCallback { try await surroundings.connectWise.callbackRegistered() }
                let patchbay = RunningPatchbay(
                    connectWise: surroundings.connectWise, webex: surroundings.webex, api: api, address: address,
                    database: database, hookKey: connected.hookKey, secret: environment["PATCHBAY_SECRET"], log: lines,
                    boards: connected.boards,
                    rooms: connected.rooms)
                let result: Result<Void, any Error>
                do { result = .success(try await body(patchbay)) } catch { result = .failure(error) }
                // A call that hangs on purpose must not delay the end.
                surroundings.connectWise.control.removeFaults()
                surroundings.webex.control.removeFaults()
                try result.get()
                try patchbay.keptItsSecrets(key, surroundings)
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await database.close()
        try result.get()
    }

    /// Checks that no answer and no log line contains a credential.
    private func keptItsSecrets(_ key: String, _ surroundings: Surroundings) throws {
        let psa = surroundings.connectWiseOptions
        let basic = Data("\(psa.company)+\(psa.publicKey):\(psa.privateKey)".utf8).base64EncodedString()
        let secrets = [
            String(key.split(separator: "_", maxSplits: 2).last ?? ""), psa.privateKey, psa.publicKey, basic,
            surroundings.webexOptions.token,
        ]
        for secret in secrets where !secret.isEmpty {
            if let line = log.value.first(where: { $0.contains(secret) }) {
                throw Unexpected("a secret is in the log: \(line)")
            }
            if let answer = api.answers.value.first(where: { $0.contains(secret) }) {
                throw Unexpected("a secret is in an answer: \(answer)")
            }
        }
    }
}

extension DatabaseAddress {
    /// As written in `PATCHBAY_DATABASE_URL`.
    package var configured: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgres(let url): url
        }
    }
}

/// What a server that has just started knows of the outside systems, read through the API.
package struct Connected: Sendable {
    /// IDs of the boards by name.
    package let boards: [String: JSON]
    /// IDs of the rooms by name.
    package let rooms: [String: JSON]
    /// The callback URL for ConnectWise.
    package let hookURL: String
    /// The `c` parameter of that URL.
    package let hookKey: String

    /// Waits until the boards and rooms have been copied.
    package init(_ api: APIClient) async throws {
        boards = try await Self.names("/cw/boards", World.boards.count, api)
        rooms = try await Self.names("/webex/rooms?kind=room", World.rooms.count, api)
        let connection = try await api(API.PSA.Connections.list).json["items"].elements.first
        guard let url = connection?["callback_url"].string, let query = URLComponents(string: url)?.queryItems,
            let key = query.first(where: { $0.name == "c" })?.value
        else { throw Unexpected("the connection has no hook address") }
        (hookURL, hookKey) = (url, key)
    }

    private static func names(_ path: String, _ count: Int, _ api: APIClient) async throws -> [String: JSON] {
        var found: [JSON] = []
        try await eventually("\(path) to be filled") {
            found = try await api(.GET, path).json["items"].elements
            return found.count >= count
        }
        return Dictionary(found.map { ($0["name"].string ?? "", $0["id"]) }, uniquingKeysWith: { $1 })
    }
}

/// A limited number of servers at a time.
private actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        free = count
    }

    func enter() async {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

// MARK: What tests use

extension RunningPatchbay {
    /// A stored event, and why nobody was notified of it.
    package struct StoredEvent: Sendable, Equatable {
        package let kind: String
        package let reason: String?

        package init(kind: String, reason: String?) {
            self.kind = kind
            self.reason = reason
        }
    }

    /// The ID of a board by name.
    package func board(_ name: String = "Service Desk") throws -> JSON {
        guard let id = boards[name] else { throw Unexpected("no board \(name)") }
        return id
    }

    /// The ID of a room's recipient by name.
    package func room(_ name: String = "Dispatch") throws -> JSON {
        guard let id = rooms[name] else { throw Unexpected("no room \(name)") }
        return id
    }

    /// Creates a rule and returns its ID.
    @discardableResult
    package func rule(
        _ board: String = "Service Desk", to room: String = "Dispatch", _ options: [String: JSON] = [:]
    ) async throws -> Int {
        var body: [String: JSON] = ["board_id": try self.board(board), "recipient_id": try self.room(room)]
        body.merge(options) { $1 }
        let reply = try await api(API.Rules.create, .object(body))
        guard reply.status == 201, let id = reply.json["id"].int else { throw Unexpected("no rule: \(reply.text)") }
        return id
    }

    /// Updates the settings.
    package func configure(_ settings: [String: JSON]) async throws {
        let reply = try await api(API.Config.update, .object(settings))
        guard reply.status == 200 else { throw Unexpected("settings are refused: \(reply.text)") }
    }

    /// A signed callback about a ticket.
    package func hook(_ ticket: Int, action: String = "updated") -> Hook {
        Hook(ticket, action: action, from: connectWise, connectionKey: hookKey)
    }

    /// Sends a callback about a ticket, as ConnectWise does.
    package func tell(_ ticket: Int, action: String = "updated") async throws {
        let reply = try await api.send(hook(ticket, action: action))
        guard reply.status == 200 else { throw Unexpected("the hook is refused: \(reply.text)") }
    }

    /// Sends a callback about a ticket and waits until everything that follows is done.
    package func refresh(_ ticket: Int, action: String = "updated") async throws {
        try await tell(ticket, action: action)
        try await settled()
    }

    /// Waits until no jobs are left, including retries.
    package func settled(within limit: Duration = .seconds(240)) async throws {
        try await eventually(within: limit, "all work to be done") {
            let counts = try await api(API.BackgroundJobs.count).json
            return counts["ready"] == 0 && counts["waiting"] == 0 && counts["running"] == 0
        }
    }

    /// The messages to a person (by e-mail) or a room (by title), oldest first.
    package func messages(to recipient: String) -> [String] {
        webex.messages.filter { message in
            recipient.contains("@") ? message.toPersonEmail == recipient : message.roomTitle == recipient
        }.map { $0.markdown ?? "" }
    }

    /// All events of a ticket, oldest first.
    package func events(of ticket: Int) async throws -> [StoredEvent] {
        try await database.read { db in
            try db.all(
                """
                SELECT e.kind, u.reason FROM ticket_events e LEFT JOIN untold_events u ON u.event_id = e.id
                WHERE e.ticket_id = \("\(ticket)") ORDER BY e.id
                """
            ).map {
                row in
                StoredEvent(kind: try row["kind"], reason: try row["reason"])
            }
        }
    }

    /// The deliveries about a ticket, oldest first.
    package func deliveries(of ticket: Int) async throws -> [JSON] {
        try await api(API.Deliveries.list, query: "ticket_id=\(ticket)&limit=200").json["items"].elements.reversed()
    }

    /// Waits until a delivery of a ticket has a state, and returns it.
    package func delivery(
        of ticket: Int, in state: String, within limit: Duration = .seconds(60)
    ) async throws -> JSON {
        var found: JSON?
        try await eventually(within: limit, "a delivery to be \(state)") {
            found = try await deliveries(of: ticket).first { $0["state"].string == state }
            return found != nil
        }
        return found ?? .null
    }

    /// The number of callbacks and jobs in the database.
    package func stored() async throws -> (hooks: Int, jobs: Int) {
        try await database.read { db in
            (
                try db.first("SELECT COUNT(*) AS n FROM hook_inbox")?["n"] ?? 0,
                try db.first("SELECT COUNT(*) AS n FROM jobs WHERE kind = 'refresh_ticket'")?["n"] ?? 0
            )
        }
    }

    /// The ConnectWise connection as shown by the API.
    package func connection() async throws -> JSON {
        try await api(API.PSA.Connections.list).json["items"].elements.first ?? .null
    }

    /// How often one ticket was requested from ConnectWise.
    package func reads(of ticket: Int) -> Int {
        connectWise.control.calls.count { $0.method == "GET" && $0.path.hasSuffix("/service/tickets/\(ticket)") }
    }
}

/// E-mail addresses of the simulated MSP's staff.
package enum Staff {
    package static let daniel = "daniel.okafor@rivermark.example"
    package static let sara = "sara.lindqvist@rivermark.example"
    package static let tom = "tom.whitlock@rivermark.example"
    package static let maya = "maya.haddad@rivermark.example"
}
