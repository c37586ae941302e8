import Foundation
import Logging
import ServiceLifecycle
import SimulatedConnectWise
import SimulatedWebex
import SimulatedWorld
import Synchronization

/// The outside systems, played in this process, and when each message arrived there.
final class PlayedSystems: Sendable {
    let connectWise: ConnectWiseSimulator
    let webex: WebexSimulator
    private let connectWiseURL: String
    private let webexURL: String
    private let group: ServiceGroup
    private let running: Task<Void, any Error>
    private let arrivals: Arrivals

    /// A message about a ticket.
    struct Arrival: Sendable {
        let ticket: Int
        let room: String
        let at: ContinuousClock.Instant
    }

    /// The moments at which messages about tickets arrived.
    private final class Arrivals: Sendable {
        private let moments = Mutex<[Arrival]>([])

        func note(_ message: SentMessage) {
            let now = ContinuousClock.now
            // `[#123](…`
            guard let text = message.markdown, let hash = text.range(of: "[#"),
                let ticket = Int(text[hash.upperBound...].prefix { $0.isNumber })
            else { return }
            moments.withLock { $0.append(Arrival(ticket: ticket, room: message.roomID, at: now)) }
        }

        var all: [Arrival] { moments.withLock { $0 } }
        var count: Int { moments.withLock { $0.count } }

        func forget() {
            moments.withLock { $0 = [] }
        }
    }

    private init(
        connectWise: ConnectWiseSimulator, webex: WebexSimulator, urls: (String, String), group: ServiceGroup,
        running: Task<Void, any Error>, arrivals: Arrivals
    ) {
        self.connectWise = connectWise
        self.webex = webex
        (connectWiseURL, webexURL) = urls
        self.group = group
        self.running = running
        self.arrivals = arrivals
    }

    static func start(
        latency: Duration = .zero, tickets: World = World(seed: 1, tickets: 20)
    ) async throws -> PlayedSystems {
        let arrivals = Arrivals()
        var psa = ConnectWiseOptions()
        psa.callsPerMinute = nil
        psa.callLogCapacity = 100
        psa.latency = latency
        psa.signingKey = "bench-signing-key"
        psa.world = tickets
        var chat = WebexOptions()
        chat.callLogCapacity = 100
        chat.messageCapacity = 1_000
        chat.latency = latency
        chat.onMessage = { arrivals.note($0) }
        let connectWise = ConnectWiseSimulator(options: psa)
        let webex = WebexSimulator(options: chat)
        var logger = Logger(label: "world")
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: .init(services: [connectWise, webex], gracefulShutdownSignals: [], logger: logger))
        let running = Task { try await group.run() }
        let urls = (try await connectWise.url(within: .seconds(30)), try await webex.url())
        return PlayedSystems(
            connectWise: connectWise, webex: webex, urls: urls, group: group, running: running, arrivals: arrivals)
    }

    func stop() async {
        await group.triggerGracefulShutdown()
        _ = try? await running.value
    }

    private static func host(_ url: String) -> String {
        url.replacing("http://", with: "")
    }

    /// A server's settings that connect it to this world, its budget raised for the measurement.
    var settings: [String: String] {
        let options = ConnectWiseOptions()
        return [
            "PATCHBAY_ALLOWED_HOSTS": "\(Self.host(connectWiseURL)),chat=\(Self.host(webexURL))",
            "PATCHBAY_CONNECTWISE_SITE": Self.host(connectWiseURL),
            "PATCHBAY_CONNECTWISE_COMPANY": options.company,
            "PATCHBAY_CONNECTWISE_PUBLIC_KEY": options.publicKey,
            "PATCHBAY_CONNECTWISE_PRIVATE_KEY": options.privateKey,
            "PATCHBAY_CONNECTWISE_CLIENT_ID": "bench",
            "PATCHBAY_CONNECTWISE_BUDGET": "10000000",
            "PATCHBAY_WEBEX_URL": webexURL,
            "PATCHBAY_WEBEX_TOKEN": WebexOptions().token,
            // The load generator sends the hooks itself, and what is measured is not to be disturbed.
            "PATCHBAY_SYNC_CALLBACKS": "off", "PATCHBAY_SYNC_CATCH_UP": "off", "PATCHBAY_SYNC_TICKETS": "off",
        ]
    }

    /// Where a server takes this world's hooks: path and query up to the ticket's number.
    func hookPath(of server: ServerProcess) async throws -> String {
        let connections = try await server.items("/integrations/psa/connections", atLeast: 1)
        guard let url = connections.first?["callback_url"] as? String, let path = url.range(of: "/hooks/") else {
            throw Broken(what: "no callback_url")
        }
        return String(url[path.lowerBound...])
    }

    /// A signed hook about a ticket, about 1.2 KB as ConnectWise's are.
    func hook(ticket: Int, action: String) -> (signature: String, body: [UInt8]) {
        let entity =
            "{\"id\":\(ticket),\"summary\":\"Printer on floor 2 does not print\",\"recordType\":\"ServiceTicket\",\"filler\":\""
            + String(repeating: "x", count: 700) + "\"}"
        let body = CallbackSigning.body(
            messageID: UUID().uuidString, fromURL: Self.host(connectWiseURL), companyID: ConnectWiseOptions().company,
            memberID: "PatchbayAPI", action: action, id: ticket, entity: entity, keyURL: connectWise.keyURL,
            callbackID: 1)
        return (CallbackSigning.signature(of: body, signingKey: connectWise.signingKey), body)
    }

    /// Hooks about different tickets, a line each: signature, space, body.
    func writeHooks(of tickets: some Sequence<Int>, action: String = "updated", to path: String) throws {
        var text = Data()
        for ticket in tickets {
            let hook = hook(ticket: ticket, action: action)
            text.append(contentsOf: Data(hook.signature.utf8))
            text.append(contentsOf: [UInt8(ascii: " ")])
            text.append(contentsOf: hook.body)
            text.append(contentsOf: [UInt8(ascii: "\n")])
        }
        try text.write(to: URL(filePath: path))
    }

    var messageCount: Int { arrivals.count }

    func messages() -> [Arrival] { arrivals.all }

    func forgetMessages() {
        arrivals.forget()
        webex.forgetMessages()
    }
}
