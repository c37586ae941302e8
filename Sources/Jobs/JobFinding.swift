import BoundaryText
import Database

/// What a job found out, to be stored in one go with what others of its kind found out at about the same time.
public protocol JobFinding: Sendable {
    /// Whether jobs may follow. Nobody waits for findings from which nothing does, so more of them are gathered first.
    static var mayBeFollowed: Bool { get }

    /// Stores findings, in the transaction that settles their jobs.
    /// - Returns: the jobs that follow.
    static func store(_ findings: [Self], in db: Connection) throws -> [NewJob]
}

/// Findings of all kinds, in the order of their kinds' first.
struct JobFindings {
    private var findings: [[any JobFinding]] = []
    private var places: [ObjectIdentifier: Int] = [:]

    mutating func add(_ finding: some JobFinding) {
        let kind = ObjectIdentifier(type(of: finding))
        if let place = places[kind] {
            findings[place].append(finding)
        } else {
            places[kind] = findings.count
            findings.append([finding])
        }
    }

    /// Stores what has gathered.
    /// - Returns: the jobs that follow.
    mutating func storeAll(in db: Connection) throws -> [NewJob] {
        defer { self = JobFindings() }
        func store<Finding: JobFinding>(_ first: Finding, _ all: [any JobFinding]) throws -> [NewJob] {
            try Finding.store(all.compactMap { $0 as? Finding }, in: db)
        }
        return try findings.flatMap { try store($0[0], $0) }
    }
}
