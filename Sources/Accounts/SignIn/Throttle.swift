import BoundaryText
import Database
import Foundation
import WebSupport

/// Makes guessing slow: after some failures each further try has to wait, longer each time.
///
/// What is counted is chosen so that nobody locks out somebody else: a person's own address waits for his own failures;
/// all addresses together slow an account down only a little. A try counts as a failure from its beginning, and is taken
/// back when it was none: so of many at once no more are looked at than of as many one after the other.
struct Throttle: Sendable {
    /// What is counted, and how strictly. Addresses are networks as ``VisitorAddress/network(of:)`` names them.
    enum Subject: Sendable, Equatable {
        /// One account tried from one address.
        case accountFrom(String, address: String)
        /// All that comes from one address.
        case address(String)
        /// One account, wherever tries come from.
        case account(String)
        /// Codes of one person.
        case code(User.ID)

        var name: String {
            switch self {
            case .accountFrom(let account, let address): "from:\(address):\(account)"
            case .address(let address): "address:\(address)"
            case .account(let account): "account:\(account)"
            case .code(let user): "code:\(user)"
            }
        }

        /// Failures without a wait.
        var free: Int {
            switch self {
            case .accountFrom, .code: 5
            case .address: 30
            case .account: 50
            }
        }

        /// The longest wait. An account as a whole is never held up for long, or anybody could keep its owner out.
        var longest: Double {
            switch self {
            case .accountFrom, .address, .code: 900
            case .account: 5
            }
        }
    }

    /// A try that is counted, with what is needed to take it back.
    struct Attempt: Sendable {
        fileprivate let names: [String]
        fileprivate let at: Date
        /// When each was counted last before.
        fileprivate let former: [String: Date]
    }

    /// Failures are forgotten after an hour without one.
    private static let memory = 3_600.0

    /// How long to wait after so many failures, in seconds: 2, 4, 8 …
    static func delay(after failures: Int, of subject: Subject) -> Double {
        let excess = failures - subject.free
        return excess < 0 ? 0 : min(subject.longest, Double(sign: .plus, exponent: min(excess + 1, 20), significand: 1))
    }

    /// Counts a try as a failure, in the transaction that looks whether there may be one.
    /// - Throws: ``PasswordSignIn/Refusal/wait(_:)``, which has to end the transaction, so that nothing is counted.
    static func take(_ subjects: [Subject], now: Date, in db: Connection) throws -> Attempt {
        // In one order, so that two transactions do not wait for each other.
        let names = subjects.map(\.name).sorted()
        // Two tries at once must not both be the last free one.
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

    /// Takes back what was counted for a try that did not fail.
    /// - Parameter proved: the account and address of which all failures are forgotten besides.
    static func giveBack(_ attempt: Attempt, proved: Subject? = nil, in db: Connection) throws {
        for name in attempt.names {
            // Also the time, or sign-ins that succeed would keep the failures of others remembered.
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

    /// Forgets what is too old to matter.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM throttles WHERE failed_at < \(now - memory)")
    }
}
