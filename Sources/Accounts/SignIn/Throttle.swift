import BoundaryText
import Database
import Foundation
import WebSupport

/// Slows down guessing: after some failures, each further attempt has to wait, longer each time.
///
/// Failures are counted so that no one can lock out someone else: failures from one address delay only that address,
/// and failures from all addresses together slow an account down only a little. An attempt counts as a failure from its
/// start and is uncounted if it succeeds, so concurrent attempts get no more guesses than sequential ones.
struct Throttle: Sendable {
    /// What is counted, and how strictly. Addresses are networks from ``VisitorAddress/network(of:)``.
    enum Subject: Sendable, Equatable {
        /// Attempts on one account from one address.
        case accountFrom(String, address: String)
        /// All attempts from one address.
        case address(String)
        /// Attempts on one account from anywhere.
        case account(String)
        /// Codes and passwords that a signed-in user enters.
        case code(User.ID)

        var name: String {
            switch self {
            case .accountFrom(let account, let address): "from:\(address):\(account)"
            case .address(let address): "address:\(address)"
            case .account(let account): "account:\(account)"
            case .code(let user): "code:\(user)"
            }
        }

        /// The number of failures without a delay.
        var free: Int {
            switch self {
            case .accountFrom, .code: 5
            case .address: 30
            case .account: 50
            }
        }

        /// The maximum delay in seconds. An account as a whole is never delayed for long, or anyone could keep its
        /// owner out.
        var longest: Double {
            switch self {
            case .accountFrom, .address, .code: 900
            case .account: 5
            }
        }
    }

    /// A counted attempt, with what is needed to uncount it.
    struct Attempt: Sendable {
        fileprivate let names: [String]
        fileprivate let at: Date
        /// When each subject last failed before this attempt.
        fileprivate let former: [String: Date]
    }

    /// Failures are forgotten after an hour without another.
    private static let memory = 3_600.0

    /// The delay after a number of failures, in seconds: 2, 4, 8 …
    static func delay(after failures: Int, of subject: Subject) -> Double {
        let excess = failures - subject.free
        return excess < 0 ? 0 : min(subject.longest, Double(sign: .plus, exponent: min(excess + 1, 20), significand: 1))
    }

    /// Counts an attempt as a failure, in the transaction that checks whether it is allowed.
    /// - Throws: ``PasswordSignIn/Refusal/wait(_:)``, which must roll back the transaction so that nothing is counted.
    static func take(_ subjects: [Subject], now: Date, in db: Connection) throws -> Attempt {
        // Sorted, so that two transactions cannot deadlock.
        let names = subjects.map(\.name).sorted()
        // Two concurrent attempts must not both take the last free one.
        for name in names { try db.lock("throttle:\(name)") }
        let rows = try db.all("SELECT name, failures, failed_at FROM throttles WHERE name IN (\(list: names))")
        var (wait, former): (Double, [String: Date]) = (0, [:])
        for row in rows {
            let (name, failedAt): (String, Date) = (try row["name"], try row["failed_at"])
            guard let subject = subjects.first(where: { $0.name == name }), now < failedAt + memory else { continue }
            wait = max(wait, failedAt.timeIntervalSince(now) + delay(after: try row["failures"], of: subject))
            former[name] = failedAt
        }
        guard wait <= 0 else { throw PasswordSignIn.Refusal.wait(.seconds(wait.rounded(.up))) }
        for name in names {
            try db.send(
                """
                INSERT INTO throttles (name, failures, failed_at) VALUES (\(name), 1, \(now))
                ON CONFLICT (name) DO UPDATE SET
                    failures = CASE WHEN throttles.failed_at <= \(now - memory) THEN 1 ELSE throttles.failures + 1 END,
                    failed_at = excluded.failed_at
                """)
        }
        return Attempt(names: names, at: now, former: former)
    }

    /// Uncounts an attempt that did not fail.
    /// - Parameter proved: A subject whose failures are all cleared as well.
    static func giveBack(_ attempt: Attempt, proved: Subject? = nil, in db: Connection) throws {
        for name in attempt.names {
            // Restores the time too, or successful sign-ins would keep earlier failures from expiring.
            try db.send(
                """
                UPDATE throttles SET failures = failures - 1,
                    failed_at = CASE WHEN failed_at = \(attempt.at) THEN \(attempt.former[name] ?? attempt.at)
                        ELSE failed_at END
                WHERE name = \(name)
                """)
        }
        try db.execute(
            """
            DELETE FROM throttles
            WHERE name IN (\(list: attempt.names)) AND (failures <= 0 OR name = \(proved?.name ?? ""))
            """)
    }

    /// Deletes expired failures.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM throttles WHERE failed_at < \(now - memory)")
    }
}
