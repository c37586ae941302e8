import BoundaryText
import Database
import Jobs

extension PSAError {
    /// What a job does that failed on a call to the ticketing system: the whole connection waits where no ticket could
    /// succeed, else the one job tries again.
    public func outcome(for connection: PSAConnection.ID) -> JobOutcome {
        switch self {
        case .authentication, .permission, .notAllowed, .unusable:
            // Slowly: nothing changes until a person does something, and a successful test resumes at once.
            let reason = description
            return .pause(reason, for: .minutes(5)) { db in
                try PSAConnections.record(.paused, reason: reason, of: connection, in: db)
            }
        case .rateLimited(let wait), .held(_, let wait):
            return .pause(description, for: max(wait, .seconds(1)))
        case .server, .timeOut, .connection, .certificate, .rejected, .undecodable, .notFound:
            return .retry(description)
        }
    }
}
