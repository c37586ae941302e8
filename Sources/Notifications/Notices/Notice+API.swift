import API
import Accounts
import BoundaryText
import Database
import Foundation
import Hummingbird
import Jobs
import WebSupport

/// The operations on messages that are about no ticket.
func noticeRoutes(_ database: Database, queue: JobQueue, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            .post, "/notifiers/test", .dispatcher, "Sends a test message to one recipient", takes: TestMessage.self,
            gives: .accepted(NoticeAnswer.self)
        ) { request in
            let (principal, instant) = (request.principal, now())
            let body = try await request.body(TestMessage.self)
            let text = """
                **Test message** from Patchbay, asked for by \(MessageRenderer.line(principal.email)). \
                Messages about tickets will arrive here.
                """
            let notice = try await database.write { db -> Notice? in
                guard let recipient = try RecipientStore.find(body.recipient, of: principal.organization, in: db) else {
                    throw Problem.invalid([
                        .init(
                            field: "recipient_id", code: "unknown",
                            message: "is not a recipient. List them with GET /api/v1/recipients.")
                    ])
                }
                let (id, job) = try NoticeStore.insert(
                    .test, text, to: recipient, of: principal.organization, now: instant, in: db)
                try queue.enqueue([job], now: instant, in: db)
                try request.record("recipient.test", on: "recipient \(recipient.id)", now: instant, in: db)
                return try NoticeStore.find(id, of: principal.organization, in: db)
            }
            guard let notice else { throw Problem.notFound("notice") }
            var response = Response.json(NoticeAnswer(notice), status: .accepted)
            response.headers[.location] = "/api/v1/notifiers/notices/\(notice.id)"
            return response
        },
        Route(
            .get, "/notifiers/notices", .viewer, "Lists test messages and alarms, newest first",
            gives: .page(NoticeAnswer.self)
        ) { request in
            let (organization, page) = (request.principal.organization, try request.page())
            let notices: [Notice] = try await database.read { db in
                try db.all(
                    NoticeStore.selection + """
                         WHERE n.organization_id = \(organization) AND n.id < \(page.after?.number ?? .max)
                        ORDER BY n.id DESC LIMIT \(page.limit + 1)
                        """)
            }
            return .json(Page(notices, limit: page.limit) { "\($0.id)" }.map(NoticeAnswer.init))
        },
        Route(
            .get, "/notifiers/notices/{id}", .viewer, "Shows what became of a test message or alarm",
            gives: .one(NoticeAnswer.self)
        ) { request in
            let id: Notice.ID = try request.id(of: "notice")
            let organization = request.principal.organization
            guard let notice = try await database.read({ try NoticeStore.find(id, of: organization, in: $0) }) else {
                throw Problem.notFound("notice")
            }
            return .json(NoticeAnswer(notice))
        },
    ]
}

private struct TestMessage: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case recipient = "recipient_id"
    }

    let recipient: Recipient.ID
}

private struct NoticeAnswer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, kind, text, state, error
        case recipient = "recipient_id"
        case recipientName = "recipient_name"
        case trackingID = "tracking_id"
        case messageID = "message_id"
        case createdAt = "created_at"
        case sentAt = "sent_at"
    }

    let id: Notice.ID
    let kind: Notice.Kind
    let recipient: Recipient.ID
    let recipientName: String
    let text: String
    let state: Delivery.State
    let error: String?
    let trackingID: String?
    let messageID: String?
    let createdAt: Date
    let sentAt: Date?

    init(_ notice: Notice) {
        id = notice.id
        kind = notice.kind
        recipient = notice.recipient
        recipientName = notice.recipientName
        text = notice.text
        state = notice.state
        error = notice.error
        trackingID = notice.trackingID
        messageID = notice.messageID
        createdAt = notice.createdAt
        sentAt = notice.sentAt
    }
}
