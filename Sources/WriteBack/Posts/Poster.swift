import API
import Accounts
import BoundaryText
import Database
import Foundation
import Jobs
import Outbound
import Ticketing

/// The job that writes to a ticket what a request asks for, one after the other.
///
/// Before each call it is noted that the write may have happened, and afterwards what became of it. So whatever ends the
/// server or the connection in between, the next attempt first looks in the ticketing system whether it did.
public struct Poster: JobHandler {
    /// Which request.
    public struct Payload: Codable, Sendable {
        let request: PostRequest.ID
    }

    /// Stored; never renamed.
    public static let kind = JobKind(rawValue: "post_to_ticket")
    /// See ``PostTiming``.
    public let schedule: RetrySchedule
    /// How long work that has begun waits for a further call of a small budget: there is one each minute.
    private static let patience: Duration = .seconds(90)

    private let database: Database
    private let connections: PSAConnections
    let lists: PSALists
    let now: @Sendable () -> Date

    /// - Parameters:
    ///   - schedule: how attempts are spread over a day.
    ///   - now: the wall clock.
    public init(
        database: Database, connections: PSAConnections, lists: PSALists, schedule: RetrySchedule = .write,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.schedule = schedule
        self.database = database
        self.connections = connections
        self.lists = lists
        self.now = now
    }

    /// The job of a request. People wait for it, so it goes before what was due earlier.
    static func job(
        _ request: PostRequest.ID, to ticket: Ticket.ID, of connection: PSAConnection.ID, now: Date
    ) throws -> NewJob {
        try job(
            Payload(request: request), lane: PostRequest.lane(connection, ticket),
            laneGroup: PSAConnection.postGroup(connection), priority: .prompt, runAt: now)
    }

    /// One request at work.
    struct Work {
        let request: PostRequest
        let live: LiveConnection
        let job: ClaimedJob
        var ticket: Ticket
        /// Whether the ticket may have changed since it was read, by this attempt or by others.
        var isStale = false
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        let outcome = await attempt(payload.request, job)
        guard let reason = outcome.waitsBecause, PostDecision.isOver(createdAt: job.createdAt, now: now()) else {
            return outcome
        }
        return .done(failing(payload.request, .gaveUp, "Gave up after 24 hours: \(reason)"))
    }

    private func attempt(_ id: PostRequest.ID, _ job: ClaimedJob) async -> JobOutcome {
        do {
            let stored = try await database.read { db in
                try PostStore.request(id, in: db).map {
                    ($0, try FeatureFlagStore.isOn(.connectWise, for: $0.request.organization, in: db))
                }
            }
            guard let ((request, posts), isOn) = stored, let first = posts.first(where: { $0.state == .queued }) else {
                return .done()
            }
            guard isOn else { return whileOff(Self.switchedOff, first) }
            guard let connection = request.connection, let live = try await connections.live(connection) else {
                return .done(failing(id, .noConnection, "The PSA connection was deleted."))
            }
            guard live.connection.isActive else {
                return whileOff("The PSA connection is disabled.", first)
            }
            do {
                return try await live.provider.withCalls(Self.calls(for: posts), .writing) {
                    try await begin(posts, of: request, live, job)
                }
            } catch let error as PSAError {
                return await outcome(of: error, first, doubt: nil, live, job)
            }
        } catch {
            return later("\(error)", job)
        }
    }

    /// What a request needs: a look at the ticket, a call for each post, looks for those that may be there already, and the
    /// looks before and after a status.
    private static func calls(for posts: [Post]) -> Int {
        let queued = posts.filter { $0.state == .queued }
        return 1 + queued.count + queued.count { $0.doubt != .none } + 3 * queued.count { $0.kind == .status }
    }

    private func begin(
        _ posts: [Post], of request: PostRequest, _ live: LiveConnection, _ job: ClaimedJob
    ) async throws -> JobOutcome {
        guard let ticket = try await live.provider.ticketToWrite(request.ticket), Self.mayWrite(request, to: ticket)
        else {
            return .done(
                failing(request.id, .noTicket, "Ticket \(request.ticket) does not exist in ConnectWise."))
        }
        let work = Work(request: request, live: live, job: job, ticket: ticket)
        if let refusal = await refusedBeforehand(posts, work) { return refusal }
        return await post(posts, work)
    }

    /// Who works for some customers only must not reach another one's ticket by its number.
    private static func mayWrite(_ request: PostRequest, to ticket: Ticket) -> Bool {
        guard let companies = request.companies else { return true }
        return ticket.company.map { company in companies.contains { $0.rawValue == company.id } } ?? false
    }

    private func post(_ posts: [Post], _ work: Work) async -> JobOutcome {
        var work = work
        for post in posts where post.state == .queued {
            var hasBegun = false
            do {
                if work.isStale, try await !isOn(work.request) { return whileOff(Self.switchedOff, post) }
                let result: PostStore.Result
                do {
                    switch try await step(post, &work) {
                    case .settle(let known): result = known
                    case .wait(let time):
                        return .wait(post.error ?? "ConnectWise did not respond.", for: time) { db in
                            db.signal(.posts)
                        }
                    case .write(let status):
                        // Before it is noted that the write may have happened: the call has to follow at once.
                        try await work.live.provider.ensureCall(patience: Self.patience)
                        // Where the job was lost, another worker goes on from what is stored.
                        guard let begun = try await begin(post, work) else { return .done() }
                        hasBegun = true
                        guard PostDecision.isPrompt(begun, now: now()) else {
                            return later("The server was interrupted before the call.", work.job)
                        }
                        result = try await write(begun, status, &work)
                    }
                } catch let error as PSAError {
                    // What went wrong while looking says nothing about the write, which stays as uncertain as it was.
                    guard hasBegun, let refusal = await refusal(error, of: post, work) else {
                        return await outcome(of: error, post, doubt: hasBegun ? error.doubt : nil, work.live, work.job)
                    }
                    result = refusal
                }
                guard try await settle(post, result, work.job) else { return .done() }
                if case .failed = result { return .done() }
                work.isStale = true
            } catch {
                return later("\(error)", work.job)
            }
        }
        return .done()
    }

    /// What to do about a post.
    enum Step {
        /// It is there, or cannot be.
        case settle(PostStore.Result)
        /// What is not there yet may still come; to write now would be to write twice.
        case wait(Duration)
        /// Write it; a status with how it is called.
        case write(Board.Status?)
    }

    private func step(_ post: Post, _ work: inout Work) async throws -> Step {
        if post.kind == .status { return try await move(post, &work) }
        var step = PostDecision.first(post)
        if step == .look {
            step = PostDecision.afterLook(post, found: try await found(post, work), now: now())
        }
        switch step {
        case .settle(let result): return .settle(result)
        case .wait(let time): return .wait(time)
        case .write, .look: return .write(nil)
        }
    }

    /// What an earlier attempt wrote without our knowing; nil when nothing is found.
    private func found(_ post: Post, _ work: Work) async throws -> String? {
        let candidates: [String] =
            switch post.kind {
            case .note:
                if let note = post.note {
                    try await work.live.provider.find(note, on: work.ticket, since: post.createdAt)
                } else {
                    []
                }
            case .time:
                if let time = post.time { try await work.live.provider.find(time, on: work.ticket) } else { [] }
            // Seen by the ticket itself.
            case .status: []
            }
        guard !candidates.isEmpty else { return nil }
        // The same note written twice is two notes alike.
        let recorded = try await database.read { db in
            try PostStore.recorded(candidates, post.kind, on: post.ticket, work.request.organization, in: db)
        }
        return candidates.first { !recorded.contains($0) }
    }

    private func write(_ post: Post, _ status: Board.Status?, _ work: inout Work) async throws -> PostStore.Result {
        switch post.kind {
        case .note:
            guard let note = post.note else { return .failed(.rejected, "The note has no text.") }
            return .sent(record: try await work.live.provider.post(note, on: work.ticket))
        case .time:
            guard let time = post.time else { return .failed(.rejected, "The time has no length.") }
            return .sent(record: try await work.live.provider.log(time, on: work.ticket))
        case .status:
            guard let status else { return .failed(.noStatus, "The status is unknown.") }
            return try await set(status, &work)
        }
    }

    // MARK: What becomes of it

    /// What the ticketing system refuses for good; nil when it may accept it later.
    private func refusal(_ error: PSAError, of post: Post, _ work: Work) async -> PostStore.Result? {
        guard
            case .refuse(let fault, let why, let fields, let needsRoles) = PostDecision.consequence(
                of: error, post.kind, isWritten: true)
        else { return nil }
        let roles = needsRoles ? (try? await work.live.provider.workRoles(validOn: work.ticket)) ?? [] : []
        let hint = roles.isEmpty ? "" : " Allowed: \(roles.map(\.name).joined(separator: ", "))."
        return .failed(fault, why + hint, fields: fields, roles: roles)
    }

    private func begin(_ post: Post, _ work: Work) async throws -> Post? {
        let instant = now()
        return try await database.write { db in
            guard try work.job.isHeld(in: db) else { return nil }
            return try PostStore.begin(
                post.id, from: post.kind == .status ? work.ticket.status : nil, now: instant, in: db)
        }
    }

    /// Records what became of a post, as long as the job is this worker's.
    /// - Returns: false when it was lost.
    private func settle(_ post: Post, _ result: PostStore.Result, _ job: ClaimedJob) async throws -> Bool {
        let instant = now()
        return try await database.write { db in
            guard try job.isHeld(in: db) else { return false }
            try PostStore.settle(post, as: result, now: instant, in: db)
            return true
        }
    }

    private func failing(_ request: PostRequest.ID, _ fault: Post.Fault, _ reason: String) -> JobEffect {
        let instant = now()
        return { db in try PostStore.failRest(of: request, fault, reason, now: instant, in: db) }
    }

    private static let switchedOff = "ConnectWise is disabled for the organization."

    private func isOn(_ request: PostRequest) async throws -> Bool {
        try await database.read { try FeatureFlagStore.isOn(.connectWise, for: request.organization, in: $0) }
    }

    /// Who switches something off wants nothing written; what was stored is written when it is on again.
    private func whileOff(_ reason: String, _ post: Post) -> JobOutcome {
        .wait(reason, for: .minutes(1), effect: delay(post, reason, doubt: nil))
    }

    /// Has the job run again later: by the schedule, and at its end now and then until the day is over.
    private func later(_ reason: String, _ job: ClaimedJob, _ effect: JobEffect? = nil) -> JobOutcome {
        guard job.failures >= schedule.delays.count else { return .retry(reason, effect: effect) }
        let pause = PostDecision.pauseAfterSchedule(schedule.delays.last, createdAt: job.createdAt, now: now())
        return .wait(reason, for: pause, effect: effect)
    }

    private func delay(_ post: Post, _ reason: String, doubt: Post.Doubt?) -> JobEffect {
        let instant = now()
        return { db in
            try PostStore.delay(post.id, because: reason, doubt: doubt, now: instant, in: db)
        }
    }

    private func outcome(
        of error: PSAError, _ post: Post, doubt: Post.Doubt?, _ live: LiveConnection, _ job: ClaimedJob
    ) async -> JobOutcome {
        let (reason, delay) = (error.description, delay(post, error.description, doubt: doubt))
        switch PostDecision.consequence(of: error, post.kind, isWritten: false) {
        case .askConnection:
            guard case .pause(let why, let time, let paused) = await connections.outcome(of: error, on: live) else {
                return later(reason, job, delay)
            }
            return .pause(why, for: time) { db in
                try delay(db)
                try paused?(db)
            }
        case .pause(let time): return .pause(reason, for: time, effect: delay)
        case .giveUp(let fault): return .done(failing(post.request, fault, reason))
        case .refuse, .later: return later(reason, job, delay)
        }
    }
}

extension JobOutcome {
    /// Why the job is to run again; nil when it is not.
    fileprivate var waitsBecause: String? {
        switch self {
        case .retry(let reason, _, _, _, _), .pause(let reason, _, _), .wait(let reason, _, _): reason
        case .done, .followed, .found, .fail: nil
        }
    }
}
