import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// What these commands show.
enum Syncs {
    private typealias Answer = API.Syncs.Answer.CodingKeys

    static let columns = [
        Column(Answer.kind).key, Column(Answer.connectionName, "connection"), Column(Answer.state, .state).key,
        Column(Answer.done, .number),
        Column(Answer.total, .number), Column(Answer.finishedAt, "finished", .instant),
        Column(Answer.duration, "seconds", .number).extra, Column(Answer.nextRunAt, "next", .instant).extra,
        Column(Answer.lastError, "error"),
    ]

    static func all(with client: APIClient) async throws -> [JSON] {
        try await client.thing(Endpoint(API.Syncs.list)()).items
    }

    /// Reports progress until none of the wanted ones is running, then comes to how they ended.
    static func watch(
        with client: APIClient, in surroundings: Surroundings, wanted: (JSON) -> Bool
    ) async throws -> Outcome {
        var shown: [String: String] = [:]
        while true {
            let syncs = try await all(with: client).filter(wanted)
            for sync in syncs {
                let name = "\(sync[Answer.kind].plain) \(sync[Answer.connection].plain)"
                let line = progress(of: sync)
                guard shown[name] != line, isUnderWay(sync) || shown[name] != nil else { continue }
                shown[name] = line
                surroundings.report(line.printable)
            }
            guard syncs.contains(where: isUnderWay) else {
                let failed = syncs.contains { $0[Answer.state] == "failed" }
                return Outcome(content: .list(syncs, columns: columns, next: .null), isGood: !failed)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func isUnderWay(_ sync: JSON) -> Bool {
        sync[Answer.state] == "queued" || sync[Answer.state] == "running"
    }

    /// `tickets     ██████████░░░░░░░░░░  2000 of 4000`
    static func progress(of sync: JSON) -> String {
        let kind = (sync[Answer.kind].string ?? "").padding(toLength: 11, withPad: " ", startingAt: 0)
        let width = 24
        guard let done = sync[Answer.done].int else { return kind }
        let isOver = !isUnderWay(sync)
        let amount: String
        let part: Double
        if let total = sync[Answer.total].int, total > 0 {
            part = min(1, Double(done) / Double(total))
            amount = "\(done) of \(total)"
        } else {
            part = isOver ? 1 : 0
            amount = "\(done)"
        }
        let filled = Int(saturating: part * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let state = isOver ? (sync[Answer.state] == "failed" ? "  failed" : "  done") : ""
        return "\(kind) \(bar)  \(amount)\(state)"
    }
}
