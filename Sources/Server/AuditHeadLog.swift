import Accounts
import BoundaryText
import Database
import Foundation
import Logging

/// Writes the ends of the audit log's chains into the server's log, each hour those that have moved. A log kept
/// elsewhere then shows whether the database was rolled back.
actor AuditHeadLog {
    private static let interval: TimeInterval = 3_600

    private let database: Database
    private let logger: Logger
    private var written: [Organization.ID: Int64] = [:]
    private var next = Date.distantPast

    init(database: Database, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// Writes them down if it is time.
    func write(now: Date) async {
        guard now >= next else { return }
        do {
            for head in try await database.read({ try AuditLog.heads(in: $0) })
            where written[head.organization] != head.number {
                logger.notice(
                    "audit head",
                    metadata: ["head": "\(head.organization):\(head.number):\(head.hexadecimalHash)"])
                written[head.organization] = head.number
            }
            next = now + Self.interval
        } catch {
            logger.warning("the ends of the audit log cannot be written down", metadata: ["error": "\(error)"])
        }
    }
}
