import API
import BoundaryText
import Foundation
import Outbound
import WebSupport
import Webex

/// Webex as a ``Messenger``.
public struct WebexMessenger: Messenger {
    private static let roomsPerPage = 1_000
    // A message that may have been sent is looked for when a dead server's lease is over; a busy person has got many since.
    private static let lookBack = 1_000
    // More pages than any bot has; a service that always names a next page must not keep us forever.
    private static let mostPages = 100

    private let client: WebexClient

    /// - Parameter client: calls Webex as one bot.
    public init(client: WebexClient) {
        self.client = client
    }

    /// See ``Messenger``.
    public var longestMessage: Int { largestMessage }

    /// See ``Messenger``.
    public func identity() async throws(MessengerError) -> BotIdentity {
        do throws(WebexError) {
            let me = try await client.me()
            return BotIdentity(name: me.displayName ?? "bot", email: me.emails?.first)
        } catch {
            throw MessengerError(error)
        }
    }

    /// See ``Messenger``.
    public func send(
        _ message: ChatMessage, to address: ChatAddress, under parent: String?
    ) async throws(MessengerError) -> String {
        let target: Target =
            switch address {
            case .room(let id): .room(id: id)
            case .person(let email): .personEmail(email)
            }
        do throws(WebexError) {
            return try await client.sendMessage(message.markdown, to: target, parentID: parent)
        } catch {
            throw MessengerError(error)
        }
    }

    /// See ``Messenger``.
    public func find(
        _ markdown: String, sentTo person: String, since: Date
    ) async throws(MessengerError) -> [String] {
        do throws(WebexError) {
            let newestFirst = try await newestMessages(with: person)
            return newestFirst.reversed().filter { $0.markdown == markdown && Self.isSent($0, since: since) }.map(\.id)
        } catch .notFound {
            // There is no conversation with this person yet.
            return []
        } catch {
            throw MessengerError(error)
        }
    }

    /// As many of the latest messages as an answer holds: some people get long ones.
    private func newestMessages(with person: String) async throws(WebexError) -> [Message] {
        var count = Self.lookBack
        while true {
            do throws(WebexError) {
                return try await client.directMessages(with: .personEmail(person), max: count)
            } catch .tooLarge where count > 10 {
                count /= 10
            }
        }
    }

    /// Clocks differ: a message a minute older than our own record may still be ours.
    private static func isSent(_ message: Message, since: Date) -> Bool {
        guard let created = message.created, let date = APIJSON.date(created) else { return true }
        return date > since.addingTimeInterval(-60)
    }

    /// See ``Messenger``.
    public func rooms() async throws(MessengerError) -> [ChatRoom] {
        do throws(WebexError) {
            var rooms: [ChatRoom] = []
            var next: WebexClient.Next?
            for _ in 0..<Self.mostPages {
                let page = try await client.rooms(max: Self.roomsPerPage, after: next)
                rooms += page.rooms.filter { $0.type != "direct" }.map { ChatRoom(id: $0.id, title: $0.title ?? $0.id) }
                next = page.next
                if next == nil { break }
            }
            return rooms
        } catch {
            throw MessengerError(error)
        }
    }

    /// See ``Messenger``.
    public func accounts(email: String) async throws(MessengerError) -> [ChatAccount]? {
        do throws(WebexError) {
            return try await client.people(email: email, priority: .background).map { person in
                ChatAccount(id: person.id, name: person.displayName ?? email, emails: person.emails ?? [])
            }
        } catch .rejected, .notFound {
            // This address only; the others are looked up all the same.
            return nil
        } catch {
            throw MessengerError(error)
        }
    }
}

extension MessengerError {
    init(_ error: WebexError) {
        self =
            switch error {
            case .authentication: .authentication(error.message)
            case .notFound(_, let id): .refused(error.message, trackingID: id, isGone: true)
            case .rejected(_, let id): .refused(error.message, trackingID: id, isGone: false)
            case .rateLimited(let wait), .unavailable(let wait): .wait(error.message, wait)
            // Webex answers 5xx only when it did not take the message; an answer that cannot be read is another matter.
            case .server(_, _, let id): .failed(error.message, trackingID: id, maybeSent: false)
            case .timeOut(let maybeSent), .connection(_, let maybeSent), .cancelled(let maybeSent):
                .failed(error.message, trackingID: nil, maybeSent: maybeSent)
            case .undecodable, .tooLarge: .failed(error.message, trackingID: nil, maybeSent: true)
            case .refused: .notAllowed(error.message)
            }
    }
}
