import Foundation

/// Something that goes wrong on purpose: which calls it strikes, how often, and what it does to them.
public struct Fault: Sendable, Identifiable {
    /// What is done to a call that the fault strikes.
    public enum Action: Sendable, Equatable {
        /// Answers with this status and body (nil: the system's own error body), without acting on the call.
        case answer(status: Int, body: String? = nil, retryAfter: Int? = nil)
        /// Waits, then goes on as usual.
        case delay(Duration)
        /// Closes the connection before anything is done.
        case cutBefore
        /// Does what the call asks for, then closes the connection without an answer.
        case cutAfter
        /// Does what the call asks for, sends half of the answer's body, then closes the connection.
        case halfAnswer
        /// Does what the call asks for, and answers with one number or time of the answer exchanged for any text; they are
        /// counted from 0, and from the start again after the last.
        case number(at: Int, becomes: String)
        /// Says nothing until the caller gives up.
        case hang
        /// Does not send a callback (ConnectWise only; path and body are those of the outgoing callback).
        case dropCallback
    }

    /// Set by the fault book when the fault is added.
    public internal(set) var id: Int = 0
    /// HTTP method; nil strikes all.
    public var method: String?
    /// Pattern of the path in which `*` stands for any text; nil strikes all. It may name the whole path as sent or what
    /// follows `/apis/3.0`, without a query.
    public var path: String?
    /// Text that the call's body must contain; nil strikes all.
    public var bodyText: String?
    /// How many more calls it strikes; nil: every one until it is removed.
    public var times: Int?
    /// What it does.
    public var action: Action

    /// A fault for `times` calls (nil: for ever) that match method, path pattern and body text.
    public init(
        _ action: Action, method: String? = nil, path: String? = nil, bodyText: String? = nil, times: Int? = 1
    ) {
        self.action = action
        self.method = method
        self.path = path
        self.bodyText = bodyText
        self.times = times
    }

    func strikes(method: String, path: String, body: [UInt8]) -> Bool {
        if let wanted = self.method, wanted.uppercased() != method { return false }
        if let pattern = self.path {
            let short = path.range(of: "/apis/3.0").map { path[$0.upperBound...] }
            guard glob(pattern, path) || short.map({ glob(pattern, String($0)) }) == true else { return false }
        }
        if let bodyText { return String(decoding: body, as: UTF8.self).contains(bodyText) }
        return true
    }
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any text.
package func glob(_ pattern: String, _ text: String) -> Bool {
    let pattern = Array(pattern.utf8)
    let text = Array(text.utf8)
    var patternAt = 0
    var textAt = 0
    var star: (pattern: Int, text: Int)?
    while textAt < text.count {
        if patternAt < pattern.count, pattern[patternAt] == UInt8(ascii: "*") {
            star = (patternAt, textAt)
            patternAt += 1
        } else if patternAt < pattern.count, pattern[patternAt] == text[textAt] {
            patternAt += 1
            textAt += 1
        } else if let last = star {
            star = (last.pattern, last.text + 1)
            patternAt = last.pattern + 1
            textAt = last.text + 1
        } else {
            return false
        }
    }
    return pattern[patternAt...].allSatisfy { $0 == UInt8(ascii: "*") }
}

/// The faults that are waiting, in the order in which they were added; the first that matches strikes.
struct FaultBook: Sendable {
    private(set) var faults: [Fault] = []
    private var lastID = 0

    mutating func add(_ fault: Fault) -> Fault.ID {
        var fault = fault
        lastID += 1
        fault.id = lastID
        faults.append(fault)
        return lastID
    }

    mutating func remove(_ id: Fault.ID) { faults.removeAll { $0.id == id } }
    mutating func removeAll() { faults.removeAll() }

    /// What happens to this call; counts the fault down.
    mutating func strike(method: String, path: String, body: [UInt8], callback: Bool = false) -> Fault.Action? {
        guard !faults.isEmpty,
            let index = faults.firstIndex(where: {
                ($0.action == .dropCallback) == callback && $0.strikes(method: method, path: path, body: body)
            })
        else { return nil }
        let action = faults[index].action
        if let times = faults[index].times {
            if times <= 1 {
                faults.remove(at: index)
            } else {
                faults[index].times = times - 1
            }
        }
        return action
    }
}
