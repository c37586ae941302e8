import BoundaryText

/// Takes part in transactions that hint at something, as their last step, so that what follows from them need not be looked
/// for in a transaction of its own. If it fails, only what it did itself is undone.
///
/// - Returns: what was done, or nil where the hint is to go to others as usual.
public typealias Attendance = @Sendable (Connection) throws -> Attended?

/// What an ``Attendance`` did in a transaction.
public struct Attended: Sendable {
    /// Whether the hint is handled and need not be sent on.
    let isComplete: Bool
    /// Called once, after the transaction, with whether it was committed; if unknown, with false.
    let ended: @Sendable (_ isCommitted: Bool) -> Void

    /// - Parameters:
    ///   - isComplete: whether the hint is handled and need not be sent on.
    ///   - ended: called once, on a database thread, with whether the transaction was committed.
    public init(isComplete: Bool, ended: @escaping @Sendable (_ isCommitted: Bool) -> Void) {
        self.isComplete = isComplete
        self.ended = ended
    }
}

extension Connection {
    /// Has those take part who attend to what was hinted at.
    /// - Throws: only what ends the transaction.
    func attend(_ hub: SignalHub) throws -> [Attended] {
        var all: [Attended] = []
        for hint in hints {
            guard let attendance = hub.attendance(to: hint) else { continue }
            var attended: Attended?
            do {
                // The regular look meets the error again, and can report it.
                guard case .success = try nested({ attended = try attendance(self) }) else {
                    attended?.ended(false)
                    continue
                }
            } catch {
                for one in all + [attended].compactMap(\.self) { one.ended(false) }
                throw error
            }
            guard let attended else { continue }
            all.append(attended)
            if attended.isComplete { withdraw(hint) }
        }
        return all
    }

    /// Runs a closure whose failure undoes what it did itself, and nothing else.
    /// - Throws: what ends the whole transaction.
    func nested<Value>(_ body: () throws -> Value) throws -> Result<Value, any Error> {
        try send("SAVEPOINT nested")
        do {
            let value = try body()
            try send("RELEASE SAVEPOINT nested")
            return .success(value)
        } catch {
            do {
                try execute("ROLLBACK TO SAVEPOINT nested")
                try execute("RELEASE SAVEPOINT nested")
            } catch _ {
                // There is no transaction any more, for the first error's reason.
                throw error
            }
            return .failure(error)
        }
    }
}
