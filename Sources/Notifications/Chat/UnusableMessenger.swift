import BoundaryText
import Foundation

/// Stands in for a chat system whose token no secret opens, and says so whenever it is used.
struct UnusableMessenger: Messenger {
    let reason: String

    private var refusal: MessengerError { .authentication(reason) }

    // What waits is rendered when it can be sent.
    let longestMessage = Int.max

    func identity() async throws(MessengerError) -> BotIdentity { throw refusal }
    func send(
        _ message: ChatMessage, to address: ChatAddress, under parent: String?
    ) async throws(MessengerError) -> String { throw refusal }
    func find(
        _ markdown: String, sentTo person: String, since: Date
    ) async throws(MessengerError) -> [String] { throw refusal }
    func rooms() async throws(MessengerError) -> [ChatRoom] { throw refusal }
    func accounts(email: String) async throws(MessengerError) -> [ChatAccount]? { throw refusal }
}
