import API
import BoundaryText
import Connections
import Database
import Foundation
import Jobs
import Ticketing

/// A message on its way to one recipient, whatever it is about: what comes first, and what follows from an answer of the
/// chat system. Pure; deliveries and notices are sent by it alike.
struct Sending: Sendable, Equatable {
    /// Where it goes.
    let address: ChatAddress
    /// Whether an earlier try may have been sent. That stays so until the message was looked for, whatever fails until then.
    let isUncertain: Bool
    /// Since when the connection has taken nothing, where that is kept.
    var failingSince: Date?
    /// After how long without any success the connection is switched off; nil for never.
    var patience: Duration?

    /// What is done first.
    enum Step: Sendable, Equatable {
        /// The message is looked for among those that the person got; it is sent if it is not there.
        case look(person: String)
        /// It is sent. A room cannot be read by a bot, so what may have been sent is sent again: nothing may be lost.
        case send
    }

    /// What to do first.
    var first: Step {
        switch address {
        case .person(let email) where isUncertain: .look(person: email)
        case .person, .room: .send
        }
    }

    /// What follows from a failure.
    enum Consequence: Sendable, Equatable {
        /// The connection can do nothing until its credentials or our configuration are put right: all of it waits.
        case pauseConnection(Delivery.State)
        /// All of the connection waits for a time.
        case pause(Duration, Delivery.State)
        /// This message is given up; `losesRecipient`: so is the recipient.
        case giveUp(losesRecipient: Bool)
        /// This message is given up, and the connection is switched off for this reason.
        case disable(String)
        /// It is tried again; `isFailing`: it is noted since when the connection has taken nothing.
        case retry(Delivery.State, isFailing: Bool)
    }

    /// What follows from a failure, of the look or of the sending.
    func consequence(of error: MessengerError, now: Date) -> Consequence {
        let waiting = isUncertain ? Delivery.State.uncertain : .queued
        switch error {
        case .authentication, .notAllowed: return .pauseConnection(waiting)
        case .wait(_, let wait): return .pause(wait, waiting)
        case .refused(_, _, let isGone): return .giveUp(losesRecipient: isGone)
        case .gone(let reason): return .disable(reason)
        case .failed(let why, _, let maybeSent):
            if let patience, let failingSince, now.timeIntervalSince(failingSince) > patience.seconds {
                let hours = Int(saturating: patience.seconds / 3_600)
                return .disable("Nothing was accepted for \(hours) hours; last: \(why)")
            }
            return .retry(maybeSent ? .uncertain : waiting, isFailing: patience != nil)
        }
    }
}

/// Sends one message and says how the job ends whose message it is.
struct MessageSender {
    /// A message's progress: the state, what went wrong, and the chat system's ID of the failed call.
    typealias Record = @Sendable (Delivery.State, _ error: String, _ trackingID: String?) -> JobEffect

    let messenger: any Messenger
    let chat: ChatConnection.ID
    let recipient: Recipient.ID
    let sending: Sending
    /// When the message was planned; what is older is not it.
    let plannedAt: Date
    /// Which of these messages others call their own: the same text written twice is two messages alike.
    let recorded: @Sendable ([String]) async throws -> Set<String>

    /// A message that the chat system has.
    struct Sent {
        /// Its id there.
        let id: String
        /// The message under which nothing can go any more; this one takes its place.
        var insteadOfUnder: String?
    }

    /// Sends a message, unless an earlier try has.
    /// - Parameter parent: the message under which it goes.
    func send(
        _ message: ChatMessage, under parent: () async -> String? = { nil }
    ) async throws(MessengerError) -> Sent {
        switch sending.first {
        case .look(let person):
            let alike = try await messenger.find(message.markdown, sentTo: person, since: plannedAt)
            if let found = try await firstUnrecorded(alike) { return Sent(id: found) }
        case .send: break
        }
        guard let parent = await parent() else {
            return Sent(id: try await messenger.send(message, to: sending.address, under: nil))
        }
        do throws(MessengerError) {
            return Sent(id: try await messenger.send(message, to: sending.address, under: parent))
        } catch .refused {
            // Whatever it does not like about the first message, such as that it was deleted, says nothing about the
            // recipient. The next ones go under this one.
            return Sent(
                id: try await messenger.send(message, to: sending.address, under: nil), insteadOfUnder: parent)
        }
    }

    private func firstUnrecorded(_ ids: [String]) async throws(MessengerError) -> String? {
        guard !ids.isEmpty else { return nil }
        do {
            let recorded = try await recorded(ids)
            return ids.first { !recorded.contains($0) }
        } catch {
            // Not sent before it is known that it was not.
            throw .failed("\(error)", trackingID: nil, maybeSent: false)
        }
    }

    /// How the job ends whose message failed.
    func outcome(of error: MessengerError, now: Date, record: @escaping Record) -> JobOutcome {
        let (chat, recipient, why) = (chat, recipient, error.description)
        switch sending.consequence(of: error, now: now) {
        case .pauseConnection(let state):
            return .pause(why, for: .minutes(5)) { db in
                try ConnectionFamily.chat.record(.paused, reason: why, of: chat, in: db)
                try record(state, why, nil)(db)
            }
        case .pause(let wait, let state):
            return .pause(why, for: wait, effect: record(state, why, nil))
        case .giveUp(let losesRecipient):
            return .done { db in
                try record(.failed, why, error.trackingID)(db)
                if losesRecipient { try RecipientStore.lost(recipient, in: db) }
            }
        case .disable(let reason):
            return .followed { db in
                try record(.failed, reason, error.trackingID)(db)
                return try ChatConnectionStore.disable(chat, reason: reason, now: now, in: db)
            }
        case .retry(let state, let isFailing):
            return .retry(
                why, schedule: messenger.retries,
                effect: { db in
                    try record(state, why, error.trackingID)(db)
                    guard isFailing else { return }
                    try db.send(
                        "UPDATE chat_connections SET failing_since = \(now) WHERE id = \(chat) AND failing_since IS NULL"
                    )
                }, exhausted: record(.failed, why, error.trackingID))
        }
    }
}
