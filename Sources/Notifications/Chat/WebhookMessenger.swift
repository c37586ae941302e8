import API
import BoundaryText
import Foundation
import Jobs
import Outbound
import StandardWebhooks
import Ticketing
import WebSupport

/// Any program as a ``Messenger``, by signed webhooks (Standard Webhooks). Its endpoint is its only room.
///
/// A message that may have been taken already is sent again under the same id; the receiver drops the repetition.
public struct WebhookMessenger: Messenger {
    /// The address of the only room.
    static let room = "endpoint"

    private let client: WebhookClient
    private let url: String
    private let secret: WebhookSecret?
    private let previous: (secret: WebhookSecret, until: Date)?
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - client: calls the endpoint.
    ///   - now: the wall clock.
    public init(client: WebhookClient, target: ChatTarget, now: @escaping @Sendable () -> Date = { Date() }) {
        self.client = client
        self.now = now
        url = target.url
        secret = WebhookSecret(target.token)
        previous = target.previous.flatMap { previous in
            WebhookSecret(previous.token).map { ($0, previous.until) }
        }
    }

    /// No limit is known; more than anybody wants to read.
    public let longestMessage = 64_000
    /// See ``RetrySchedule/webhook``.
    public let retries = RetrySchedule.webhook
    /// The specification advises to give up at some time and to tell the owner.
    public let disabledAfter: Duration? = .hours(120)

    // The path is a secret of many receivers, and this is shown to everybody.
    private var host: String { WebAddress(url)?.authority ?? "endpoint" }

    /// See ``Messenger``: the endpoint has to take a signed event of type `patchbay.test`.
    public func identity() async throws(MessengerError) -> BotIdentity {
        let event = Event(
            type: "patchbay.test", timestamp: now(), data: .init(text: "Patchbay can reach this endpoint."))
        try await post(event, id: "test_\(UInt64.random(in: 0...UInt64.max))")
        return BotIdentity(name: host, email: nil)
    }

    /// See ``Messenger``.
    public func send(
        _ message: ChatMessage, to address: ChatAddress, under parent: String?
    ) async throws(MessengerError) -> String {
        try await post(Event(message, at: now()), id: message.id)
        return message.id
    }

    /// See ``Messenger``.
    public func find(
        _ markdown: String, sentTo person: String, since: Date
    ) async throws(MessengerError) -> [String] { [] }

    /// See ``Messenger``.
    public func rooms() async throws(MessengerError) -> [ChatRoom] {
        [ChatRoom(id: Self.room, title: host)]
    }

    /// See ``Messenger``.
    public func accounts(email: String) async throws(MessengerError) -> [ChatAccount]? { nil }

    private func post(_ event: Event, id: String) async throws(MessengerError) {
        guard let secret, let body = try? APIJSON.encode(event) else {
            throw .authentication("The endpoint's secret is not a webhook secret; change it")
        }
        let instant = now()
        let secrets = [secret] + (previous.map { $0.until > instant ? [$0.secret] : [] } ?? [])
        do throws(WebhookError) {
            try await client.send(body, id: id, at: instant, secrets: secrets)
        } catch {
            throw MessengerError(error)
        }
    }
}

extension MessengerError {
    init(_ error: WebhookError) {
        self =
            switch error {
            case .gone: .gone(error.message)
            case .wait(_, let wait): .wait(error.message, wait)
            // Also 4xx: the endpoint's owner may mend it, and the ladder ends some day.
            case .answered: .failed(error.message, trackingID: nil, maybeSent: false)
            case .unreachable(_, let maybeSent): .failed(error.message, trackingID: nil, maybeSent: maybeSent)
            case .refused: .notAllowed(error.message)
            }
    }
}

/// The body: `{"type": "ticket.note_added", "timestamp": …, "data": {…}}`.
private struct Event: Encodable {
    let type: String
    let timestamp: Date
    let data: Content

    struct Content: Encodable {
        enum CodingKeys: String, CodingKey {
            case link, summary, board, company, contact, status, member, from, to, note, text
            case ticket = "ticket_id"
            case updatedBy = "updated_by"
            case forwardedFrom = "forwarded_from"
        }

        struct Note: Encodable {
            let author: String?
            let text: String
            let `internal`: Bool
        }

        var ticket: Ticket.ID?
        var link: String?
        var summary: String?
        var board: String?
        var company: String?
        var contact: String?
        var status: String?
        var member: String?
        var from: String?
        var to: String?
        var updatedBy: String?
        var note: Note?
        var forwardedFrom: [String]?
        /// The message as people get it, in Markdown.
        var text: String
    }

    init(type: String, timestamp: Date, data: Content) {
        self.type = type
        self.timestamp = timestamp
        self.data = data
    }

    init(_ message: ChatMessage, at instant: Date) {
        timestamp = instant
        switch message.content {
        case .notice(let kind):
            type = "patchbay.\(kind.rawValue)"
            data = Content(text: message.markdown)
        case .event(let event, let ticket, let link, let forwardedFrom):
            let details = event.details
            type = "ticket.\(event.kind.rawValue)"
            data = Content(
                ticket: ticket, link: link, summary: details.summary, board: details.board?.name,
                company: details.company, contact: details.contact, status: details.status, member: details.member,
                from: details.from, to: details.to, updatedBy: details.updatedBy,
                note: details.note.map { .init(author: $0.author, text: $0.text, internal: $0.isInternal) },
                forwardedFrom: forwardedFrom, text: message.markdown)
        }
    }
}
