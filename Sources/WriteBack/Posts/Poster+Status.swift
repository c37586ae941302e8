import BoundaryText
import Foundation
import Jobs
import Ticketing

/// Where a ticket is moved, and whether it may be.
extension Poster {
    /// Refuses a change whose status the ticket's board does not offer, before anything of it is written; nil when nothing
    /// speaks against it, or it cannot be known now.
    func refusedBeforehand(_ posts: [Post], _ work: Work) async -> JobOutcome? {
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

    /// A status is seen by the ticket, and setting it twice is setting it once; so nothing is looked for.
    func move(_ post: Post, _ work: inout Work) async throws -> Step {
        if work.isStale, let ticket = try await work.live.provider.lookUp(work.ticket.id) {
            work.ticket = ticket
            work.isStale = false
        }
        guard let board = work.ticket.board, let present = work.ticket.status else {
            return .settle(
                .failed(.noStatus, "The ticket is on no board, so it has no statuses.", from: work.ticket.status))
        }
        guard let wanted = wanted(post, on: board, work.live) else {
            return .settle(.skipped("No status is chosen for the board \(board.name).", at: present))
        }
        guard present.id != wanted.rawValue else {
            // An attempt that broke off may have done it.
            return .settle(
                post.doubt != .none
                    ? .sent(record: nil, from: post.statusFrom, to: present)
                    : .skipped("The ticket is \(present.name) already.", at: present))
        }
        if let changed = Self.changedByOthers(post, work.request, present) { return .settle(changed) }
        guard let status = try await offered(wanted, on: Board.ID(board.id), work.live) else {
            return .settle(Self.noStatus(wanted, board, from: present))
        }
        return .write(status)
    }

    /// Why a status that somebody else set is not set over; nil when nobody did.
    private static func changedByOthers(
        _ post: Post, _ request: PostRequest, _ present: Ticket.Reference
    ) -> PostStore.Result? {
        if post.doubt != .none, let former = post.statusFrom, former.id != present.id {
            // Setting it again would undo what somebody did after us.
            return .failed(
                .statusChanged,
                "The ticket may have had that status already, and was moved to \(present.name) since. Look at it and decide again.",
                from: present)
        }
        guard let expected = request.expectedStatus, expected.rawValue != present.id else { return nil }
        return .failed(
            .statusChanged, "Somebody moved the ticket to \(present.name) meanwhile. Look at it and decide again.",
            fields: ["expected_status_id": "is no longer the ticket's status"], from: present)
    }

    func set(_ status: Board.Status, _ work: inout Work) async throws -> PostStore.Result {
        let present = work.ticket.status
        var moved = try await work.live.provider.setStatus(status.id, of: work.ticket)
        // ConnectWise may say yes and do nothing, so it is looked at once more before that is believed.
        if moved.status?.id != status.id.rawValue {
            do throws(PSAError) {
                moved = try await work.live.provider.lookUp(moved.id) ?? moved
            } catch {
                // It says nothing about what was set.
                throw PSAError.undecodable("the ticket could not be looked at after its change: \(error)")
            }
        }
        work.ticket = moved
        guard moved.status?.id == status.id.rawValue else {
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
        do {
            var known = try await lists.statuses(of: board, on: live).first { $0.id == id }
            // It may be newer than our copy.
            if known == nil {
                known = try await lists.statuses(of: board, on: live, refresh: true).first { $0.id == id }
            }
            return known.flatMap { $0.isInactive ? nil : $0 }
        } catch PSAError.notFound {
            return nil
        }
    }
}
