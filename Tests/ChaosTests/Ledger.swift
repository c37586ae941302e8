import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import SimulatedWebex
import TestSupport

/// Sends hooks and keeps the book: which were answered 200, and what came of them.
struct Ledger: Sendable {
    private let installed: Installed
    private let hookKey: String
    private let accepted = MutexBox<[Int]>([])
    private let statuses = MutexBox<[Int: Int]>([:])
    private let number = MutexBox(0)

    init(_ installed: Installed, hookKey: String) {
        self.installed = installed
        self.hookKey = hookKey
    }

    /// The tickets whose hook was answered 200.
    var tickets: [Int] { accepted.value }

    /// How often each status was answered.
    var answers: [Int: Int] { statuses.value }

    /// Makes a ticket and tells one of the servers of it.
    /// - Returns: the answer's status; nil when there was none.
    @discardableResult
    func tell(ports: [Int]) async throws -> Int? {
        var mine = 0
        number.change {
            $0 += 1
            mine = $0
        }
        let ticket = try installed.createTicket("Ticket \(mine)")
        let hook = Hook(ticket, action: "added", from: installed.surroundings.connectWise, connectionKey: hookKey)
        let port = ports[mine % ports.count]
        // No answer is what ConnectWise sees while a server is dead.
        guard let status = try? await installed.api(port: port).with(key: nil).send(hook).status else { return nil }
        statuses.change { $0[status, default: 0] += 1 }
        if status == 200 { accepted.change { $0.append(ticket) } }
        return status
    }

    /// Sends hooks, a few at a time, until cancelled.
    func tellOnAndOn(ports: [Int], senders: Int = 4) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<senders {
                group.addTask {
                    while !Task.isCancelled {
                        // A dead server refuses at once; without a pause the senders would take the core it starts on.
                        if try await tell(ports: ports) == nil { try? await Task.sleep(for: .milliseconds(20)) }
                        try? await Task.sleep(for: .milliseconds(3))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// What reached Webex about the accepted tickets.
    struct Balance: Sendable, CustomStringConvertible {
        var lost: [Int] = []
        var doubledPersons: [Int] = []
        /// The first message of each pair.
        var doubledRooms: [SentMessage] = []

        var description: String {
            "lost \(lost), persons told twice \(doubledPersons), rooms told twice \(doubledRooms.map(\.number))"
        }
    }

    /// Compares what was accepted with what Webex has.
    func balance() -> Balance {
        var rooms: [Int: [SentMessage]] = [:]
        var persons: [Int: Int] = [:]
        for message in installed.surroundings.webex.messages {
            guard let text = message.markdown, let found = text.firstMatch(of: /\[#(\d+)\]/), let ticket = Int(found.1)
            else { continue }
            if message.toPersonEmail == nil {
                rooms[ticket, default: []].append(message)
            } else {
                persons[ticket, default: 0] += 1
            }
        }
        return Balance(
            lost: tickets.filter { rooms[$0] == nil || persons[$0] == nil },
            doubledPersons: persons.filter { $0.value > 1 }.map(\.key),
            doubledRooms: rooms.values.flatMap { $0.dropLast() })
    }

    /// Waits until every accepted ticket has reached its room and its person.
    func allTold(within limit: Duration) async throws {
        do {
            try await eventually(within: limit, "all to be told") { balance().lost.isEmpty }
        } catch {
            throw Unexpected("of \(tickets.count) accepted are missing \(balance().lost): \(try await whereabouts())")
        }
    }

    /// What the database has of the tickets that are missing.
    private func whereabouts() async throws -> String {
        let database = try await Database.open(installed.address, connections: 1, logger: TestDatabase.logger)
        let lost = balance().lost.map { "\($0)" }
        let now = Date()
        let rows = try await database.read { db in
            let jobs = try db.all(
                "SELECT kind, lane, state, run_at, lease_until, failures, last_error FROM jobs LIMIT 100")
            let deliveries = try db.all(
                "SELECT ticket_id, state, error FROM deliveries WHERE ticket_id IN (\(list: lost))")
            return try jobs.map { row -> String in
                let (kind, lane, state): (String, String?, String) = (
                    try row["kind"], try row["lane"], try row["state"]
                )
                let (due, lease): (Date, Date?) = (try row["run_at"], try row["lease_until"])
                let (failures, error): (Int, String?) = (try row["failures"], try row["last_error"])
                let ends = lease.map { "\(Int($0.timeIntervalSince(now))) s" } ?? "-"
                return """
                    \n\(kind) \(lane ?? "-") \(state) due \(Int(due.timeIntervalSince(now))) s, lease \(ends), \
                    \(failures) failures, \(error ?? "-")
                    """
            }
                + deliveries.map { row -> String in
                    let (ticket, state, error): (String, String, String?) = (
                        try row["ticket_id"], try row["state"], try row["error"]
                    )
                    return "\ndelivery of \(ticket) \(state) \(error ?? "-")"
                }
        }
        await database.close()
        return rows.joined()
    }
}
