import API
import BoundaryText
import Database
import Foundation
import WebSupport

extension SignedInRequest {
    /// Adds an audit entry for the request, in the transaction that performs it.
    public func record(
        _ action: String, on target: String, before: (any Encodable)? = nil, after: (any Encodable)? = nil,
        result: AuditEntry.Result = .done, now: Date, in db: Connection
    ) throws {
        try AuditLog.record(
            action, on: target, by: actor, of: principal.organization, before: before, after: after, result: result,
            now: now, in: db)
    }

    /// Performs work with an outside system, and adds an audit entry if it fails.
    public func recordingFailure<Value>(
        of action: String, on target: String, in database: Database, now: Date, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let problem as Problem {
            try await database.write { db in
                try record(
                    action, on: target, after: ["code": problem.code, "detail": problem.detail], result: .failed,
                    now: now, in: db)
            }
            throw problem
        }
    }
}
