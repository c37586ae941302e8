import API
import BoundaryText
import Foundation
import Ids
import Ticketing

/// What is decided between the calls of a post. Pure: what is stored and what was found or answered goes in, what to do next
/// comes out. ``Poster`` does it.
enum PostDecision {
    /// After which time a request that was not written is given up.
    static let dayToTry: TimeInterval = 86_400
    /// How long the ticketing system may go on with a call that it did not answer: ours begin within 10 s of their record
    /// and, where the calls are counted, 10 s more, and end after 20 s.
    static let slowness: TimeInterval = 60
    /// How long after its record a call may begin.
    static let promptness: TimeInterval = 10

    // MARK: Before a call

    /// What to do about a note or an entry of time.
    enum Step: Sendable, Equatable {
        /// An earlier attempt may have written it: it is looked for.
        case look
        /// It is there, or cannot be.
        case settle(PostStore.Result)
        /// What is not there yet may still come; to write now would be to write twice.
        case wait(Duration)
        /// It is written.
        case write
    }

    /// What comes first.
    static func first(_ post: Post) -> Step { post.doubt == .none ? .write : .look }

    /// What follows from the look.
    /// - Parameter found: what was found of it, and no other post calls its own.
    static func afterLook(_ post: Post, found: String?, now: Date) -> Step {
        if let found { return .settle(.sent(record: found)) }
        guard post.doubt == .unanswered, let tried = post.triedAt else { return .write }
        let left = tried.addingTimeInterval(slowness).timeIntervalSince(now)
        return left > 0 ? .wait(.seconds(left)) : .write
    }

    /// Whether the call can still be made. Who was held up after the record may be overtaken by another worker, which waits
    /// only as long as a call may take.
    static func isPrompt(_ begun: Post, now: Date) -> Bool {
        begun.triedAt.map { now.timeIntervalSince($0) < promptness } ?? true
    }

    // MARK: A status

    /// What to do about a status.
    enum StatusStep: Sendable, Equatable {
        /// It is so, or cannot be.
        case settle(PostStore.Result)
        /// It is set, if the board offers it.
        case set(Board.Status.ID, on: Ticket.Reference)
    }

    /// A status is seen by the ticket, and setting it twice is setting it once; so nothing is looked for.
    /// - Parameters:
    ///   - expected: the status that the ticket has to have.
    ///   - ticket: as it is now.
    ///   - chosen: what the connection's settings name for each board.
    static func status(
        _ post: Post, expected: Board.Status.ID?, _ ticket: Ticket, chosen: [String: PSASettings.Choice]
    ) -> StatusStep {
        guard let board = ticket.board, let present = ticket.status else {
            return .settle(
                .failed(.noStatus, "The ticket is not on a board, so it has no statuses.", from: ticket.status))
        }
        guard let wanted = wanted(post, on: board, chosen) else {
            return .settle(.skipped("The board \(board.name) has no default status.", at: present))
        }
        guard present.id != wanted.rawValue else {
            // An attempt that broke off may have done it.
            return .settle(
                post.doubt != .none
                    ? .sent(record: nil, from: post.statusFrom, to: present)
                    : .skipped("The ticket is already \(present.name).", at: present))
        }
        if let changed = changedByOthers(post, expected, present) { return .settle(changed) }
        return .set(wanted, on: board)
    }

    /// The requested status; nil if none is configured for the board.
    static func wanted(
        _ post: Post, on board: Ticket.Reference, _ chosen: [String: PSASettings.Choice]
    ) -> Board.Status.ID? {
        post.status ?? chosen[board.id].map { .init($0.id) }
    }

    /// What becomes of a status that the board does not offer.
    static func notOffered(
        _ status: Board.Status.ID, _ board: Ticket.Reference, from present: Ticket.Reference?
    ) -> PostStore.Result {
        .failed(
            .noStatus, "The board \(board.name) has no status \(status).",
            fields: ["status_id": "is not a status of the board \(board.name)"], from: present)
    }

    /// Why a status set by someone else is not overwritten; nil if no one set one.
    private static func changedByOthers(
        _ post: Post, _ expected: Board.Status.ID?, _ present: Ticket.Reference
    ) -> PostStore.Result? {
        if post.doubt != .none, let former = post.statusFrom, former.id != present.id {
            // Setting it again would undo a later change by someone else.
            return .failed(
                .statusChanged,
                "The ticket may already have had that status, and was moved to \(present.name) since. Check the ticket and decide again.",
                from: present)
        }
        guard let expected, expected.rawValue != present.id else { return nil }
        return .failed(
            .statusChanged, "Someone else moved the ticket to \(present.name). Check the ticket and decide again.",
            fields: ["expected_status_id": "is no longer the ticket's status"], from: present)
    }

    // MARK: After a failure

    /// What follows from a failed call.
    enum Consequence: Sendable, Equatable {
        /// This post is refused for good. `needsRoles`: the work roles with which it would be accepted are of use.
        case refuse(Post.Fault, String, fields: [String: String], needsRoles: Bool)
        /// Nothing of the request can be written: the API member lacks a right that comes before all.
        case giveUp(Post.Fault)
        /// Perhaps the ticketing system refuses everything: then all of the connection waits.
        case askConnection
        /// All of the connection waits for a time.
        case pause(Duration)
        /// It is tried again later.
        case later
    }

    /// What follows from a failure.
    /// - Parameter isWritten: whether it was the write that failed. What goes wrong while looking says nothing about it.
    static func consequence(of error: PSAError, _ kind: Post.Kind, isWritten: Bool) -> Consequence {
        switch error {
        case .rejected(let why, let fields) where isWritten:
            .refuse(.rejected, why, fields: fields, needsRoles: kind == .time && fields["work_role_id"] != nil)
        case .permission where isWritten:
            .refuse(.permission, error.description, fields: [:], needsRoles: false)
        case .notFound(let what) where isWritten:
            .refuse(.noTicket, "Not found in ConnectWise: \(what)", fields: [:], needsRoles: false)
        case .permission: .giveUp(.permission)
        case .authentication, .notAllowed, .unusable: .askConnection
        case .rateLimited(let wait), .held(_, let wait): .pause(max(wait, .seconds(1)))
        case .server, .timeOut, .connection, .certificate, .rejected, .undecodable, .notFound: .later
        }
    }

    /// How much longer a request is tried whose schedule is used up: at its end now and then until the day is over.
    static func pauseAfterSchedule(_ last: Duration?, createdAt: Date, now: Date) -> Duration {
        let left = max(1, dayToTry - now.timeIntervalSince(createdAt))
        return min(last ?? .seconds(3_600), .seconds(left))
    }

    /// Whether a person has to decide: after a day, not before, however often it was retried by hand.
    static func isOver(createdAt: Date, now: Date) -> Bool { now.timeIntervalSince(createdAt) >= dayToTry }
}
