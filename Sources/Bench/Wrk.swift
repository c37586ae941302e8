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
        try begin(url: url, seconds: seconds, script: script, folder: folder).result()
    }

    /// wrk at work.
    struct Running {
        fileprivate let process: Process
        fileprivate let pipe: Pipe

        /// Ends the load early.
        func interrupt() { process.interrupt() }

        /// Waits for the end.
        func result() throws -> Wrk {
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("RESULT ") }) else {
                throw Broken(what: "wrk said: \(text)")
            }
            let numbers = line.split(separator: " ").dropFirst().compactMap { Double($0) }
            return Wrk(
                requestsPerSecond: numbers[0], p99: numbers[1], failures: Int(numbers[2]), requests: Int(numbers[3]))
        }
    }

    /// Begins to load an address with 64 connections.
    static func begin(url: String, seconds: Int, script: String, folder: String) throws -> Running {
        let file = "\(folder)/load.lua"
        try (script + Self.report).write(toFile: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["wrk", "-t1", "-c64", "-d\(seconds)s", "--timeout", "10s", "-s", file, url]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        return Running(process: process, pipe: pipe)
    }

    /// A script that posts each hook of a file once, and then writes into another file how many seconds that took.
    static func hooksOnce(from file: String, tellingIn report: String) -> String {
        hooks(from: file) + """

            local ffi = require("ffi")
            ffi.cdef([[struct moment { long s; long ns; }; int clock_gettime(int, struct moment *);
                int sigprocmask(int, const unsigned long *, void *);]])
            -- The program that starts us blocks signals, and with them the one that ends the load early.
            ffi.C.sigprocmask(2, ffi.new("unsigned long[16]"), nil)
            local function clock()
                local moment = ffi.new("struct moment")
                ffi.C.clock_gettime(1, moment)
                return tonumber(moment.s) + tonumber(moment.ns) / 1e9
            end
            local each, begun, behind, isTried = request, nil, 0, false
            request = function()
                -- wrk asks for one request only to look at it.
                if not isTried then
                    isTried = true
                    return wrk.format("GET", "/healthcheck")
                end
                begun = begun or clock()
                if next < #hooks then return each() end
                -- Some more requests, until the last hook is answered as well.
                behind = behind + 1
                if behind == 200 then
                    local report = io.open("\(report)", "w")
                    report:write(tostring(clock() - begun))
                    report:close()
                end
                if behind > 200 then wrk.thread:stop() end
                return wrk.format("GET", "/healthcheck")
            end
            """
    }

    /// A script that posts signed hooks from a file in turn; see ``PlayedSystems/writeHooks(count:to:)``.
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
