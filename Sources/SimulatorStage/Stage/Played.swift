/// An outside system that is played: what it answers to a call, and how it words its refusals.
package protocol Played: Sendable {
    /// Acts on a call and answers it. Never blocks for long; nothing here waits.
    func answer(_ call: Call) -> Answer
    /// The name under which a call is counted: ids replaced, prefix dropped.
    func route(of call: Call) -> String
    /// The 429 of this system.
    func tooManyCalls(retryAfter seconds: Int) -> Answer
    /// The system's own body for a status that a fault asks for.
    func refusal(status: Int) -> Answer
    /// What the system adds to the control API below `/_control`; nil if it knows no such path.
    func answer(control call: Call, path: [Substring]) throws(ControlError) -> PlayedJSON?
    /// What `GET /_control` tells of the system's state.
    func summary() -> PlayedJSON
}

/// A control call that cannot be done; answered with 400 and the message.
package struct ControlError: Error {
    let message: String

    /// Says what cannot be done.
    package init(_ message: String) { self.message = message }
}
