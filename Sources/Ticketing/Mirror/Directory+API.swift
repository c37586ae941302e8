import Accounts
import BoundaryText
import Database
import Hummingbird
import WebSupport

/// The operations on the mirror of boards and members.
public func directoryRoutes(_ directory: Directory) -> [Route] {
    let connection = QueryParameter("connection_id", .integer, "where several connections have such boards")
    @Sendable func asked(_ request: SignedInRequest) throws(Problem) -> PSAConnection.ID? {
        try request.query("connection_id", "a connection's id") { PSAConnection.ID($0) }
    }
    return [
        Route(
            .get, "/cw/boards", .viewer, "Lists the mirrored boards", query: [connection],
            gives: .page(BoardAnswer.self)
        ) { request in
            let page = try request.page(Directory.isKey)
            let boards = try await directory.boards(of: request.principal.organization, on: asked(request), page: page)
            return .json(boards.map { BoardAnswer($0, statuses: nil) })
        },
        Route(
            .get, "/cw/boards/{id}", .viewer, "Shows a board with its statuses", query: [connection],
            gives: .one(BoardAnswer.self)
        ) { request in
            let id: Board.ID = try request.id(of: "board")
            let found = try await directory.board(id, of: request.principal.organization, on: asked(request))
            guard let (board, statuses) = found else { throw Problem.notFound("board") }
            return .json(BoardAnswer(board, statuses: statuses))
        },
        Route(.get, "/cw/members", .viewer, "Lists the mirrored members", gives: .page(MemberAnswer.self)) { request in
            let page = try request.page(Directory.isKey)
            let members = try await directory.members(of: request.principal.organization, page: page)
            return .json(members.map(MemberAnswer.init))
        },
    ]
}

private struct BoardAnswer: Codable, Sendable {
    struct Status: Codable, Sendable {
        let id: Board.Status.ID
        let name: String
        let closed: Bool
        let inactive: Bool
    }

    let id: Board.ID
    let name: String
    let inactive: Bool
    let deleted: Bool
    let statuses: [Status]?

    init(_ board: Directory.MirroredBoard, statuses: [Board.Status]?) {
        id = board.id
        name = board.name
        inactive = board.isInactive
        deleted = board.isDeleted
        self.statuses = statuses?.map {
            Status(id: $0.id, name: $0.name, closed: $0.isClosed, inactive: $0.isInactive)
        }
    }
}

struct MemberAnswer: Codable, Sendable {
    let id: Member.ID
    let identifier: String
    let name: String
    let email: String?
    let inactive: Bool

    init(_ member: Member) {
        id = member.id
        identifier = member.identifier
        name = member.name
        email = member.email
        inactive = member.isInactive
    }
}
