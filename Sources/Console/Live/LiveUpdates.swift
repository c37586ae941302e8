import API
import Accounts
import BoundaryText
import Crypto
import Database
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization
import WebSupport

/// What an open page listens to.
struct LiveWatch: Sendable {
    /// What it shows; topics without a feature never change.
    let topics: Set<String>
    /// What they looked like just before the page was read. Somebody who comes with another mark than theirs by now has
    /// missed a change, as between page and stream, or while the stream was cut.
    let mark: String?

    init(topics: Set<String>, mark: String?) {
        (self.topics, self.mark) = (topics, mark)
    }

    init(_ query: [String: String]) {
        topics = Set((query["topics"] ?? "").splitBytes(on: ",").map(String.init))
        mark = query["seen"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// As the address of the stream says it.
    var query: String { "topics=\(topics.sorted().joined(separator: ","))&seen=\(mark ?? "")" }
}

/// Notifies open pages of changes through server-sent events. Pages then fetch their content again, so an event carries
/// nothing and may be merged with others. A page is notified only while its sign-in lasts, and only of what its user may
/// see.
final class LiveUpdates: Sendable {
    // More than a person notices, less than each message of a burst.
    private static let pace: Duration = .milliseconds(700)
    // Sign-ins are looked at every third time: a sign-out shows within about two seconds.
    private static let roundsPerCheck = 3
    // Proxies cut what is silent for a minute.
    private static let heartbeat: Duration = .seconds(25)
    private static let most = 500
    // Browsers open six connections to one host over HTTP/1.1, and more pages only over a proxy with HTTP/2.
    private static let mostPerSignIn = 8
    private static let mostPerPerson = 24

    /// A page that is open.
    private struct Listener {
        let token: SignInToken
        /// As it was when the page began to listen.
        let signIn: LiveSignIn
        let watch: LiveWatch
        let changes: AsyncStream<Void>.Continuation

        /// What the sign-in's use does not change.
        func isStill(_ now: LiveSignIn?) -> Bool {
            guard let now, now.duty == nil else { return false }
            return now.user == signIn.user && now.role == signIn.role && now.organization == signIn.organization
                && now.principal.tenants == signIn.principal.tenants
        }
    }

    private struct State {
        var next = 0
        var listeners: [Int: Listener] = [:]
    }

    /// A listener's place. It is freed when the page is closed, and also when nothing was ever written to it, as for HEAD.
    private final class Place: Sendable {
        let changes: AsyncStream<Void>
        private let id: Int
        private let updates: LiveUpdates

        init(_ id: Int, _ changes: AsyncStream<Void>, in updates: LiveUpdates) {
            (self.id, self.changes, self.updates) = (id, changes, updates)
        }

        deinit {
            leave()
        }

        func leave() {
            updates.end([id])
        }
    }

    private let database: Database
    private let signIns: SignIns
    private let topics: [String: [LiveTopic]]
    private let state = Mutex(State())

    /// - Parameter topics: all that there are.
    init(database: Database, signIns: SignIns, topics: [LiveTopic]) {
        self.database = database
        self.topics = Dictionary(grouping: topics, by: \.name)
        self.signIns = signIns
    }

    // MARK: Looking

    /// Looks, while somebody looks at a page, whether what it shows has changed, and whether those who look may still do
    /// so.
    func run() async {
        var known: [Sight: [Int64]] = [:]
        // Listeners whose page is up to date from here on.
        var compared: Set<Int> = []
        var round = 0
        while (try? await Task.sleep(for: Self.pace)) != nil {
            let listeners = state.withLock { $0.listeners }
            guard !listeners.isEmpty else {
                known = [:]
                compared = []
                continue
            }
            round += 1
            // While the database cannot be read there is nothing new to show.
            if round.isMultiple(of: Self.roundsPerCheck) { try? await check(listeners) }
            guard let changed = try? await look(for: listeners, &known) else { continue }
            for (id, listener) in listeners {
                let sights = sights(of: listener)
                let isLate =
                    !compared.contains(id)
                    && listener.watch.mark.map { $0 != Self.mark(of: sights, in: known) } ?? false
                if isLate || !changed.isDisjoint(with: sights) { listener.changes.yield() }
            }
            compared = Set(listeners.keys)
        }
    }

    /// What an audience sees of a topic.
    private struct Sight: Hashable {
        let topic: String
        let audience: LiveAudience
    }

    private func sights(of topics: Set<String>, for signIn: LiveSignIn) -> Set<Sight> {
        let audience = LiveAudience(signIn)
        return Set(topics.filter { self.topics[$0] != nil }.map { Sight(topic: $0, audience: audience) })
    }

    private func sights(of listener: Listener) -> Set<Sight> {
        sights(of: listener.watch.topics, for: listener.signIn)
    }

    /// What a page listens to that is about to be read.
    /// - Parameter topics: what it shows, beside what all pages show.
    func watch(_ topics: Set<String>, for signIn: LiveSignIn) async throws -> LiveWatch {
        let topics = topics.union([LiveTopic.counts])
        let (sights, all) = (sights(of: topics, for: signIn), self.topics)
        let now = try await database.read { db in
            try sights.reduce(into: [:]) { $0[$1] = try Self.fingerprint(of: $1, all, in: db) }
        }
        return LiveWatch(topics: topics, mark: Self.mark(of: sights, in: now))
    }

    private static func fingerprint(
        of sight: Sight, _ topics: [String: [LiveTopic]], in db: Connection
    ) throws -> [Int64] {
        try topics[sight.topic, default: []].flatMap { try $0.fingerprint(sight.audience, db) }
    }

    /// The same on each server; numbers are no business of the browser's.
    private static func mark(of sights: Set<Sight>, in known: [Sight: [Int64]]) -> String {
        let numbers = sights.sorted { $0.topic < $1.topic }.map { known[$0, default: []] }
        let hash = SHA256.hash(data: Data("\(numbers)".utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return String(hash, radix: 36)
    }

    /// - Returns: the topics of open pages that changed since the last call.
    private func look(for listeners: [Int: Listener], _ known: inout [Sight: [Int64]]) async throws -> Set<Sight> {
        let sights = listeners.values.reduce(into: Set<Sight>()) { $0.formUnion(self.sights(of: $1)) }
        let (before, topics) = (known, topics)
        let now = try await database.read { db in
            var now: [Sight: [Int64]] = [:]
            for sight in sights {
                // As long as nothing of a topic changes anywhere, no audience has to be looked at.
                let everywhere = Sight(topic: sight.topic, audience: .installation)
                let all = try now[everywhere] ?? Self.fingerprint(of: everywhere, topics, in: db)
                now[everywhere] = all
                guard sight != everywhere else { continue }
                now[sight] =
                    if all == before[everywhere], let last = before[sight] { last } else {
                        try Self.fingerprint(of: sight, topics, in: db)
                    }
            }
            return now
        }
        known = now
        return sights.filter { before[$0] != nil && before[$0] != now[$0] }
    }

    /// Ends the streams of sign-ins that have ended, or became other ones.
    private func check(_ listeners: [Int: Listener]) async throws {
        let live = try await signIns.watch(Array(Set(listeners.values.map(\.token))))
        end(listeners.filter { !$0.value.isStill(live[$0.value.token]) }.map(\.key))
    }

    // MARK: Listening

    private func end(_ ids: [Int]) {
        let ended = state.withLock { state in ids.compactMap { state.listeners.removeValue(forKey: $0) } }
        for listener in ended { listener.changes.finish() }
    }

    private enum Refusal: Error {
        case tooManyOfOne
        case tooManyOfAll
    }

    private func listen(
        _ token: SignInToken, _ signIn: LiveSignIn, _ watch: LiveWatch
    ) throws(Refusal) -> Place {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = try state.withLock { state throws(Refusal) -> Int in
            guard state.listeners.count < Self.most else { throw .tooManyOfAll }
            let own = state.listeners.values.filter { $0.signIn.user == signIn.user }
            guard own.count < Self.mostPerPerson,
                own.count(where: { $0.signIn.id == signIn.id }) < Self.mostPerSignIn
            else { throw .tooManyOfOne }
            state.next += 1
            state.listeners[state.next] = Listener(
                token: token, signIn: signIn, watch: watch, changes: continuation)
            return state.next
        }
        return Place(id, stream, in: self)
    }

    /// A stream of `change` events, until the browser goes, the sign-in ends or the server stops.
    func response(
        to request: Request, of token: SignInToken, _ signIn: LiveSignIn, _ watch: LiveWatch
    ) -> Response {
        let place: Place
        do {
            place = try listen(token, signIn, watch)
        } catch {
            return switch error {
            case .tooManyOfOne: Response(status: .tooManyRequests, headers: [.retryAfter: "10"])
            case .tooManyOfAll: Response(status: .serviceUnavailable, headers: [.retryAfter: "30"])
            }
        }
        let body = ResponseBody { writer in
            defer { place.leave() }
            try await writer.write(ByteBuffer(string: ": welcome\n\n"))
            try await request.body.consumeWithInboundCloseHandler { _ in
                try await Self.send(place.changes, to: &writer)
            } onInboundClosed: {
                place.leave()
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"],
            body: body)
    }

    private static func send(_ changes: AsyncStream<Void>, to writer: inout any ResponseBodyWriter) async throws {
        let (events, event) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in changes { event.yield("event: change\ndata: .\n\n") }
                event.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: heartbeat)) != nil { event.yield(": alive\n\n") }
            }
            defer { group.cancelAll() }
            for await text in events.cancelOnGracefulShutdown() {
                try await writer.write(ByteBuffer(string: text))
            }
        }
    }
}
