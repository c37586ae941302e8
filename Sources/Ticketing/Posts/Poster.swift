import Accounts
import Database
import Foundation
import Jobs

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
    /// See ``RetrySchedule/write``.
    public let schedule = RetrySchedule.write
    /// After which time a request that waits for its connection is given up.
    private static let patience: TimeInterval = 86_400
    /// How long the ticketing system may go on with a call that it did not answer. Ours end after 20 s.
    private static let slowness: TimeInterval = 60

    private let database: Database
    private let connections: PSAConnections
    private let lists: PSALists
    private let now: @Sendable () -> Date

    /// - Parameter now: the wall clock.
    public init(
        database: Database, connections: PSAConnections, lists: PSALists,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
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
            laneGroup: PSAConnection.postGroup(connection), runAt: now.addingTimeInterval(-3_600))
    }

    /// One request at work.
    private struct Work {
        let request: PostRequest
        let live: LiveConnection
        let job: ClaimedJob
        var ticket: Ticket
    }

    /// See ``JobHandler``.
    public func run(_ payload: Payload, of job: ClaimedJob) async -> JobOutcome {
        let id = payload.request
        do {
            let stored = try await database.read { db in
                try PostStore.request(id, in: db).map {
                    ($0, try FeatureFlags.isOn(.connectWise, for: $0.request.organization, in: db))
                }
            }
            guard let ((request, posts), isOn) = stored, let first = posts.first(where: { $0.state == .queued }) else {
                return .done()
            }
            guard isOn else { return whileSwitchedOff(first, job) }
            guard let connection = request.connection, let live = try await connections.live(connection) else {
                return .done(failing(id, .noConnection, "The connection to the ticketing system was removed."))
            }
            guard live.connection.isActive else {
                return later(
                    "The connection to the ticketing system is switched off.", id, job,
                    delay(first, "The connection to the ticketing system is switched off.", doubt: nil))
            }
            do throws(PSAError) {
                guard let ticket = try await live.provider.lookUp(request.ticket), Self.mayWrite(request, to: ticket)
                else {
                    return .done(
                        failing(id, .noTicket, "There is no ticket \(request.ticket) in the ticketing system."))
                }
                let work = Work(request: request, live: live, job: job, ticket: ticket)
                if let refusal = await refusedBeforehand(posts, work) { return refusal }
                return await post(posts, work)
            } catch {
                return outcome(of: error, first, doubt: nil, request, live, job)
            }
        } catch {
            return later("\(error)", id, job)
        }
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
                let result: PostStore.Result
                do {
                    if let found = try await found(post, work) {
                        result = found
                    } else if let wait = timeToEnd(post) {
                        // What is not there yet may still come; to write now would be to write twice.
                        return .wait(post.error ?? "The ticketing system did not answer.", for: wait)
                    } else {
                        // Where the job was lost, another worker goes on from what is stored.
                        guard let begun = try await begin(post, work) else { return .done() }
                        hasBegun = true
                        result = try await write(begun, before: post, &work)
                    }
                } catch let error as PSAError {
                    // What went wrong while looking says nothing about the write, which stays as uncertain as it was.
                    guard hasBegun, let refusal = await refusal(error, of: post, work) else {
                        return outcome(
                            of: error, post, doubt: hasBegun ? error.doubt : nil, work.request, work.live,
                            work.job)
                    }
                    result = refusal
                }
                guard try await settle(post, result, work.job) else { return .done() }
                if case .failed = result { return .done() }
            } catch {
                return later("\(error)", work.request.id, work.job)
            }
        }
        return .done()
    }

    /// How long the ticketing system may still be writing what it did not answer; nil when it is not. A status is seen by the
    /// ticket, and setting it twice is setting it once.
    private func timeToEnd(_ post: Post) -> Duration? {
        guard post.kind != .status, post.doubt == .unanswered, let tried = post.triedAt else { return nil }
        let left = tried.addingTimeInterval(Self.slowness).timeIntervalSince(now())
        return left > 0 ? .seconds(left) : nil
    }

    /// What an earlier attempt wrote without our knowing; nil when nothing is found.
    private func found(_ post: Post, _ work: Work) async throws -> PostStore.Result? {
        guard post.doubt != .none else { return nil }
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
        return candidates.first { !recorded.contains($0) }.map { .sent(record: $0) }
    }

    /// - Parameter before: the same, as earlier attempts left it.
    private func write(_ post: Post, before: Post, _ work: inout Work) async throws -> PostStore.Result {
        switch post.kind {
        case .note:
            guard let note = post.note else { return .failed(.rejected, "The note has no text.") }
            return .sent(record: try await work.live.provider.post(note, on: work.ticket))
        case .time:
            guard let time = post.time else { return .failed(.rejected, "The time has no length.") }
            return .sent(record: try await work.live.provider.log(time, on: work.ticket))
        case .status: return try await move(post, before: before, &work)
        }
    }

    // MARK: Status

    /// Refuses a change whose status the ticket's board does not offer, before anything of it is written; nil when nothing
    /// speaks against it, or it cannot be known now.
    private func refusedBeforehand(_ posts: [Post], _ work: Work) async -> JobOutcome? {
        guard posts.count > 1, posts.allSatisfy({ $0.state == .queued && $0.doubt == .none }),
            let last = posts.last, last.kind == .status, let board = work.ticket.board,
            let wanted = wanted(last, on: board, work.live), work.ticket.status?.id != wanted.rawValue
        else { return nil }
        do {
            if try await offered(wanted, on: Board.ID(board.id), work.live) != nil { return nil }
        } catch {
            return nil
        }
        let (result, instant) = (Self.noStatus(wanted, board, from: work.ticket.status), now())
        return .done { db in try PostStore.settle(last, as: result, now: instant, in: db) }
    }

    private func wanted(
        _ post: Post, on board: Ticket.Reference, _ live: LiveConnection
    ) -> Board.Status.ID? {
        post.status ?? live.connection.settings.boardStatuses[board.id].map { .init($0.id) }
    }

    private static func noStatus(
        _ status: Board.Status.ID, _ board: Ticket.Reference, from present: Ticket.Reference?
    ) -> PostStore.Result {
        .failed(
            .noStatus, "The board \(board.name) does not offer the status \(status).",
            fields: ["status_id": "is not a status of the board \(board.name)"], from: present)
    }

    private func move(_ post: Post, before: Post, _ work: inout Work) async throws -> PostStore.Result {
        let ticket = work.ticket
        guard let board = ticket.board, let present = ticket.status else {
            return .failed(.noStatus, "The ticket is on no board, so it has no statuses.", from: ticket.status)
        }
        guard let wanted = wanted(post, on: board, work.live) else {
            return .skipped("No status is chosen for the board \(board.name).", at: present)
        }
        guard present.id != wanted.rawValue else {
            // An attempt that broke off may have done it.
            return before.doubt != .none
                ? .sent(record: nil, from: before.statusFrom, to: present)
                : .skipped("The ticket is \(present.name) already.", at: present)
        }
        if before.doubt != .none, let former = before.statusFrom, former.id != present.id {
            // Setting it again would undo what somebody did after us.
            return .failed(
                .statusChanged,
                "The ticket may have had that status already, and was moved to \(present.name) since. Look at it and decide again.",
                from: present)
        }
        if let expected = work.request.expectedStatus, expected.rawValue != present.id {
            return .failed(
                .statusChanged, "Somebody moved the ticket to \(present.name) meanwhile. Look at it and decide again.",
                fields: ["expected_status_id": "is no longer the ticket's status"], from: present)
        }
        guard let status = try await offered(wanted, on: Board.ID(board.id), work.live) else {
            return Self.noStatus(wanted, board, from: present)
        }
        var moved = try await work.live.provider.setStatus(wanted, of: ticket)
        // ConnectWise may say yes and do nothing, so it is looked at once more before that is believed.
        if moved.status?.id != wanted.rawValue { moved = try await work.live.provider.lookUp(ticket.id) ?? moved }
        work.ticket = moved
        guard moved.status?.id == wanted.rawValue else {
            return .failed(
                .unchanged,
                "The ticketing system accepted the status \(status.name), but the ticket is still "
                    + "\(moved.status?.name ?? "as it was").", from: present)
        }
        return .sent(record: nil, from: present, to: moved.status)
    }

    /// A status of the board that a ticket may be moved to; nil when there is none of this id.
    private func offered(
        _ id: Board.Status.ID, on board: Board.ID, _ live: LiveConnection
    ) async throws -> Board.Status? {
        var known = try await lists.statuses(of: board, on: live).first { $0.id == id }
        // It may be newer than our copy.
        if known == nil { known = try await lists.statuses(of: board, on: live, refresh: true).first { $0.id == id } }
        return known.flatMap { $0.isInactive ? nil : $0 }
    }

    // MARK: What becomes of it

    /// What the ticketing system refuses for good; nil when it may accept it later.
    private func refusal(_ error: PSAError, of post: Post, _ work: Work) async -> PostStore.Result? {
        switch error {
        case .rejected(let why, let fields):
            var roles: [WorkRole] = []
            if post.kind == .time, fields["work_role_id"] != nil {
                roles = (try? await work.live.provider.workRoles(validOn: work.ticket)) ?? []
            }
            let hint = roles.isEmpty ? "" : " Possible are: \(roles.map(\.name).joined(separator: ", "))."
            return .failed(.rejected, why + hint, fields: fields, roles: roles)
        case .permission: return .failed(.permission, error.description)
        case .notFound(let what): return .failed(.noTicket, "The ticketing system does not have it: \(what)")
        case .authentication, .rateLimited, .held, .server, .timeOut, .connection, .certificate, .notAllowed,
            .undecodable:
            return nil
        }
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

    /// Has the job run again later; after a day a person decides, and not before, however often somebody hurried it.
    private func later(
        _ reason: String, _ request: PostRequest.ID, _ job: ClaimedJob, _ effect: JobEffect? = nil
    ) -> JobOutcome {
        let left = Self.patience - now().timeIntervalSince(job.createdAt)
        guard left > 0 else { return .done(failing(request, .gaveUp, "Given up after a day: \(reason)")) }
        guard job.failures < schedule.delays.count else {
            return .wait(reason, for: min(schedule.delays.last ?? .hours(1), .seconds(left)), effect: effect)
        }
        return .retry(reason, effect: effect)
    }

    /// Who switches it off wants nothing written; what was stored is written when it is on again.
    private func whileSwitchedOff(_ post: Post, _ job: ClaimedJob) -> JobOutcome {
        let reason = "The connection to ConnectWise is switched off for the organization."
        guard now().timeIntervalSince(job.createdAt) < Self.patience else {
            return .done(failing(post.request, .gaveUp, "Given up after a day: \(reason)"))
        }
        return .pause(reason, for: .minutes(1), effect: delay(post, reason, doubt: nil))
    }

    private func delay(_ post: Post, _ reason: String, doubt: Post.Doubt?) -> JobEffect {
        let instant = now()
        return { db in
            try PostStore.delay(post.id, because: reason, doubt: doubt, now: instant, in: db)
        }
    }

    private func outcome(
        of error: PSAError, _ post: Post, doubt: Post.Doubt?, _ request: PostRequest, _ live: LiveConnection,
        _ job: ClaimedJob
    ) -> JobOutcome {
        let (reason, delay) = (error.description, delay(post, error.description, doubt: doubt))
        guard now().timeIntervalSince(job.createdAt) < Self.patience else {
            return .done(failing(request.id, .gaveUp, "Given up after a day: \(reason)"))
        }
        switch error {
        case .authentication, .notAllowed:
            let connection = live.connection.id
            return .pause(reason, for: .minutes(5)) { db in
                try delay(db)
                try PSAConnections.record(.paused, reason: reason, of: connection, in: db)
            }
        case .rateLimited(let wait), .held(_, let wait):
            return .pause(reason, for: max(wait, .seconds(1)), effect: delay)
        case .permission: return .done(failing(request.id, .permission, reason))
        case .server, .timeOut, .connection, .certificate, .rejected, .undecodable, .notFound:
            return later(reason, request.id, job, delay)
        }
    }
}
