import BoundaryText
import Connections
import Database
import Jobs

extension PSAError {
    /// What a job does that failed on a call to the ticketing system: the whole connection waits where no ticket could
    /// succeed, else the one job tries again.
    /// - Parameter refusesAll: whether a refusal is of what everything needs, and not of one thing.
    func outcome(for connection: PSAConnection.ID, refusesAll: Bool) -> JobOutcome {
        switch self {
        case .authentication, .permission, .notAllowed, .unusable:
            guard refusesAll else { return .retry(description, schedule: .refused) }
            // Slowly: nothing changes until a person does something, and a successful test resumes at once.
            let reason = description
            return .pause(reason, for: .minutes(5)) { db in
                try ConnectionFamily.psa.record(.paused, reason: reason, of: connection, in: db)
            }
        case .rateLimited(let wait), .held(_, let wait):
            return .pause(description, for: max(wait, .seconds(1)))
        case .server, .timeOut, .connection, .certificate, .rejected, .undecodable, .notFound:
            return .retry(description)
        }
    }

    /// Whether it may be that nothing at all is allowed.
    var isRefusal: Bool {
        switch self {
        case .authentication, .permission, .notAllowed, .unusable: true
        case .rateLimited, .held, .server, .timeOut, .connection, .certificate, .rejected, .undecodable, .notFound:
            false
        }
    }
}

extension RetrySchedule {
    /// What the ticketing system refuses, although it answers otherwise: rights are changed by people, who then have it
    /// tried again.
    static let refused = RetrySchedule([.seconds(2), .seconds(10), .seconds(30), .minutes(2)])
}

extension PSAConnections {
    /// What a job does that failed on a call to the ticketing system. A refusal may be of one thing, such as a ticket on a
    /// board that the API member may not see; so the connection waits only when a call that everything needs is refused,
    /// too.
    public func outcome(of error: PSAError, on live: LiveConnection) async -> JobOutcome {
        let id = live.connection.id
        guard error.isRefusal else { return error.outcome(for: id, refusesAll: false) }
        guard let objection = await check.objection(to: live) else { return error.outcome(for: id, refusesAll: false) }
        return objection.outcome(for: id, refusesAll: true)
    }
}
