import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A `patchbay` of the same build as a process of its own, so that its time and memory can be told apart from ours.
final class ServerProcess {
    let port: Int
    let key: String
    private let process: Process
    /// From start to the first answer.
    let readyAfter: TimeInterval

    private init(port: Int, key: String, process: Process, readyAfter: TimeInterval) {
        self.port = port
        self.key = key
        self.process = process
        self.readyAfter = readyAfter
    }

    private static var binary: URL {
        URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "patchbay")
    }

    /// Sets an installation up, unless it is, and serves it.
    /// - Parameter again: one that ran on the same database, in whose place this one goes.
    static func start(
        databaseURL: String, folder: String, roles: String = "web,worker", settings: [String: String] = [:],
        again: ServerProcess? = nil
    ) async throws -> ServerProcess {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PATCHBAY_") }
        environment.merge(settings) { $1 }
        let secret = "\(folder)/secret.txt"
        if !FileManager.default.fileExists(atPath: secret) {
            let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
            try Data(bytes).base64EncodedString().write(toFile: secret, atomically: true, encoding: .utf8)
        }
        environment["PATCHBAY_SECRET"] = try String(contentsOfFile: secret, encoding: .utf8)
        environment["PATCHBAY_DATABASE_URL"] = databaseURL
        environment["PATCHBAY_LOG_LEVEL"] = "warning"
        let port = again?.port ?? Int.random(in: 12_000...20_000)
        environment["PATCHBAY_LISTEN"] = "127.0.0.1:\(port)"
        let key = try again?.key ?? output(of: ["setup", "--api-key"], environment)

        let process = Process()
        process.executableURL = binary
        process.arguments = ["serve", "--roles", roles]
        process.environment = environment
        let started = Date()
        try process.run()
        while true {
            let answer = try? await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/healthcheck"), timeout: .seconds(1))
            if answer?.status == .ok { break }
            guard process.isRunning else { throw Broken(what: "patchbay serve ended") }
            try await Task.sleep(for: .milliseconds(2))
        }
        return ServerProcess(port: port, key: key, process: process, readyAfter: Date().timeIntervalSince(started))
    }

    private static func output(of arguments: [String], _ environment: [String: String]) throws -> String {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Broken(what: "patchbay \(arguments.joined(separator: " "))") }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    /// Ends it at once, without a chance to say so.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Seconds of processor time so far.
    var cpuSeconds: Double { ProcessorTime.of(process.processIdentifier) ?? .nan }

    /// Resident memory in MiB.
    var residentMemory: Double { memory("VmRSS:") }

    /// The most resident memory that it ever had, in MiB.
    var peakMemory: Double { memory("VmHWM:") }

    private func memory(_ name: String) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Double($0.split(separator: " ")[1]) }.map { $0 / 1024 } ?? .nan
    }

    /// A call to the API.
    func call(_ method: String, _ path: String, _ body: String? = nil) async throws -> [String: Any] {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1\(path)")
        request.method = .init(rawValue: method)
        request.headers.add(name: "Authorization", value: "Bearer \(key)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(Data(body.utf8))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let data = Data(try await response.body.collect(upTo: 1 << 22).readableBytesView)
        guard (200..<300).contains(response.status.code) else {
            throw Broken(what: "\(method) \(path): \(response.status.code) \(String(decoding: data, as: UTF8.self))")
        }
        return (try? JSONSerialization.jsonObject(with: data) as? [String: Any]) ?? [:]
    }

    /// Waits until no job is left.
    func idle() async throws {
        for _ in 0..<3_000 {
            let jobs = try await call("GET", "/jobs")
            if ["ready", "waiting", "running"].allSatisfy({ jobs[$0] as? Int == 0 }) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Broken(what: "the server does not come to rest")
    }

    /// The items of a list, once there are enough.
    func items(_ path: String, atLeast count: Int) async throws -> [[String: Any]] {
        for _ in 0..<500 {
            let items = try await call("GET", path)["items"] as? [[String: Any]] ?? []
            if items.count >= count { return items }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Broken(what: "\(path) stays empty")
    }
}

/// Processor time in seconds, as Linux counts it.
enum ProcessorTime {
    /// That of one process; nil when there is none.
    static func of(_ process: Int32) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return nil }
        // Behind the program's name, which is in parentheses: utime and stime are fields 14 and 15, in 1/100 s.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return ((Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)) / 100
    }

    /// That of all processes of PostgreSQL on this machine.
    static var ofPostgres: Double {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        return numbers.reduce(0) { sum, number in
            guard let name = try? String(contentsOfFile: "/proc/\(number)/comm", encoding: .utf8), name == "postgres\n"
            else { return sum }
            return sum + (of(number) ?? 0)
        }
    }
}

/// The benchmark itself cannot go on.
struct Broken: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
