import Database
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// The real server with a low limit of file descriptors.
@Suite("File descriptor limits", .timeLimit(.minutes(20)))
struct FileLimitTests {
    @Test("With 256 files and 300 idle connections, the server still answers and uses little CPU")
    func idle() async throws {
        try await TestDatabase.withAddress(.sqlite) { address in
            try await Installed.run(at: address) { installed in
                let port = try await Ports.free()
                let server = try installed.serve(port: port, shell: "ulimit -n 256; exec \"$@\"")
                _ = try await installed.answering(server, port: port)
                var wires: [Wire] = []
                for _ in 0..<300 { wires.append(try await Wire.open(port: port)) }
                for _ in 0..<20 { #expect(try await Self.isAnswered(port, within: .seconds(5))) }
                let before = try Self.processorTime(server.id)
                // Waits for the timeout; the server has nothing to do until then.
                let last = try #require(wires.last)
                await #expect(throws: ConditionTimeOut.self) { try await last.hears("anything", within: .seconds(3)) }
                let used = try Self.processorTime(server.id) - before
                #expect(used < .milliseconds(750), "used \(used)")
                for wire in wires { await wire.close() }
                #expect(try await Self.isAnswered(port, within: .seconds(5)))
            }
        }
    }

    @Test("With no file descriptors left, the server uses little CPU and answers again once some are free")
    func exhausted() async throws {
        try await TestDatabase.withAddress(.sqlite) { address in
            try await Installed.run(at: address) { installed in
                let port = try await Ports.free()
                let server = try installed.serve(port: port)
                _ = try await installed.answering(server, port: port)
                let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.id)/fd").count
                let limiting = try ChildProcess(
                    URL(filePath: "/usr/bin/prlimit"), ["--pid", "\(server.id)", "--nofile=\(open + 10)"])
                try #require(try await limiting.ended() == .exited(0), "\(limiting.text)")
                var wires: [Wire] = []
                for _ in 0..<60 { wires.append(try await Wire.open(port: port)) }
                try await eventually("the server to see that it is out of file descriptors") {
                    server.text.contains("out of file descriptors")
                }
                let start = ContinuousClock.now
                // Under heavy load, the server was once found to have exited here.
                let before = try #require(try? Self.processorTime(server.id), "\(server.text.suffix(3_000))")
                // Waits for the timeout; the server has nothing to do until then.
                #expect(try await !Self.isAnswered(port, within: .seconds(3)))
                let after = try #require(try? Self.processorTime(server.id), "\(server.text.suffix(3_000))")
                let used = after - before
                #expect(used < (ContinuousClock.now - start) / 4, "used \(used)")
                for wire in wires { await wire.close() }
                #expect(try await Self.isAnswered(port, within: .seconds(10)))
            }
        }
    }

    private static func isAnswered(_ port: Int, within limit: Duration) async throws -> Bool {
        let wire = try await Wire.open(port: port)
        try? await wire.send("GET /healthcheck HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let isAnswered = (try? await wire.hears("200 OK", within: limit)) != nil
        await wire.close()
        return isAnswered
    }

    /// The CPU time of a process, in the kernel's ticks of 10 ms.
    private static func processorTime(_ process: Int32) throws -> Duration {
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = stat.drop { $0 != ")" }.split(separator: " ").compactMap { Int($0) }
        // Fields 14 and 15 of proc(5); the numbers start at field 4.
        return .milliseconds(10 * (try #require(fields.dropFirst(10).first) + #require(fields.dropFirst(11).first)))
    }
}
