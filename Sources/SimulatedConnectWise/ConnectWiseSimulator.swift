import Foundation
import Logging
import ServiceLifecycle
import SimulatedWorld
import SimulatorStage
import Synchronization

/// ConnectWise PSA, played over HTTP with state in memory: tickets, notes, time, schedule, companies, people, callbacks.
///
/// Run it as a `Service`; ``url(within:)`` tells where it listens. Tests change its world by the calls in
/// `ConnectWiseSimulator+World.swift`, script faults and count calls at its ``control``, and await callbacks. The same is
/// offered over HTTP below `/_control` (see `StageControl+HTTP.swift` and `ConnectWise+Control.swift`).
public final class ConnectWiseSimulator: Service {
    /// Faults, latency, rate limit and the log of calls.
    public let control: StageControl
    let options: ConnectWiseOptions
    let ledger: Watched<Ledger>
    let secrets: Mutex<Secrets>
    let logger: Logger
    private let address = Watched<String?>(nil)
    private let queue: AsyncStream<OutgoingCallback>
    private let enqueue: AsyncStream<OutgoingCallback>.Continuation

    struct Secrets: Sendable {
        var signingKey: String
        let keyID = UUID().uuidString.lowercased()
    }

    /// A simulator that serves `options.world`.
    public init(
        options: ConnectWiseOptions = ConnectWiseOptions(), logger: Logger = Logger(label: "simulator.connectwise")
    ) {
        self.options = options
        self.logger = logger
        control = StageControl(
            callsPerMinute: options.callsPerMinute, latency: options.latency, callLogCapacity: options.callLogCapacity)
        secrets = Mutex(Secrets(signingKey: options.signingKey ?? UUID().uuidString.lowercased()))
        var ledger = options.world.ledger(apiMember: options.apiMember, now: Instant(options.now()))
        ledger.hrefBase = "\(options.publicURL ?? "")/\(options.codebase)//apis/3.0"
        ledger.switches.hidesBadKeys = options.hidesBadKeys
        self.ledger = Watched(ledger)
        (queue, enqueue) = AsyncStream.makeStream(of: OutgoingCallback.self)
    }

    /// Listens and sends callbacks until graceful shutdown or cancellation.
    public func run() async throws {
        let sender = CallbackSender(
            queue: queue, control: control, signingKey: { [self] in signingKey }, pauses: options.callbackPauses,
            now: options.now,
            ended: { [self] delivery in
                ledger.change { ledger in
                    ledger.deliveryCount += 1
                    ledger.deliveries.append(delivery)
                    // Twice what anybody looks back at; trimmed rarely, so cheap.
                    if ledger.deliveries.count > 20_000 { ledger.deliveries.removeFirst(10_000) }
                }
            }, logger: logger)
        let stage = Stage(
            system: PlayedConnectWise(simulator: self), control: control, listening: options.listening,
            address: address,
            logger: logger, now: options.now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stage.run() }
            group.addTask { try await sender.run() }
            group.addTask {
                let url = try await self.url(within: .seconds(60))
                guard self.options.publicURL == nil else { return }
                self.ledger.change { $0.hrefBase = "\(url)/\(self.options.codebase)//apis/3.0" }
            }
            try await group.waitForAll()
        }
    }

    /// Where it listens, such as `http://127.0.0.1:40123`; waits until it does.
    public func url(within limit: Duration = .seconds(30)) async throws -> String {
        try await address.first("the simulator to listen", within: limit) { $0 }
    }

    /// The address if it listens already.
    var listeningURL: String? { address.read { $0 } }

    /// The key that signs callbacks; a load generator can sign with it by ``CallbackSigning``.
    public var signingKey: String {
        get { secrets.withLock { $0.signingKey } }
        set { secrets.withLock { $0.signingKey = newValue } }
    }

    /// The address at which the signing key is told; the same for all callbacks.
    public var keyURL: String {
        let base = options.publicURL ?? listeningURL ?? ""
        let id = secrets.withLock { $0.keyID }
        return "\(base)/\(options.codebase)//system/callbackkey/index.rails?companyName=\(options.company)&id=\(id)"
    }

    /// Changes the ledger and hands what happened to tickets to the callbacks.
    func change<Result: Sendable, Failure: Error>(
        _ body: (inout Ledger) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let (result, outgoing) = try ledger.change { (ledger) throws(Failure) -> (Result, [OutgoingCallback]) in
            ledger.revision += 1
            let result = try body(&ledger)
            guard !ledger.news.isEmpty else { return (result, []) }
            defer { ledger.news.removeAll(keepingCapacity: true) }
            return (result, callbacks(telling: ledger))
        }
        for callback in outgoing { enqueue.yield(callback) }
        return result
    }

    private func callbacks(telling ledger: Ledger) -> [OutgoingCallback] {
        var outgoing: [OutgoingCallback] = []
        for news in ledger.news {
            for entry in ledger.callbacks.all where entry.wants(news, ledger) {
                for _ in 0..<max(1, options.callbacksPerChange) { outgoing.append(callback(news, entry, ledger)) }
            }
        }
        return outgoing
    }

    private func callback(_ news: Ledger.News, _ entry: CallbackRecord, _ ledger: Ledger) -> OutgoingCallback {
        let base = options.publicURL ?? listeningURL ?? ""
        let host = base.split(separator: "/").last.map(String.init) ?? ""
        let body = CallbackSigning.body(
            messageID: UUID().uuidString.lowercased(), fromURL: host, companyID: options.company,
            memberID: ledger.members[entry.memberID]?.identifier ?? options.apiMember, action: news.action.rawValue,
            id: news.ticketID, entity: news.entity?.compact, keyURL: keyURL, callbackID: entry.id)
        return OutgoingCallback(
            callbackID: entry.id, ticketID: news.ticketID, action: news.action.rawValue,
            url: "\(entry.url)\(news.ticketID)&action=\(news.action.rawValue)", body: body)
    }
}

extension CallbackRecord {
    func wants(_ news: Ledger.News, _ ledger: Ledger) -> Bool {
        guard !inactive, type.lowercased() == "ticket" else { return false }
        if selfSuppressed, ledger.members[memberID]?.identifier == news.by { return false }
        return switch level.lowercased() {
        case "owner": true
        case "board": objectID == news.boardID
        case "status": objectID == news.statusID
        case "ticket": objectID == news.ticketID
        default: false
        }
    }
}
