import BoundaryText
import Database
import Foundation

/// Makes guessing slow: after some failures each further try has to wait, longer each time.
///
/// What is counted is chosen so that nobody locks out somebody else: a person's own address waits for his own failures;
/// all addresses together slow an account down only a little.
struct Throttle: Sendable {
    /// What is counted, and how strictly.
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
            case .accountFrom(let account, let address): "from:\(address):\(account.cut(toBytes: 254).lowercased())"
            case .address(let address): "address:\(address)"
            case .account(let account): "account:\(account.cut(toBytes: 254).lowercased())"
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

    /// Failures are forgotten after an hour without one.
    private static let memory = 3_600.0

    /// How long to wait after so many failures, in seconds: 2, 4, 8 …
    static func delay(after failures: Int, of subject: Subject) -> Double {
        let excess = failures - subject.free
        return excess < 0 ? 0 : min(subject.longest, Double(sign: .plus, exponent: min(excess + 1, 20), significand: 1))
    }

    /// How many seconds must pass before the next try; 0 for none.
    static func wait(for subjects: [Subject], now: Date, in db: Connection) throws -> Double {
        let rows = try db.all(
            "SELECT name, failures, failed_at FROM throttles WHERE name IN (\(list: subjects.map(\.name)))")
        return try rows.map { row -> Double in
            let (name, failedAt): (String, Date) = (try row["name"], try row["failed_at"])
            guard let subject = subjects.first(where: { $0.name == name }), now < failedAt + memory else { return 0 }
            return failedAt.timeIntervalSince(now) + delay(after: try row["failures"], of: subject)
        }.max().map { max(0, $0) } ?? 0
    }

    /// Counts a failure.
    static func failed(_ subjects: [Subject], now: Date, in db: Connection) throws {
        // In one order, so that two transactions do not wait for each other.
        for name in subjects.map(\.name).sorted() {
            try db.execute(
                """
                INSERT INTO throttles (name, failures, failed_at) VALUES (\(name), 1, \(now))
                ON CONFLICT (name) DO UPDATE SET
                    failures = CASE WHEN throttles.failed_at < \(now - memory) THEN 1 ELSE throttles.failures + 1 END,
                    failed_at = excluded.failed_at
                """)
        }
    }

    /// Forgets the failures of who has proved himself.
    static func succeeded(_ subjects: [Subject], in db: Connection) throws {
        try db.execute("DELETE FROM throttles WHERE name IN (\(list: subjects.map(\.name)))")
    }

    /// Forgets what is too old to matter.
    static func forget(now: Date, in db: Connection) throws {
        try db.execute("DELETE FROM throttles WHERE failed_at < \(now - memory)")
    }
}
