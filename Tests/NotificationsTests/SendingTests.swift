import API
import Foundation
import Testing

@testable import Jobs
@testable import Notifications

/// What comes first and what follows: every answer of a chat system, in every state of doubt.
@Suite("A message on its way")
struct SendingTests {
    private let now = Date(timeIntervalSince1970: 1_790_000_000)

    @Test("What may have been sent to a person is looked for; a room cannot be read")
    func first() {
        func first(_ address: ChatAddress, _ isUncertain: Bool) -> Sending.Step {
            Sending(address: address, isUncertain: isUncertain).first
        }
        #expect(first(.person("a@b.example"), true) == .look(person: "a@b.example"))
        #expect(first(.person("a@b.example"), false) == .send)
        #expect(first(.room("r"), true) == .send)
        #expect(first(.room("r"), false) == .send)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let error: MessengerError
        /// When it is known that nothing was sent before, and when it is not.
        let certain: Sending.Consequence
        let uncertain: Sending.Consequence
        var testDescription: String { "\(error)" }
    }

    static let cases = [
        Case(
            error: .authentication("who?"), certain: .pauseConnection(.queued), uncertain: .pauseConnection(.uncertain)),
        Case(
            error: .notAllowed("no host"), certain: .pauseConnection(.queued), uncertain: .pauseConnection(.uncertain)),
        Case(
            error: .wait("slowly", .seconds(7)), certain: .pause(.seconds(7), .queued),
            uncertain: .pause(.seconds(7), .uncertain)),
        Case(
            error: .refused("too long", trackingID: "t", isGone: false), certain: .giveUp(losesRecipient: false),
            uncertain: .giveUp(losesRecipient: false)),
        Case(
            error: .refused("unknown", trackingID: "t", isGone: true), certain: .giveUp(losesRecipient: true),
            uncertain: .giveUp(losesRecipient: true)),
        Case(error: .gone("never again"), certain: .disable("never again"), uncertain: .disable("never again")),
        Case(
            error: .failed("broken", trackingID: nil, maybeSent: false), certain: .retry(.queued, isFailing: false),
            uncertain: .retry(.uncertain, isFailing: false)),
        Case(
            error: .failed("cut", trackingID: nil, maybeSent: true), certain: .retry(.uncertain, isFailing: false),
            uncertain: .retry(.uncertain, isFailing: false)),
    ]

    @Test("Doubt outlasts every failure", arguments: cases)
    func doubt(_ example: Case) {
        for address in [ChatAddress.person("a@b.example"), .room("r")] {
            let certain = Sending(address: address, isUncertain: false).consequence(of: example.error, now: now)
            let uncertain = Sending(address: address, isUncertain: true).consequence(of: example.error, now: now)
            #expect(certain == example.certain)
            #expect(uncertain == example.uncertain)
        }
    }

    @Test("An endpoint that takes nothing for its patience is switched off, and not a moment before")
    func patience() {
        func consequence(failingFor time: TimeInterval?, _ error: MessengerError) -> Sending.Consequence {
            Sending(
                address: .room("r"), isUncertain: false, failingSince: time.map { now - $0 }, patience: .hours(120)
            ).consequence(of: error, now: now)
        }
        let broken = MessengerError.failed("broken", trackingID: nil, maybeSent: false)
        #expect(consequence(failingFor: nil, broken) == .retry(.queued, isFailing: true))
        #expect(consequence(failingFor: 120 * 3_600, broken) == .retry(.queued, isFailing: true))
        #expect(
            consequence(failingFor: 120 * 3_600 + 1, broken)
                == .disable("Nothing was accepted for 120 hours; last: broken"))
        // Slow is not broken.
        #expect(consequence(failingFor: 200 * 3_600, .wait("slowly", .seconds(1))) == .pause(.seconds(1), .queued))
    }
}
