import Foundation

/// wrk, the load generator (Debian's package), with what it measured.
struct Wrk {
    let requestsPerSecond: Double
    /// Milliseconds.
    let p99: Double
    let failures: Int
    let requests: Int

    /// Loads an address with 64 connections.
    static func run(url: String, seconds: Int, script: String, folder: String) throws -> Wrk {
        let file = "\(folder)/load.lua"
        try (script + Self.report).write(toFile: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["wrk", "-t1", "-c64", "-d\(seconds)s", "--timeout", "10s", "-s", file, url]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("RESULT ") }) else {
            throw Broken(what: "wrk said: \(text)")
        }
        let numbers = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        return Wrk(
            requestsPerSecond: numbers[0], p99: numbers[1], failures: Int(numbers[2]), requests: Int(numbers[3]))
    }

    /// A script that posts signed hooks from a file in turn; see ``SimulatedWorld/writeHooks(count:to:)``.
    static func hooks(from file: String) -> String {
        """
        local hooks = {}
        for line in io.lines("\(file)") do
            local signature, body = line:match("^(%S+) (.*)$")
            hooks[#hooks + 1] = { signature, body }
        end
        local next = 0
        request = function()
            next = next % #hooks + 1
            return wrk.format("POST", nil, { ["x-content-signature"] = hooks[next][1],
                ["Content-Type"] = "application/json" }, hooks[next][2])
        end
        """
    }

    private static let report = """

        done = function(summary, latency, requests)
            local e = summary.errors
            io.write(string.format("RESULT %f %f %d %d\\n", summary.requests / (summary.duration / 1000000),
                latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout, summary.requests))
        end
        """
}
