import Database
import Foundation
import ServerTestSupport
import TestSupport

/// A PostgreSQL of one test's own, to be stopped and started; made by `scripts/with-postgres`.
struct OwnPostgres: Sendable {
    /// Where it is.
    let address: DatabaseAddress
    private let host: ChildProcess

    /// Runs one for the time of the body.
    static func run(_ body: (OwnPostgres) async throws -> Void) async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let script = root.appending(path: "scripts/with-postgres")
        // The server is started by the script's side: it would inherit, and hold open, what tells us that a child has ended.
        let host = try ChildProcess(
            script,
            [
                "bash", "-c",
                """
                echo "at $PATCHBAY_TEST_POSTGRES ."
                while read -r words; do
                    setsid --wait "$PATCHBAY_TEST_PGCTL" $words </dev/null >/dev/null 2>&1
                    echo "control ended with $? ."
                done
                """,
            ])
        let result: Result<Void, any Error>
        do {
            var found: Regex<(Substring, Substring)>.Match?
            try await eventually(within: .seconds(60), "PostgreSQL to run") {
                guard host.isRunning else { throw Unexpected("no PostgreSQL: \(host.text)") }
                found = host.text.firstMatch(of: /at (postgres:[^ ]+) \./)
                return found != nil
            }
            guard let found else { throw Unexpected("no PostgreSQL: \(host.text)") }
            result = .success(try await body(OwnPostgres(address: .postgres(url: String(found.1)), host: host)))
        } catch {
            result = .failure(error)
        }
        host.closeInput()
        _ = try await host.ended()
        try result.get()
    }

    /// Stops it as a power cut would.
    func stop() async throws { try await control("stop -m immediate") }

    /// Starts it again.
    func start() async throws { try await control("start") }

    private func control(_ words: String) async throws {
        let pattern = /control ended with (\d+) \./
        let before = host.text.matches(of: pattern).count
        try host.write(line: words)
        try await eventually("pg_ctl \(words)") { host.text.matches(of: pattern).count > before }
        guard host.text.matches(of: pattern).last?.1 == "0" else { throw Unexpected("pg_ctl \(words): \(host.text)") }
    }
}
