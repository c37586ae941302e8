import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import WebSupport

/// The operations on recipients.
func recipientRoutes(_ database: Database, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(Recipients.list) { request in
            let (organization, page) = (request.principal.organization, try request.page())
            let kind = try request.query(.kind, "room or person") { Recipient.Kind(rawValue: $0) }
            let text = request.query(.search)
            return try await database.read { db in
                try RecipientStore.list(of: organization, kind: kind, text: text, page: page, in: db)
            }.map(Recipients.Answer.init)
        },
        Route(Recipients.show, of: "recipient") { request in
            let organization = request.principal.organization
            let recipient = try await database.read {
                try RecipientStore.find(request.place, of: organization, in: $0)
            }
            guard let recipient else { throw Problem.notFound("recipient") }
            return Recipients.Answer(recipient)
        },
        Route(Recipients.create) { request in
            let (organization, instant) = (request.principal.organization, now())
            let person = try await request.body().validated()
            return try await database.write { db in
                let connection = try person.connection ?? RecipientStore.defaultConnection(of: organization, in: db)
                guard let connection,
                    try db.first(
                        """
                        SELECT 1 FROM chat_connections WHERE id = \(connection) AND organization_id = \(organization)
                        """) != nil
                else {
                    throw Problem.invalid([
                        .init(
                            field: "connection_id", code: "unknown",
                            message: "is not a chat connection of your organization.")
                    ])
                }
                let id = try RecipientStore.person(
                    email: person.email, name: person.name ?? person.email, of: connection, now: instant, in: db)
                try RecipientStore.restore(id, name: person.name, in: db)
                guard let recipient = try RecipientStore.find(id, of: organization, in: db) else {
                    throw DatabaseError.statement("a new recipient is gone")
                }
                let answer = Recipients.Answer(recipient)
                try request.record("recipient.create", on: "recipient \(id)", after: answer, now: instant, in: db)
                return answer
            }
        },
    ]
}

extension Recipients.New {
    fileprivate func validated() throws(Problem) -> Recipients.New {
        guard EmailAddress.isFit(email)
        else { throw .invalid([.init(field: "email", code: "wrong_value", message: "must be an e-mail address.")]) }
        return self
    }
}

extension Recipients.Answer {
    fileprivate init(_ recipient: Recipient) {
        self.init(
            id: recipient.id, kind: recipient.kind, name: recipient.name,
            email: recipient.kind == .person ? recipient.address : nil,
            roomID: recipient.kind == .room ? recipient.address : nil, active: recipient.isActive,
            connection: recipient.connection)
    }
}
