import API
import BoundaryText
import Foundation
import Ids
import Jobs
import Ticketing

/// Where a ticket is moved, and whether it may be.
extension Poster {
    /// Refuses a change whose status the ticket's board does not offer, before anything of it is written; nil when nothing
    /// speaks against it, or it cannot be known now.
    func refusedBeforehand(_ posts: [Post], _ work: Work) async -> JobOutcome? {
        guard posts.count > 1, posts.allSatisfy({ $0.state == .queued && $0.doubt == .none }),
            let last = posts.last, last.kind == .status, let board = work.ticket.board,
            let wanted = PostDecision.wanted(last, on: board, work.live.connection.settings.boardStatuses),
            work.ticket.status?.id != wanted.rawValue
        else { return nil }
        do {
            if try await offered(wanted, on: Board.ID(board.id), work.live) != nil { return nil }
        } catch {
            return nil
        }
        let (result, instant) = (PostDecision.notOffered(wanted, board, from: work.ticket.status), now())
        return .done { db in try PostStore.settle(last, as: result, now: instant, in: db) }
    }

    func move(_ post: Post, _ work: inout Work) async throws -> Step {
        if work.isStale, let ticket = try await work.live.provider.lookUp(work.ticket.id) {
            work.ticket = ticket
            work.isStale = false
        }
        let settings = work.live.connection.settings
        switch PostDecision.status(
            post, expected: work.request.expectedStatus, work.ticket, chosen: settings.boardStatuses)
        {
        case .settle(let result): return .settle(result)
        case .set(let wanted, let board):
            guard let status = try await offered(wanted, on: Board.ID(board.id), work.live) else {
                return .settle(PostDecision.notOffered(wanted, board, from: work.ticket.status))
            }
            return .write(status)
        }
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
                throw PSAError.undecodable("the ticket could not be read after its update: \(error)")
            }
        }
        work.ticket = moved
        guard moved.status?.id == status.id.rawValue else {
            return .failed(
                .unchanged,
                "ConnectWise accepted the status \(status.name), but the ticket is still "
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
