import API
import Accounts
import BoundaryText
import Database
import Hummingbird
import WebSupport

/// The operations on the copy of boards and members.
public func directoryRoutes(_ directory: Directory) -> [Route] {
    [
        Route(Boards.list) { request in
            let connection = try request.query(.connection, "a connection's id") { PSAConnection.ID($0) }
            return try await directory.boards(
                of: request.principal.organization, on: connection, page: request.page(Directory.isKey)
            ).map { Boards.Answer($0, statuses: nil) }
        },
        Route(Boards.show, of: "board") { request in
            let connection = try request.query(.connection, "a connection's id") { PSAConnection.ID($0) }
            let found = try await directory.board(request.place, of: request.principal.organization, on: connection)
            guard let (board, statuses) = found else { throw Problem.notFound("board") }
            return Boards.Answer(board, statuses: statuses)
        },
        Route(Members.list) { request in
            try await directory.members(of: request.principal.organization, page: request.page(Directory.isKey))
                .map(Members.Answer.init)
        },
    ]
}

extension Boards.Answer {
    fileprivate init(_ board: Directory.BoardCopy, statuses: [Board.Status]?) {
        self.init(
            id: board.id, name: board.name, inactive: board.isInactive, deleted: board.isDeleted,
            statuses: statuses?.map {
                Boards.Status(id: $0.id, name: $0.name, closed: $0.isClosed, inactive: $0.isInactive)
            })
    }
}

extension Members.Answer {
    init(_ member: Member) {
        self.init(
            id: member.id, identifier: member.identifier, name: member.name, email: member.email,
            inactive: member.isInactive)
    }
}
