import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import WebSupport

/// The operations on messages that are about no ticket.
func noticeRoutes(_ database: Database, queue: JobQueue, now: @escaping @Sendable () -> Date) -> [Route] {
    [
        Route(
            Notices.test,
            respond: { request in
                let (principal, instant) = (request.principal, now())
                let body = try await request.body()
                let text = """
                    **Test message** from Patchbay, requested by \(MessageRenderer.line(principal.email)). \
                    Messages about tickets will arrive here.
                    """
                let notice = try await database.write { db -> Notice? in
                    let found = try RecipientStore.find(body.recipient, of: principal.organization, in: db)
                    guard let recipient = found else {
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
                var response = Response.json(Notices.Answer(notice), status: .accepted)
                response.headers[.location] = "/api/v1" + Notices.show(notice.id).path
                return response
            }),
        Route(Notices.list) { request in
            let (organization, page) = (request.principal.organization, try request.page())
            let notices: [Notice] = try await database.read { db in
                try db.all(
                    NoticeStore.selection + """
                         WHERE n.organization_id = \(organization) AND n.id < \(page.after?.number ?? .max)
                        ORDER BY n.id DESC LIMIT \(page.limit + 1)
                        """)
            }
            return Page(notices, limit: page.limit) { "\($0.id)" }.map(Notices.Answer.init)
        },
        Route(Notices.show, of: "notice") { request in
            let (id, organization) = (request.place, request.principal.organization)
            guard let notice = try await database.read({ try NoticeStore.find(id, of: organization, in: $0) }) else {
                throw Problem.notFound("notice")
            }
            return Notices.Answer(notice)
        },
    ]
}

extension Notices.Answer {
    fileprivate init(_ notice: Notice) {
        self.init(
            id: notice.id, kind: notice.kind, recipient: notice.recipient, recipientName: notice.recipientName,
            text: notice.text, state: notice.state, error: notice.error, trackingID: notice.trackingID,
            messageID: notice.messageID, createdAt: notice.createdAt, sentAt: notice.sentAt)
    }
}
