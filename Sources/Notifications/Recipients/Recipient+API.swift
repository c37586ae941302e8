import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import WebSupport

/// The operations on recipients.
func recipientRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            .get, "/webex/rooms", .viewer, "Lists rooms and people that can be told; filter by kind and text (q)",
            query: [
                QueryParameter("kind", .oneOf(Recipient.Kind.allCases.map(\.rawValue)), "only rooms or only persons"),
                QueryParameter("q", .text, "a part of name or address"),
            ], gives: .page(RecipientAnswer.self)
        ) {
            request in
            let (organization, page) = (request.principal.organization, try request.page())
            let kind = try request.query("kind", "room or person") { Recipient.Kind(rawValue: $0) }
            let text = request.query("q")
            let recipients = try await database.read { db in
                try RecipientStore.list(of: organization, kind: kind, text: text, page: page, in: db)
            }
            return .json(recipients.map(RecipientAnswer.init))
        },
        Route(.get, "/webex/rooms/{id}", .viewer, "Shows a recipient", gives: .one(RecipientAnswer.self)) { request in
            let id: Recipient.ID = try request.id(of: "recipient")
            let organization = request.principal.organization
            guard let recipient = try await database.read({ try RecipientStore.find(id, of: organization, in: $0) })
            else { throw Problem.notFound("recipient") }
            return .json(RecipientAnswer(recipient))
        },
        Route(
            .post, "/webex/rooms", .admin, "Remembers a person by e-mail, so that a rule can name him",
            takes: NewPerson.self, gives: .made(RecipientAnswer.self)
        ) { request in
            let (organization, instant) = (request.principal.organization, now())
            let person = try await request.body(NewPerson.self).validated()
            let recipient = try await database.write { db -> Recipient? in
                let connection = try person.connection ?? RecipientStore.defaultConnection(of: organization, in: db)
                guard let connection,
                    try db.first(
                        """
                        SELECT 1 FROM chat_connections WHERE id = \(connection) AND organization_id = \(organization)
                        """) != nil
                else { return nil }
                let id = try RecipientStore.person(
                    email: person.email, name: person.name ?? person.email, of: connection, now: instant, in: db)
                try RecipientStore.restore(id, name: person.name, in: db)
                let recipient = try RecipientStore.find(id, of: organization, in: db)
                try request.record(
                    "recipient.create", on: "recipient \(id)", after: recipient.map(RecipientAnswer.init), now: instant,
                    in: db)
                return recipient
            }
            guard let recipient else {
                throw Problem.invalid([
                    .init(field: "connection_id", code: "unknown", message: "is not a chat connection of yours.")
                ])
            }
            var response = Response.json(RecipientAnswer(recipient), status: .created)
            response.headers[.location] = "/api/v1/webex/rooms/\(recipient.id)"
            return response
        },
    ]
}

private struct NewPerson: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case email, name
        case connection = "connection_id"
    }

    static let lengths = ["email": EmailAddress.mostBytes, "name": 100]

    let email: String
    let name: String?
    let connection: ChatConnection.ID?

    func validated() throws(Problem) -> NewPerson {
        guard EmailAddress.isFit(email)
        else { throw .invalid([.init(field: "email", code: "wrong_value", message: "must be an e-mail address.")]) }
        return self
    }
}

private struct RecipientAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, name, email, active
        case connection = "connection_id"
        case roomID = "room_id"
    }

    let id: Recipient.ID
    let kind: Recipient.Kind
    let name: String
    let email: String?
    let roomID: String?
    let active: Bool
    let connection: ChatConnection.ID

    init(_ recipient: Recipient) {
        id = recipient.id
        kind = recipient.kind
        name = recipient.name
        email = recipient.kind == .person ? recipient.address : nil
        roomID = recipient.kind == .room ? recipient.address : nil
        active = recipient.isActive
        connection = recipient.connection
    }
}
