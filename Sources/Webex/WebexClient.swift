import BoundaryText
import Foundation
import Outbound

/// Calls Webex as one bot.
public struct WebexClient: Sendable {
    /// The service's address; another one only for simulators.
    public static let service = "https://webexapis.com/v1"

    let outbound: OutboundClient
    /// Circuit and pause of this bot.
    public let remote: Remote
    private let base: String
    private let headers: [OutboundRequest.Header]

    /// Makes a client; nothing is called yet.
    public init(token: String, outbound: OutboundClient, remote: Remote, base: String = service) {
        self.outbound = outbound
        self.remote = remote
        self.base = base
        headers = [.init("Authorization", "Bearer \(token)"), .init("Accept", "application/json")]
    }

    /// Posts a message. Webex has no idempotency: after an error with `maybeSent` look for it first.
    ///
    /// - Returns: the message's id.
    public func sendMessage(
        _ markdown: String, to target: Target, parentID: String? = nil, priority: CallPriority = .background
    ) async throws(WebexError) -> String {
        struct Body: Encodable {
            var roomId: String?
            var toPersonEmail: String?
            var toPersonId: String?
            var parentId: String?
            var markdown: String
        }
        var body = Body(parentId: parentID, markdown: markdown)
        switch target {
        case .room(let id): body.roomId = id
        case .personEmail(let email): body.toPersonEmail = email
        case .person(let id): body.toPersonId = id
        }
        guard let data = try? JSONEncoder().encode(body) else {
            throw .rejected(message: "the message cannot be written as JSON", trackingID: nil)
        }
        let request = OutboundRequest(
            .post, "\(base)/messages", headers: headers + [.init("Content-Type", "application/json")], body: data)
        let message: Message = try decode(try await carry(request, priority))
        return message.id
    }

    /// The latest messages of the conversation with a person, newest first.
    public func directMessages(
        with target: Target, max: Int = 50, priority: CallPriority = .background
    ) async throws(WebexError) -> [Message] {
        switch target {
        case .personEmail(let email):
            try await get("messages/direct", [("personEmail", email), ("max", "\(max)")], priority)
        case .person(let id):
            try await get("messages/direct", [("personId", id), ("max", "\(max)")], priority)
        case .room:
            throw .rejected(message: "a room has no direct messages", trackingID: nil)
        }
    }

    /// The bot's rooms, page by page. Pass the last page's `next` to go on.
    public func rooms(
        max: Int = 100, after next: Next? = nil, priority: CallPriority = .background
    ) async throws(WebexError) -> (rooms: [Room], next: Next?) {
        let url = next?.url ?? "\(base)/rooms?max=\(max)"
        let response = try await carry(OutboundRequest(.get, url, headers: headers), priority)
        let page: Items<Room> = try decode(response)
        return (page.items, try nextPage(response))
    }

    /// One room.
    public func room(_ id: String, priority: CallPriority = .interactive) async throws(WebexError) -> Room {
        let url = "\(base)/rooms/\(Self.encode(id))"
        return try decode(try await carry(OutboundRequest(.get, url, headers: headers), priority))
    }

    /// The people with this address: one or none.
    public func people(
        email: String, priority: CallPriority = .interactive
    ) async throws(WebexError) -> [Person] {
        try await get("people", [("email", email)], priority)
    }

    /// The bot itself; proves that the token works.
    public func me(priority: CallPriority = .interactive) async throws(WebexError) -> Person {
        try decode(try await carry(OutboundRequest(.get, "\(base)/people/me", headers: headers), priority))
    }

    /// Where a list goes on.
    public struct Next: Sendable, Equatable {
        let url: String
    }

    private struct Items<Item: Decodable>: Decodable {
        let items: [Item]
    }

    private func get<Item: Decodable>(
        _ path: String, _ query: [(String, String)], _ priority: CallPriority
    ) async throws(WebexError) -> [Item] {
        let query = query.map { "\($0.0)=\(Self.encode($0.1))" }.joined(separator: "&")
        let request = OutboundRequest(.get, "\(base)/\(path)?\(query)", headers: headers)
        let page: Items<Item> = try decode(try await carry(request, priority))
        return page.items
    }

    private func nextPage(_ response: OutboundResponse) throws(WebexError) -> Next? {
        for link in response.headers("link").flatMap({ $0.splitBytes(on: "<") }) {
            guard let end = link.utf8.firstIndex(of: UInt8(ascii: ">")), link[end...].utf8.contains("rel=\"next\"")
            else { continue }
            // The token must not follow a link to elsewhere.
            guard let own = WebAddress(base), let other = WebAddress(String(link[..<end])), own.origin == other.origin
            else { throw .undecodable(reason: "the link to the next page leads to another host") }
            return Next(url: String(link[..<end]))
        }
        return nil
    }

    private func carry(
        _ request: OutboundRequest, _ priority: CallPriority
    ) async throws(WebexError) -> OutboundResponse {
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await outbound.send(request, to: remote, priority: priority)
        } catch {
            throw WebexError(error)
        }
        guard let error = WebexError(response) else { return response }
        if case .rateLimited(let retryAfter) = error { remote.pause(for: retryAfter) }
        throw error
    }

    private func decode<Value: Decodable>(_ response: OutboundResponse) throws(WebexError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: response.body)
        } catch {
            throw .undecodable(reason: "unexpected content of \(response.body.count) bytes")
        }
    }

    private static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.intersection(ascii)) ?? ""
    }

    private static let ascii = CharacterSet(charactersIn: "\u{21}"..."\u{7e}")
}
