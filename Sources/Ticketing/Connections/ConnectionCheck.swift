import BoundaryText
import Foundation

/// Tells whether a ticketing system refuses a connection, or only the one thing that was asked for.
///
/// All who are refused at once ask once, and what was just answered counts for a while: a hundred refused tickets cost one
/// call.
actor ConnectionCheck {
    private static let trusted: TimeInterval = 30

    private let now: @Sendable () -> Date
    private var passed: [PSAConnection.ID: Date] = [:]
    private var asking: [PSAConnection.ID: Task<PSAError?, Never>] = [:]

    init(now: @escaping @Sendable () -> Date) {
        self.now = now
    }

    /// What the ticketing system says to a call that everything needs; nil when it answers.
    func objection(to live: LiveConnection) async -> PSAError? {
        let id = live.connection.id
        if let last = passed[id], case let age = now().timeIntervalSince(last), age >= 0, age < Self.trusted {
            return nil
        }
        if let asking = asking[id] { return await asking.value }
        let provider = live.provider
        let task = Task { () -> PSAError? in
            do throws(PSAError) {
                try await provider.test()
                return nil
            } catch {
                return error
            }
        }
        asking[id] = task
        let objection = await task.value
        asking[id] = nil
        passed[id] = objection == nil ? now() : nil
        return objection
    }
}
