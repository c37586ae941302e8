import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Logging
import Metrics
import Synchronization
import WebSupport

/// Receives hooks: verified, then stored together with the refresh of the ticket, then answered. Nothing else happens
/// before the answer; ConnectWise waits five seconds for it.
public final class Intake: Sendable {
    /// A verified hook on its way into the database.
    struct Hook: Sendable {
        let connection: PSAConnection.ID
        let ticket: Ticket.ID
        let action: String
        let messageID: String?
        let body: String
        let receivedAt: Date
    }

    private let connections: PSAConnections
    private let batcher: WriteBatcher<Hook>
    private let database: Database
    private let queue: JobQueue
    private let logger: Logger
    private let now: @Sendable () -> Date
    /// The last hook of each connection that is not written down yet.
    private let latest = Mutex<[PSAConnection.ID: Date]>([:])

    // The silence alarm counts minutes; writing with each hook would make all of them wait for one row.
    private static let noteInterval: Duration = .seconds(10)

    /// - Parameter now: the wall clock.
    public init(
        database: Database, connections: PSAConnections, queue: JobQueue, logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.database = database
        self.queue = queue
        self.connections = connections
        self.logger = logger
        self.now = now
        batcher = WriteBatcher(database: database) { hooks, db in
            let rows = hooks.map { hook in
                [
                    hook.connection.sqlValue, hook.ticket.sqlValue, hook.action.sqlValue, hook.messageID.sqlValue,
                    hook.body.sqlValue, hook.receivedAt.sqlValue,
                ]
            }
            for rows in rows.portions {
                try db.send(
                    """
                    INSERT INTO hook_inbox (connection_id, ticket_id, action, message_id, body, received_at)
                    VALUES \(inserted: rows)
                    """)
            }
            let instant = now()
            let jobs = try hooks.map { try TicketRefresh.job($0.ticket, of: $0.connection, now: instant) }
            try queue.enqueue(jobs, now: instant, in: db)
        }
    }

    /// Stores what is received; runs until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.batcher.run() }
            group.addTask {
                while (try? await Task.sleep(for: Self.noteInterval)) != nil { await self.noteLatest() }
                // The last ones as well; the database is closed after us.
                await Task { await self.noteLatest() }.value
            }
        }
    }

    /// Writes down when connections last sent a hook, which ends their silence.
    func noteLatest() async {
        let hooks = latest.withLock { latest in
            defer { latest = [:] }
            return latest
        }
        guard !hooks.isEmpty else { return }
        do {
            let (queue, instant) = (queue, now())
            let ended = try await database.write { db in
                let (ended, jobs) = try Silence.note(hooks: hooks, now: instant, in: db)
                try queue.enqueue(jobs, now: instant, in: db)
                return ended
            }
            for connection in ended {
                logger.notice("hooks come again", metadata: ["connection": "\(connection.id)"])
            }
        } catch {
            logger.warning("cannot note when hooks came", metadata: ["error": "\(error)"])
            latest.withLock { $0.merge(hooks) { max($0, $1) } }
        }
    }

    /// Forgets hooks older than an instant, a bounded number at a time.
    /// - Returns: how many were forgotten.
    package static func forgetHooks(before instant: Date, limit: Int = 5_000, in db: Connection) throws -> Int {
        // Ids grow with time, so the oldest are found without an index on time, which every hook would have to keep up.
        try db.execute(
            """
            DELETE FROM hook_inbox WHERE id IN (
                SELECT o.id FROM (SELECT id, received_at FROM hook_inbox ORDER BY id LIMIT \(limit)) AS o
                WHERE o.received_at < \(instant))
            """)
    }

    /// Puts the hooks' address into the router.
    public func install(in router: Router<WebContext>) {
        router.post("/hooks/cw/tickets") { request, context in
            do {
                return try await self.receive(request, context)
            } catch {
                throw self.repeatable(error)
            }
        }
    }

    private func receive(_ request: Request, _ context: WebContext) async throws -> Response {
        var request = request
        let buffer = try await body(of: &request, upTo: context.maxUploadSize)
        // One copy, for the JSON decoder; the database gets it as it is.
        let body = Data(buffer.readableBytesView)
        guard let callback = Callback(body) else {
            throw Problem.badRequest(code: "invalid_json", "The callback must be a JSON object.")
        }
        guard let signature = request.headers[Self.signatureHeader], let keyURL = callback.keyURL else {
            throw refusal("it carries no signature")
        }
        let hookKey = request.uri.queryParameters["c"].map(String.init)
        let live = try await connections.live(hookKey: hookKey, company: callback.company)
        guard let live, live.connection.isActive else { throw refusal("no connection matches it") }
        guard callback.company.map({ $0.lowercased() == live.connection.company.lowercased() }) ?? true else {
            throw refusal("it is of another company")
        }
        let verdict = await live.callbacks.verify(
            body: body, signature: signature, keyURL: keyURL, isAddressed: hookKey != nil)
        switch verdict {
        case .genuine: break
        case .forged(let why): throw refusal(why)
        case .unknown(let why):
            throw Self.askAgain(
                "The signature cannot be checked right now.", because: "it cannot be checked now: \(why)")
        }
        let record = callback.record ?? request.uri.queryParameters["recordId"].map(String.init)
        guard let action = callback.action.flatMap(Callback.Action.init(rawValue:)),
            callback.type ?? "ticket" == "ticket", let record, Int(record) != nil
        else {
            // Of no use to us, but nothing is wrong with it: asking ConnectWise to repeat it would not help.
            logger.info("hook ignored", metadata: ["action": "\(callback.action ?? "-")"])
            return Response(status: .ok)
        }
        let hook = Hook(
            connection: live.connection.id, ticket: .init(record), action: action.rawValue,
            messageID: callback.messageID, body: String(decoding: body, as: UTF8.self), receivedAt: now())
        try await batcher.add(hook)
        latest.withLock { $0[hook.connection] = hook.receivedAt }
        Self.received.increment()
        return Response(status: .ok)
    }

    /// The whole body. One that breaks off is its sender's fault, and nothing to log for each.
    private func body(of request: inout Request, upTo limit: Int) async throws -> ByteBuffer {
        do {
            return try await request.collectBody(upTo: limit)
        } catch let refusal as any HTTPResponseError {
            throw refusal
        } catch {
            throw Problem.badRequest(code: "incomplete_body", "The request's body ends too early or is malformed.")
        }
    }

    /// ConnectWise repeats a callback only for 404, 409, 419 and 429; anything from 500 on would be a lost event, whatever
    /// went wrong.
    private func repeatable(_ error: any Error) -> any Error {
        switch error {
        case let problem as Problem where problem.status.kind != .serverError: return problem
        // The request itself, such as one that is too large.
        case let refusal as any HTTPResponseError where refusal.status.kind != .serverError: return refusal
        default:
            logger.error("a hook cannot be stored", metadata: ["error": "\(error)"])
            return Self.askAgain("The callback cannot be stored right now.")
        }
    }

    /// The same words whatever the reason, which holds what ConnectWise answered and is for the log only.
    private func refusal(_ why: String) -> Problem {
        Self.refused.increment()
        var problem = Problem(
            .unauthorized, code: "invalid_signature", title: "Callback rejected",
            detail: "Its signature is not that of the connection's company.")
        problem.reason = why
        return problem
    }

    private static func askAgain(_ detail: String, because reason: String? = nil) -> Problem {
        var problem = Problem(
            .tooManyRequests, code: "try_again", title: "Send it again", detail: detail, retryAfter: .seconds(2))
        problem.reason = reason
        return problem
    }

    private static let signatureHeader = HTTPField.Name("x-content-signature") ?? .authorization
    private static let received = Counter(label: "patchbay_callbacks_total", dimensions: [("outcome", "stored")])
    private static let refused = Counter(label: "patchbay_callbacks_total", dimensions: [("outcome", "refused")])
}
